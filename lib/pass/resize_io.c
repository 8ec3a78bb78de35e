/*
 * NAME = resize([LAYER,] resize_shapes=[H, W] ...) and resize_input([H, W] [, INPUT_LAYER]): the
 * network's input takes another size, which a resize brings to the old one; or the output gets
 * another size.  engine=cpu: the host does it (guide 5.3.3, limits of 5.5.15).
 */
#include "pass/modify.h"
#include <math.h>

enum {
	MAX_RATIO = 4096 /* of rows */
};

struct resize {
	int32_t h, w; /* as the user sees them */
	int32_t bilinear, pixels, nearest;
	bool host;
};

/* hn_params.resize_mode and resize_nearest; nearest neighbours as TensorFlow rounds them. */
static const struct {
	const char *word;
	int32_t mode, nearest;
} modes[] = {
	{ "align_corners", 1, 3 },
	{ "half_pixels", 0, 3 },
	{ "disabled", 2, 0 },
	{ "disable", 2, 0 },
};

/* resize_input has no other arguments: its defaults are those of resize. */
static struct resize read_args(const struct alls_stmt *st, bool full)
{
	double hw[2];
	struct resize r = { .bilinear = 1, .pixels = modes[0].mode };

	alls_get_numbers(st, "resize_shapes", hw, 2);
	r.h = (int32_t)hw[0];
	r.w = (int32_t)hw[1];
	if (!full)
		return r;
	r.bilinear = !alls_has_word(st, "resize_method", "nearest_neighbor");
	r.host = alls_has_word(st, "engine", "cpu");
	if (!r.bilinear)
		r.nearest = modes[0].nearest;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (alls_has_word(st, "pixels_mode", modes[i].word)) {
			r.pixels = modes[i].mode;
			r.nearest = r.bilinear ? 0 : modes[i].nearest;
		}
	return r;
}

static int check(const struct alls_stmt *st, const struct layer *io, const struct hn_shape *from,
		 double rows, struct err *e)
{
	if (from->rank != 4)
		err_set(e, "'%s' has shape %s, without height and width", quote(io->name),
			hn_shape_text(from));
	else if (rows > MAX_RATIO)
		err_set(e, "its rows grow %g times, %d times at most are supported", rows,
			MAX_RATIO);
	else
		return 0;
	return alls_in_value(st, alls_get(st, "resize_shapes"), e);
}

static void set(struct layer *l, const struct resize *r, int32_t h, int32_t w)
{
	l->p.variant = r->bilinear;
	l->p.resize_mode = r->pixels;
	l->p.resize_nearest = r->nearest;
	l->p.resize_out[0] = h;
	l->p.resize_out[1] = w;
}

static void record(struct modify *m, const struct alls_stmt *st, const struct layer *io,
		   const struct layer *l, const struct resize *r, int32_t features)
{
	json_t *o = modify_record(m, io, "resize");
	json_t *shape = json_array();

	json_array_append_new(shape, json_integer(-1));
	json_array_append_new(shape, json_integer(r->h));
	json_array_append_new(shape, json_integer(r->w));
	json_array_append_new(shape, json_integer(features));
	json_object_set_new(o, "output_shape", shape);
	json_object_set_new(o, "hnt_method",
			    json_string(r->bilinear ? "bilinear" : "nearest_neighbor"));
	json_object_set_new(o, "hnt_pixels_mode",
			    json_string(r->pixels == 1   ? "align_corners"
					: r->pixels == 0 ? "half_pixels"
							 : "disabled"));
	json_object_set_new(o, "engine", json_string(r->host ? "cpu" : "nn_core"));
	json_object_set_new(o, "hnt_layer", json_string(l->name));
	(void)st;
}

/* A resize of the host that stands between an input and the device already; NULL: none. */
static const struct layer *host_resize(const struct layer *input)
{
	for (const struct layer *l = input; l->nsucc && layer_on_host(l->succ[0]); l = l->succ[0])
		if (l->succ[0]->type == HN_RESIZE)
			return l->succ[0];
	return NULL;
}

static int at_input(struct modify *m, const struct alls_stmt *st, const struct resize *r,
		    const char *name, struct layer *input, struct err *e)
{
	const bool swap = !r->host && modify_is_transposed(input);
	const struct layer *before = host_resize(input);
	struct hn_shape *s = &input->out[0];
	struct layer *l;

	if (check(st, input, s, (double)s->h / r->h, e) < 0)
		return -1;
	if (before) {
		err_set(e, "layer '%s' behind the input runs on the host", quote(before->name));
		return alls_in(st, e);
	}
	l = r->host ? modify_host_behind(m, HN_RESIZE, name, input)
		    : modify_behind(m, HN_RESIZE, name, input);
	set(l, r, swap ? s->w : s->h, swap ? s->h : s->w);
	s->h = r->h;
	s->w = r->w;
	record(m, st, input, l, r, s->c);
	return 0;
}

static int at_output(struct modify *m, const struct alls_stmt *st, const struct resize *r,
		     const char *name, struct layer *output, struct err *e)
{
	const struct hn_shape s = *layer_in_shape(output, 0);
	const bool swap = !r->host && modify_is_transposed(output);
	struct layer *l;

	if (check(st, output, &s, (double)r->h / s.h, e) < 0)
		return -1;
	l = r->host ? modify_host_before(m, HN_RESIZE, name, output)
		    : modify_before(m, st, HN_RESIZE, name, output, e);
	if (!l)
		return -1;
	set(l, r, swap ? r->w : r->h, swap ? r->h : r->w);
	record(m, st, output, l, r, s.c);
	return 0;
}

/* The inputs or outputs that `argument` names; all inputs when it is silent. */
static int find(struct modify *m, const struct alls_stmt *st, const char *argument, bool full,
		struct layer ***io, size_t *n, struct err *e)
{
	const struct alls_value *v = alls_get(st, argument);
	const struct layer *l = v && v->text ? graph_find(m->g, v->text) : NULL;

	if (!v || !full || (l && l->type == HN_INPUT))
		return modify_inputs(m, st, argument, io, n, e);
	return modify_outputs(m, st, argument, io, n, e);
}

static int apply(struct modify *m, const struct alls_stmt *st, const struct resize *r,
		 struct layer **io, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = modify_name(m, st, i, "resize", e);

		if (!name ||
		    (io[i]->type == HN_INPUT ? at_input : at_output)(m, st, r, name, io[i], e) < 0)
			return -1;
	}
	return 0;
}

static int run(struct modify *m, const struct alls_stmt *st, const char *argument, bool full,
	       struct err *e)
{
	const struct resize r = read_args(st, full);
	struct layer **io;
	size_t n;
	int rc;

	if (find(m, st, argument, full, &io, &n, e) < 0)
		return -1;
	rc = modify_count_names(
	    st, n, n && io[0]->type == HN_OUTPUT ? "output layers" : "input layers", e);
	if (rc == 0)
		rc = apply(m, st, &r, io, n, e);
	free(io);
	return rc;
}

int modify_resize(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	return run(m, st, "layer", true, e);
}

int modify_resize_input(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	return run(m, st, "input_layer", false, e);
}
