/* resize, softmax, argmax, reduce_* in integers. */
#include "kernel/intk.h"

struct job {
	const struct intk *k;
	const uint8_t *in;
	uint8_t *out;
};

/* Weighted mean of four pixels, half up; all terms are positive. */
static int resize_row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim d = qop_in(q, 0);
	struct qdim o = qop_out(q, 0);
	const uint8_t *image = j->in + piece / (size_t)o.h * qdim_count(d);
	const int32_t *ty = q->geom.v + 2 + 3 * (piece % (size_t)o.h);
	const int32_t *tx = q->geom.v + 2 + 3 * (size_t)o.h;
	int32_t bits = q->geom.v[1];
	int32_t one = 1 << bits;
	size_t row = (size_t)d.w * (size_t)d.c;
	uint8_t *to = j->out + piece * (size_t)o.w * (size_t)o.c;

	(void)e;
	for (int32_t x = 0; x < o.w; x++, tx += 3)
		for (int32_t c = 0; c < o.c; c++) {
			size_t left = (size_t)tx[0] * (size_t)d.c + (size_t)c;
			size_t right = (size_t)tx[1] * (size_t)d.c + (size_t)c;
			const uint8_t *r0 = image + (size_t)ty[0] * row;
			const uint8_t *r1 = image + (size_t)ty[1] * row;
			int32_t top = r0[left] * (one - tx[2]) + r0[right] * tx[2];
			int32_t low = r1[left] * (one - tx[2]) + r1[right] * tx[2];
			int64_t sum = (int64_t)top * (one - ty[2]) + (int64_t)low * ty[2];

			*to++ = (uint8_t)fixed_scale(sum, 1, 2 * bits);
		}
	return 0;
}

INTK_RUN(resize_int_run)
{
	struct job j = { k, in[0], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, resize_row, &j, e);
}

static void softmax_group(const struct qop *q, const uint8_t *x, size_t n, uint8_t *y)
{
	int64_t sum = 0;
	uint8_t max = 0;

	for (size_t i = 0; i < n; i++)
		max = x[i] > max ? x[i] : max;
	for (size_t i = 0; i < n; i++)
		sum += q->exp_table.v[max - x[i]];
	for (size_t i = 0; i < n; i++) {
		int64_t num = (int64_t)q->exp_table.v[max - x[i]] * q->mult.v[0];
		int64_t code = (2 * num + sum) / (2 * sum) + q->out_zp;

		y[i] = (uint8_t)(code > 255 ? 255 : code);
	}
}

static int softmax_row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim d = qop_in(q, 0);
	size_t each = (size_t)(d.c / q->geom.v[0]);
	size_t at = piece * (size_t)d.w * (size_t)d.c;

	(void)e;
	for (size_t g = 0; g < (size_t)d.w * (size_t)q->geom.v[0]; g++, at += each)
		softmax_group(q, j->in + at, each, j->out + at);
	return 0;
}

INTK_RUN(softmax_int_run)
{
	struct job j = { k, in[0], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_in(k->q, 0).h, softmax_row, &j, e);
}

INTK_RUN(argmax_int_run)
{
	struct qdim d = qop_in(k->q, 0);
	const uint8_t *x = in[0];
	uint8_t *o8 = out[0];
	uint16_t *o16 = out[0];

	(void)acc_peak;
	(void)e;
	for (size_t p = 0; p < (size_t)n * (size_t)d.h * (size_t)d.w; p++, x += d.c) {
		int32_t best = 0;

		for (int32_t c = 1; c < d.c; c++)
			best = x[c] > x[best] ? c : best;
		if (k->q->out_bits == 16)
			o16[p] = (uint16_t)best;
		else
			o8[p] = (uint8_t)best;
	}
	return 0;
}

/* One output value: the input values whose kept coordinates agree, in NHWC order. */
static uint8_t reduce_one(const struct intk *k, const uint8_t *image, int32_t y, int32_t x,
			  int32_t c)
{
	const struct qop *q = k->q;
	struct qdim d = qop_in(q, 0);
	int32_t axes = q->geom.v[0];
	int32_t each = d.c / q->geom.v[1];
	struct qdim from = { axes & 1 ? 0 : y, axes & 2 ? 0 : x, axes & 4 ? c * each : c };
	struct qdim to = { axes & 1 ? d.h : y + 1, axes & 2 ? d.w : x + 1,
			   axes & 4 ? (c + 1) * each : c + 1 };
	int32_t sum = 0;
	uint8_t low = 255;
	uint8_t high = 0;

	for (int32_t iy = from.h; iy < to.h; iy++)
		for (int32_t ix = from.w; ix < to.w; ix++)
			for (int32_t ic = from.c; ic < to.c; ic++) {
				uint8_t v =
				    image[((size_t)iy * (size_t)d.w + (size_t)ix) * (size_t)d.c +
					  (size_t)ic];

				sum += v - q->in_zp.v[0];
				low = v < low ? v : low;
				high = v > high ? v : high;
			}
	if (q->type == HN_REDUCE_MAX || q->type == HN_REDUCE_MIN)
		return q->type == HN_REDUCE_MAX ? high : low;
	return ostage_scaled(
	    &k->st, sum * (sum < 0 && k->st.neg_scale ? k->st.neg_scale[c] : k->st.scale[c]),
	    (size_t)c);
}

static int reduce_row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	struct qdim o = qop_out(j->k->q, 0);
	const uint8_t *image = j->in + piece / (size_t)o.h * qdim_count(qop_in(j->k->q, 0));
	uint8_t *to = j->out + piece * (size_t)o.w * (size_t)o.c;

	(void)e;
	for (int32_t x = 0; x < o.w; x++)
		for (int32_t c = 0; c < o.c; c++)
			*to++ = reduce_one(j->k, image, (int32_t)(piece % (size_t)o.h), x, c);
	return 0;
}

INTK_RUN(reduce_int_run)
{
	struct job j = { k, in[0], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, reduce_row, &j, e);
}
