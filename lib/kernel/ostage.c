/* The output stage: multiplier, activation, zero point, bounds.  hn-numerics(7). */
#include "kernel/intk.h"

#include <math.h>

/* These loops are where time goes; gcc vectorizes them at O3 only. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

static double *expand(const struct qarr_i32 *v, const struct qarr_i32 *shift, size_t c,
		      int32_t minus)
{
	double *out = xreallocarray(NULL, c, sizeof *out);

	for (size_t i = 0; i < c; i++) {
		size_t k = v->n > 1 ? i : 0;

		out[i] = shift ? ldexp((double)v->v[k], -shift->v[k]) : (double)(v->v[k] - minus);
	}
	return out;
}

/* The segment that holds x, the last one that starts at or before it. */
static uint16_t *make_table(const struct qop *q)
{
	const int32_t top = qop_top(q->out_bits);
	uint16_t *t = xreallocarray(NULL, 65536, sizeof *t);
	size_t seg = 0;

	for (int32_t x = INT16_MIN; x <= INT16_MAX; x++) {
		int64_t y;

		while (seg + 1 < q->seg_start.n && q->seg_start.v[seg + 1] <= x)
			seg++;
		y = q->seg_offset.v[seg] + (int64_t)q->seg_slope.v[seg] * (x - q->seg_start.v[seg]);
		y = fixed_scale(y, 1, q->seg_shift) + q->out_zp;
		t[x - INT16_MIN] = (uint16_t)(y < 0 ? 0 : y > top ? top : y);
	}
	return t;
}

void ostage_init(struct ostage *s, const struct qop *q)
{
	s->q = q;
	s->c = (size_t)qop_out(q, 0).c;
	s->zp = q->out_zp;
	if (qop_type_flags(q->type) & QR_STAGE)
		s->scale = expand(&q->mult, &q->shift, s->c, 0);
	if (qact_is_leaky(q->act))
		s->neg_scale = expand(&q->neg_mult, &q->neg_shift, s->c, 0);
	s->lo = expand(&q->act_lo, NULL, s->c, q->out_zp);
	s->hi = expand(&q->act_hi, NULL, s->c, q->out_zp);
	if (qact_is_table(q->act))
		s->table = make_table(q);
}

void ostage_release(struct ostage *s)
{
	free(s->scale);
	free(s->neg_scale);
	free(s->lo);
	free(s->hi);
	free(s->table);
}

/* Bounds are integers, so clamping before truncation equals clamping after it. */
static inline int32_t finish(double y, double lo, double hi)
{
	y += y < 0 ? -0.5 : 0.5;
	y = y > lo ? y : lo;
	y = y < hi ? y : hi;
	return (int32_t)y;
}

static uint8_t table_code(const struct ostage *s, double y, size_t c)
{
	int32_t code = s->table[finish(y, INT16_MIN, INT16_MAX) - INT16_MIN] - s->zp;

	code = code > (int32_t)s->lo[c] ? code : (int32_t)s->lo[c];
	code = code < (int32_t)s->hi[c] ? code : (int32_t)s->hi[c];
	return (uint8_t)(code + s->zp);
}

static inline int32_t wrap_add(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

INT_WIDE static void run_clip(const struct ostage *s, const int32_t *restrict acc,
			      const int32_t *restrict bias, size_t from, size_t n,
			      uint8_t *restrict out)
{
	const double *scale = s->scale + from;
	const double *lo = s->lo + from;
	const double *hi = s->hi + from;
	const int32_t zp = s->zp;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(finish(wrap_add(acc[i], bias[i]) * scale[i], lo[i], hi[i]) + zp);
}

INT_WIDE static void run_leaky(const struct ostage *s, const int32_t *restrict acc,
			       const int32_t *restrict bias, size_t from, size_t n,
			       uint8_t *restrict out)
{
	for (size_t i = 0; i < n; i++) {
		int32_t a = wrap_add(acc[i], bias[i]);
		double y = a * (a < 0 ? s->neg_scale[from + i] : s->scale[from + i]);

		out[i] = (uint8_t)(finish(y, s->lo[from + i], s->hi[from + i]) + s->zp);
	}
}

static void run_table(const struct ostage *s, const int32_t *acc, const int32_t *bias, size_t from,
		      size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = table_code(s, wrap_add(acc[i], bias[i]) * s->scale[from + i], from + i);
}

void ostage_run(const struct ostage *s, const int32_t *acc, const int32_t *bias, size_t npix,
		size_t from, size_t n, uint8_t *out)
{
	for (size_t p = 0; p < npix; p++, acc += n, out += s->c) {
		if (s->table)
			run_table(s, acc, bias + from, from, n, out + from);
		else if (s->neg_scale)
			run_leaky(s, acc, bias + from, from, n, out + from);
		else
			run_clip(s, acc, bias + from, from, n, out + from);
	}
}
