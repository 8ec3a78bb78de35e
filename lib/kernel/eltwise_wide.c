/* Elementwise layers and activations with 16-bit codes: sums in 64 bits. */
#include "kernel/intk.h"

enum {
	DIV_BITS = 20
};

/* The largest sum that the output stage takes. */
#define SUM_MAX (((int64_t)1 << 47) - 1)

static int64_t add(int64_t a, int64_t b)
{
	return a + b;
}

static int64_t sub(int64_t a, int64_t b)
{
	return a - b;
}

static int64_t mult(int64_t a, int64_t b)
{
	return a * b;
}

/* a / b with DIV_BITS fraction bits, half away from zero; x / 0 saturates, 0 / 0 is 0. */
static int64_t divide(int64_t a, int64_t b)
{
	const int64_t p = (a < 0 ? -a : a) << DIV_BITS;
	const int64_t d = b < 0 ? -b : b;
	const int64_t r = d ? p / d + (p % d * 2 >= d) : a ? SUM_MAX : 0;

	return (a < 0) != (b < 0) ? -r : r;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One input: where its values lie in a broadcast, and how a code becomes a number. */
struct operand {
	const void *codes;
	size_t image, stride[3];
	bool wide, plain;
	int32_t zp, mult, shift;
};

static struct operand operand_of(const struct qop *q, size_t i, const void *codes)
{
	const struct qdim d = qop_in(q, i);
	struct operand o = { .codes = codes,
			     .image = qdim_count(d),
			     .stride = { d.h == 1 ? 0 : (size_t)d.w * (size_t)d.c,
					 d.w == 1 ? 0 : (size_t)d.c, d.c == 1 ? 0 : 1 },
			     .wide = q->in_bits.v[i] == 16,
			     .plain = q->type == HN_EW_MULT || q->type == HN_EW_DIV,
			     .zp = q->in_zp.v[i] };

	if (!o.plain) {
		o.mult = q->in_mult.v[i];
		o.shift = q->in_shift.v[i];
	}
	return o;
}

static int64_t value(const struct operand *o, size_t at)
{
	const int64_t x = code_get(o->codes, at, o->wide) - o->zp;
	int64_t y;

	if (o->plain)
		return x;
	/* A sum of two stays below 2^47. */
	y = fixed_scale(x, o->mult, o->shift);
	return y > SUM_MAX / 2 ? SUM_MAX / 2 : y < -(SUM_MAX / 2) ? -(SUM_MAX / 2) : y;
}

struct job {
	const struct intk *k;
	struct operand a, b;
	int64_t (*combine)(int64_t a, int64_t b);
	void *out;
};

static int row(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct qdim o = qop_out(j->k->q, 0);
	const size_t image = piece / (size_t)o.h, y = piece % (size_t)o.h;
	const bool wide = j->k->q->out_bits == 16;
	size_t to = piece * (size_t)o.w * (size_t)o.c;

	(void)e;
	for (size_t x = 0; x < (size_t)o.w; x++) {
		const size_t a = image * j->a.image + y * j->a.stride[0] + x * j->a.stride[1];
		const size_t b = image * j->b.image + y * j->b.stride[0] + x * j->b.stride[1];

		for (size_t c = 0; c < (size_t)o.c; c++) {
			const int64_t acc = j->combine(value(&j->a, a + c * j->a.stride[2]),
						       value(&j->b, b + c * j->b.stride[2]));

			code_put(j->out, to++, wide, ostage_sum(&j->k->st, acc, c));
		}
	}
	return 0;
}

INTK_RUN(eltwise_wide_run)
{
	static int64_t (*const combine[])(int64_t, int64_t) = { add,    sub,    mult,
								divide, larger, smaller };
	const struct qop *q = k->q;
	struct job j = { k, operand_of(q, 0, in[0]), operand_of(q, 1, in[1]),
			 combine[q->type - HN_EW_ADD], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(q, 0).h, row, &j, e);
}

struct act_job {
	const struct intk *k;
	const void *in;
	void *out;
};

static int act_row(size_t piece, void *ctx, struct err *e)
{
	const struct act_job *j = ctx;
	const struct qop *q = j->k->q;
	const size_t c = (size_t)qop_out(q, 0).c, n = (size_t)qop_out(q, 0).w * c;

	(void)e;
	for (size_t i = piece * n; i < (piece + 1) * n; i++) {
		const int64_t acc = code_get(j->in, i, q->in_bits.v[0] == 16) - q->in_zp.v[0];

		code_put(j->out, i, q->out_bits == 16, ostage_sum(&j->k->st, acc, i % c));
	}
	return 0;
}

INTK_RUN(act_wide_run)
{
	struct act_job j = { k, in[0], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, act_row, &j, e);
}
