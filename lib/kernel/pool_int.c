/* maxpool, avgpool, global_avg_pool in integers: one output row per piece. */
#include "kernel/intk.h"

#include <string.h>

struct pool_job {
	const struct intk *k;
	const void *in;
	void *out;
	bool wide; /* 16-bit input */
	int32_t kh, kw, sh, sw, dh, dw, top, left;
	bool max;
};

/* One pixel into the window's sums or maxima. */
static inline void visit(const struct pool_job *j, size_t at, int32_t c, bool wide, int64_t *acc)
{
	for (int32_t i = 0; i < c; i++) {
		const int32_t x = code_get(j->in, at + (size_t)i, wide);

		acc[i] = !j->max ? acc[i] + x : acc[i] > x ? acc[i] : x;
	}
}

/* Visits the valid elements of one window of the image that starts at `image`; returns their
 * number.
 */
static int32_t window(const struct pool_job *j, size_t image, struct qdim in, int64_t y0,
		      int64_t x0, int64_t *acc)
{
	int32_t count = 0;

	for (int32_t ky = 0; ky < j->kh; ky++) {
		int64_t iy = y0 + (int64_t)ky * j->dh;

		for (int32_t kx = 0; kx < j->kw && iy >= 0 && iy < in.h; kx++) {
			int64_t ix = x0 + (int64_t)kx * j->dw;
			const size_t at =
			    image + ((size_t)iy * (size_t)in.w + (size_t)ix) * (size_t)in.c;

			if (ix < 0 || ix >= in.w)
				continue;
			count++;
			if (j->wide)
				visit(j, at, in.c, true, acc);
			else
				visit(j, at, in.c, false, acc);
		}
	}
	return count;
}

static int row(size_t piece, void *ctx, struct err *e)
{
	const struct pool_job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim in = qop_in(q, 0);
	struct qdim out = qop_out(q, 0);
	const size_t image = piece / (size_t)out.h * qdim_count(in);
	int64_t y0 = (int64_t)(piece % (size_t)out.h) * j->sh - j->top;
	size_t to = piece * (size_t)out.w * (size_t)out.c;
	int64_t *acc = xcalloc((size_t)in.c, sizeof *acc);

	(void)e;
	for (int32_t ox = 0; ox < out.w; ox++) {
		int32_t n = window(j, image, in, y0, (int64_t)ox * j->sw - j->left, acc);
		const size_t by = q->pool_mult.n > 1 && n ? (size_t)n - 1 : 0;
		const int64_t zero = (int64_t)(j->max && n ? 1 : n) * q->in_zp.v[0];

		/* acc is 0, a code below every other, when no element is valid: real 0. */
		for (int32_t c = 0; c < out.c; c++, to++) {
			const int64_t y =
			    fixed_scale(acc[c] - zero, q->pool_mult.v[by], q->pool_shift.v[by]);

			code_put(j->out, to, q->out_bits == 16,
				 ostage_scaled(&j->k->st, y, (size_t)c));
		}
		memset(acc, 0, (size_t)in.c * sizeof *acc);
	}
	free(acc);
	return 0;
}

static int run(struct pool_job *j, int32_t n, const void *in, void *out, struct err *e)
{
	const struct qop *q = j->k->q;

	j->in = in;
	j->out = out;
	j->wide = q->in_bits.v[0] == 16;
	return par_for((size_t)n * (size_t)qop_out(q, 0).h, row, j, e);
}

static struct pool_job window_job(const struct intk *k)
{
	const struct qop *q = k->q;

	if (q->type == HN_GLOBAL_AVGPOOL)
		return (struct pool_job){ .k = k,
					  .kh = qop_in(q, 0).h,
					  .kw = qop_in(q, 0).w,
					  .sh = 1,
					  .sw = 1,
					  .dh = 1,
					  .dw = 1 };
	return (struct pool_job){ .k = k,
				  .kh = q->kernel_hw.v[0],
				  .kw = q->kernel_hw.v[1],
				  .sh = q->stride.v[0],
				  .sw = q->stride.v[1],
				  .dh = q->dilation.v[0],
				  .dw = q->dilation.v[1],
				  .top = q->pad.v[0],
				  .left = q->pad.v[2] };
}

INTK_RUN(maxpool_int_run)
{
	struct pool_job j = window_job(k);

	(void)acc_peak;
	j.max = true;
	return run(&j, n, in[0], out[0], e);
}

INTK_RUN(avgpool_int_run)
{
	struct pool_job j = window_job(k);

	(void)acc_peak;
	return run(&j, n, in[0], out[0], e);
}
