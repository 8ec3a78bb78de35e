/* Methods without anchors: YOLOX, YOLOv6 (0.2.1), YOLOv8, NanoDet, DAMO-YOLO, CenterNet. */
#include "base/mem.h"
#include "det.h"

#include <math.h>

/* YOLOX, decode_outputs: xy = (t + cell) stride, wh = exp(t) stride. */
void decode_yolox(struct job *j)
{
	const json_t *d;
	size_t i;

	j->with_obj = true;
	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *reg = head_of(j, d, "reg_layer");
		const struct head *cls = head_of(j, d, "cls_layer");
		const struct head *obj = head_of(j, d, "objectness_layer");
		double s = num(d, "stride");

		for (int y = 0; y < reg->h; y++)
			for (int x = 0; x < reg->w; x++) {
				double cx = (at(j, reg, y, x, 0) + x) * s;
				double cy = (at(j, reg, y, x, 1) + y) * s;
				double w = exp(at(j, reg, y, x, 2)) * s;
				double h = exp(at(j, reg, y, x, 3)) * s;
				struct proposal *p =
				    propose(j, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);

				p->obj = score(j, at(j, obj, y, x, 0));
				for (int k = 0; k < j->classes; k++)
					p->cls[k] = score(j, at(j, cls, y, x, k));
			}
	}
}

/* The mean of 0, 1, 2 ... under the softmax of n values (Generalized Focal Loss, section 3). */
static double expectation(const struct job *j, const struct head *h, int y, int x, int c, int n)
{
	double sum = 0, mean = 0, top = -INFINITY;

	for (int k = 0; k < n; k++)
		top = fmax(top, at(j, h, y, x, c + k));
	for (int k = 0; k < n; k++) {
		double e = exp(at(j, h, y, x, c + k) - top);

		sum += e;
		mean += k * e;
	}
	return mean / sum;
}

/* Distances in strides to the left, upper, right and lower side, from a centre in the cell. */
static void distances(struct job *j, const json_t *d, const struct head *reg, int from, int bins,
		      const struct head *cls, double centre)
{
	double s = num(d, "stride");

	for (int y = 0; y < reg->h; y++)
		for (int x = 0; x < reg->w; x++) {
			double t[4];
			struct proposal *p;

			for (int k = 0; k < 4; k++)
				t[k] = bins > 1 ? expectation(j, reg, y, x, from + k * bins, bins)
						: at(j, reg, y, x, from + k);
			p = propose(j, (x + centre - t[0]) * s, (y + centre - t[1]) * s,
				    (x + centre + t[2]) * s, (y + centre + t[3]) * s);
			for (int k = 0; k < j->classes; k++)
				p->cls[k] = score(j, at(j, cls, y, x, k));
		}
}

/* YOLOv6 0.2.1, Detect: one value a side (or bins, in its larger models), objectness 1. */
void decode_yolov6(struct job *j)
{
	const json_t *d;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *reg = head_of(j, d, "reg_layer");

		distances(j, d, reg, 0, reg->c / 4, head_of(j, d, "cls_layer"), 0.5);
	}
}

/* YOLOv8, Detect.  NanoDet's GFLHead has the classes before the distances, in one tensor. */
void decode_yolov8(struct job *j)
{
	int bins = (int)num(j->cfg, "regression_length");
	const json_t *d;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *h;

		if (json_object_get(d, "combined_layer")) {
			h = head_of(j, d, "combined_layer");
			distances(j, d, h, j->classes, bins, h, 0.5);
		} else {
			h = head_of(j, d, "reg_layer");
			distances(j, d, h, 0, bins, head_of(j, d, "cls_layer"), 0.5);
		}
	}
}

/* DAMO-YOLO, ZeroHead: the priors are the cells' corners. */
void decode_damoyolo(struct job *j)
{
	int bins = (int)num(j->cfg, "regression_length");
	const json_t *d;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	    distances(j, d, head_of(j, d, "reg_layer"), 0, bins, head_of(j, d, "cls_layer"), 0);
}

/*
 * Gluon-CV, CenterNetDecoder: centre = cell + offset, size in cells; there is no suppression.
 * Its maxima of 3x3 cells are kept in the network, before the end node; so is the sigmoid.
 */
void decode_centernet(struct job *j)
{
	const json_t *d;
	size_t i;

	j->suppress = false;
	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *size = head_of(j, d, "reg_layer_w");
		const struct head *offset = head_of(j, d, "reg_layer_h");
		const struct head *map = head_of(j, d, "cls_layer");

		j->dims[0] = map->h;
		j->dims[1] = map->w;
		for (int y = 0; y < map->h; y++)
			for (int x = 0; x < map->w; x++) {
				double cx = x + at(j, offset, y, x, 0);
				double cy = y + at(j, offset, y, x, 1);
				double w = at(j, size, y, x, 0), h = at(j, size, y, x, 1);
				struct proposal *p =
				    propose(j, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);

				for (int k = 0; k < j->classes; k++)
					p->cls[k] = at(j, map, y, x, k);
			}
	}
}
