/* Depthwise and transposed convolution with 16-bit operands: loops over taps, one row per piece. */
#include "kernel/conv_wide.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

INT_WIDE static void axpy(int64_t *restrict acc, int32_t x, const int32_t *restrict w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] += (int64_t)x * w[i];
}

INT_WIDE static void mac(int64_t *restrict acc, const int32_t *restrict x,
			 const int32_t *restrict w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] += (int64_t)x[i] * w[i];
}

/* The codes of one pixel less their zero point. */
static void pixel(const struct wide_job *j, size_t at, size_t n, int32_t *x)
{
	const int32_t zp = j->k->q->in_zp.v[0];

	for (size_t i = 0; i < n; i++)
		x[i] = code_get(j->in, at + i, j->v->xbytes == 2) - zp;
}

/* acc += one pixel's features through the weights of one tap, [cin][cout]. */
static void tap(const struct conv_wide *v, const int32_t *x, const int32_t *w, int64_t *acc)
{
	const size_t each = v->cout / v->groups;

	if (v->cin == 1 && each == 1) {
		mac(acc, x, w, v->cout);
		return;
	}
	for (size_t g = 0; g < v->groups; g++)
		for (size_t i = 0; i < v->cin; i++)
			if (x[g * v->cin + i])
				axpy(acc + g * each, x[g * v->cin + i], w + i * v->cout + g * each,
				     each);
}

/* Where an output row's window starts, and the memory it works in. */
struct row {
	const struct wide_job *j;
	size_t image; /* first code of the image that is used */
	struct qdim in;
	int32_t y;
	int64_t *acc;
	int32_t *x;
};

static struct row row_of(const struct wide_job *j, size_t piece)
{
	const struct qop *q = j->k->q;
	const struct qdim out = qop_out(q, 0);
	struct row r = { .j = j, .in = qop_in(q, 0), .y = (int32_t)(piece % (size_t)out.h) };

	r.image = piece / (size_t)out.h * qdim_count(r.in) + (size_t)q->in_first;
	r.acc = xreallocarray(NULL, j->v->cout, sizeof *r.acc);
	r.x = xreallocarray(NULL, j->v->cin * j->v->groups, sizeof *r.x);
	return r;
}

static void add_tap(const struct row *r, int64_t iy, int64_t ix, size_t t)
{
	const struct conv_wide *v = r->j->v;

	if (iy < 0 || ix < 0 || iy >= r->in.h || ix >= r->in.w)
		return;
	pixel(r->j, r->image + (size_t)(iy * r->in.w + ix) * (size_t)r->in.c, v->cin * v->groups,
	      r->x);
	tap(v, r->x, v->tap_weights + t * v->cin * v->cout, r->acc);
}

static void finish(struct row *r, size_t pixel_at)
{
	conv_wide_finish(r->j, pixel_at, 1, 0, r->j->v->cout, r->acc);
}

int depthwise_wide_piece(size_t piece, void *ctx, struct err *e)
{
	const struct wide_job *j = ctx;
	const struct qop *q = j->k->q;
	struct row r = row_of(j, piece);
	const int64_t y0 = (int64_t)r.y * q->stride.v[0] - q->pad.v[0];

	(void)e;
	for (size_t ox = 0; ox < j->pixels; ox++) {
		const int64_t x0 = (int64_t)ox * q->stride.v[1] - q->pad.v[2];
		size_t t = 0;

		memset(r.acc, 0, j->v->cout * sizeof *r.acc);
		for (int32_t ky = 0; ky < q->kernel_hw.v[0]; ky++)
			for (int32_t kx = 0; kx < q->kernel_hw.v[1]; kx++, t++)
				add_tap(&r, y0 + (int64_t)ky * q->dilation.v[0],
					x0 + (int64_t)kx * q->dilation.v[1], t);
		finish(&r, piece * j->pixels + ox);
	}
	free(r.acc);
	free(r.x);
	return 0;
}

int deconv_wide_piece(size_t piece, void *ctx, struct err *e)
{
	const struct wide_job *j = ctx;
	const struct qop *q = j->k->q;
	struct row r = row_of(j, piece);
	const int32_t *stride = q->stride.v, *dilation = q->dilation.v;

	(void)e;
	for (size_t ox = 0; ox < j->pixels; ox++) {
		size_t t = 0;

		memset(r.acc, 0, j->v->cout * sizeof *r.acc);
		for (int32_t ky = 0; ky < q->kernel_hw.v[0]; ky++)
			for (int32_t kx = 0; kx < q->kernel_hw.v[1]; kx++, t++)
				add_tap(&r,
					deconv_source((int64_t)r.y + q->crop.v[0], ky, dilation[0],
						      stride[0], r.in.h),
					deconv_source((int64_t)ox + q->crop.v[2], kx, dilation[1],
						      stride[1], r.in.w),
					t);
		finish(&r, piece * j->pixels + ox);
	}
	free(r.acc);
	free(r.x);
	return 0;
}
