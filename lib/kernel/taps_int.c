/* Depthwise and transposed convolution: one output row per piece, loops over kernel positions. */
#include "kernel/conv_int.h"

#include <string.h>

/* Sums one tap of one pixel: x holds the input features of one pixel. */
static void depthwise_tap(const struct conv_int *v, const uint8_t *x, int32_t zp, const int8_t *w,
			  int32_t *acc)
{
	size_t multiplier = v->cout / v->groups;

	if (multiplier == 1) {
		vec_mac(acc, x, zp, w, v->cout);
		return;
	}
	for (size_t c = 0; c < v->cout; c++)
		acc[c] = (int32_t)((uint32_t)acc[c] + (uint32_t)((x[c / multiplier] - zp) * w[c]));
}

int depthwise_piece(size_t piece, void *ctx, struct err *e)
{
	const struct conv_job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim in = qop_in(q, 0);
	struct qdim out = qop_out(q, 0);
	const uint8_t *image = j->in + piece / (size_t)out.h * qdim_count(in) + q->in_first;
	int32_t y0 = (int32_t)(piece % (size_t)out.h) * q->stride.v[0] - q->pad.v[0];
	int32_t *acc = xreallocarray(NULL, j->v->cout, sizeof *acc);

	(void)e;
	for (int32_t ox = 0; ox < out.w; ox++) {
		int32_t x0 = ox * q->stride.v[1] - q->pad.v[2];
		const int8_t *w = q->kernel.v;

		memset(acc, 0, j->v->cout * sizeof *acc);
		for (int32_t ky = 0; ky < q->kernel_hw.v[0]; ky++)
			for (int32_t kx = 0; kx < q->kernel_hw.v[1]; kx++, w += j->v->cout) {
				int32_t iy = y0 + ky * q->dilation.v[0];
				int32_t ix = x0 + kx * q->dilation.v[1];

				if (iy >= 0 && iy < in.h && ix >= 0 && ix < in.w)
					depthwise_tap(j->v,
						      image +
							  ((size_t)iy * (size_t)in.w + (size_t)ix) *
							      (size_t)in.c,
						      q->in_zp.v[0], w, acc);
			}
		conv_int_finish(j, piece, piece * j->pixels + (size_t)ox, 1, 0, j->v->cout, acc);
	}
	free(acc);
	return 0;
}

/* acc += pixel x of the input through one kernel position w [cin][cout]. */
static void deconv_tap(const struct conv_int *v, const uint8_t *x, int32_t zp, const int8_t *w,
		       int32_t *acc)
{
	size_t per_group = v->cout / v->groups;

	for (size_t g = 0; g < v->groups; g++)
		for (size_t i = 0; i < v->cin; i++) {
			int32_t value = x[g * v->cin + i] - zp;

			if (value)
				vec_axpy(acc + g * per_group, value,
					 w + i * v->cout + g * per_group, per_group);
		}
}

int64_t deconv_source(int64_t at, int32_t k, int32_t dilation, int32_t stride, int32_t size)
{
	int64_t full = at - (int64_t)k * dilation;

	return full < 0 || full % stride != 0 || full / stride >= size ? -1 : full / stride;
}

int deconv_piece(size_t piece, void *ctx, struct err *e)
{
	const struct conv_job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim in = qop_in(q, 0);
	struct qdim out = qop_out(q, 0);
	const uint8_t *image = j->in + piece / (size_t)out.h * qdim_count(in) + q->in_first;
	int64_t y = (int64_t)(piece % (size_t)out.h) + q->crop.v[0];
	int32_t *acc = xreallocarray(NULL, j->v->cout, sizeof *acc);

	(void)e;
	for (int32_t ox = 0; ox < out.w; ox++) {
		memset(acc, 0, j->v->cout * sizeof *acc);
		for (int32_t ky = 0; ky < q->kernel_hw.v[0]; ky++) {
			int64_t iy = deconv_source(y, ky, q->dilation.v[0], q->stride.v[0], in.h);

			for (int32_t kx = 0; iy >= 0 && kx < q->kernel_hw.v[1]; kx++) {
				int64_t ix = deconv_source((int64_t)ox + q->crop.v[2], kx,
							   q->dilation.v[1], q->stride.v[1], in.w);

				if (ix >= 0)
					deconv_tap(
					    j->v, image + (size_t)(iy * in.w + ix) * (size_t)in.c,
					    q->in_zp.v[0],
					    q->kernel.v + (size_t)(ky * q->kernel_hw.v[1] + kx) *
							      j->v->cin * j->v->cout,
					    acc);
			}
		}
		conv_int_finish(j, piece, piece * j->pixels + (size_t)ox, 1, 0, j->v->cout, acc);
	}
	free(acc);
	return 0;
}
