/* NMS records to configurations, the reverse of write_nms.c. */
#include "base/limits.h"
#include "hef/read_post.h"

/* Where a decoder's part is read from. */
static void take(struct post *p, uint32_t pads[POST_INPUTS], uint32_t pad)
{
	pads[p->ninput++] = pad;
}

static struct post_level *next_level(struct post *p, uint32_t stride, struct err *e)
{
	struct post_level *l = &p->level[p->nlevel];

	if (p->nlevel == POST_LEVELS) {
		err_set(e, "more than %d decoders", POST_LEVELS);
		return NULL;
	}
	l->stride = stride > INT32_MAX ? -1 : (int32_t)stride;
	l->nanchor = 1;
	p->nlevel++;
	return l;
}

static int image(struct post *p, double h, double w, struct err *e)
{
	if (!(h >= 1 && h <= LIMIT_DIM && w >= 1 && w <= LIMIT_DIM) || h != (int32_t)h ||
	    w != (int32_t)w)
		return err_set(e, "an image of %gx%g", h, w);
	p->image[0] = (int32_t)h;
	p->image[1] = (int32_t)w;
	return 0;
}

static int yolo_levels(Hef__YoloDecoder *const *d, size_t n, struct post *p,
		       uint32_t pads[POST_INPUTS], struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct post_level *l = next_level(p, d[i]->stride, e);

		if (!l)
			return -1;
		if (d[i]->n_h > POST_ANCHORS)
			return err_set(e, "%zu anchors, at most %d are taken", d[i]->n_h,
				       POST_ANCHORS);
		l->nanchor = (int32_t)d[i]->n_h;
		for (size_t k = 0; k < d[i]->n_h; k++) {
			l->h[k] = (float)d[i]->h[k];
			l->w[k] = (float)d[i]->w[k];
		}
		take(p, pads, d[i]->pad_index);
	}
	return 0;
}

static int yolov5(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e)
{
	const Hef__YoloNms *y = n->yolo;

	p->kind = POST_YOLOV5;
	if (image(p, y->image_height, y->image_width, e) < 0)
		return -1;
	return yolo_levels(y->bbox_decoders, y->n_bbox_decoders, p, pads, e);
}

/* The prototypes' pad is found by their layer's name. */
static int yolov5_seg(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e)
{
	const Hef__YoloSeg *y = n->yolo_seg;

	p->kind = POST_YOLOV5_SEG;
	p->mask_threshold = y->mask_threshold;
	p->proto_stride = y->proto_info ? (int32_t)(y->proto_info->stride & INT32_MAX) : 0;
	if (image(p, y->image_height, y->image_width, e) < 0)
		return -1;
	return yolo_levels(y->bbox_decoders, y->n_bbox_decoders, p, pads, e);
}

static int yolox(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e)
{
	const Hef__YoloxNms *y = n->yolox;

	p->kind = POST_YOLOX;
	for (size_t i = 0; i < y->n_bbox_decoders; i++) {
		const Hef__YoloxDecoder *d = y->bbox_decoders[i];

		if (!next_level(p, d->stride, e))
			return -1;
		take(p, pads, d->reg_pad_index);
		take(p, pads, d->obj_pad_index);
		take(p, pads, d->cls_pad_index);
	}
	return image(p, y->image_height, y->image_width, e);
}

static int yolov8(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e)
{
	const Hef__Yolov8Nms *y = n->yolov8;

	p->kind = POST_YOLOV8;
	p->bins = (int32_t)(y->regression_length & INT32_MAX);
	for (size_t i = 0; i < y->n_bbox_decoders; i++) {
		const Hef__Yolov8Decoder *d = y->bbox_decoders[i];

		if (!next_level(p, d->stride, e))
			return -1;
		take(p, pads, d->reg_pad_index);
		take(p, pads, d->cls_pad_index);
	}
	return image(p, y->image_height, y->image_width, e);
}

static int ssd_level(const Hef__SsdDecoder *d, struct post *p, uint32_t pads[], struct err *e)
{
	struct post_level *l = next_level(p, 0, e);

	if (!l)
		return -1;
	if (d->n_h != d->n_w || d->n_h > POST_ANCHORS)
		return err_set(e, "%zu heights and %zu widths of anchors", d->n_h, d->n_w);
	l->nanchor = (int32_t)d->n_h;
	memcpy(l->h, d->h, d->n_h * sizeof *d->h);
	memcpy(l->w, d->w, d->n_w * sizeof *d->w);
	take(p, pads, d->reg_pad_index);
	take(p, pads, d->cls_pad_index);
	return 0;
}

static int ssd(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e)
{
	const Hef__SsdNms *y = n->ssd;
	const uint32_t order[4] = { y->ty, y->tx, y->th, y->tw };

	p->kind = POST_SSD;
	p->centers_scale = (int32_t)(y->centers_scale_factor & INT32_MAX);
	p->dims_scale = (int32_t)(y->bbox_dimensions_scale_factor & INT32_MAX);
	for (int i = 0; i < 4; i++)
		p->order[i] = order[i] > 3 ? -1 : (int32_t)order[i];
	for (size_t i = 0; i < y->n_bbox_decoders; i++) {
		if (ssd_level(y->bbox_decoders[i], p, pads, e) < 0)
			return -1;
	}
	return image(p, y->image_height, y->image_width, e);
}

/* clang-format off */
static const struct {
	int (*read)(const Hef__NmsOp *n, struct post *p, uint32_t pads[], struct err *e);
} kinds[] = {
	[HEF__NMS_OP__KIND_YOLO]     = { yolov5 },
	[HEF__NMS_OP__KIND_YOLOX]    = { yolox },
	[HEF__NMS_OP__KIND_SSD]      = { ssd },
	[HEF__NMS_OP__KIND_YOLO_SEG] = { yolov5_seg },
	[HEF__NMS_OP__KIND_YOLOV8]   = { yolov8 },
};
/* clang-format on */

int hef_read_nms(const Hef__NmsOp *n, struct post *p, uint32_t pads[POST_INPUTS], struct err *e)
{
	*p = (struct post){ .engine = POST_CPU,
			    .score_th = n->nms_score_th,
			    .iou_th = n->nms_iou_th,
			    .classes = (int32_t)(n->classes & INT32_MAX),
			    .max_per_class = (int32_t)(n->max_proposals_per_class & INT32_MAX),
			    .background_removal = n->background_removal,
			    .background = (int32_t)(n->background_removal_index & INT32_MAX),
			    .bbox_only = n->bbox_decoding_only,
			    .one_class = n->hnt_one_class,
			    .centers_scale = 1,
			    .dims_scale = 1,
			    .division = 1,
			    .proto = -1 };
	return kinds[n->kind_case].read(n, p, pads, e);
}
