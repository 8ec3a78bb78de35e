/* Types and shapes of streams and v-streams as parse-hef writes them. */
#include "hef/info.h"

/* Names of the compiler's formats on the device and on the host. */
static const struct {
	const char *device, *host;
} formats[] = {
	/* clang-format off */
	[0]  = { "NHWC", "NHWC" },
	[1]  = { "NHCW", "NHWC" },
	[2]  = { "NC", "NC" },
	[3]  = { "FCR", "FCR" },
	[4]  = { "BAYER RGB", "BAYER RGB" },
	[5]  = { "NHW", "NHW" },
	[6]  = { "HAILO NMS ON CHIP", "HAILO NMS BY CLASS" },
	[7]  = { "F8CR", "F8CR" },
	[8]  = { "RGB 888", "NHWC" },
	[11] = { "YUY2", "YUY2" },
	[13] = { "NHWC", "NHWC" },
	[14] = { "YYUV", "NV12" },
	[15] = { "YYVU", "NV21" },
	[16] = { "YYYYUV", "I420" },
	/* clang-format on */
};
enum {
	FORMAT_NHCW = 1,
	FORMAT_NC = 2,
	FORMAT_NHW = 5,
	FORMAT_NMS = 6
};

/* Height, width and features as they are printed. */
struct shape {
	uint64_t h, w, f;
};

static void put_shape(const char *order, uint32_t format, struct shape s, char *out, size_t n)
{
	unsigned long long h = s.h, w = s.w, f = s.f;

	if (format == FORMAT_NC)
		snprintf(out, n, "%s(%llu)", order, f);
	else if (format == FORMAT_NHW)
		snprintf(out, n, "%s(%llux%llu)", order, h, w);
	else
		snprintf(out, n, "%s(%llux%llux%llu)", order, h, w, f);
}

static const char *type_name(const Hef__EdgeLayerBase *b)
{
	return b->data_bytes == 2 ? "UINT16" : "UINT8";
}

static uint64_t chunks(const Hef__NmsInfo *n)
{
	return n->input_division_factor ? n->input_division_factor : 1;
}

static void nms_stream(const struct printer *p, const Hef__NmsInfo *n, char *out, size_t size)
{
	uint64_t burst = hef_has(p->m, EXT_NMS_BURST) ? n->burst_size : 1;
	uint64_t most = n->max_output_size > burst ? n->max_output_size : burst;
	uint64_t frame =
	    chunks(n) * n->number_of_classes * (2 + n->bbox_size * most) + n->bbox_size * burst;

	snprintf(out, size, "HAILO NMS ON CHIP(maximum frame size: %llu)",
		 (unsigned long long)frame);
}

static void nms_vstream(uint64_t classes, uint64_t boxes, char *out, size_t size)
{
	snprintf(out, size,
		 "FLOAT32, HAILO NMS BY CLASS(number of classes: %llu, maximum bounding boxes per "
		 "class: "
		 "%llu, maximum frame size: %llu)",
		 (unsigned long long)classes, (unsigned long long)boxes,
		 (unsigned long long)(4 * classes * (1 + 5 * boxes)));
}

/* The runtime pads such a stream in the core itself and prints the unpadded shape. */
static bool core_padding(const struct printer *p, const struct hef_leaf *l)
{
	const Hef__EdgeLayerBase *b = l->base;
	uint64_t row = (uint64_t)b->width * b->features, max = hef_max_periph(p->m);

	if (b->max_shmifo_size && b->max_shmifo_size < max)
		max = b->max_shmifo_size;
	return b->format == FORMAT_NHCW && !l->in_mux && !hef_has_optional(p->m, EXT_HW_PADDING) &&
	       b->core_buffers_per_frame == b->height && row % 8 == 0 &&
	       row * b->data_bytes <= max - 1;
}

static bool transposed(const struct printer *p, const struct hef_leaf *l)
{
	return (l->transposed || (p->c->metadata && p->c->metadata->transposed_net)) &&
	       l->base->format != FORMAT_NC;
}

static struct shape unpadded(const struct printer *p, const struct hef_leaf *l)
{
	const Hef__EdgeLayerBase *b = l->base;

	return transposed(p, l) ? (struct shape){ b->width, b->height, b->features }
				: (struct shape){ b->height, b->width, b->features };
}

void hef_stream_text(const struct printer *p, const struct hef_leaf *l, char *out, size_t n)
{
	const Hef__EdgeLayerBase *b = l->base;
	struct shape s = { b->padded_height, b->padded_width, b->padded_features };
	char text[256];

	if (b->format == FORMAT_NMS && hef_nms_info(b)) {
		nms_stream(p, hef_nms_info(b), text, sizeof text);
	} else {
		if (core_padding(p, l))
			s = unpadded(p, l);
		put_shape(formats[b->format].device, b->format, s, text, sizeof text);
	}
	snprintf(out, n, "%s, %s", type_name(b), text);
}

