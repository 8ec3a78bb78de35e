/* The kinds of NMS records: decoders with their anchors, strides and core pads. */
#include "hef/write.h"

static uint32_t pad_of(const struct host_op *o, const struct post_level *l, enum post_part part)
{
	return (uint32_t)o->stream[l->input[part]];
}

static int whole(const struct writer *w, float v, uint32_t *out)
{
	*out = (uint32_t)v;
	if ((float)*out == v)
		return 0;
	return err_set(w->e, "an anchor of %g pixels, HailoRT's record holds whole ones",
		       (double)v);
}

static Hef__YoloDecoder *yolo_decoder(struct writer *w, const struct host_op *o,
				      const struct post_level *l)
{
	Hef__YoloDecoder *d = arena_alloc(&w->arena, sizeof *d);

	hef__yolo_decoder__init(d);
	d->n_h = d->n_w = (size_t)l->nanchor;
	d->h = arena_array(&w->arena, d->n_h, sizeof *d->h);
	d->w = arena_array(&w->arena, d->n_w, sizeof *d->w);
	for (int32_t i = 0; i < l->nanchor; i++) {
		if (whole(w, l->h[i], &d->h[i]) < 0 || whole(w, l->w[i], &d->w[i]) < 0)
			return NULL;
	}
	d->stride = (uint32_t)l->stride;
	d->pad_index = pad_of(o, l, POST_REG);
	return d;
}

static int yolo_decoders(struct writer *w, const struct host_op *o, Hef__YoloDecoder ***out,
			 size_t *n)
{
	Hef__YoloDecoder **v = arena_array(&w->arena, (size_t)o->post.nlevel, sizeof *v);

	for (int32_t i = 0; i < o->post.nlevel; i++) {
		if (!(v[i] = yolo_decoder(w, o, &o->post.level[i])))
			return -1;
	}
	*out = v;
	*n = (size_t)o->post.nlevel;
	return 0;
}

static int yolov5(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	Hef__YoloNms *y = arena_alloc(&w->arena, sizeof *y);

	hef__yolo_nms__init(y);
	y->image_height = o->post.image[0];
	y->image_width = o->post.image[1];
	y->input_division_factor = (uint32_t)o->post.division;
	n->kind_case = HEF__NMS_OP__KIND_YOLO;
	n->yolo = y;
	return yolo_decoders(w, o, &y->bbox_decoders, &y->n_bbox_decoders);
}

static int yolov5_seg(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	const struct post *p = &o->post;
	Hef__YoloSeg *y = arena_alloc(&w->arena, sizeof *y);

	hef__yolo_seg__init(y);
	y->image_height = p->image[0];
	y->image_width = p->image[1];
	y->mask_threshold = p->mask_threshold;
	y->proto_info = arena_alloc(&w->arena, sizeof *y->proto_info);
	hef__proto_info__init(y->proto_info);
	y->proto_info->number = (uint32_t)p->shape[p->proto].c;
	y->proto_info->stride = (uint32_t)p->proto_stride;
	y->proto_info->proto_layer = w->p->streams[o->stream[p->proto]].name;
	n->kind_case = HEF__NMS_OP__KIND_YOLO_SEG;
	n->yolo_seg = y;
	return yolo_decoders(w, o, &y->bbox_decoders, &y->n_bbox_decoders);
}

static int yolox(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	const struct post *p = &o->post;
	Hef__YoloxNms *y = arena_alloc(&w->arena, sizeof *y);

	hef__yolox_nms__init(y);
	y->image_height = p->image[0];
	y->image_width = p->image[1];
	y->bbox_decoders = arena_array(&w->arena, (size_t)p->nlevel, sizeof *y->bbox_decoders);
	for (int32_t i = 0; i < p->nlevel; i++) {
		const struct post_level *l = &p->level[i];
		Hef__YoloxDecoder *d = arena_alloc(&w->arena, sizeof *d);

		hef__yolox_decoder__init(d);
		d->stride = (uint32_t)l->stride;
		d->reg_pad_index = pad_of(o, l, POST_REG);
		d->cls_pad_index = pad_of(o, l, POST_CLS);
		d->obj_pad_index = pad_of(o, l, POST_OBJ);
		y->bbox_decoders[y->n_bbox_decoders++] = d;
	}
	n->kind_case = HEF__NMS_OP__KIND_YOLOX;
	n->yolox = y;
	return 0;
}

