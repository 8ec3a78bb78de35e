/*
 * Detectors that decode in the network: heads "boxes" and "scores" of all proposals, [1, boxes, 4]
 * of x_min, y_min, x_max, y_max relative to the image, and [1, boxes, 1 + classes] with the
 * background first.  Ultra-Light-Fast-Generic-Face-Detector is one.
 */
#include "det.h"

void decode_corners(struct job *j)
{
	const struct head *boxes = head_named(j, "boxes"), *scores = head_named(j, "scores");

	for (int i = 0; i < boxes->w; i++) {
		struct proposal *p = propose(
		    j, at(j, boxes, 0, i, 0) * j->dims[1], at(j, boxes, 0, i, 1) * j->dims[0],
		    at(j, boxes, 0, i, 2) * j->dims[1], at(j, boxes, 0, i, 3) * j->dims[0]);

		for (int k = 0; k < j->classes; k++)
			p->cls[k] = at(j, scores, 0, i, 1 + k);
	}
}
