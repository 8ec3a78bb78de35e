/* The output stage of sums in 64 bits, and of values that are scaled already. */
#include "kernel/intk.h"

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

int32_t ostage_scaled(const struct ostage *s, int64_t y, size_t c)
{
	if (s->table)
		y = s->table[clamp(y, INT16_MIN, INT16_MAX) - INT16_MIN] - s->zp;
	y = y < (int64_t)s->lo[c] ? (int64_t)s->lo[c] : y;
	return (int32_t)(y > (int64_t)s->hi[c] ? (int64_t)s->hi[c] : y) + s->zp;
}

int32_t ostage_sum(const struct ostage *s, int64_t acc, size_t c)
{
	const bool negative = acc < 0 && s->neg_scale;
	const struct qarr_i32 *mult = negative ? &s->q->neg_mult : &s->q->mult;
	const struct qarr_i32 *shift = negative ? &s->q->neg_shift : &s->q->shift;
	const size_t at = mult->n > 1 ? c : 0;

	return ostage_scaled(s, fixed_scale(acc, mult->v[at], shift->v[at]), c);
}

void ostage_run_wide(const struct ostage *s, const int64_t *acc, size_t npix, size_t from, size_t n,
		     void *out)
{
	const bool wide = s->q->out_bits == 16;

	for (size_t p = 0; p < npix; p++, acc += n)
		for (size_t i = 0; i < n; i++)
			code_put(out, p * s->c + from + i, wide, ostage_sum(s, acc[i], from + i));
}
