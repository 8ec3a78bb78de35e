/* resize, softmax, argmax, reduce_* in integers. */
#include "kernel/intk.h"

struct job {
	const struct intk *k;
	const void *in;
	void *out;
	bool wide; /* 16-bit input */
};

static struct job job_of(const struct intk *k, const void *in, void *out)
{
	return (struct job){ k, in, out, k->q->in_bits.v[0] == 16 };
}

/* Weighted mean of four pixels, half up; all terms are positive. */
static int resize_row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim d = qop_in(q, 0);
	struct qdim o = qop_out(q, 0);
	const size_t image = piece / (size_t)o.h * qdim_count(d);
	const int32_t *ty = q->geom.v + 2 + 3 * (piece % (size_t)o.h);
	const int32_t *tx = q->geom.v + 2 + 3 * (size_t)o.h;
	int32_t bits = q->geom.v[1];
	int32_t one = 1 << bits;
	size_t row = (size_t)d.w * (size_t)d.c;
	size_t to = piece * (size_t)o.w * (size_t)o.c;

	(void)e;
	for (int32_t x = 0; x < o.w; x++, tx += 3)
		for (int32_t c = 0; c < o.c; c++) {
			size_t left = image + (size_t)tx[0] * (size_t)d.c + (size_t)c;
			size_t right = image + (size_t)tx[1] * (size_t)d.c + (size_t)c;
			int32_t line[2];

			for (int i = 0; i < 2; i++) {
				size_t down = (size_t)ty[i] * row;

				line[i] = code_get(j->in, down + left, j->wide) * (one - tx[2]) +
					  code_get(j->in, down + right, j->wide) * tx[2];
			}
			code_put(j->out, to++, j->wide,
				 (int32_t)fixed_scale((int64_t)line[0] * (one - ty[2]) +
							  (int64_t)line[1] * ty[2],
						      1, 2 * bits));
		}
	return 0;
}

INTK_RUN(resize_int_run)
{
	struct job j = job_of(k, in[0], out[0]);

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, resize_row, &j, e);
}

/* exp of -d codes: one table, or for 16 bits one for each byte of d, 30-bit fractions. */
static int64_t exp_of(const struct qop *q, int32_t d, bool wide)
{
	const int32_t *t = q->exp_table.v;

	return wide ? (int64_t)t[d & 255] * t[QEXP_STEPS + (d >> 8)] >> QEXP_WIDE_BITS : t[d];
}

static void softmax_group(const struct job *j, size_t at, size_t n)
{
	const struct qop *q = j->k->q;
	const bool wide_out = q->out_bits == 16;
	const int64_t top = qop_top(q->out_bits);
	int64_t sum = 0;
	int32_t max = 0;

	for (size_t i = at; i < at + n; i++) {
		const int32_t x = code_get(j->in, i, j->wide);

		max = x > max ? x : max;
	}
	for (size_t i = at; i < at + n; i++)
		sum += exp_of(q, max - code_get(j->in, i, j->wide), j->wide);
	for (size_t i = at; i < at + n; i++) {
		int64_t num = exp_of(q, max - code_get(j->in, i, j->wide), j->wide) * q->mult.v[0];
		int64_t code = (2 * num + sum) / (2 * sum) + q->out_zp;

		code_put(j->out, i, wide_out, (int32_t)(code > top ? top : code));
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
		softmax_group(j, at, each);
	return 0;
}

INTK_RUN(softmax_int_run)
{
	struct job j = job_of(k, in[0], out[0]);

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_in(k->q, 0).h, softmax_row, &j, e);
}

INTK_RUN(argmax_int_run)
{
	const struct job j = job_of(k, in[0], out[0]);
	struct qdim d = qop_in(k->q, 0);
	size_t at = 0;

	(void)acc_peak;
	(void)e;
	for (size_t p = 0; p < (size_t)n * (size_t)d.h * (size_t)d.w; p++, at += (size_t)d.c) {
		size_t best = 0;

		for (size_t c = 1; c < (size_t)d.c; c++)
			if (code_get(j.in, at + c, j.wide) > code_get(j.in, at + best, j.wide))
				best = c;
		code_put(j.out, p, k->q->out_bits == 16, (int32_t)best);
	}
	return 0;
}

/* One output value: the input values whose kept coordinates agree, in NHWC order. */
static int32_t reduce_one(const struct job *j, size_t image, int32_t y, int32_t x, int32_t c)
{
	const struct qop *q = j->k->q;
	struct qdim d = qop_in(q, 0);
	int32_t axes = q->geom.v[0];
	int32_t each = d.c / q->geom.v[1];
	struct qdim from = { axes & 1 ? 0 : y, axes & 2 ? 0 : x, axes & 4 ? c * each : c };
	struct qdim to = { axes & 1 ? d.h : y + 1, axes & 2 ? d.w : x + 1,
			   axes & 4 ? (c + 1) * each : c + 1 };
	int64_t sum = 0;
	int32_t low = 65535;
	int32_t high = 0;

	for (int32_t iy = from.h; iy < to.h; iy++)
		for (int32_t ix = from.w; ix < to.w; ix++)
			for (int32_t ic = from.c; ic < to.c; ic++) {
				const size_t at =
				    image + ((size_t)iy * (size_t)d.w + (size_t)ix) * (size_t)d.c +
				    (size_t)ic;
				const int32_t v = code_get(j->in, at, j->wide);

				sum += v - q->in_zp.v[0];
				low = v < low ? v : low;
				high = v > high ? v : high;
			}
	if (q->type == HN_REDUCE_MAX || q->type == HN_REDUCE_MIN)
		return q->type == HN_REDUCE_MAX ? high : low;
	return ostage_sum(&j->k->st, sum, (size_t)c);
}

static int reduce_row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	struct qdim o = qop_out(j->k->q, 0);
	const size_t image = piece / (size_t)o.h * qdim_count(qop_in(j->k->q, 0));
	size_t to = piece * (size_t)o.w * (size_t)o.c;

	(void)e;
	for (int32_t x = 0; x < o.w; x++)
		for (int32_t c = 0; c < o.c; c++)
			code_put(j->out, to++, j->k->q->out_bits == 16,
				 reduce_one(j, image, (int32_t)(piece % (size_t)o.h), x, c));
	return 0;
}

INTK_RUN(reduce_int_run)
{
	struct job j = job_of(k, in[0], out[0]);

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, reduce_row, &j, e);
}
