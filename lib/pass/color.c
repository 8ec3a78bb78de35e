/* Matrices of input_conversion, as in the guide (5.3.3, input_conversion). */
#include "pass/color.h"
#include <string.h>

/* clang-format off */
#define YUV_FULL { { 1, 1, 1 }, { 0, -0.343, 1.765 }, { 1.4, -0.711, 0 } }, { -179.2, 134.912, -225.92 }
#define YUV_601  { { 1.164, 1.164, 1.164 }, { 0, -0.392, 2.017 }, { 1.596, -0.813, 0 } }, { -222.912, 135.616, -276.8 }
#define YUV_709  { { 1.164, 1.164, 1.164 }, { 0, -0.213, 2.112 }, { 1.793, -0.533, 0 } }, { -248.128, 76.864, -288.96 }
#define YUV_FULL_BGR { { 1, 1, 1 }, { 1.765, -0.343, 0 }, { 0, -0.711, 1.4 } }, { -225.92, 134.912, -179.2 }
#define YUV_601_BGR  { { 1.164, 1.164, 1.164 }, { 2.017, -0.392, 0 }, { 0, -0.813, 1.596 } }, { -276.8, 135.616, -222.912 }
#define YUV_709_BGR  { { 1.164, 1.164, 1.164 }, { 2.112, -0.213, 0 }, { 0, -0.533, 1.793 } }, { -288.96, 76.864, -248.128 }
#define SWAP     { { 0, 0, 1 }, { 0, 1, 0 }, { 1, 0, 0 } }, { 0, 0, 0 }

static const struct color colors[] = {
	{ "yuv_full_range_to_rgb", YUV_FULL },
	{ "yuv_to_rgb",            YUV_601 },
	{ "yuv601_to_rgb",         YUV_601 },
	{ "yuv709_to_rgb",         YUV_709 },
	{ "yuv_full_range_to_bgr", YUV_FULL_BGR },
	{ "yuv_to_bgr",            YUV_601_BGR },
	{ "yuv601_to_bgr",         YUV_601_BGR },
	{ "yuv709_to_bgr",         YUV_709_BGR },
	{ "bgr_to_rgb",            SWAP },
	{ "rgb_to_bgr",            SWAP },
};
/* clang-format on */

const struct color *color_find(const char *name)
{
	for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
		if (strcmp(colors[i].name, name) == 0)
			return &colors[i];
	return NULL;
}

/* Cofactor of element (r, c); rows and columns go round. */
static double cofactor(const struct color *m, int r, int c)
{
	const double(*k)[3] = m->kernel;
	int r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;

	return k[r1][c1] * k[r2][c2] - k[r1][c2] * k[r2][c1];
}

struct color color_inverse(const struct color *c)
{
	struct color inverse = { .name = c->name };
	double det = 0;
	int i, o;

	for (i = 0; i < 3; i++)
		det += c->kernel[0][i] * cofactor(c, 0, i);
	for (i = 0; i < 3; i++)
		for (o = 0; o < 3; o++)
			inverse.kernel[i][o] = cofactor(c, o, i) / det;
	for (o = 0; o < 3; o++)
		for (i = 0; i < 3; i++)
			inverse.bias[o] -= c->bias[i] * inverse.kernel[i][o];
	return inverse;
}
