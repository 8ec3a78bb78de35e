/*
 * The script's command NAMES = input_conversion([INPUT_LAYER,] KIND [, emulator_support=BOOL]) and
 * its older forms format_conversion(INPUT_LAYER, KIND) and yuv_to_rgb([INPUT_LAYER]): colors as a
 * convolution of one pixel, camera formats as a layer that unpacks them, or both.
 */
#include "hn/pack.h"
#include "pass/color.h"
#include "pass/modify.h"

/* What one command asks for. */
struct request {
	const char *kind;
	const struct color *color; /* NULL: none */
	enum hn_pack pack;         /* PACK_NONE: none */
	bool emulated;             /* the format's */
};

static struct request request_of(const struct alls_stmt *st)
{
	const bool old = alls_is(st, "yuv_to_rgb", NULL);
	struct request r = { .kind = old ? "yuv_to_rgb" : alls_get_text(st, "conversion_type") };

	r.color = color_find(r.kind);
	r.pack = hn_pack_of(r.kind);
	for (int p = PACK_NONE + 1; !r.color && !r.pack && p < PACK_COUNT; p++) {
		const char *hybrid = hn_packing((enum hn_pack)p)->hybrid;

		if (!hybrid || strcmp(hybrid, r.kind) != 0)
			continue;
		r.pack = (enum hn_pack)p;
		r.color = color_find("yuv_to_rgb");
	}
	r.emulated = r.pack && alls_get_switch(st, "emulator_support") == 1;
	return r;
}

static int check_emulated(const struct alls_stmt *st, const struct request *r, struct err *e)
{
	if (!r->emulated || hn_packing(r->pack)->emulated)
		return 0;
	err_set(e,
		"%s is not supported in emulation: emulator_support=True goes with yuy2, nv12 "
		"and rgbx",
		hn_packing(r->pack)->kind);
	return alls_in_value(st, alls_get(st, "emulator_support"), e);
}

/* Names for what is put in: one per layer, or of an older script three for one of NV12. */
static int check_names(const struct alls_stmt *st, const struct request *r, size_t inputs,
		       struct err *e)
{
	const size_t per = (r->color != NULL) + (r->pack != PACK_NONE);

	if (st->nlhs == 0 || st->nlhs == per * inputs ||
	    (!r->color && inputs == 1 && st->nlhs <= 3))
		return 0;
	err_set(e, "%zu names on the left, %zu expected: %s for each of %zu input layers", st->nlhs,
		per * inputs, per == 2 ? "a format's and a color's" : "one", inputs);
	return alls_in(st, e);
}

/* An image of three features is there to convert. */
static int check_image(const struct alls_stmt *st, const struct request *r, const struct layer *in,
		       struct err *e)
{
	const struct hn_packing *k = r->pack ? hn_packing(r->pack) : NULL;
	const struct hn_shape *s = &in->out[0];

	if (s->rank != 4 || s->c != 3)
		err_set(e, "%s is for images of 3 features, '%s' has the shape %s", r->kind,
			quote(in->name), hn_shape_text(s));
	else if (k && in->nsucc > 0 && layer_on_host(in->succ[0]))
		err_set(e, "the host %s the images of '%s', which cannot be done to %s",
			modify_is_transposed(in) ? "transposes" : "resizes", quote(in->name),
			k->format);
	else if (k && s->w % k->cols != 0)
		err_set(e, "%s has one color for two columns: the width of '%s', %d, is odd",
			k->format, quote(in->name), s->w);
	else if (k && s->h % k->rows != 0)
		err_set(e, "%s has one color for two rows: the height of '%s', %d, is odd",
			k->format, quote(in->name), s->h);
	else
		return 0;
	return alls_in(st, e);
}

static struct tensor kernel_of(const struct color *c)
{
	struct tensor t = tensor_new(DT_F32, 4, (const int64_t[]){ 1, 1, 3, 3 });
	float *v = tensor_data(&t);

	for (int i = 0; i < 3; i++)
		for (int o = 0; o < 3; o++)
			*v++ = (float)c->kernel[i][o];
	return t;
}

static struct tensor bias_of(const struct color *c)
{
	struct tensor t = tensor_new(DT_F32, 1, (const int64_t[]){ 3 });
	float *v = tensor_data(&t);

	for (int o = 0; o < 3; o++)
		v[o] = (float)c->bias[o];
	return t;
}

static int insert_color(struct modify *m, const struct alls_stmt *st, const struct request *r,
			size_t which, struct layer *in, struct err *e)
{
	/* The standards differ in their matrix only; the layers of all are called alike. */
	const bool yuv = strncmp(r->color->name, "yuv", 3) == 0;
	const bool to_bgr = strcmp(strrchr(r->color->name, '_'), "_bgr") == 0;
	const char *base = !yuv ? r->color->name : to_bgr ? "yuv_to_bgr" : "yuv_to_rgb";
	const char *name = modify_name(m, st, which, base, e);
	struct layer *l;

	if (!name)
		return -1;
	l = modify_behind(m, HN_CONV, name, in);
	l->p.kernel[2] = l->p.kernel[3] = 3;
	l->p.conversion = arena_strdup(&m->g->arena, r->color->name);
	layer_set_weight(m->w, l, "kernel", kernel_of(r->color));
	layer_set_weight(m->w, l, "bias", bias_of(r->color));
	return 0;
}

static int insert_format(struct modify *m, const struct alls_stmt *st, const struct request *r,
			 size_t which, struct layer *in, struct err *e)
{
	const struct hn_packing *k = hn_packing(r->pack);
	const char *name = modify_name(m, st, which, "format_conversion", e);
	struct layer *l;

	if (!name)
		return -1;
	l = modify_behind(m, HN_FORMAT_CONVERSION, name, in);
	l->p.conversion = arena_strdup(&m->g->arena, k->kind);
	l->p.emulated = r->emulated;
	in->out[0].h /= k->rows;
	in->out[0].c = k->features;
	return 0;
}

/* The format comes last, so that its layer is the one directly behind the input. */
static int convert(struct modify *m, const struct alls_stmt *st, const struct request *r,
		   size_t which, struct layer *in, struct err *e)
{
	const size_t per = (r->color != NULL) + (r->pack != PACK_NONE);
	const size_t last = r->color || !st->nlhs ? per * which : st->nlhs - 1;
	json_t *o;

	if (check_image(st, r, in, e) < 0 ||
	    (r->color && insert_color(m, st, r, per * which + per - 1, in, e) < 0) ||
	    (r->pack && insert_format(m, st, r, last, in, e) < 0))
		return -1;
	o = modify_record(m, in, "input_conversion");
	json_object_set_new(o, "conversion_type", json_string(r->kind));
	json_object_set_new(o, "emulate_conversion", json_boolean(!r->pack || r->emulated));
	return 0;
}

int modify_conversion(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	const struct request r = request_of(st);
	struct layer **in;
	size_t n;
	int rc;

	if (check_emulated(st, &r, e) < 0 || modify_inputs(m, st, "input_layer", &in, &n, e) < 0)
		return -1;
	rc = check_names(st, &r, n, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = convert(m, st, &r, i, in[i], e);
	free(in);
	return rc;
}
