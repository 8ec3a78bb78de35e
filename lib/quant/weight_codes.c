#include "quant/weights.h"

/* Plain loops over all weights of a network, in a form that compilers make vectors of. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

/* round(), half away from zero: limited first, so that the integer part fits. */
static int32_t code_of(double x, double levels)
{
	const double most = x < levels ? x : levels;
	const double v = most > -levels ? most : -levels;
	const int32_t whole = (int32_t)v;
	const double rest = v - (double)whole;

	return whole + (rest >= 0.5) - (rest <= -0.5);
}

void weight_codes8(const float *restrict w, size_t n, const double *restrict step, int32_t levels,
		   int8_t *restrict code)
{
	for (size_t i = 0; i < n; i++)
		code[i] = (int8_t)code_of((double)w[i] / step[i], levels);
}

void weight_codes16(const float *restrict w, size_t n, const double *restrict step, int32_t levels,
		    int16_t *restrict code)
{
	for (size_t i = 0; i < n; i++)
		code[i] = (int16_t)code_of((double)w[i] / step[i], levels);
}

void weight_rounded(const float *restrict w, size_t n, double step, int32_t levels,
		    float *restrict to)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (float)(code_of((double)w[i] / step, levels) * step);
}

void weight_sums(const int8_t *restrict code, size_t c, int64_t *restrict sum)
{
	for (size_t f = 0; f < c; f++)
		sum[f] += code[f] < 0 ? -code[f] : code[f];
}
