#include "kernel/pack.h"

/* Places of U and V of a pair of columns k in a packed row of w pixels. */
static void chroma(enum hn_pack p, int32_t w, int32_t k, int32_t uv[2])
{
	const bool v_first = p == PACK_NV21;

	if (p == PACK_I420) {
		uv[0] = 2 * w + k;
		uv[1] = 2 * w + w / 2 + k;
		return;
	}
	uv[0] = 2 * w + 2 * k + v_first;
	uv[1] = 2 * w + 2 * k + !v_first;
}

void pack_row(enum hn_pack p, int32_t w, int32_t y, int32_t *from)
{
	for (int32_t x = 0; x < w; x++, from += 3) {
		if (p == PACK_RGBX) {
			for (int32_t c = 0; c < 3; c++)
				from[c] = 4 * x + c;
		} else if (p == PACK_YUY2) {
			from[0] = 2 * x;
			from[1] = x / 2 * 4 + 1;
			from[2] = x / 2 * 4 + 3;
		} else {
			from[0] = y % 2 * w + x;
			chroma(p, w, x / 2, from + 1);
		}
	}
}

/* One image: a packed row takes two rows of Y and one each of the planes behind them. */
static void rows(enum hn_pack p, const struct hn_shape *s, size_t size, const uint8_t *from,
		 uint8_t *to)
{
	const size_t row = (size_t)s->w * size;
	const size_t h = (size_t)s->h;
	const uint8_t *u = from + 2 * h * row;
	const uint8_t *v = u + h * row / 2;

	for (size_t y = 0; y < h; y++, to += 3 * row) {
		memcpy(to, from + 2 * y * row, 2 * row);
		if (p == PACK_I420) {
			memcpy(to + 2 * row, u + y * row / 2, row / 2);
			memcpy(to + 2 * row + row / 2, v + y * row / 2, row / 2);
		} else {
			memcpy(to + 2 * row, u + y * row, row);
		}
	}
}

void pack_from_host(enum hn_pack p, const struct hn_shape *s, size_t n, size_t size, void *images)
{
	const size_t image = hn_shape_count(s) * size;
	uint8_t *copy;

	if (p == PACK_NONE || hn_packing(p)->rows == 1)
		return;
	copy = xmalloc(image);
	for (size_t i = 0; i < n; i++) {
		uint8_t *to = (uint8_t *)images + i * image;

		memcpy(copy, to, image);
		rows(p, s, size, copy, to);
	}
	free(copy);
}
