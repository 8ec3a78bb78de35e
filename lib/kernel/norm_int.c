/*
 * layer_normalization in integers.  The values that one mean and variance, or one l2 norm, is taken
 * of are a cell.  Sums are exact; the root is the integer one; the quotient is a product by a
 * reciprocal of 21 bits, exact in a double as in ostage.c.  hn-numerics(7) has the definition.
 */
#include "kernel/intk.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

enum {
	RUN = 1 << 16, /* squares of so many codes fit 32 bits */
	FRACTION = 16, /* bits of a normalized value */
	RECIPROCAL = 51,
	ROOT_BITS = 62
};

struct norm_int {
	size_t axes, groups, each; /* each: features of a cell along its pixel */
	int64_t population;
	double *gamma; /* c */
	int32_t *bias; /* c */
	bool wide;     /* 16-bit input */
};

/* The cells of the rows that one piece of work takes. */
struct cells {
	size_t w, c; /* of cells along columns and features */
	uint64_t *sum, *square;
	double *mean, *factor; /* z = round((population x - mean) factor) */
};

struct norm_job {
	const struct intk *k;
	const void *in;
	void *out;
	size_t rows; /* of a piece: 1, or all of an image */
};

int norm_int_init(struct intk *k, struct err *e)
{
	const struct qop *q = k->q;
	const struct qdim d = qop_in(q, 0);
	struct norm_int *v = xcalloc(1, sizeof *v);

	(void)e;
	k->priv = v;
	v->wide = q->in_bits.v[0] == 16;
	v->axes = (size_t)q->geom.v[0];
	v->groups = (size_t)q->geom.v[1];
	v->each = (size_t)d.c / v->groups;
	v->population = qnorm_population(q);
	v->gamma = xreallocarray(NULL, (size_t)d.c, sizeof *v->gamma);
	v->bias = xreallocarray(NULL, (size_t)d.c, sizeof *v->bias);
	for (size_t c = 0; c < (size_t)d.c; c++) {
		const size_t g = q->in_mult.n > 1 ? c : 0;

		v->gamma[c] = ldexp((double)q->in_mult.v[g], -q->in_shift.v[g]);
		v->bias[c] = (int32_t)qop_bias(q, c);
	}
	return 0;
}

void norm_int_release(struct intk *k)
{
	struct norm_int *v = k->priv;

	if (!v)
		return;
	free(v->gamma);
	free(v->bias);
	free(v);
}

/* The largest integer whose square is not above w < 2^62, whatever sqrt rounds to. */
static uint64_t root(uint64_t w)
{
	uint64_t s = (uint64_t)sqrt((double)w);

	while (s * s > w)
		s--;
	while ((s + 1) * (s + 1) <= w)
		s++;
	return s;
}

/* 2^(16 + t) / sqrt(w), of 21 bits. */
static double reciprocal(uint64_t w, int32_t t)
{
	int32_t e = 0;

	if (w == 0)
		return 0;
	for (; w < 1ULL << (ROOT_BITS - 2); w <<= 2)
		e++;
	w = (2ULL << RECIPROCAL) / root(w);
	return ldexp((double)((w + 1) / 2), FRACTION - RECIPROCAL + t + e);
}

/* x 4^t, rounded down. */
static uint64_t shifted(uint64_t x, int32_t t)
{
	return t >= 0 ? x << 2 * t : x >> -2 * t;
}

static void finish_cell(const struct intk *k, struct cells *s, size_t i)
{
	const struct norm_int *v = k->priv;
	const int32_t *geom = k->q->geom.v;
	const uint64_t epsilon = ((uint64_t)geom[4] << 31) + (uint64_t)geom[5];
	const uint64_t n = (uint64_t)v->population, zp = (uint64_t)k->q->in_zp.v[0];
	uint64_t w;

	if (geom[2] == 0) { /* n^2 variance + epsilon */
		w = shifted(n * s->square[i] - s->sum[i] * s->sum[i], geom[3]) + epsilon;
		s->mean[i] = (double)s->sum[i];
	} else {
		w = shifted(s->square[i] + n * zp * zp - 2 * zp * s->sum[i], geom[3]);
		w = w > epsilon ? w : epsilon;
		s->mean[i] = (double)zp;
	}
	s->factor[i] = reciprocal(w, geom[3]);
}

INT_WIDE static void add_run(const uint8_t *x, size_t n, uint64_t *sum, uint64_t *square)
{
	while (n > 0) {
		const size_t part = n < RUN ? n : RUN;
		uint32_t s = 0, q = 0;

		for (size_t i = 0; i < part; i++) {
			s += x[i];
			q += (uint32_t)x[i] * x[i];
		}
		*sum += s;
		*square += q;
		x += part;
		n -= part;
	}
}

/* Codes [at, at + n) into a sum and a sum of squares. */
static void add_codes(const struct norm_job *j, size_t at, size_t n, uint64_t *sum,
		      uint64_t *square)
{
	const struct norm_int *v = j->k->priv;
	const uint16_t *x = (const uint16_t *)j->in + (v->wide ? at : 0);

	if (!v->wide) {
		add_run((const uint8_t *)j->in + at, n, sum, square);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		*sum += x[i];
		*square += (uint64_t)x[i] * x[i];
	}
}

