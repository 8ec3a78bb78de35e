/* concat, slice, feature_splitter, external_pad, reshapes and transposes, depth/space, shuffle. */
#include "kernel/f32_int.h"
#include "kernel/pack.h"

/* Values of one image in one step of the outer loop over the axes before `axis` (1 h, 2 w, 3 c). */
static size_t block(const struct hn_shape *s, int axis)
{
	const size_t c = (size_t)s->c;

	return axis == 3 ? c : axis == 2 ? c * (size_t)s->w : hn_shape_count(s);
}

static int concat_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const int axis = k->l->p.concat_axis;
	const size_t step = block(f32_out(k), axis);
	const int64_t outer = (int64_t)(hn_shape_count(f32_out(k)) / step) * k->n;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t o = 0; o < outer; o++) {
		float *to = out[0] + (size_t)o * step;

		for (size_t i = 0; i < k->l->nin; i++) {
			const size_t n = block(f32_in(k, i), axis);

			memcpy(to, in[i] + (size_t)o * n, n * sizeof *to);
			to += n;
		}
	}
	return 0;
}

static int splitter_run(const struct f32k *k, const float *const in[], float *const out[],
			struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0);
	const int64_t pixels = (int64_t)k->n * s->h * s->w;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pixels; i++) {
		const float *from = in[0] + (size_t)i * (size_t)s->c;

		for (size_t p = 0; p < k->l->nout; p++) {
			const size_t n = (size_t)k->l->out[p].c;

			memcpy(out[p] + (size_t)i * n, from, n * sizeof *from);
			from += n;
		}
	}
	return 0;
}

static int slice_run(const struct f32k *k, const float *const in[], float *const out[],
		     struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t *h = k->l->p.slice_h, *w = k->l->p.slice_w, *c = k->l->p.slice_c;
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) {
		const int64_t row = r / o->h * s->h + h[0] + r % o->h * h[2];
		float *to = out[0] + r * o->w * o->c;

		for (int32_t x = 0; x < o->w; x++) {
			const float *from =
			    in[0] + (row * s->w + w[0] + (int64_t)x * w[2]) * s->c + c[0];

			for (int32_t i = 0; i < o->c; i++)
				*to++ = from[(int64_t)i * c[2]];
		}
	}
	return 0;
}

static int pad_run(const struct f32k *k, const float *const in[], float *const out[], struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t *pad = k->l->p.pad;
	const int64_t rows = (int64_t)k->n * o->h, width = (int64_t)o->w * o->c;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) {
		const int64_t image = r / o->h, y = r % o->h - pad[0];
		float *to = out[0] + r * width;

		for (int64_t i = 0; i < width; i++)
			to[i] = k->l->p.pad_value;
		if (y >= 0 && y < s->h)
			memcpy(to + (int64_t)pad[2] * s->c,
			       in[0] + (image * s->h + y) * s->w * s->c,
			       (size_t)s->w * (size_t)s->c * sizeof *to);
	}
	return 0;
}

/* Where feature c of place (y, x) in a block stands among the deep tensor's features. */
typedef int64_t (*deep_fn)(const struct hn_params *p, int64_t features, int64_t y, int64_t x,
			   int64_t c);

static int64_t deep_dcr(const struct hn_params *p, int64_t features, int64_t y, int64_t x,
			int64_t c)
{
	return (y * p->block[1] + x) * features + c;
}

static int64_t deep_crd(const struct hn_params *p, int64_t features, int64_t y, int64_t x,
			int64_t c)
{
	(void)features;
	return c * p->block[0] * p->block[1] + y * p->block[1] + x;
}

static int64_t deep_focus(const struct hn_params *p, int64_t features, int64_t y, int64_t x,
			  int64_t c)
{
	return (x * p->block[0] + y) * features + c;
}

static deep_fn deep_order(const struct layer *l)
{
	return l->p.variant == 0 ? deep_dcr : l->p.variant == 1 ? deep_crd : deep_focus;
}

