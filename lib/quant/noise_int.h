/* Between the measurement and what becomes of its sums. */
#ifndef HN_QUANT_NOISE_INT_H
#define HN_QUANT_NOISE_INT_H

#include "quant/noise.h"

/* Of one layer, by feature: x in float, y in integers, r in float on what integers gave before. */
struct sums {
	size_t c;
	double *x2, *xy2, *r2, *ry2, *ry; /* of squares; ry: of r - y.  One block, at x2 */
	double *at; /* by network output: error there when the layer alone is in integers */
	uint64_t outside, values;
};

/* 10 log10(signal / noise), within the cap. */
double noise_db(double signal, double noise);
/* Ratios of a layer from its sums; out_x2: power of every network output. */
void noise_finish(const struct emu_model *m, const struct sums *s, const double *out_x2,
		  struct noise *n, const struct layer *l);
/* Fills order and nranked. */
void noise_order(struct noise *n);

#endif
