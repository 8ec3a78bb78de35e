/* Greedy suppression of boxes that overlap better ones of their class. */
#include "post/post_int.h"

static int by_class_and_score(const void *a, const void *b)
{
	const struct post_hit *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return (x->box > y->box) - (x->box < y->box);
}

static double area(const struct post_box *b)
{
	return ((double)b->y1 - (double)b->y0) * ((double)b->x1 - (double)b->x0);
}

/* Intersection over union; 0 where there is no intersection. */
static double iou(const struct post_box *a, const struct post_box *b)
{
	const double h =
	    (double)(a->y1 < b->y1 ? a->y1 : b->y1) - (double)(a->y0 > b->y0 ? a->y0 : b->y0);
	const double w =
	    (double)(a->x1 < b->x1 ? a->x1 : b->x1) - (double)(a->x0 > b->x0 ? a->x0 : b->x0);

	if (!(h > 0 && w > 0))
		return 0;
	return h * w / (area(a) + area(b) - h * w);
}

/* The n kept hits are of its class. */
static bool overlaps(const struct post *p, const struct post_box *box, const struct post_hit *kept,
		     size_t n, const struct post_hit *h)
{
	for (size_t i = 0; i < n; i++)
		if (iou(&box[kept[i].box], &box[h->box]) >= p->iou_th)
			return true;
	return false;
}

size_t post_suppress(const struct post *p, const struct post_box *box, struct post_hit *hit,
		     size_t n)
{
	const bool suppress = post_suppresses(p);
	size_t kept = 0, first = 0;

	if (n)
		qsort(hit, n, sizeof *hit, by_class_and_score);
	for (size_t i = 0; i < n; i++) {
		if (kept == first || hit[kept - 1].class != hit[i].class)
			first = kept;
		if (kept - first == (size_t)p->max_per_class ||
		    (suppress && overlaps(p, box, hit + first, kept - first, &hit[i])))
			continue;
		hit[kept++] = hit[i];
	}
	return kept;
}
