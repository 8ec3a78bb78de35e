/* Between NHWC and blocks of 16 features, [n][c / 16][h][w][16]. */
#include "kernel/blocked_f32.h"

enum {
	BLOCK = 16
};

void blocked_from_nhwc(const struct hn_shape *s, int32_t n, const float *from, float *to)
{
	const int64_t rows = (int64_t)n * s->h, blocks = s->c / BLOCK;

#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++)
		for (int64_t b = 0; b < blocks; b++) {
			const float *x = from + r * s->w * s->c + b * BLOCK;
			float *y =
			    to + (((r / s->h) * blocks + b) * s->h + r % s->h) * s->w * BLOCK;

			for (int32_t i = 0; i < s->w; i++, x += s->c, y += BLOCK)
				memcpy(y, x, BLOCK * sizeof *y);
		}
}

/* One row of one block. */
F32_WIDE static void finish_row(const float *x, float *y, const float *add, int32_t w, int32_t c,
				float lo, float hi)
{
	for (int32_t i = 0; i < w; i++, x += BLOCK, y += c) {
		const float *a = add + (int64_t)i * c;

#pragma omp simd
		for (int k = 0; k < BLOCK; k++) {
			const float v = x[k] + a[k], up = v < lo ? lo : v;

			y[k] = up > hi ? hi : up;
		}
	}
}

F32_WIDE static void clip_row(const float *x, float *y, int32_t w, int32_t c, float lo, float hi)
{
	for (int32_t i = 0; i < w; i++, x += BLOCK, y += c) {
#pragma omp simd
		for (int k = 0; k < BLOCK; k++) {
			const float up = x[k] < lo ? lo : x[k];

			y[k] = up > hi ? hi : up;
		}
	}
}

void blocked_to_nhwc(const struct hn_shape *s, int32_t n, const float *from, const float *add,
		     float lo, float hi, float *to)
{
	const int64_t rows = (int64_t)n * s->h, blocks = s->c / BLOCK;

#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++)
		for (int64_t b = 0; b < blocks; b++) {
			const int64_t at = r * s->w * s->c + b * BLOCK;
			const float *x =
			    from + (((r / s->h) * blocks + b) * s->h + r % s->h) * s->w * BLOCK;

			if (add)
				finish_row(x, to + at, add + at, s->w, s->c, lo, hi);
			else
				clip_row(x, to + at, s->w, s->c, lo, hi);
		}
}
