/*
 * Masks of an instance segmentation: a mix of prototypes, scaled up bilinearly to the image, cut at
 * a threshold and at the box (Bolya et al., "YOLACT", arXiv:1904.02689, as YOLOv5 does it).
 */
#include "post/post_int.h"
#include <math.h>

/* Rows or columns [from, to) of the prototypes that a box needs. */
struct span {
	int32_t from, to;
};

/* sigmoid(sum of coefficient k times prototype k) at the cells of rows and columns. */
static float *mix(const struct post *p, const float *proto, const float *coefficient, struct span y,
		  struct span x)
{
	const struct hn_shape *s = &p->shape[p->proto];
	const size_t masks = (size_t)s->c;
	float *plane = xcalloc((size_t)s->h * (size_t)s->w, sizeof *plane);

	for (int32_t r = y.from; r < y.to; r++)
		for (int32_t c = x.from; c < x.to; c++) {
			const size_t i = (size_t)r * (size_t)s->w + (size_t)c;
			double sum = 0;

			for (size_t k = 0; k < masks; k++)
				sum += (double)coefficient[k] * (double)proto[i * masks + k];
			plane[i] = (float)(1 / (1 + exp(-sum)));
		}
	return plane;
}

/* What an output row or column is made of. */
struct tap {
	int32_t at[2];
	double weight; /* of the second */
};

/* Output positions [from, to) of n, with half-pixel centres; *read: the cells. */
static struct tap *taps(int32_t from, int32_t to, int32_t n, int32_t cells, struct span *read)
{
	struct tap *t = xcalloc((size_t)(to > from ? to - from : 0) + 1, sizeof *t);

	for (int32_t i = from; i < to; i++) {
		double x = (i + 0.5) * cells / n - 0.5;
		struct tap *tap = &t[i - from];

		x = x < 0 ? 0 : x > cells - 1 ? cells - 1 : x;
		tap->at[0] = (int32_t)x;
		tap->at[1] = tap->at[0] + 1 < cells ? tap->at[0] + 1 : tap->at[0];
		tap->weight = x - tap->at[0];
	}
	*read = (struct span){ 0, 0 };
	if (to > from)
		*read = (struct span){ t[0].at[0], t[to - from - 1].at[1] + 1 };
	return t;
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
	const int32_t y0 = pixel((double)b->y0, height), y1 = pixel((double)b->y1, height);
	struct span rows, cols;
	struct tap *ty = taps(y0, y1, height, s->h, &rows);
	struct tap *tx = taps(x0, x1, width, s->w, &cols);
	float *plane = mix(p, proto, coefficient, rows, cols);

	for (int32_t y = y0; y < y1; y++) {
		const struct tap *t = &ty[y - y0];
		const float *up = plane + (size_t)t->at[0] * (size_t)s->w;
		const float *down = plane + (size_t)t->at[1] * (size_t)s->w;
		float *row = out + (size_t)y * (size_t)width;

		for (int32_t x = x0; x < x1; x++) {
			const int32_t *c = tx[x - x0].at;
			const double dx = tx[x - x0].weight, dy = t->weight;
			const double v =
			    (1 - dy) * ((1 - dx) * (double)up[c[0]] + dx * (double)up[c[1]]) +
			    dy * ((1 - dx) * (double)down[c[0]] + dx * (double)down[c[1]]);

			row[x] = v > p->mask_threshold;
		}
	}
	free(plane);
	free(tx);
	free(ty);
}
