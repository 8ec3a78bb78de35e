/* From proposals to the output: the best one is taken, what it covers is dropped, and again. */
#include "base/mem.h"
#include "det.h"

#include <math.h>

static double product(const struct proposal *p, int k)
{
	return p->obj * p->cls[k];
}

/* Intersection over union. */
static double overlap(const struct proposal *a, const struct proposal *b)
{
	double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
	double h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
	double both = w > 0 && h > 0 ? w * h : 0;

	return both /
	       ((a->x2 - a->x1) * (a->y2 - a->y1) + (b->x2 - b->x1) * (b->y2 - b->y1) - both);
}

/*
 * The next detection of class k: the largest score among those left, the first of equals.  Drops
 * what it covers from the set.
 */
static const struct proposal *next(const struct job *j, int k, bool *left)
{
	const struct proposal *best = NULL;

	for (size_t i = 0; i < j->n; i++)
		if (left[i] && (!best || product(&j->v[i], k) > product(best, k)))
			best = &j->v[i];
	if (!best)
		return NULL;
	left[best - j->v] = false;
	for (size_t i = 0; i < j->n && j->suppress; i++)
		if (left[i] && overlap(best, &j->v[i]) >= j->iou_th)
			left[i] = false;
	return best;
}

/* The first of its largest class scores; the background is none. */
static int best_class(const struct job *j, const struct proposal *p)
{
	int best = -1;

	for (int k = 0; k < j->classes; k++)
		if (k != j->background && (best < 0 || p->cls[k] > p->cls[best]))
			best = k;
	return best;
}

static bool *candidates(const struct job *j, int k)
{
	bool *left = xcalloc(j->n + 1, sizeof *left);

	for (size_t i = 0; i < j->n; i++)
		left[i] = product(&j->v[i], k) >= j->score_th &&
			  (!j->best || best_class(j, &j->v[i]) == k);
	return left;
}

/* [classes, 5, proposals]: y_min, x_min, y_max, x_max, score of each class's detections. */
void put_classes(const struct job *j, float *out)
{
	size_t m = (size_t)j->per_class;

	for (int k = 0; k < j->classes; k++) {
		bool *left = candidates(j, k);
		const struct proposal *p;

		if (k == j->background) {
			free(left);
			continue;
		}
		for (size_t i = 0; i < m && (p = next(j, k, left)); i++) {
			const double v[5] = { p->y1, p->x1, p->y2, p->x2, product(p, k) };

			for (size_t r = 0; r < 5; r++)
				out[r * m + i] = (float)v[r];
		}
		out += 5 * m;
		free(left);
	}
}

/* ---- masks ---- */

const struct head *mask_protos(const struct job *j)
{
	return head_named(j, "proto");
}

int mask_rows(const struct job *j)
{
	const json_t *total = json_object_get(j->cfg, "max_total_proposals");

	return total ? (int)json_integer_value(total) : j->per_class * j->classes;
}

/* The prototypes' sum at a point, through the sigmoid. */
static double proto_at(const struct job *j, const struct head *h, const struct proposal *p, int y,
		       int x)
{
	double v = 0;

	for (int c = 0; c < h->c; c++)
		v += p->coef[c] * at(j, h, y, x, c);
	return sigmoid(v);
}

static double clamp(double v, double hi)
{
	return v < 0 ? 0 : v > hi ? hi : v;
}

/* Bilinear, pixel centres at halves, edges repeated. */
static double resized(const double *m, int h, int w, double sy, double sx)
{
	double y = clamp(sy, h - 1), x = clamp(sx, w - 1);
	int y0 = (int)y, x0 = (int)x, y1 = y0 + (y0 < h - 1), x1 = x0 + (x0 < w - 1);
	double fy = y - y0, fx = x - x0;

	return (m[y0 * w + x0] * (1 - fx) + m[y0 * w + x1] * fx) * (1 - fy) +
	       (m[y1 * w + x0] * (1 - fx) + m[y1 * w + x1] * fx) * fy;
}

static void put_mask(const struct job *j, const struct proposal *p, float *out)
{
	const struct head *h = mask_protos(j);
	double *m = xcalloc((size_t)(h->h * h->w), sizeof *m);
	int ih = (int)j->dims[0], iw = (int)j->dims[1];

	for (int y = 0; y < h->h; y++)
		for (int x = 0; x < h->w; x++)
			m[y * h->w + x] = proto_at(j, h, p, y, x);
	for (int y = 0; y < ih; y++)
		for (int x = 0; x < iw; x++) {
			bool inside =
			    x >= p->x1 * iw && x < p->x2 * iw && y >= p->y1 * ih && y < p->y2 * ih;

			if (inside && resized(m, h->h, h->w, (y + 0.5) * h->h / ih - 0.5,
					      (x + 0.5) * h->w / iw - 0.5) > 0.5)
				out[y * iw + x] = 1;
		}
	free(m);
}

struct pick {
	const struct proposal *p;
	int k;
};

/* [1, rows, 6 + H W]: y_min, x_min, y_max, x_max, score, class, mask; classes together, by score.
 */
void put_masks(const struct job *j, float *out)
{
	size_t n = 0, cap = 0, rows = (size_t)mask_rows(j);
	size_t width = 6 + (size_t)(j->dims[0] * j->dims[1]);
	struct pick *all = NULL;

	for (int k = 0; k < j->classes; k++) {
		bool *left = candidates(j, k);
		const struct proposal *p;

		while ((p = next(j, k, left))) {
			VEC_GROW(all, n, &cap);
			all[n++] = (struct pick){ p, k };
		}
		free(left);
	}
	for (size_t r = 0; r < rows; r++, out += width) {
		size_t best = n;

		for (size_t i = 0; i < n; i++)
			if (all[i].p && (best == n || product(all[i].p, all[i].k) >
							  product(all[best].p, all[best].k)))
				best = i;
		if (best == n)
			break;
		out[0] = (float)all[best].p->y1;
		out[1] = (float)all[best].p->x1;
		out[2] = (float)all[best].p->y2;
		out[3] = (float)all[best].p->x2;
		out[4] = (float)product(all[best].p, all[best].k);
		out[5] = (float)all[best].k;
		put_mask(j, all[best].p, out + 6);
		all[best].p = NULL;
	}
	free(all);
}

/* [1, proposals, 4 (+ 1) + classes]: every box with its scores. */
void put_all(const struct job *j, float *out)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct proposal *p = &j->v[i];

		*out++ = (float)p->y1;
		*out++ = (float)p->x1;
		*out++ = (float)p->y2;
		*out++ = (float)p->x2;
		if (j->with_obj)
			*out++ = (float)p->obj;
		for (int k = 0; k < j->classes; k++)
			*out++ = (float)p->cls[k];
	}
}
