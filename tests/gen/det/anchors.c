/* Methods with anchors: YOLOv5 (tag 2.0, class Detect; segmentation: tag 7.0), SSD. */
#include "base/mem.h"
#include "det.h"

#include <math.h>

static double nth(const json_t *o, const char *key, size_t i)
{
	return json_number_value(json_array_get(json_object_get(o, key), i));
}

/*
 * y = sigmoid(x); xy = (2 y - 0.5 + cell) stride; wh = (2 y)^2 anchor, in pixels.  Channels of an
 * anchor: x, y, w, h, objectness, classes, then `coefs` of the mask, which no sigmoid touches;
 * non_max_suppression multiplies all that follows the objectness with it, the coefficients too.
 */
static void yolov5(struct job *j, int coefs)
{
	const json_t *d;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *h = head_of(j, d, "encoded_layer");
		size_t na = json_array_size(json_object_get(d, "w"));
		int no = 5 + j->classes + coefs;
		double stride = num(d, "stride");

		for (int y = 0; y < h->h; y++)
			for (int x = 0; x < h->w; x++)
				for (size_t a = 0; a < na; a++) {
					int c0 = (int)a * no;
					double t[5], cx, cy, bw, bh;
					struct proposal *p;

					for (int k = 0; k < 5; k++)
						t[k] = score(j, at(j, h, y, x, c0 + k));
					cx = (2 * t[0] - 0.5 + x) * stride;
					cy = (2 * t[1] - 0.5 + y) * stride;
					bw = pow(2 * t[2], 2) * nth(d, "w", a);
					bh = pow(2 * t[3], 2) * nth(d, "h", a);
					p = propose(j, cx - bw / 2, cy - bh / 2, cx + bw / 2,
						    cy + bh / 2);
					p->obj = t[4];
					for (int k = 0; k < j->classes; k++)
						p->cls[k] = score(j, at(j, h, y, x, c0 + 5 + k));
					if (coefs)
						p->coef = xcalloc((size_t)coefs, sizeof *p->coef);
					for (int k = 0; k < coefs; k++)
						p->coef[k] =
						    t[4] * at(j, h, y, x, c0 + 5 + j->classes + k);
				}
	}
}

void decode_yolov5(struct job *j)
{
	j->with_obj = true;
	yolov5(j, 0);
}

void decode_yolov5_seg(struct job *j)
{
	j->with_obj = true;
	yolov5(j, mask_protos(j)->c);
}

/* Number k of ty, tx, th, tw, wherever the configuration says that it stands. */
static double box(const struct job *j, const struct head *reg, int y, int x, int anchor, size_t k)
{
	const json_t *order = json_object_get(j->cfg, "hnt_box_order");

	if (order)
		k = (size_t)json_integer_value(json_array_get(order, k));
	return at(j, reg, y, x, 4 * anchor + (int)k);
}

/*
 * TensorFlow's object detection, faster_rcnn_box_coder (ty, tx, th, tw) on anchors centred on the
 * cells: ycenter = ty / sc ha + ya, h = exp(th / sd) ha, likewise x; all relative to the image.
 */
void decode_ssd(struct job *j)
{
	double sc = num(j->cfg, "centers_scale_factor");
	double sd = num(j->cfg, "bbox_dimensions_scale_factor");
	const json_t *d;
	size_t i;

	j->dims[0] = j->dims[1] = 1;
	json_array_foreach((json_t *)(uintptr_t)decoders(j), i, d)
	{
		const struct head *reg = head_of(j, d, "reg_layer");
		const struct head *cls = head_of(j, d, "cls_layer");
		int na = (int)json_array_size(json_object_get(d, "h"));

		for (int y = 0; y < reg->h; y++)
			for (int x = 0; x < reg->w; x++)
				for (int a = 0; a < na; a++) {
					double ha = nth(d, "h", (size_t)a);
					double wa = nth(d, "w", (size_t)a);
					double ya = (y + 0.5) / reg->h, xa = (x + 0.5) / reg->w;
					double cy = box(j, reg, y, x, a, 0) / sc * ha + ya;
					double cx = box(j, reg, y, x, a, 1) / sc * wa + xa;
					double h = exp(box(j, reg, y, x, a, 2) / sd) * ha;
					double w = exp(box(j, reg, y, x, a, 3) / sd) * wa;
					struct proposal *p = propose(j, cx - w / 2, cy - h / 2,
								     cx + w / 2, cy + h / 2);

					for (int k = 0; k < j->classes; k++)
						p->cls[k] =
						    score(j, at(j, cls, y, x, a * j->classes + k));
				}
	}
}
