/* Contexts by name, and input arrays against input layers. */
#include "emu/emu.h"
#include "kernel/pack.h"

int emu_context_from_name(const char *name)
{
	static const char *const names[] = {
		[EMU_NATIVE] = "native",
		[EMU_FP_OPTIMIZED] = "fp_optimized",
		[EMU_QUANTIZED] = "quantized",
		[EMU_BIT_EXACT] = "bit_exact",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

/* True when t's last dimensions are the k given ones; *n: images in front of them, or one. */
static bool matches(const struct tensor *t, const int64_t *dims, int k, size_t *n)
{
	if (t->rank != k && t->rank != k + 1)
		return false;
	for (int i = 0; i < k; i++)
		if (t->dim[t->rank - k + i] != dims[i])
			return false;
	*n = t->rank == k ? 1 : (size_t)t->dim[0];
	return true;
}

struct emu_feed emu_feed_of(const struct layer *input)
{
	const struct layer *fed = hn_fed(input);

	return (struct emu_feed){ .name = input->name,
				  .shape = fed->out[0],
				  .pack = fed == input ? hn_input_pack(input) : PACK_NONE,
				  .format = hn_input_format(input, true),
				  .standard = hn_input_standard(input) };
}

int emu_feed_before(struct graph *before, const struct graph *device, struct err *e)
{
	const size_t n = graph_inputs(device, NULL, 0);
	struct layer **in = xcalloc(2 * n, sizeof *in), **host = in + n;

	graph_inputs(device, in, n);
	graph_inputs(before, host, n);
	for (size_t i = 0; i < n && !err_is(e); i++) {
		const struct layer *l = host[i];

		if (hn_is_emulated(in[i]))
			continue;
		host[i]->out[0] = hn_fed(in[i])->out[0];
		if (l->nsucc != 1 || l->succ[0]->type != HN_OUTPUT)
			err_set(e,
				"layer '%s': the host computes on images that the device unpacks",
				l->name);
	}
	free(in);
	return err_is(e) ? -1 : graph_infer_shapes(before, e);
}

/* How images of the right kind are made. */
static int hint(const struct emu_feed *f, struct err *e)
{
	return err_hint(e, "translate-dataset --to %s%s%s makes it from an array of RGB images",
			f->format, f->standard ? " --standard " : "",
			f->standard ? f->standard : "");
}

int emu_check_images(const struct emu_feed *f, struct err *e)
{
	if (!f->format)
		return 0;
	err_set(e, "image files are RGB, %s expected for '%s'", f->format, f->name);
	return hint(f, e);
}

/* The shape that does not fit, and where images of the right one come from. */
static int wrong_shape(const struct emu_feed *f, const struct tensor *t, struct err *e)
{
	err_set(e, "an array of shape %s, %s%s%s expected for '%s'", tensor_shape_text(t),
		hn_shape_text(&f->shape), f->format ? " of " : "", f->format ? f->format : "",
		f->name);
	return f->format ? hint(f, e) : -1;
}

int emu_check_input(const struct emu_feed *f, const struct tensor *t, size_t *n, struct err *e)
{
	const struct hn_shape *s = &f->shape;
	const int64_t dims[3] = { s->h, s->w, s->c };
	/* [h,w,c]; rows of features where h is 1; a vector where w is too; planes where c is */
	const bool ok = matches(t, dims, 3, n) || (s->h == 1 && matches(t, dims + 1, 2, n)) ||
			(s->h == 1 && s->w == 1 && matches(t, dims + 2, 1, n)) ||
			(s->c == 1 && matches(t, dims, 2, n));

	if (t->dtype != DT_F32 && t->dtype != DT_U8)
		return err_set(e, "an array of %s, float32 or uint8 expected for '%s'",
			       dtype_name(t->dtype), f->name);
	if (!ok)
		return wrong_shape(f, t, e);
	if (*n == 0)
		return err_set(e, "an array without images for '%s'", f->name);
	return 0;
}

void emu_load_input(const struct emu_feed *f, const struct tensor *t, size_t from, size_t n,
		    float *out)
{
	const size_t image = hn_shape_count(&f->shape);
	const uint8_t *bytes = t->data;

	if (t->dtype == DT_F32)
		memcpy(out, bytes + from * image * sizeof *out, n * image * sizeof *out);
	for (size_t i = 0; t->dtype != DT_F32 && i < n * image; i++)
		out[i] = (float)bytes[from * image + i];
	pack_from_host(f->pack, &f->shape, n, sizeof *out, out);
}
