/* What parse-hef prints: architecture, groups, networks, streams, v-streams, the last op. */
#include "base/mem.h"
#include "hef/rules.h"

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

struct printer {
	const Hef__Hef *m;
	const Hef__NetworkGroup *g;
	const struct hef_core *c;
	struct str *out;
};

/* Height, width and features as they are printed. */
struct shape {
	uint64_t h, w, f;
};

static void line(struct printer *p, int depth, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void line(struct printer *p, int depth, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	str_printf(p->out, "%*s%s\n", 4 * depth, "", text);
}

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

static void print_stream(struct printer *p, const struct hef_leaf *l)
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
	line(p, 3, "%s %s %s, %s", l->layer->direction ? "Output" : "Input ", quote(l->name),
	     type_name(b), text);
}

static void print_streams(struct printer *p, int net)
{
	struct hef_leaves v = { 0 };

	line(p, 2, "Stream infos:");
	for (uint32_t direction = 0; direction < 2; direction++) {
		for (size_t i = 0; i < p->c->ncontexts; i++) {
			const Hef__ContextMetadata *d = p->c->contexts[i]->metadata;

			for (size_t k = 0; d && k < d->n_edge_layers; k++) {
				const Hef__EdgeLayer *l = d->edge_layers[k];

				if (l->direction == direction &&
				    hef_connection(l) == CONN_BOUNDARY &&
				    (int)l->network_index == net)
					hef_collect(l, false, &v);
			}
		}
	}
	for (size_t i = 0; i < v.n; i++)
		print_stream(p, &v.v[i]);
	free(v.v);
}

/* ---- v-streams ---- */

static void leaf_text(struct printer *p, const struct hef_leaf *l, char *out, size_t n)
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

static void logits_text(struct printer *p, const Hef__Op *op, char *out, size_t n)
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

static uint64_t seg_boxes(const Hef__NmsOp *o)
{
	return printed_classes(o) * o->max_proposals_per_class;
}

static void nms_text(struct printer *p, const Hef__Op *op, char *out, size_t n)
{
	const Hef__NmsOp *o = op->nms_op;

	if (o->bbox_decoding_only) {
		bbox_text(p, op, out, n);
	} else if (o->kind_case == HEF__NMS_OP__KIND_YOLO_SEG) {
		uint64_t area = (uint64_t)(o->yolo_seg->image_height * o->yolo_seg->image_width);

		snprintf(
		    out, n,
		    "FLOAT32, HAILO NMS WITH BYTE MASK(number of classes: %llu, maximum bounding "
		    "boxes total: %llu, maximum frame size: %llu)",
		    (unsigned long long)printed_classes(o), (unsigned long long)seg_boxes(o),
		    (unsigned long long)(2 + 38 * seg_boxes(o) + 2 * area));
	} else {
		nms_vstream(printed_classes(o), o->max_proposals_per_class, out, n);
	}
}

static void print_vstream(struct printer *p, const struct hef_vstream *v, bool output)
{
	char text[512];

	if (v->op && v->op->kind_case == HEF__OP__KIND_LOGITS_OP)
		logits_text(p, v->op, text, sizeof text);
	else if (v->op)
		nms_text(p, v->op, text, sizeof text);
	else if (v->fused)
		nms_vstream(v->fused->nms_info->number_of_classes,
			    v->fused->nms_info->max_output_size * chunks(v->fused->nms_info), text,
			    sizeof text);
	else
		leaf_text(p, &v->leaf, text, sizeof text);
	line(p, 3, "%s %s %s", output ? "Output" : "Input ", quote(v->name), text);
}

/* By the group's order of outputs; a name that the list lacks keeps its place after the others. */
static size_t rank(char *const *order, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(order[i], name) == 0)
			return i;
	}
	return n;
}

