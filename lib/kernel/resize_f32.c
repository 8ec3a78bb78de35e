/* resize: nearest and bilinear, in all coordinate modes. */
#include "kernel/f32_int.h"
#include "kernel/resize_taps.h"
#include <math.h>

/* hn_params.resize_mode and resize_nearest */
enum {
	HALF_PIXELS,
	ALIGN_CORNERS,
	ASYMMETRIC
};
enum {
	FLOOR,
	ROUND_PREFER_FLOOR,
	CEIL,
	ROUND_PREFER_CEIL
};

/* Between the sizes exactly, so that what falls on a pixel does; by a scale as its rounding has it.
 */
static float source(const struct hn_params *p, int axis, int32_t i, int32_t in, int32_t out)
{
	const float scale = p->resize_scale[axis];

	if (p->resize_mode == ALIGN_CORNERS)
		return out == 1 ? 0 : (float)((double)i * (in - 1) / (out - 1));
	if (scale > 0)
		return p->resize_mode == HALF_PIXELS ? ((float)i + 0.5F) / scale - 0.5F
						     : (float)i / scale;
	if (p->resize_mode == HALF_PIXELS)
		return (float)((2.0 * i + 1) * in / (2.0 * out) - 0.5);
	return (float)((double)i * in / out);
}

static int32_t nearest(int32_t rounding, float x)
{
	if (rounding == ROUND_PREFER_FLOOR)
		return (int32_t)ceilf(x - 0.5F);
	if (rounding == ROUND_PREFER_CEIL)
		return (int32_t)floorf(x + 0.5F);
	return (int32_t)(rounding == CEIL ? ceilf(x) : floorf(x));
}

static int32_t clamp(int32_t v, int32_t max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

void resize_taps(const struct hn_params *p, int axis, int32_t in, int32_t out,
		 struct resize_tap *taps)
{
	for (int32_t i = 0; i < out; i++) {
		const float x = source(p, axis, i, in, out);
		const float inside = x < 0 ? 0 : x > (float)(in - 1) ? (float)(in - 1) : x;
		struct resize_tap *t = &taps[i];

		if (p->variant == 0) {
			t->at[0] = t->at[1] = clamp(nearest(p->resize_nearest, x), in - 1);
			t->weight[0] = 1;
			continue;
		}
		t->at[0] = (int32_t)inside;
		t->at[1] = clamp(t->at[0] + 1, in - 1);
		t->weight[1] = inside - (float)t->at[0];
		t->weight[0] = 1 - t->weight[1];
	}
}

/* Taps of all rows, then of all columns. */
static int resize_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	struct resize_tap *taps = xcalloc((size_t)o->h + (size_t)o->w, sizeof *taps);

	(void)w;
	(void)e;
	resize_taps(&k->l->p, 0, s->h, o->h, taps);
	resize_taps(&k->l->p, 1, s->w, o->w, taps + o->h);
	k->state = taps;
	return 0;
}

static void bilinear(const float *const r[2], size_t c, const struct resize_tap *y,
		     const struct resize_tap *x, float *to)
{
	const float *a = r[0] + (size_t)x->at[0] * c, *b = r[0] + (size_t)x->at[1] * c;
	const float *d = r[1] + (size_t)x->at[0] * c, *f = r[1] + (size_t)x->at[1] * c;
	const float wa = y->weight[0] * x->weight[0], wb = y->weight[0] * x->weight[1];
	const float wd = y->weight[1] * x->weight[0], wf = y->weight[1] * x->weight[1];

	for (size_t i = 0; i < c; i++)
		to[i] = wa * a[i] + wb * b[i] + wd * d[i] + wf * f[i];
}

static int resize_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const struct resize_tap *ty = k->state, *tx = ty + o->h;
	const size_t c = (size_t)s->c;
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) {
		const struct resize_tap *y = &ty[r % o->h];
		const float *image = in[0] + (size_t)(r / o->h) * hn_shape_count(s);
		const float *const from[2] = { image + (size_t)y->at[0] * (size_t)s->w * c,
					       image + (size_t)y->at[1] * (size_t)s->w * c };
		float *to = out[0] + (size_t)(r * o->w) * c;

		for (int32_t x = 0; x < o->w; x++)
			if (k->l->p.variant == 0)
				memcpy(to + (size_t)x * c, from[0] + (size_t)tx[x].at[0] * c,
				       c * sizeof *to);
			else
				bilinear(from, c, y, &tx[x], to + (size_t)x * c);
	}
	return 0;
}

const struct f32_impl resize_f32 = { resize_make, resize_run, NULL };