static int depth_to_space_run(const struct f32k *k, const float *const in[], float *const out[],
			      struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t *b = k->l->p.block;
	const deep_fn deep = deep_order(k->l);
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) /* out's height is the block's times in's */
		for (int64_t x = 0; x < o->w; x++) {
			const float *from = in[0] + (r / b[0] * s->w + x / b[1]) * s->c;
			float *to = out[0] + (r * o->w + x) * o->c;

			for (int64_t c = 0; c < o->c; c++)
				to[c] = from[deep(&k->l->p, o->c, r % b[0], x % b[1], c)];
		}
	return 0;
}

static int space_to_depth_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	(void)w;
	if (k->l->p.variant == 2)
		return err_set(e, "space_to_depth of type 'serial' has no public definition");
	return 0;
}

static int space_to_depth_run(const struct f32k *k, const float *const in[], float *const out[],
			      struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t *b = k->l->p.block;
	const deep_fn deep = deep_order(k->l);
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++)
		for (int64_t i = 0; i < (int64_t)s->w * b[0]; i++) {
			const int64_t y = i / s->w, x = i % s->w;
			const float *from = in[0] + ((r * b[0] + y) * s->w + x) * s->c;
			float *to = out[0] + (r * o->w + x / b[1]) * o->c;

			for (int64_t c = 0; c < s->c; c++)
				to[deep(&k->l->p, s->c, y, x % b[1], c)] = from[c];
		}
	return 0;
}

static int shuffle_run(const struct f32k *k, const float *const in[], float *const out[],
		       struct err *e)
{
	const struct hn_shape *s = f32_out(k);
	const int32_t groups = k->l->p.shuffle_groups, per = s->c / groups;
	const int64_t pixels = (int64_t)k->n * s->h * s->w;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pixels; i++)
		for (int32_t g = 0; g < groups; g++)
			for (int32_t j = 0; j < per; j++)
				out[0][i * s->c + j * groups + g] = in[0][i * s->c + g * per + j];
	return 0;
}

/* A packed image into pixels: every value is one of the packed row's. */
static int unpack_run(const struct f32k *k, enum hn_pack p, const float *in, float *out)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t every = hn_packing(p)->rows;
	const int64_t width = 3 * (int64_t)o->w, rows = (int64_t)k->n * o->h;
	int32_t *from = xreallocarray(NULL, (size_t)(every * width), sizeof *from);

	for (int32_t y = 0; y < every; y++)
		pack_row(p, o->w, y, from + y * width);
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) { /* out's height is a multiple of `every` */
		const int32_t *at = from + r % every * width;
		const float *row = in + r / every * s->w * s->c;

		for (int64_t i = 0; i < width; i++)
			out[r * width + i] = row[at[i]];
	}
	free(from);
	return 0;
}

static int conversion_run(const struct f32k *k, const float *const in[], float *const out[],
			  struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const size_t count = hn_shape_count(s);
	const int64_t strides[3] = { (int64_t)s->w * s->c, s->c, 1 };
	const int32_t *t = k->l->p.transpose;
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
	if (layer_pack(k->l))
		return unpack_run(k, layer_pack(k->l), in[0], out[0]);
	if (!hn_conversion_transposes(k->l->p.conversion)) {
		memcpy(out[0], in[0], count * (size_t)k->n * sizeof **out);
		return 0;
	}
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) {
		const float *from = in[0] + (size_t)(r / o->h) * count + r % o->h * strides[t[0]];
		float *to = out[0] + r * o->w * o->c;

		for (int32_t x = 0; x < o->w; x++)
			for (int32_t c = 0; c < o->c; c++)
				*to++ = from[x * strides[t[1]] + c * strides[t[2]]];
	}
	return 0;
}

const struct f32_impl concat_f32 = { NULL, concat_run, NULL };
const struct f32_impl slice_f32 = { NULL, slice_run, NULL };
const struct f32_impl splitter_f32 = { NULL, splitter_run, NULL };
const struct f32_impl pad_f32 = { NULL, pad_run, NULL };
const struct f32_impl depth_to_space_f32 = { NULL, depth_to_space_run, NULL };
const struct f32_impl space_to_depth_f32 = { space_to_depth_make, space_to_depth_run, NULL };
const struct f32_impl shuffle_f32 = { NULL, shuffle_run, NULL };
const struct f32_impl conversion_f32 = { NULL, conversion_run, NULL };
