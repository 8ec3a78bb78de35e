/*
 * Weight scales of color conversions.  Their few weights are the same for every network, so each
 * output feature gets a scale of its own, and that one which leaves its weights nearest to whole
 * numbers: with the largest weight at 127 alone, red would be off by more than a level of 255.
 */
#include "quant/quant_ops.h"

#include <math.h>

/* Sum of what rounding changes in the weights of output feature c. */
static double rounding(const float *kernel, size_t n, size_t cout, size_t c, double scale)
{
	double sum = 0;

	for (size_t k = c; k < n; k += cout) {
		double x = (double)kernel[k] / scale;

		sum += fabs(x - round(x));
	}
	return sum * scale;
}

void quant_color_scales(const float *kernel, size_t n, size_t cout, double levels, int32_t *group,
			double *top)
{
	for (size_t c = 0; c < cout; c++) {
		double range = 0, best = INFINITY;

		for (size_t k = c; k < n; k += cout)
			range = fmax(range, fabs((double)kernel[k]));
		group[c] = (int32_t)c;
		top[c] = range;
		/* Steps of the largest weight's place between two codes: rounding moves less. */
		for (double code = levels; range > 0 && code >= levels / 2;
		     code -= levels / (127 * 256)) {
			double r = rounding(kernel, n, cout, c, range / code);

			if (r >= best)
				continue;
			best = r;
			top[c] = range / code * levels;
		}
	}
}
