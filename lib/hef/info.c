/* What parse-hef prints: architecture, groups, networks, streams, v-streams, the last op. */
#include "hef/info.h"

#include "base/mem.h"

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

static void print_stream(struct printer *p, const struct hef_leaf *l)
{
	char text[512];

	hef_stream_text(p, l, text, sizeof text);
	line(p, 3, "%s %s %s", l->layer->direction ? "Output" : "Input ", quote(l->name), text);
}

/* Of one network, or of all (net < 0). */
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
				    (net < 0 || (int)l->network_index == net))
					hef_collect(l, false, &v);
			}
		}
	}
	for (size_t i = 0; i < v.n; i++)
		print_stream(p, &v.v[i]);
	free(v.v);
}

static void print_vstream(struct printer *p, const struct hef_vstream *v, bool output)
{
	char text[512];

	hef_vstream_text(p, v, text, sizeof text);
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
		line(p, 4, "Max bboxes total: %llu", (unsigned long long)hef_seg_boxes(o));
	else if (!bbox)
		line(p, 4, "Max bboxes per class: %u", o->max_proposals_per_class);
	if (o->background_removal && !bbox)
		line(p, 4, "Background removal index: %u", o->background_removal_index);
	image_size(o, &h, &w);
	if (o->kind_case != HEF__NMS_OP__KIND_IOU) {
		line(p, 4, "Image height: %u", hef_side(h));
		line(p, 4, "Image width: %u", hef_side(w));
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
		const char *network = several ? p->c->networks[i] : name;
		/* HailoRT takes the group's own name for all networks. */
		int which = several && strcmp(network, name) == 0 ? -1 : (int)i;

		line(p, 1, "Network name: %s/%s", quote(name), quote(network));
		if (streams)
			print_streams(p, which);
		if (vstreams) {
			print_vstreams(p, which);
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
