/* NonMaxSuppression: boxes by descending score, without those that overlap a better one. */
#include "oracle/oracle_int.h"

struct candidate {
	float score;
	int64_t box;
};

static int by_score(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->score != b->score)
		return a->score < b->score ? 1 : -1;
	return (a->box > b->box) - (a->box < b->box);
}

/* Corners y0, x0, y1, x1 in order. */
static void corners(const float *b, bool centre, double c[4])
{
	if (centre) {
		for (int i = 0; i < 2; i++) {
			c[i] = (double)b[1 - i] - (double)b[3 - i] / 2;
			c[i + 2] = (double)b[1 - i] + (double)b[3 - i] / 2;
		}
		return;
	}
	for (int i = 0; i < 2; i++) {
		c[i] = fmin((double)b[i], (double)b[i + 2]);
		c[i + 2] = fmax((double)b[i], (double)b[i + 2]);
	}
}

static double overlap(const float *a, const float *b, bool centre)
{
	double p[4], q[4], h, w, both, all;

	corners(a, centre, p);
	corners(b, centre, q);
	h = fmin(p[2], q[2]) - fmax(p[0], q[0]);
	w = fmin(p[3], q[3]) - fmax(p[1], q[1]);
	both = h > 0 && w > 0 ? h * w : 0;
	all = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both;
	return all > 0 ? both / all : 0;
}

struct nms {
	int64_t boxes, most;
	double iou, score;
	bool centre, by_score;
};

/* Chosen boxes of one class: their number; kept first in c. */
static int64_t choose(const struct nms *m, const float *box, const float *score,
		      struct candidate *c)
{
	int64_t n = 0, kept = 0;

	for (int64_t i = 0; i < m->boxes; i++)
		if (!m->by_score || (double)score[i] > m->score)
			c[n++] = (struct candidate){ score[i], i };
	qsort(c, (size_t)n, sizeof *c, by_score);
	for (int64_t i = 0; i < n && kept < m->most; i++) {
		bool good = true;

		for (int64_t k = 0; good && k < kept; k++)
			good =
			    !(overlap(box + 4 * c[i].box, box + 4 * c[k].box, m->centre) > m->iou);
		if (good)
			c[kept++] = c[i];
	}
	return kept;
}

int or_nms(struct or_node *x, struct err *e)
{
	const struct tensor *b = or_in_f(x, 0, e), *s = b ? or_in_f(x, 1, e) : NULL;
	struct nms m = { .centre = im_int(x->n, "center_point_box", 0) != 0,
			 .by_score = or_maybe(x, 4) != NULL };
	int64_t classes, *list, count = 0, room, dim[2] = { 0, 3 };
	struct candidate *c;
	double most = 0;
	void *y = NULL;

	if (!s || (or_maybe(x, 2) && or_scalar(x, 2, &most, e) < 0) ||
	    (or_maybe(x, 3) && or_scalar(x, 3, &m.iou, e) < 0) ||
	    (or_maybe(x, 4) && or_scalar(x, 4, &m.score, e) < 0))
		return -1;
	if (b->rank != 3 || s->rank != 3 || b->dim[2] != 4 || b->dim[0] != s->dim[0] ||
	    b->dim[1] != s->dim[2])
		return err_set(e, "boxes %s and scores %s do not fit", tensor_shape_text(b),
			       tensor_shape_text(s));
	m.boxes = b->dim[1];
	m.most = most >= (double)m.boxes ? m.boxes : most > 0 ? (int64_t)most : 0;
	classes = s->dim[1];
	room = b->dim[0] * classes * m.most;
	c = or_scratch(x, (size_t)m.boxes, sizeof *c, e);
	list = c ? or_scratch(x, (size_t)room * 3, sizeof *list, e) : NULL;
	for (int64_t i = 0; list && i < b->dim[0] * classes; i++) {
		const int64_t n =
		    choose(&m, or_f(b) + i / classes * m.boxes * 4, or_f(s) + i * m.boxes, c);

		for (int64_t k = 0; k < n; k++, count++) {
			list[3 * count] = i / classes;
			list[3 * count + 1] = i % classes;
			list[3 * count + 2] = c[k].box;
		}
	}
	dim[0] = count;
	if (list && (y = or_out(x, 0, DT_I64, 2, dim, e)) != NULL && count)
		memcpy(y, list, (size_t)count * 3 * sizeof *list);
	free(list);
	free(c);
	return y ? 0 : -1;
}
