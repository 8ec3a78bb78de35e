#include "quant/clip.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	BINS = 4096, /* of magnitudes */
	LIMITS = 256,
	LEAST = 8 /* no limit below LEAST / LIMITS of the largest: the rest would saturate */
};

/* Magnitudes of a bin: how many, their sum, the sum of their squares. */
struct bin {
	double n, sum, square;
};

static double largest(const float *w, size_t n)
{
	double top = 0;

	for (size_t i = 0; i < n; i++) {
		const double m = fabs((double)w[i]);

		top = m > top ? m : top;
	}
	return top;
}

static void fill(const float *w, size_t n, double top, struct bin *bins)
{
	for (size_t i = 0; i < n; i++) {
		const double m = fabs((double)w[i]);
		const size_t at = (size_t)(m / top * BINS);
		struct bin *b = &bins[at < BINS ? at : BINS - 1];

		b->n++;
		b->sum += m;
		b->square += m * m;
	}
}

/* Sum of squared errors when a bin's weights have the code of their mean. */
static double error_of(const struct bin *bins, double limit, int levels)
{
	const double step = limit / levels;
	double sum = 0;

	for (size_t i = 0; i < BINS; i++) {
		const struct bin *b = &bins[i];
		double code;

		if (b->n == 0)
			continue;
		code = fmin(round(b->sum / b->n / step), levels) * step;
		sum += b->square - 2 * code * b->sum + b->n * code * code;
	}
	return sum;
}

double clip_mmse(const float *w, size_t n, int levels)
{
	const double top = largest(w, n);
	struct bin *bins;
	double best = INFINITY, limit = top;

	if (!(top > 0) || !isfinite(top))
		return 0;
	bins = xcalloc(BINS, sizeof *bins);
	fill(w, n, top, bins);
	/* From the largest down: of equal errors the limit that saturates least. */
	for (int k = LIMITS; k >= LEAST; k--) {
		const double error = error_of(bins, top * k / LIMITS, levels);

		if (error < best) {
			best = error;
			limit = top * k / LIMITS;
		}
	}
	free(bins);
	return limit;
}

static int compare(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double clip_percentile(const float *w, size_t n, double p)
{
	float *sorted = xreallocarray(NULL, n, sizeof *sorted);
	const double at = n > 0 ? (double)(n - 1) * p / 100 : 0;
	const size_t low = (size_t)at;
	double v = 0;

	memcpy(sorted, w, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare);
	if (n > 0)
		v = (double)sorted[low];
	if (low + 1 < n)
		v += (at - (double)low) * ((double)sorted[low + 1] - (double)sorted[low]);
	free(sorted);
	return v;
}