static void sort_outputs(const struct printer *p, struct hef_vstreams *v)
{
	size_t n;
	char **order = hef_sorted_outputs(p->m, p->g, p->c, &n);

	for (size_t i = 1; i < v->n; i++) {
		struct hef_vstream x = v->v[i];
		size_t k = i;

		for (; k && rank(order, n, v->v[k - 1].name) > rank(order, n, x.name); k--)
			v->v[k] = v->v[k - 1];
		v->v[k] = x;
	}
}

static void print_vstreams(struct printer *p, int net)
{
	struct hef_vstreams v = { 0 };
	size_t inputs;

	line(p, 2, "VStream infos:");
	hef_list_vstreams(p->m, p->g, p->c, false, net, &v);
	inputs = v.n;
	for (size_t i = 0; i < inputs; i++)
		print_vstream(p, &v.v[i], false);
	v.n = 0;
	hef_list_vstreams(p->m, p->g, p->c, true, net, &v);
	sort_outputs(p, &v);
	for (size_t i = 0; i < v.n; i++)
		print_vstream(p, &v.v[i], true);
	free(v.v);
}

/* ---- the op ---- */

static const struct {
	const char *op, *name, *bbox_op, *bbox_name;
} nms_names[] = {
	/* clang-format off */
	[HEF__NMS_OP__KIND_YOLO]     = { "YOLOV5", "YOLOv5-Post-Process", "YOLOV5", "YOLOv5Bbox-Only-Post-Process" },
	[HEF__NMS_OP__KIND_YOLOX]    = { "YOLOX", "YOLOX-Post-Process", NULL, NULL },
	[HEF__NMS_OP__KIND_SSD]      = { "SSD", "SSD-Post-Process", NULL, NULL },
	[HEF__NMS_OP__KIND_IOU]      = { "IOU", "IoU-Post-Process", NULL, NULL },
	[HEF__NMS_OP__KIND_YOLO_SEG] = { "YOLOV5SEG", "YOLOv5Seg-Post-Process", NULL, NULL },
	[HEF__NMS_OP__KIND_YOLOV8]   = { "YOLOV8", "YOLOV8-Post-Process", "YOLOV8", "YOLOv8Bbox-Only-Post-Process" },
	/* clang-format on */
};

static void image_size(const Hef__NmsOp *o, double *h, double *w)
{
	*h = *w = 0;
	if (o->kind_case == HEF__NMS_OP__KIND_YOLO) {
		*h = o->yolo->image_height;
		*w = o->yolo->image_width;
	} else if (o->kind_case == HEF__NMS_OP__KIND_YOLOX) {
		*h = o->yolox->image_height;
		*w = o->yolox->image_width;
	} else if (o->kind_case == HEF__NMS_OP__KIND_SSD) {
		*h = o->ssd->image_height;
		*w = o->ssd->image_width;
	} else if (o->kind_case == HEF__NMS_OP__KIND_YOLO_SEG) {
		*h = o->yolo_seg->image_height;
		*w = o->yolo_seg->image_width;
	} else if (o->kind_case == HEF__NMS_OP__KIND_YOLOV8) {
		*h = o->yolov8->image_height;
		*w = o->yolov8->image_width;
	}
}