/* First cell of a pixel. */
static size_t cell_at(const struct norm_int *v, const struct cells *s, size_t y, size_t x)
{
	return ((v->axes & 1 ? 0 : y) * s->w + (v->axes & 2 ? 0 : x)) * s->c;
}

/* cell: the pixel's first; at: its first code. */
static void gather_pixel(const struct norm_job *j, struct cells *s, size_t cell, size_t at)
{
	const struct norm_int *v = j->k->priv;

	if (v->axes & 4) {
		for (size_t g = 0; g < v->groups; g++)
			add_codes(j, at + g * v->each, v->each, &s->sum[cell + g],
				  &s->square[cell + g]);
		return;
	}
	for (size_t c = 0; c < s->c; c++)
		add_codes(j, at + c, 1, &s->sum[cell + c], &s->square[cell + c]);
}

static inline int32_t half_away(double y)
{
	return (int32_t)(y + (y < 0 ? -0.5 : 0.5));
}

/* acc = scaled(z, gamma), within 2^30. */
static inline int32_t weighted(double z, double gamma)
{
	const double limit = 1 << 30;
	double y = half_away(z) * gamma;

	y = y < limit ? y : limit;
	y = y > -limit ? y : -limit;
	return half_away(y);
}

INT_WIDE static void norm_run(const uint8_t *restrict x, size_t n, double scale, double mean,
			      double factor, const double *restrict gamma, int32_t *restrict acc)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = weighted((x[i] * scale - mean) * factor, gamma[i]);
}

INT_WIDE static void norm_wide(const uint16_t *restrict x, size_t n, double scale, double mean,
			       double factor, const double *restrict gamma, int32_t *restrict acc)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = weighted((x[i] * scale - mean) * factor, gamma[i]);
}

/* n codes of one cell, whose first is feature c of code `at`'s pixel. */
static void norm_codes(const struct norm_job *j, const struct cells *s, size_t cell, size_t at,
		       size_t c, size_t n, int32_t *acc)
{
	const struct norm_int *v = j->k->priv;
	const double scale = j->k->q->geom.v[2] ? 1 : (double)v->population;

	if (v->wide)
		norm_wide((const uint16_t *)j->in + at, n, scale, s->mean[cell], s->factor[cell],
			  v->gamma + c, acc);
	else
		norm_run((const uint8_t *)j->in + at, n, scale, s->mean[cell], s->factor[cell],
			 v->gamma + c, acc);
}

static void norm_pixel(const struct norm_job *j, const struct cells *s, size_t cell, size_t at,
		       int32_t *acc)
{
	const struct norm_int *v = j->k->priv;

	if (v->axes & 4) {
		for (size_t g = 0; g < v->groups; g++)
			norm_codes(j, s, cell + g, at + g * v->each, g * v->each, v->each,
				   acc + g * v->each);
		return;
	}
	for (size_t c = 0; c < s->c; c++)
		norm_codes(j, s, cell + c, at + c, c, 1, acc + c);
}

/* The output stage of one pixel whose first code is at. */
static void finish_pixel(const struct norm_job *j, size_t at, size_t c, const int32_t *acc)
{
	const struct norm_int *v = j->k->priv;
	const bool wide = j->k->q->out_bits == 16;

	if (!qop_is_wide(j->k->q)) {
		ostage_run(&j->k->st, acc, v->bias, 1, 0, c, (uint8_t *)j->out + at);
		return;
	}
	for (size_t i = 0; i < c; i++)
		code_put(j->out, at + i, wide,
			 ostage_sum(&j->k->st, (int64_t)acc[i] + v->bias[i], i));
}

/* Sums, factors, then values of `rows` rows. */
static int norm_piece(size_t piece, void *ctx, struct err *e)
{
	const struct norm_job *j = ctx;
	const struct norm_int *v = j->k->priv;
	const struct qdim d = qop_in(j->k->q, 0);
	const size_t w = (size_t)d.w, c = (size_t)d.c, pixels = j->rows * w;
	struct cells s = { .w = v->axes & 2 ? 1 : w, .c = v->axes & 4 ? v->groups : c };
	const size_t count = (v->axes & 1 ? 1 : j->rows) * s.w * s.c;
	const size_t first = piece * pixels * c;
	int32_t *acc = xreallocarray(NULL, c, sizeof *acc);

	(void)e;
	s.sum = xcalloc(2 * count, sizeof *s.sum);
	s.square = s.sum + count;
	s.mean = xcalloc(2 * count, sizeof *s.mean);
	s.factor = s.mean + count;
	for (size_t i = 0; i < pixels; i++)
		gather_pixel(j, &s, cell_at(v, &s, i / w, i % w), first + i * c);
	for (size_t i = 0; i < count; i++)
		finish_cell(j->k, &s, i);
	for (size_t i = 0; i < pixels; i++) {
		norm_pixel(j, &s, cell_at(v, &s, i / w, i % w), first + i * c, acc);
		finish_pixel(j, first + i * c, c, acc);
	}
	free(s.sum);
	free(s.mean);
	free(acc);
	return 0;
}

INTK_RUN(norm_int_run)
{
	const struct norm_int *v = k->priv;
	const size_t h = (size_t)qop_in(k->q, 0).h;
	struct norm_job j = { k, in[0], out[0], v->axes & 1 ? h : 1 };

	(void)acc_peak;
	return par_for((size_t)n * (h / j.rows), norm_piece, &j, e);
}
