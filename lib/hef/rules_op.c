/* Rules on the CPU post-processes of the net-flow form (hef(5), RULES). */
#include "hef/rules.h"

RULE(op_kind)
{
	return s->op->kind_case ? 0 : err_set(e, "no kind");
}

RULE(op_outputs)
{
	return s->op->n_output_pads ? 0 : err_set(e, "no output pad");
}

/* The core layer behind input pad i of an op. */
static const Hef__EdgeLayer *source(const struct site *s, size_t i)
{
	return hef_pad_source(s->group, s->core, s->op->input_pads[i]->index);
}

RULE(op_inputs)
{
	if (!s->op->n_input_pads)
		return err_set(e, "no input pad");
	for (size_t i = 0; i < s->op->n_input_pads; i++) {
		if (!source(s, i))
			return err_set(e, "input pad %u", s->op->input_pads[i]->index);
	}
	return 0;
}

RULE(logits)
{
	const Hef__Op *o = s->op;

	if (o->kind_case != HEF__OP__KIND_LOGITS_OP ||
	    (o->logits_op->logits_type <= 1 && o->n_input_pads == 1 && o->n_output_pads == 1))
		return 0;
	return err_set(e, "type %u, %zu input and %zu output pads", o->logits_op->logits_type,
		       o->n_input_pads, o->n_output_pads);
}

static const Hef__NmsOp *nms(const struct site *s)
{
	return s->op->kind_case == HEF__OP__KIND_NMS_OP ? s->op->nms_op : NULL;
}

RULE(nms_kind)
{
	const Hef__NmsOp *n = nms(s);

	return !n || n->kind_case ? 0 : err_set(e, "no kind");
}

/* Core pads of decoder i; 0: there are no more. */
static size_t decoder_pads(const Hef__NmsOp *n, size_t i, uint32_t pads[3])
{
	switch (n->kind_case) {
	case HEF__NMS_OP__KIND_YOLO:
		if (i >= n->yolo->n_bbox_decoders)
			return 0;
		pads[0] = n->yolo->bbox_decoders[i]->pad_index;
		return 1;
	case HEF__NMS_OP__KIND_YOLO_SEG:
		if (i >= n->yolo_seg->n_bbox_decoders)
			return 0;
		pads[0] = n->yolo_seg->bbox_decoders[i]->pad_index;
		return 1;
	case HEF__NMS_OP__KIND_YOLOX:
		if (i >= n->yolox->n_bbox_decoders)
			return 0;
		pads[0] = n->yolox->bbox_decoders[i]->reg_pad_index;
		pads[1] = n->yolox->bbox_decoders[i]->cls_pad_index;
		pads[2] = n->yolox->bbox_decoders[i]->obj_pad_index;
		return 3;
	case HEF__NMS_OP__KIND_SSD:
		if (i >= n->ssd->n_bbox_decoders)
			return 0;
		pads[0] = n->ssd->bbox_decoders[i]->reg_pad_index;
		pads[1] = n->ssd->bbox_decoders[i]->cls_pad_index;
		return 2;
	case HEF__NMS_OP__KIND_YOLOV8:
		if (i >= n->yolov8->n_bbox_decoders)
			return 0;
		pads[0] = n->yolov8->bbox_decoders[i]->reg_pad_index;
		pads[1] = n->yolov8->bbox_decoders[i]->cls_pad_index;
		return 2;
	case HEF__NMS_OP__KIND_IOU:
	case HEF__NMS_OP__KIND__NOT_SET:
	case _HEF__NMS_OP__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return 0;
}

static int anchors(Hef__YoloDecoder *const *d, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (d[i]->n_h != d[i]->n_w)
			return err_set(e, "decoder %zu has %zu heights, %zu widths", i, d[i]->n_h,
				       d[i]->n_w);
	}
	return 0;
}

