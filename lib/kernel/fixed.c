#include "kernel/qop.h"

#include <math.h>
#include <string.h>

enum {
	SHIFT_MAX = 62,
	SHIFT_MIN = -15
};

int64_t fixed_scale(int64_t x, int32_t mult, int32_t shift)
{
	int64_t p = x * mult;
	int64_t mag;

	if (shift <= 0) {
		mag = INT64_MAX >> -shift;
		p = p > mag ? mag : p < -mag ? -mag : p;
		return p * ((int64_t)1 << -shift);
	}
	mag = ((p < 0 ? -p : p) + ((int64_t)1 << (shift - 1))) >> shift;
	return p < 0 ? -mag : mag;
}

void fixed_from_real(double r, int32_t *mult, int32_t *shift)
{
	int exponent;
	double m = round(ldexp(fabs(frexp(r, &exponent)), 15));

	*mult = 0;
	*shift = 0;
	if (m >= 32768) {
		m = 16384;
		exponent++;
	}
	if (r == 0 || !isfinite(r) || 15 - exponent > SHIFT_MAX)
		return;
	if (15 - exponent < SHIFT_MIN) {
		m = 32767;
		exponent = 15 - SHIFT_MIN;
	}
	*mult = (int32_t)(r < 0 ? -m : m);
	*shift = 15 - exponent;
}

int32_t quantize_value(double x, double scale, int32_t zp, int32_t bits)
{
	double top = bits == 16 ? 65535 : 255;
	double q = round(x / scale) + zp;

	return (int32_t)(q > 0 ? q < top ? q : top : 0); /* NaN gives 0 */
}

void quantize_array(const float *x, size_t n, float scale, int32_t zp, int32_t bits, void *codes)
{
	uint8_t *c8 = codes;
	uint16_t *c16 = codes;

	if (bits == 16)
		for (size_t i = 0; i < n; i++)
			c16[i] = (uint16_t)quantize_value((double)x[i], (double)scale, zp, 16);
	else
		for (size_t i = 0; i < n; i++)
			c8[i] = (uint8_t)quantize_value((double)x[i], (double)scale, zp, 8);
}

void dequantize_array(const void *codes, size_t n, int32_t bits, const float *scale, size_t nscale,
		      size_t c, int32_t zp, float *x)
{
	const uint8_t *c8 = codes;
	const uint16_t *c16 = codes;

	for (size_t i = 0; i < n; i++) {
		int32_t q = bits == 16 ? c16[i] : c8[i];

		x[i] = scale[nscale > 1 ? i % c : 0] * (float)(q - zp);
	}
}
