/*
 * Decodings of boxes.  Computed in double, kept in float.
 *
 *	YOLOv5: github.com/ultralytics/yolov5 v2.0, models/yolo.py (class Detect)
 *	YOLOX: Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv:2107.08430
 *	distances and their bins: Li et al., "Generalized Focal Loss", arXiv:2006.04388
 *	DAMO-YOLO: Xu et al., arXiv:2211.15444; its cells are at their corner
 *	SSD: Liu et al., arXiv:1512.02325, scaled as in TensorFlow's Object Detection API
 *	CenterNet: Zhou et al., "Objects as Points", arXiv:1904.07850, without its search for peaks
 */
#include "post/post_int.h"
#include <math.h>

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

float post_value(const struct post_cell *c, enum post_part part, int32_t i)
{
	const float x = c->part[part][i];

	return c->sigmoid ? (float)sigmoid((double)x) : x;
}

float post_objectness(const struct post_cell *c)
{
	if (post_row(c->p->kind)->boxed)
		return post_value(c, POST_REG, 4);
	return c->p->kind == POST_YOLOX ? post_value(c, POST_OBJ, 0) : 1;
}

/* Centre and size in pixels (or relative: of an image of 1 x 1). */
static struct post_box centred(double x, double y, double w, double h, double height, double width)
{
	return (struct post_box){ .y0 = (float)((y - h / 2) / height),
				  .x0 = (float)((x - w / 2) / width),
				  .y1 = (float)((y + h / 2) / height),
				  .x1 = (float)((x + w / 2) / width) };
}

struct post_box post_box_yolov5(const struct post_cell *c)
{
	const double s = c->l->stride;
	double v[4];

	for (int i = 0; i < 4; i++)
		v[i] = 2 * (double)post_value(c, POST_REG, i);
	return centred((v[0] - 0.5 + c->col) * s, (v[1] - 0.5 + c->row) * s,
		       v[2] * v[2] * (double)c->l->w[c->anchor],
		       v[3] * v[3] * (double)c->l->h[c->anchor], c->p->image[0], c->p->image[1]);
}

struct post_box post_box_yolox(const struct post_cell *c)
{
	const float *t = c->part[POST_REG];
	const double s = c->l->stride;

	return centred(((double)t[0] + c->col) * s, ((double)t[1] + c->row) * s,
		       exp((double)t[2]) * s, exp((double)t[3]) * s, c->p->image[0],
		       c->p->image[1]);
}

/* Distances of the left, upper, right and lower side from a point, all in cells. */
static struct post_box sides(const struct post_cell *c, double offset, const double d[4])
{
	const double y = (double)c->l->stride / c->p->image[0];
	const double x = (double)c->l->stride / c->p->image[1];

	return (struct post_box){ .y0 = (float)((c->row + offset - d[1]) * y),
				  .x0 = (float)((c->col + offset - d[0]) * x),
				  .y1 = (float)((c->row + offset + d[3]) * y),
				  .x1 = (float)((c->col + offset + d[2]) * x) };
}

struct post_box post_box_distances(const struct post_cell *c)
{
	const float *t = c->part[POST_REG];
	const double d[4] = { (double)t[0], (double)t[1], (double)t[2], (double)t[3] };

	return sides(c, 0.5, d);
}

/* The mean of 0, 1, ... n - 1 with the softmax of v as weights. */
static double expectation(const float *v, int32_t n)
{
	double top = (double)v[0], sum = 0, mean = 0;

	for (int32_t i = 1; i < n; i++)
		if ((double)v[i] > top)
			top = (double)v[i];
	for (int32_t i = 0; i < n; i++) {
		const double x = exp((double)v[i] - top);

		sum += x;
		mean += i * x;
	}
	return mean / sum;
}

static struct post_box binned(const struct post_cell *c, double offset)
{
	double d[4];

	for (int i = 0; i < 4; i++)
		d[i] = expectation(c->part[POST_REG] + i * c->p->bins, c->p->bins);
	return sides(c, offset, d);
}

struct post_box post_box_bins(const struct post_cell *c)
{
	return binned(c, 0.5);
}

struct post_box post_box_corner(const struct post_cell *c)
{
	return binned(c, 0);
}

/* Offsets y, x and logarithms of height, width against the anchor. */
struct post_box post_box_ssd(const struct post_cell *c)
{
	static const int32_t usual[4] = { 0, 1, 2, 3 };
	const struct post *p = c->p;
	const int32_t *place = p->order[0] == p->order[1] ? usual : p->order;
	const double w = (double)c->l->w[c->anchor], h = (double)c->l->h[c->anchor];
	double t[4];

	for (int i = 0; i < 4; i++)
		t[i] = (double)c->part[POST_REG][place[i]] /
		       (i < 2 ? p->centers_scale : p->dims_scale);
	return centred((c->col + 0.5) / c->cols + t[1] * w, (c->row + 0.5) / c->rows + t[0] * h,
		       exp(t[3]) * w, exp(t[2]) * h, 1, 1);
}

struct post_box post_box_centernet(const struct post_cell *c)
{
	const float *size = c->part[POST_REG], *offset = c->part[POST_OBJ];

	return centred(c->col + (double)offset[0], c->row + (double)offset[1], (double)size[0],
		       (double)size[1], c->rows, c->cols);
}