static void leaf_text(const struct printer *p, const struct hef_leaf *l, char *out, size_t n)
{
	static const char *const planes[] = { "NV12", "NV21", "I420" };
	const Hef__EdgeLayerBase *b = l->base;
	char text[256];

	if (l->planes) {
		const Hef__Edge *first = l->planes->planes[0];
		struct shape s = { l->planes->height, l->planes->width, l->planes->features };

		put_shape(planes[l->planes->planes_format], 0, s, text, sizeof text);
		snprintf(out, n, "%s, %s", type_name(first->layer_info->edge_layer_base), text);
	} else if (b->format == FORMAT_NMS && hef_nms_info(b)) {
		const Hef__NmsInfo *nms = hef_nms_info(b);

		nms_vstream(nms->number_of_classes, nms->max_output_size * chunks(nms), out, n);
	} else {
		put_shape(formats[b->format].host, b->format, unpadded(p, l), text, sizeof text);
		snprintf(out, n, "%s, %s", type_name(b), text);
	}
}

static void logits_text(const struct printer *p, const Hef__Op *op, char *out, size_t n)
{
	const Hef__EdgeLayer *l = hef_pad_source(p->g, p->c, op->input_pads[0]->index);
	const Hef__EdgeLayerBase *b = hef_base(l);
	struct hef_leaf leaf = { .base = b,
				 .layer = l,
				 .transposed = l->edge_case == HEF__EDGE_LAYER__EDGE_LAYER_INFO &&
					       l->layer_info->transposed };
	struct shape s = unpadded(p, &leaf);
	char text[256];

	if (op->logits_op->logits_type == 1) {
		put_shape(formats[b->format].host, b->format, s, text, sizeof text);
		snprintf(out, n, "FLOAT32, %s", text);
		return;
	}
	s.f = 1;
	if (b->format == FORMAT_NC)
		put_shape("NC", FORMAT_NC, s, text, sizeof text);
	else
		put_shape("NHW", FORMAT_NHW, s, text, sizeof text);
	snprintf(out, n, "%s, %s", type_name(b), text);
}

static uint64_t pixels(const Hef__EdgeLayer *l)
{
	return (uint64_t)hef_base(l)->height * hef_base(l)->width;
}

static uint64_t source_pixels(const struct printer *p, uint32_t input_pad)
{
	return pixels(hef_pad_source(p->g, p->c, input_pad));
}

/* Boxes before suppression, when only decoding is asked for. */
static void bbox_text(const struct printer *p, const Hef__Op *op, char *out, size_t n)
{
	const Hef__NmsOp *o = op->nms_op;
	uint64_t boxes = 0, extra = 4;
	char text[256];

	if (o->kind_case == HEF__NMS_OP__KIND_YOLO) {
		extra = 5;
		for (size_t i = 0; i < o->yolo->n_bbox_decoders; i++)
			boxes += pixels(hef_core_pad(p->c, o->yolo->bbox_decoders[i]->pad_index)) *
				 o->yolo->bbox_decoders[i]->n_h;
	} else {
		/* The runtime halves the pixels of all inputs: boxes and classes come apart. */
		for (size_t i = 0; i < op->n_input_pads; i++)
			boxes += source_pixels(p, op->input_pads[i]->index);
		boxes /= 2;
	}
	put_shape("NHWC", 0, (struct shape){ 1, boxes, extra + o->classes }, text, sizeof text);
	snprintf(out, n, "FLOAT32, %s", text);
}

static uint64_t printed_classes(const Hef__NmsOp *o)
{
	return o->classes - (o->background_removal ? 1 : 0);
}

uint32_t hef_side(double v)
{
	return v >= 0 && v <= UINT32_MAX ? (uint32_t)v : 0;
}

uint64_t hef_seg_boxes(const Hef__NmsOp *o)
{
	return printed_classes(o) * o->max_proposals_per_class;
}

static void nms_text(const struct printer *p, const Hef__Op *op, char *out, size_t n)
{
	const Hef__NmsOp *o = op->nms_op;

	if (o->bbox_decoding_only) {
		bbox_text(p, op, out, n);
	} else if (o->kind_case == HEF__NMS_OP__KIND_YOLO_SEG) {
		uint64_t area = (uint64_t)hef_side(o->yolo_seg->image_height) *
				hef_side(o->yolo_seg->image_width);

		snprintf(
		    out, n,
		    "FLOAT32, HAILO NMS WITH BYTE MASK(number of classes: %llu, maximum bounding "
		    "boxes total: %llu, maximum frame size: %llu)",
		    (unsigned long long)printed_classes(o), (unsigned long long)hef_seg_boxes(o),
		    (unsigned long long)(2 + 38 * hef_seg_boxes(o) + 2 * area));
	} else {
		nms_vstream(printed_classes(o), o->max_proposals_per_class, out, n);
	}
}

void hef_vstream_text(const struct printer *p, const struct hef_vstream *v, char *out, size_t n)
{
	if (v->op && v->op->kind_case == HEF__OP__KIND_LOGITS_OP)
		logits_text(p, v->op, out, n);
	else if (v->op)
		nms_text(p, v->op, out, n);
	else if (v->fused)
		nms_vstream(v->fused->nms_info->number_of_classes,
			    v->fused->nms_info->max_output_size * chunks(v->fused->nms_info), out,
			    n);
	else
		leaf_text(p, &v->leaf, out, n);
}