RULE(nms_anchors)
{
	const Hef__NmsOp *n = nms(s);

	if (n && n->kind_case == HEF__NMS_OP__KIND_YOLO)
		return anchors(n->yolo->bbox_decoders, n->yolo->n_bbox_decoders, e);
	if (n && n->kind_case == HEF__NMS_OP__KIND_YOLO_SEG)
		return anchors(n->yolo_seg->bbox_decoders, n->yolo_seg->n_bbox_decoders, e);
	return 0;
}

static bool feeds(const struct site *s, uint32_t pad)
{
	for (size_t i = 0; i < s->op->n_input_pads; i++) {
		if (source(s, i)->pad_index == pad)
			return true;
	}
	return false;
}

RULE(nms_pads)
{
	const Hef__NmsOp *n = nms(s);
	uint32_t pads[3];

	for (size_t i = 0, k; n && (k = decoder_pads(n, i, pads)); i++) {
		for (size_t j = 0; j < k; j++) {
			if (!feeds(s, pads[j]))
				return err_set(e, "decoder %zu names pad %u", i, pads[j]);
		}
	}
	return 0;
}

static const Hef__EdgeLayerBase *pad_base(const struct site *s, uint32_t pad)
{
	return hef_base(hef_core_pad(s->core, pad));
}

RULE(nms_shapes)
{
	const Hef__NmsOp *n = nms(s);
	uint32_t pads[3];

	for (size_t i = 0, k; n && (k = decoder_pads(n, i, pads)); i++) {
		const Hef__EdgeLayerBase *a = pad_base(s, pads[0]);

		if (!a)
			return err_set(e, "pad %u of decoder %zu is no tensor", pads[0], i);
		for (size_t j = 1; j < k; j++) {
			const Hef__EdgeLayerBase *b = pad_base(s, pads[j]);
			bool formats = n->kind_case == HEF__NMS_OP__KIND_SSD;

			if (!b || a->height != b->height || a->width != b->width ||
			    (!formats && a->format != b->format))
				return err_set(e, "pads %u and %u of decoder %zu differ", pads[0],
					       pads[j], i);
		}
		if (n->kind_case == HEF__NMS_OP__KIND_YOLOV8 && a->features % 4)
			return err_set(e, "pad %u has %u features", pads[0], a->features);
	}
	return 0;
}

RULE(nms_seg)
{
	const Hef__NmsOp *n = nms(s);
	const char *proto;
	uint32_t pads[3];

	if (!n || n->kind_case != HEF__NMS_OP__KIND_YOLO_SEG)
		return 0;
	proto = n->yolo_seg->proto_info ? n->yolo_seg->proto_info->proto_layer : "";
	for (size_t i = 0; i < s->op->n_input_pads; i++) {
		const Hef__EdgeLayer *l = source(s, i);

		if (strcmp(hef_layer_name(l), proto) != 0)
			continue;
		for (size_t k = 0; decoder_pads(n, k, pads); k++) {
			if (pads[0] == l->pad_index)
				return err_set(e, "decoder %zu uses '%s'", k, quote(proto));
		}
		return 0;
	}
	return err_set(e, "'%s' is no input", quote(proto));
}

static bool decoded(const Hef__NmsOp *n, uint32_t pad)
{
	uint32_t pads[3];

	for (size_t i = 0; decoder_pads(n, i, pads); i++) {
		if (pads[0] == pad)
			return true;
	}
	return false;
}

RULE(bbox_only)
{
	const Hef__NmsOp *n = nms(s);

	if (!n || !n->bbox_decoding_only)
		return 0;
	if (n->kind_case != HEF__NMS_OP__KIND_YOLO && n->kind_case != HEF__NMS_OP__KIND_YOLOV8)
		return err_set(e, "bbox_decoding_only with NMS kind %d", (int)n->kind_case);
	for (size_t i = 0; i < s->op->n_input_pads; i++) {
		uint32_t pad = source(s, i)->pad_index;

		if (n->kind_case == HEF__NMS_OP__KIND_YOLO && !decoded(n, pad))
			return err_set(e, "no decoder for pad %u", pad);
	}
	return 0;
}
