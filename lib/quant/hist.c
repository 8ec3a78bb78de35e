#include "quant/hist.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	OCTAVES = 2 * HIST_EXPONENT + 1,
	MANTISSA = 23,
	STEP_BITS = 5,
	BIAS = 127,
	HALVINGS = 48 /* of an interval: then bins are far wider */
};

void hist_release(struct hist *h)
{
	free(h->count);
	*h = (struct hist){ 0 };
}

int32_t hist_bins(void)
{
	return OCTAVES * HIST_STEPS;
}

int32_t hist_bin(float x)
{
	uint32_t bits;
	int32_t octave, bin;

	memcpy(&bits, &x, sizeof bits);
	octave = (int32_t)(bits >> MANTISSA & 255) - BIAS + HIST_EXPONENT;
	if (octave < 0)
		return 0;
	if (octave >= OCTAVES)
		bin = hist_bins();
	else
		bin = octave * HIST_STEPS +
		      (int32_t)(bits >> (MANTISSA - STEP_BITS) & (HIST_STEPS - 1)) + 1;
	return bits >> 31 ? -bin : bin;
}

/* A power of two, faster than ldexp. */
static double power(int octave)
{
	const uint64_t bits = (uint64_t)(octave + 1023) << 52;
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

void hist_edges(int32_t bin, double *lo, double *hi)
{
	int32_t k = abs(bin) - 1;
	double step;

	*lo = *hi = 0;
	if (bin == 0)
		return;
	step = power(k / HIST_STEPS - HIST_EXPONENT) / HIST_STEPS;
	*lo = (HIST_STEPS + k % HIST_STEPS) * step;
	*hi = (HIST_STEPS + k % HIST_STEPS + 1) * step;
}

void hist_values(struct hist *h, size_t n, const float *x)
{
	for (size_t f = 0; f < n; f++) {
		uint32_t bits;
		int32_t octave;
		uint8_t place = 0;

		memcpy(&bits, &x[f], sizeof bits);
		octave = (int32_t)(bits >> MANTISSA & 255) - BIAS + HIST_EXPONENT;
		if (octave < 0) {
			h[f].zero++;
			continue;
		}
		if (octave < OCTAVES)
			place = h[f].block[bits >> 31][octave];
		/* Most octaves are there already. */
		if (place)
			h[f].count[place - 1][bits >> (MANTISSA - STEP_BITS) & (HIST_STEPS - 1)]++;
		else
			hist_add(&h[f], hist_bin(x[f]), 1);
	}
}

/* Gives up an octave: its values count as 0, the last block fills the gap. */
static void fold(struct hist *h, int negative, int octave)
{
	uint8_t *place = &h->block[negative][octave];

	if (!*place)
		return;
	for (int s = 0; s < HIST_STEPS; s++)
		h->zero += h->count[*place - 1][s];
	memmove(h->count[*place - 1], h->count[h->nblocks - 1], sizeof *h->count);
	for (int i = 0; i < 2 * OCTAVES; i++)
		if (h->block[i / OCTAVES][i % OCTAVES] == h->nblocks)
			h->block[i / OCTAVES][i % OCTAVES] = *place;
	*place = 0;
	h->nblocks--;
}

/*
 * What lies too far below a new largest magnitude counts as 0.  Parts of a set have folded no more
 * than the whole does, so that their sum is the whole's.
 */
static void raise_top(struct hist *h, int octave)
{
	h->top = (uint8_t)(octave + 1);
	for (int o = 0; o < octave - HIST_DEPTH; o++) {
		fold(h, 0, o);
		fold(h, 1, o);
	}
}

void hist_add(struct hist *h, int32_t bin, uint64_t n)
{
	int32_t k = abs(bin) - 1;
	int octave = k / HIST_STEPS;
	uint8_t *place;

	if (bin != 0 && octave >= h->top)
		raise_top(h, octave);
	if (bin == 0 || octave + 1 + HIST_DEPTH < h->top) {
		h->zero += n;
		return;
	}
	place = &h->block[bin < 0][octave];
	if (!*place) {
		h->count = xreallocarray(h->count, h->nblocks + 1u, sizeof *h->count);
		memset(h->count[h->nblocks], 0, sizeof *h->count);
		*place = ++h->nblocks;
	}
	h->count[*place - 1][k % HIST_STEPS] += n;
}

static void each_of(const struct hist *h, int octave, bool negative,
		    void (*fn)(int32_t bin, uint64_t n, void *ctx), void *ctx)
{
	uint8_t place = h->block[negative][octave];

	for (int s = 0; place && s < HIST_STEPS; s++) {
		int step = negative ? HIST_STEPS - 1 - s : s;
		int32_t bin = octave * HIST_STEPS + step + 1;
		uint64_t n = h->count[place - 1][step];

		if (n)
			fn(negative ? -bin : bin, n, ctx);
	}
}

void hist_each(const struct hist *h, void (*fn)(int32_t bin, uint64_t n, void *ctx), void *ctx)
{
	for (int o = OCTAVES; o-- > 0;)
		each_of(h, o, true, fn, ctx);
	if (h->zero)
		fn(0, h->zero, ctx);
	for (int o = 0; o < OCTAVES; o++)
		each_of(h, o, false, fn, ctx);
}

/* How many values lie below x. */
struct below {
	double x, factor, sum;
};

static void add_below(int32_t bin, uint64_t n, void *ctx)
{
	struct below *b = ctx;
	double lo, hi, from, to;

	hist_edges(bin, &lo, &hi);
	from = (bin < 0 ? -hi : lo) * b->factor;
	to = (bin < 0 ? -lo : hi) * b->factor;
	if (b->x >= to)
		b->sum += (double)n;
	else if (b->x > from)
		b->sum += (double)n * (b->x - from) / (to - from);
}

static double below(const struct hist *h, const double *factor, size_t n, double x)
{
	struct below b = { .x = x };

	for (size_t f = 0; f < n; f++) {
		b.factor = factor ? factor[f] : 1;
		hist_each(&h[f], add_below, &b);
	}
	return b.sum;
}

double hist_quantile(const struct hist *h, const double *factor, size_t n, double p, double lo,
		     double hi)
{
	double want = p * below(h, factor, n, INFINITY);

	if (p <= 0)
		return lo;
	if (p >= 1)
		return hi;
	for (int i = 0; i < HALVINGS && lo < hi; i++) {
		double mid = lo + (hi - lo) / 2;

		if (below(h, factor, n, mid) < want)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}
