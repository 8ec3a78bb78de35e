/*
 * Histograms of the values of features.  Bins lie on one grid for all numbers, 32 to an octave: a
 * bin is sign, exponent and five bits of mantissa.  So a histogram needs no range beforehand, and
 * the sum of two is that of both sets, whatever the order.  A bin is 1/32 of its value wide or
 * less.  Magnitudes below 2^-40 count as 0, above 2^40 as that.
 */
#ifndef HN_QUANT_HIST_H
#define HN_QUANT_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HIST_STEPS = 32,    /* bins to an octave */
	HIST_EXPONENT = 40, /* octaves from 2^-40 to 2^40 */
	HIST_DEPTH = 8      /* octaves kept below the one of the largest magnitude */
};

/* The values of one feature; all zeros is empty. */
struct hist {
	uint64_t zero;                           /* values of bin 0 */
	uint8_t block[2][2 * HIST_EXPONENT + 1]; /* by sign, octave: 1 + place, 0: none */
	uint64_t (*count)[HIST_STEPS];           /* nblocks octaves with values in them */
	uint8_t nblocks;
	uint8_t top; /* 1 + the highest octave so far */
};

/* Frees what it holds and empties it. */
void hist_release(struct hist *h);
/* The bin of a value: 0, or its number on the grid, negative for negative values. */
int32_t hist_bin(float x);
/* Magnitudes of a bin: [*lo, *hi); both 0 for bin 0. */
void hist_edges(int32_t bin, double *lo, double *hi);
/* Largest bin number. */
int32_t hist_bins(void);
/* n more values of a bin. */
void hist_add(struct hist *h, int32_t bin, uint64_t n);
/* One value more of each of n features. */
void hist_values(struct hist *h, size_t n, const float *x);
/* Calls fn for every bin that holds something, in the order of the numbers. */
void hist_each(const struct hist *h, void (*fn)(int32_t bin, uint64_t n, void *ctx), void *ctx);

/*
 * The value below which the part p (0 to 1) of the values of n features lies, those of feature f
 * multiplied by factor[f] (NULL: 1).  Inside a bin values count as evenly spread.  Not beyond
 * [lo, hi], the extremes, which p 0 and 1 give.
 */
double hist_quantile(const struct hist *h, const double *factor, size_t n, double p, double lo,
		     double hi);

#endif
