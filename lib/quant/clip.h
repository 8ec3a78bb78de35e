/* Limits of weights: what is beyond saturates, so that the rest has a finer scale. */
#ifndef HN_QUANT_CLIP_H
#define HN_QUANT_CLIP_H

#include <stddef.h>

/*
 * The limit T in (0, max |w|] for which n weights, rounded to codes -levels..levels of T / levels
 * each, have the least mean square error: all limits of 1/256 of the largest magnitude are tried,
 * on a histogram of magnitudes.  levels: 7 for 4 bits, 127 for 8.  0 when every weight is 0. Scalar
 * quantization after Lloyd and Max; the search is that of Banner, Nahshan and Soudry, Post training
 * 4-bit quantization of convolutional networks for rapid-deployment, 2019, without a model of the
 * distribution.
 */
double clip_mmse(const float *w, size_t n, int levels);

/*
 * The percentile p (0 to 100) of n weights: sorted, the one at (n - 1) p / 100, between two of them
 * in proportion.  0 when there are none.
 */
double clip_percentile(const float *w, size_t n, double p);

#endif
