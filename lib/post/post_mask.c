/*
 * Masks of an instance segmentation: a mix of prototypes, scaled up bilinearly to the image, cut at
 * a threshold and at the box (Bolya et al., "YOLACT", arXiv:1904.02689, as YOLOv5 does it).
 */
#include "post/post_int.h"
#include <math.h>

/* sigmoid(sum of coefficient k times prototype k) at every cell. */
static float *mix(const struct post *p, const float *proto, const float *coefficient)
{
	const struct hn_shape *s = &p->shape[p->proto];
	const size_t n = (size_t)s->h * (size_t)s->w;
	float *plane = xcalloc(n, sizeof *plane);

	for (size_t i = 0; i < n; i++) {
		double sum = 0;

		for (int32_t k = 0; k < s->c; k++)
			sum += (double)coefficient[k] * (double)proto[i * (size_t)s->c + (size_t)k];
		plane[i] = (float)(1 / (1 + exp(-sum)));
	}
	return plane;
}

/* Neighbours and weight of an output position, with half-pixel centres. */
static double neighbours(int32_t i, int32_t out, int32_t in, int32_t at[2])
{
	double x = (i + 0.5) * in / out - 0.5;

	x = x < 0 ? 0 : x > in - 1 ? in - 1 : x;
	at[0] = (int32_t)x;
	at[1] = at[0] + 1 < in ? at[0] + 1 : at[0];
	return x - at[0];
}

/* First pixel that is not before a coordinate, within 0 and n. */
static int32_t pixel(double v, int32_t n)
{
	v = ceil(v * n);
	return !(v > 0) ? 0 : v > n ? n : (int32_t)v;
}

void post_mask(const struct post *p, const float *proto, const float *coefficient,
	       const struct post_box *b, float *out)
{
	const struct hn_shape *s = &p->shape[p->proto];
	const int32_t height = p->image[0], width = p->image[1];
	const int32_t x0 = pixel((double)b->x0, width), x1 = pixel((double)b->x1, width);
	const int32_t y1 = pixel((double)b->y1, height);
	float *plane = mix(p, proto, coefficient);

	for (int32_t y = pixel((double)b->y0, height); y < y1; y++) {
		int32_t r[2], c[2];
		const double dy = neighbours(y, height, s->h, r);

		for (int32_t x = x0; x < x1; x++) {
			const double dx = neighbours(x, width, s->w, c);
			const float *up = plane + (size_t)r[0] * (size_t)s->w;
			const float *down = plane + (size_t)r[1] * (size_t)s->w;
			const double v =
			    (1 - dy) * ((1 - dx) * (double)up[c[0]] + dx * (double)up[c[1]]) +
			    dy * ((1 - dx) * (double)down[c[0]] + dx * (double)down[c[1]]);

			out[(size_t)y * (size_t)width + (size_t)x] = v > p->mask_threshold;
		}
	}
	free(plane);
}
