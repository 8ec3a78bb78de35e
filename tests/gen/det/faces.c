/*
 * Ultra-Light-Fast-Generic-Face-Detector: SSD with priors of its own (vision/utils/box_utils.py:
 * generate_priors, convert_locations_to_boxes), scores behind a softmax of background and face.
 * Heads: "boxes" and "scores" of all priors, [1, priors, 4] and [1, priors, 2].
 */
#include "det.h"

#include <math.h>

enum {
	LEVELS = 4,
	BOXES = 3
};

static const int stride[LEVELS] = { 8, 16, 32, 64 };
static const double side[LEVELS][BOXES] = {
	{ 10, 16, 24 }, { 32, 48 }, { 64, 96 }, { 128, 192, 256 }
};

static double unit(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Centres lie on the image's own raster, also where a stride does not divide it. */
static void prior(struct job *j, int *row, const double c[2], double w, double h)
{
	const struct head *boxes = head_named(j, "boxes"), *scores = head_named(j, "scores");
	double cx = at(j, boxes, 0, *row, 0) * 0.1 * w + unit(c[0]);
	double cy = at(j, boxes, 0, *row, 1) * 0.1 * h + unit(c[1]);
	double bw = exp(at(j, boxes, 0, *row, 2) * 0.2) * w;
	double bh = exp(at(j, boxes, 0, *row, 3) * 0.2) * h;
	struct proposal *p = propose(j, (cx - bw / 2) * j->dims[1], (cy - bh / 2) * j->dims[0],
				     (cx + bw / 2) * j->dims[1], (cy + bh / 2) * j->dims[0]);

	p->cls[0] = at(j, scores, 0, *row, 1);
	++*row;
}

void decode_ultralight(struct job *j)
{
	int row = 0;

	for (int l = 0; l < LEVELS; l++)
		for (int y = 0; y < ceil(j->dims[0] / stride[l]); y++)
			for (int x = 0; x < ceil(j->dims[1] / stride[l]); x++)
				for (int b = 0; b < BOXES && side[l][b] > 0; b++) {
					const double c[2] = { (x + 0.5) * stride[l] / j->dims[1],
							      (y + 0.5) * stride[l] / j->dims[0] };

					prior(j, &row, c, unit(side[l][b] / j->dims[1]),
					      unit(side[l][b] / j->dims[0]));
				}
}
