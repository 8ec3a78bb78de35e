/* ew_add, ew_sub, ew_mult, ew_div, ew_max, ew_min and standalone activations in integers. */
#include "kernel/intk.h"

enum {
	DIV_BITS = 20
};

struct eltwise_job {
	const struct intk *k;
	const uint8_t *a, *b;
	uint8_t *out;
	int32_t ta[256], tb[256]; /* accumulator value of each code, per input */
	int32_t (*combine)(int32_t a, int32_t b);
};

static int32_t sat32(int64_t v)
{
	return (int32_t)(v > INT32_MAX ? INT32_MAX : v < -INT32_MAX ? -INT32_MAX : v);
}

static int32_t ew_add(int32_t a, int32_t b)
{
	return sat32((int64_t)a + b);
}

static int32_t ew_sub(int32_t a, int32_t b)
{
	return sat32((int64_t)a - b);
}

static int32_t ew_mult(int32_t a, int32_t b)
{
	return a * b;
}

/* a / b with DIV_BITS fraction bits, half away from zero; x / 0 saturates, 0 / 0 is 0. */
static int32_t ew_div(int32_t a, int32_t b)
{
	int32_t p = (a < 0 ? -a : a) << DIV_BITS;
	int32_t d = b < 0 ? -b : b;
	int32_t r = d ? p / d + (p % d * 2 >= d) : a ? INT32_MAX : 0;

	return (a < 0) != (b < 0) ? -r : r;
}

static int32_t ew_max(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t ew_min(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/* Strides of an input in a broadcast: 0 along an axis of length 1. */
static void strides(struct qdim d, size_t s[3])
{
	s[0] = d.h == 1 ? 0 : (size_t)d.w * (size_t)d.c;
	s[1] = d.w == 1 ? 0 : (size_t)d.c;
	s[2] = d.c == 1 ? 0 : 1;
}

static int row(size_t piece, void *ctx, struct err *e)
{
	const struct eltwise_job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim o = qop_out(q, 0);
	size_t sa[3];
	size_t sb[3];
	size_t image = piece / (size_t)o.h;
	size_t y = piece % (size_t)o.h;
	int32_t *acc = xreallocarray(NULL, (size_t)o.c, sizeof *acc);
	int32_t *zero = xcalloc((size_t)o.c, sizeof *zero);

	(void)e;
	strides(qop_in(q, 0), sa);
	strides(qop_in(q, 1), sb);
	for (size_t x = 0; x < (size_t)o.w; x++) {
		const uint8_t *a = j->a + image * qdim_count(qop_in(q, 0)) + y * sa[0] + x * sa[1];
		const uint8_t *b = j->b + image * qdim_count(qop_in(q, 1)) + y * sb[0] + x * sb[1];

		for (size_t c = 0; c < (size_t)o.c; c++)
			acc[c] = j->combine(j->ta[a[c * sa[2]]], j->tb[b[c * sb[2]]]);
		ostage_run(&j->k->st, acc, zero, 1, 0, (size_t)o.c,
			   j->out + (piece * (size_t)o.w + x) * (size_t)o.c);
	}
	free(zero);
	free(acc);
	return 0;
}

/* A product or quotient takes the codes less their zero point, the others a common unit. */
static void fill_table(int32_t t[256], const struct qop *q, size_t i)
{
	bool plain = q->type == HN_EW_MULT || q->type == HN_EW_DIV;

	for (int32_t x = 0; x < 256; x++)
		t[x] =
		    plain
			? x - q->in_zp.v[i]
			: sat32(fixed_scale(x - q->in_zp.v[i], q->in_mult.v[i], q->in_shift.v[i]));
}

INTK_RUN(eltwise_int_run)
{
	static int32_t (*const combine[])(int32_t, int32_t) = { ew_add, ew_sub, ew_mult,
								ew_div, ew_max, ew_min };
	struct eltwise_job *j = xcalloc(1, sizeof *j);
	const struct qop *q = k->q;
	int rc;

	(void)acc_peak;
	j->k = k;
	j->a = in[0];
	j->b = in[1];
	j->out = out[0];
	j->combine = combine[q->type - HN_EW_ADD];
	fill_table(j->ta, q, 0);
	fill_table(j->tb, q, 1);
	rc = par_for((size_t)n * (size_t)qop_out(q, 0).h, row, j, e);
	free(j);
	return rc;
}

struct act_job {
	const struct intk *k;
	const uint8_t *in;
	uint8_t *out;
};

static int act_row(size_t piece, void *ctx, struct err *e)
{
	const struct act_job *j = ctx;
	const struct qop *q = j->k->q;
	struct qdim o = qop_out(q, 0);
	size_t at = piece * (size_t)o.w * (size_t)o.c;
	int32_t *acc = xreallocarray(NULL, (size_t)o.c, sizeof *acc);
	int32_t *zero = xcalloc((size_t)o.c, sizeof *zero);

	(void)e;
	for (size_t x = 0; x < (size_t)o.w; x++, at += (size_t)o.c) {
		for (size_t c = 0; c < (size_t)o.c; c++)
			acc[c] = j->in[at + c] - q->in_zp.v[0];
		ostage_run(&j->k->st, acc, zero, 1, 0, (size_t)o.c, j->out + at);
	}
	free(zero);
	free(acc);
	return 0;
}

INTK_RUN(act_int_run)
{
	struct act_job j = { k, in[0], out[0] };

	(void)acc_peak;
	return par_for((size_t)n * (size_t)qop_out(k->q, 0).h, act_row, &j, e);
}