static void print_nms(struct printer *p, const Hef__NmsOp *o)
{
	bool bbox = o->bbox_decoding_only;
	double h, w;

	line(p, 4, "Op %s", bbox ? nms_names[o->kind_case].bbox_op : nms_names[o->kind_case].op);
	line(p, 4, "Name: %s",
	     bbox ? nms_names[o->kind_case].bbox_name : nms_names[o->kind_case].name);
	if (!bbox) {
		line(p, 4, "Score threshold: %.3f", o->nms_score_th);
		line(p, 4, "IoU threshold: %.2f", o->nms_iou_th);
	}
	line(p, 4, "Classes: %u", o->classes);
	if (o->kind_case == HEF__NMS_OP__KIND_YOLO_SEG)
		line(p, 4, "Max bboxes total: %llu", (unsigned long long)seg_boxes(o));
	else if (!bbox)
		line(p, 4, "Max bboxes per class: %u", o->max_proposals_per_class);
	if (o->background_removal && !bbox)
		line(p, 4, "Background removal index: %u", o->background_removal_index);
	image_size(o, &h, &w);
	if (o->kind_case != HEF__NMS_OP__KIND_IOU) {
		line(p, 4, "Image height: %u", (unsigned)h);
		line(p, 4, "Image width: %u", (unsigned)w);
	}
	if (o->kind_case == HEF__NMS_OP__KIND_YOLO_SEG)
		line(p, 4, "Mask threshold: %.2f", o->yolo_seg->mask_threshold);
	if (o->kind_case == HEF__NMS_OP__KIND_SSD) {
		line(p, 4, "Centers scales factor: %u", o->ssd->centers_scale_factor);
		line(p, 4, "Bbox dimension scale factor: %u", o->ssd->bbox_dimensions_scale_factor);
		line(p, 4, "Normalize boxes: false");
	}
}

static void print_op(struct printer *p)
{
	const Hef__Op *op = NULL;

	for (size_t i = 0; i < p->g->n_ops; i++) {
		if (p->g->ops[i]->kind_case != HEF__OP__KIND_CORE_OP)
			op = p->g->ops[i];
	}
	if (!op || !hef_has(p->m, EXT_NET_FLOW))
		return;
	line(p, 3, "Operation:");
	if (op->kind_case == HEF__OP__KIND_NMS_OP) {
		print_nms(p, op->nms_op);
		return;
	}
	line(p, 4, "%s Op", op->logits_op->logits_type ? "SOFTMAX" : "ARGMAX");
	line(p, 4, "Name: %s-Post-Process", op->logits_op->logits_type ? "Softmax" : "Argmax");
}

static void print_group(struct printer *p, bool streams, bool vstreams)
{
	bool several = hef_has_optional(p->m, EXT_MULTI_NETWORK);
	const char *name = hef_group_name(p->g);
	size_t n = several ? p->c->nnetworks : 1;

	if (p->c->ncontexts > 1)
		line(p, 0, "Network group name: %s, Multi Context - Number of contexts: %zu",
		     quote(name), p->c->ncontexts);
	else
		line(p, 0, "Network group name: %s, Single Context", quote(name));
	for (size_t i = 0; i < n; i++) {
		line(p, 1, "Network name: %s/%s", quote(name),
		     quote(several ? p->c->networks[i] : name));
		if (streams)
			print_streams(p, (int)i);
		if (vstreams) {
			print_vstreams(p, (int)i);
			print_op(p);
		}
	}
}

static int by_name(const void *a, const void *b)
{
	const Hef__NetworkGroup *x = *(Hef__NetworkGroup *const *)a;
	const Hef__NetworkGroup *y = *(Hef__NetworkGroup *const *)b;

	return strcmp(hef_group_name(x), hef_group_name(y));
}

int hef_info(const struct hef *h, bool streams, bool vstreams, struct str *out, struct err *e)
{
	size_t n = h->msg->n_network_groups;
	Hef__NetworkGroup **g = xcalloc(n, sizeof *g);
	struct printer p = { .m = h->msg, .out = out };
	int r = 0;

	memcpy(g, h->msg->network_groups, n * sizeof *g);
	qsort(g, n, sizeof *g, by_name);
	line(&p, 0, "Architecture HEF was compiled for: %s", hef_arch_name(hef_arch(h->msg)));
	for (size_t i = 0; i < n && r == 0; i++) {
		struct hef_core core;

		p.g = g[i];
		p.c = &core;
		if (!hef_core_at(h->msg, g[i], 0, &core))
			r = err_set(e, "network group '%s' has no core",
				    quote(hef_group_name(g[i])));
		else
			print_group(&p, streams, vstreams);
	}
	free(g);
	return r;
}