static int yolov8(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	const struct post *p = &o->post;
	Hef__Yolov8Nms *y = arena_alloc(&w->arena, sizeof *y);

	hef__yolov8_nms__init(y);
	y->image_height = p->image[0];
	y->image_width = p->image[1];
	y->input_division_factor = (uint32_t)p->division;
	y->regression_length = (uint32_t)p->bins;
	y->bbox_decoders = arena_array(&w->arena, (size_t)p->nlevel, sizeof *y->bbox_decoders);
	for (int32_t i = 0; i < p->nlevel; i++) {
		const struct post_level *l = &p->level[i];
		Hef__Yolov8Decoder *d = arena_alloc(&w->arena, sizeof *d);

		hef__yolov8_decoder__init(d);
		d->stride = (uint32_t)l->stride;
		d->reg_pad_index = pad_of(o, l, POST_REG);
		d->cls_pad_index = pad_of(o, l, POST_CLS);
		y->bbox_decoders[y->n_bbox_decoders++] = d;
	}
	n->kind_case = HEF__NMS_OP__KIND_YOLOV8;
	n->yolov8 = y;
	return 0;
}

static Hef__SsdDecoder *ssd_decoder(struct writer *w, const struct host_op *o,
				    const struct post_level *l)
{
	Hef__SsdDecoder *d = arena_alloc(&w->arena, sizeof *d);

	hef__ssd_decoder__init(d);
	d->n_h = d->n_w = (size_t)l->nanchor;
	d->h = arena_array(&w->arena, d->n_h, sizeof *d->h);
	d->w = arena_array(&w->arena, d->n_w, sizeof *d->w);
	memcpy(d->h, l->h, d->n_h * sizeof *d->h);
	memcpy(d->w, l->w, d->n_w * sizeof *d->w);
	d->reg_pad_index = pad_of(o, l, POST_REG);
	d->cls_pad_index = pad_of(o, l, POST_CLS);
	return d;
}

static int ssd(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	const struct post *p = &o->post;
	Hef__SsdNms *y = arena_alloc(&w->arena, sizeof *y);

	hef__ssd_nms__init(y);
	y->image_height = p->image[0];
	y->image_width = p->image[1];
	y->centers_scale_factor = (uint32_t)p->centers_scale;
	y->bbox_dimensions_scale_factor = (uint32_t)p->dims_scale;
	y->ty = (uint32_t)p->order[0]; /* all 0: as usual, for us as for HailoRT */
	y->tx = (uint32_t)p->order[1];
	y->th = (uint32_t)p->order[2];
	y->tw = (uint32_t)p->order[3];
	y->bbox_decoders = arena_array(&w->arena, (size_t)p->nlevel, sizeof *y->bbox_decoders);
	for (int32_t i = 0; i < p->nlevel; i++)
		y->bbox_decoders[y->n_bbox_decoders++] = ssd_decoder(w, o, &p->level[i]);
	n->kind_case = HEF__NMS_OP__KIND_SSD;
	n->ssd = y;
	return 0;
}

/* clang-format off */
static const struct {
	int (*fill)(struct writer *w, const struct host_op *o, Hef__NmsOp *n);
	const char *reason; /* why HailoRT has no record of it */
} kinds[POST_KIND_COUNT] = {
	[POST_YOLOV5]     = { yolov5,     NULL },
	[POST_YOLOV5_SEG] = { yolov5_seg, NULL },
	[POST_YOLOX]      = { yolox,      NULL },
	[POST_YOLOV8]     = { yolov8,     NULL },
	[POST_SSD]        = { ssd,        NULL },
	[POST_YOLOV6]     = { NULL, "HailoRT has no operation for YOLOv6 on the CPU (use engine=nn_core)" },
	[POST_CENTERNET]  = { NULL, "HailoRT has no operation for CenterNet on the CPU (use engine=nn_core)" },
	[POST_DAMOYOLO]   = { NULL, "DAMO-YOLO decodes from the corner of a cell, HailoRT's operation for YOLOv8 from its middle: there is no record for it" },
};
/* clang-format on */

/* HailoRT leaves out a class of SSD only, the first or the last. */
static int check_background(const struct writer *w, const struct post *p)
{
	if (!p->background_removal)
		return 0;
	if (p->kind != POST_SSD)
		return err_set(w->e,
			       "background_removal: HailoRT's operation for %s keeps all classes "
			       "(only the one for ssd does not)",
			       post_kind_name(p->kind));
	if (p->background != 0 && p->background != p->classes - 1)
		return err_set(w->e,
			       "background_removal_index is %d: HailoRT's operation for ssd leaves "
			       "out the first class or the last",
			       p->background);
	return 0;
}

int hef_fill_nms(struct writer *w, const struct host_op *o, Hef__NmsOp *n)
{
	if (check_background(w, &o->post) < 0)
		return -1;
	if (!kinds[o->post.kind].fill)
		return err_set(w->e, "%s", kinds[o->post.kind].reason);
	return kinds[o->post.kind].fill(w, o, n);
}
