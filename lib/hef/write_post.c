/* The host's operations behind the device as HailoRT's records: NMS and logits ops, pads, edges. */
#include "hef/write.h"

static Hef__Pad *pad(struct writer *w, uint32_t index, const char *name)
{
	Hef__Pad *p = arena_alloc(&w->arena, sizeof *p);

	hef__pad__init(p);
	p->index = index;
	p->name = arena_strdup(&w->arena, name);
	return p;
}

/* The core's pad of input i: its stream, or the post unit's. */
static uint32_t core_pad(const struct writer *w, const struct host_op *o, size_t i)
{
	return o->unit >= 0 ? (uint32_t)w->p->nstreams + (uint32_t)o->unit : (uint32_t)o->stream[i];
}

/* The operation's input pads and the edges to them; their indexes come after all core pads. */
static void wire(struct writer *w, const struct host_op *o, Hef__NetworkGroup *g, Hef__Op *op)
{
	size_t n = o->unit >= 0 ? 1 : o->nin;

	op->input_pads = arena_array(&w->arena, n, sizeof *op->input_pads);
	for (size_t i = 0; i < n; i++) {
		Hef__PadEdge *edge = arena_alloc(&w->arena, sizeof *edge);
		const char *name =
		    o->unit >= 0 ? w->p->posts[o->unit].name : w->p->streams[o->stream[i]].name;

		hef__pad_edge__init(edge);
		edge->src = core_pad(w, o, i);
		edge->dst = w->next_pad++;
		g->pad_edges[g->n_pad_edges++] = edge;
		op->input_pads[op->n_input_pads++] = pad(w, edge->dst, name);
	}
}

static void output_tensor(struct writer *w, Hef__Pad *p, const struct hn_shape *s)
{
	p->shape_case = HEF__PAD__SHAPE_TENSOR_SHAPE;
	p->tensor_shape = arena_alloc(&w->arena, sizeof *p->tensor_shape);
	hef__tensor_shape__init(p->tensor_shape);
	p->tensor_shape->height = p->tensor_shape->padded_height = (uint32_t)s->h;
	p->tensor_shape->width = p->tensor_shape->padded_width = (uint32_t)s->w;
	p->tensor_shape->features = p->tensor_shape->padded_features = (uint32_t)s->c;
}

/* A segmentation's boxes are of all classes together: one class, and as many as it keeps. */
static void output_nms(struct writer *w, Hef__Pad *p, const struct host_op *o)
{
	const struct hn_shape *s = &o->l->out[0];
	bool masks = o->post.kind == POST_YOLOV5_SEG;

	p->format_order = ORDER_HAILO_NMS;
	p->shape_case = HEF__PAD__SHAPE_NMS_SHAPE;
	p->nms_shape = arena_alloc(&w->arena, sizeof *p->nms_shape);
	hef__nms_shape__init(p->nms_shape);
	p->nms_shape->number_of_classes = (uint32_t)s->h;
	p->nms_shape->max_bboxes_per_class = (uint32_t)(masks ? s->w : s->c);
	p->nms_shape->bbox_size = NMS_BOX_BYTES;
	p->nms_shape->division_factor = 1;
}

static void output(struct writer *w, const struct host_op *o, Hef__Op *op)
{
	Hef__Pad *p = pad(w, w->next_pad++, o->l->name);

	op->output_pads = arena_array(&w->arena, 1, sizeof *op->output_pads);
	op->output_pads[op->n_output_pads++] = p;
	if (o->nms && !o->post.bbox_only) {
		output_nms(w, p, o);
		return;
	}
	if (o->nms)
		p->format_order = ORDER_NHWC;
	output_tensor(w, p, &o->l->out[0]);
}

static Hef__NmsOp *nms(struct writer *w, const struct host_op *o)
{
	const struct post *p = &o->post;
	Hef__NmsOp *n = arena_alloc(&w->arena, sizeof *n);

	hef__nms_op__init(n);
	n->nms_score_th = p->score_th;
	n->nms_iou_th = p->iou_th;
	n->max_proposals_per_class = (uint32_t)p->max_per_class;
	n->classes = (uint32_t)p->classes;
	n->background_removal = p->background_removal;
	n->background_removal_index = p->background_removal ? (uint32_t)p->background : 0;
	n->bbox_decoding_only = p->bbox_only;
	n->hnt_one_class = p->one_class;
	if (o->unit >= 0) { /* the device has decoded, and removed the background */
		n->kind_case = HEF__NMS_OP__KIND_IOU;
		n->iou = arena_alloc(&w->arena, sizeof *n->iou);
		hef__iou_nms__init(n->iou);
		n->classes = (uint32_t)o->l->out[0].h;
		n->background_removal = false;
		n->background_removal_index = 0;
		return n;
	}
	return hef_fill_nms(w, o, n) < 0 ? NULL : n;
}

static Hef__Op *host_op(struct writer *w, const struct host_op *o, Hef__NetworkGroup *g)
{
	Hef__Op *op = arena_alloc(&w->arena, sizeof *op);

	hef__op__init(op);
	op->name = arena_strdup(&w->arena, o->io_layer);
	wire(w, o, g, op);
	output(w, o, op);
	if (o->nms) {
		op->kind_case = HEF__OP__KIND_NMS_OP;
		op->nms_op = nms(w, o);
		return op->nms_op ? op : NULL;
	}
	op->kind_case = HEF__OP__KIND_LOGITS_OP;
	op->logits_op = arena_alloc(&w->arena, sizeof *op->logits_op);
	hef__logits_op__init(op->logits_op);
	op->logits_op->logits_type = o->l->type == HN_SOFTMAX;
	return op;
}

int hef_write_ops(struct writer *w, Hef__NetworkGroup *g)
{
	size_t nin = 0;

	for (size_t i = 0; i < w->nops; i++)
		nin += w->ops[i].nin;
	w->next_pad = (uint32_t)(w->p->nstreams + w->p->nposts);
	g->pad_edges = arena_array(&w->arena, nin, sizeof *g->pad_edges);
	for (size_t i = 0; i < w->nops; i++) {
		if (!(g->ops[g->n_ops] = host_op(w, &w->ops[i], g)))
			return err_in(w->e, "layer '%s'", quote(w->ops[i].l->name));
		g->n_ops++;
	}
	return 0;
}

/* ---- which operations there are ---- */

static int32_t stream_of(const struct writer *w, const struct layer *input)
{
	int32_t n = 0;

	for (size_t i = 0; i < w->host->behind->nlayers; i++) {
		if (w->host->behind->layers[i] == input)
			break;
		n += w->host->behind->layers[i]->type == HN_INPUT;
	}
	for (size_t i = 0; i < w->p->nstreams; i++) {
		if (w->p->streams[i].output && n-- == 0)
			return (int32_t)i;
	}
	return -1;
}

static int inputs(struct writer *w, struct host_op *o)
{
	const struct layer *l = o->l;

	for (size_t i = 0; i < l->nin; i++) {
		const struct layer *from = l->in[i].layer, *input = from;
		int32_t stream;

		while (input->type != HN_INPUT && input->nin == 1)
			input = input->in[0].layer;
		stream = input->type == HN_INPUT ? stream_of(w, input) : -1;
		/* What the stream's own record says comes first: transposed, resized. */
		if (stream < 0 || hef_stream_end(w, stream) != from)
			return err_set(w->e,
				       "layer '%s' works on what the host has changed ('%s'), "
				       "HailoRT's operations take the device's outputs",
				       quote(l->name), quote(from->name));
		o->stream[o->nin++] = stream;
	}
	return 0;
}

/* HailoRT's NMS operations read all heads with one width of codes. */
static int same_bits(const struct writer *w, const struct host_op *o)
{
	const struct isa_stream *first = &w->p->streams[o->stream[0]];
	const int32_t bits = w->p->tensors[first->tensor].bits;

	for (size_t i = 1; i < o->nin; i++) {
		const struct isa_stream *s = &w->p->streams[o->stream[i]];

		if (w->p->tensors[s->tensor].bits != bits)
			return err_set(
			    w->e,
			    "layer '%s' reads '%s' of %d bits and '%s' of %d, HailoRT's "
			    "operation takes one width (give the output layers of all heads "
			    "one precision_mode)",
			    quote(o->l->name), quote(first->name), bits, quote(s->name),
			    w->p->tensors[s->tensor].bits);
	}
	return 0;
}

static int32_t unit_of(const struct writer *w, const struct layer *l)
{
	for (size_t i = 0; i < w->p->nposts; i++) {
		if (strcmp(w->p->posts[i].name, l->name) == 0)
			return (int32_t)i;
	}
	return -1;
}

static int plan(struct writer *w, const struct layer *l)
{
	struct host_op *o = &w->ops[w->nops];

	o->l = l;
	o->unit = -1;
	o->nms = l->type == HN_POSTPROCESS;
	if (l->nsucc != 1 || l->succ[0]->type != HN_OUTPUT)
		return err_set(w->e,
			       "layer '%s' is no output of the network, HailoRT's operations "
			       "are the last ones",
			       quote(l->name));
	o->io_layer = l->succ[0]->name;
	if (o->nms) {
		if (post_of_layer(l, &o->post, w->e) < 0)
			return -1;
		o->unit = unit_of(w, l);
		/* All done on the device: its stream is what the user gets. */
		if (o->unit >= 0 && !post_on_both(&o->post))
			return 0;
	} else if (l->type == HN_SOFTMAX && l->p.softmax_groups > 1) {
		return err_set(w->e,
			       "layer '%s' is a softmax of %d groups, HailoRT's takes all features",
			       quote(l->name), l->p.softmax_groups);
	}
	if (inputs(w, o) < 0 || (o->nms && o->unit < 0 && same_bits(w, o) < 0))
		return -1;
	w->nops++;
	return 0;
}

bool hef_is_op(const struct layer *l)
{
	return l->type == HN_POSTPROCESS || l->type == HN_SOFTMAX || l->type == HN_ARGMAX;
}

int hef_plan_ops(struct writer *w)
{
	const struct graph *g = w->host ? w->host->behind : NULL;

	if (!g)
		return 0;
	w->ops = arena_array(&w->arena, g->nlayers, sizeof *w->ops);
	for (size_t i = 0; i < g->nlayers; i++) {
		if (hef_is_op(g->layers[i]) && plan(w, g->layers[i]) < 0)
			return -1;
	}
	return 0;
}

bool hef_feeds_nms(const struct writer *w, int32_t stream)
{
	for (size_t i = 0; i < w->nops; i++) {
		for (size_t k = 0; w->ops[i].nms && k < w->ops[i].nin; k++) {
			if (w->ops[i].stream[k] == stream)
				return true;
		}
	}
	return false;
}

/* ---- extensions ---- */

static uint32_t extension_of(const struct host_op *o)
{
	static const uint32_t of_kind[POST_KIND_COUNT] = {
		[POST_YOLOV5] = EXT_YOLOV5_NMS, [POST_YOLOV5_SEG] = EXT_YOLOV5_SEG_NMS,
		[POST_YOLOX] = EXT_YOLOX_NMS,   [POST_YOLOV8] = EXT_YOLOV8_NMS,
		[POST_SSD] = EXT_SSD_NMS,
	};

	if (!o->nms)
		return o->l->type == HN_SOFTMAX ? EXT_SOFTMAX : EXT_ARGMAX;
	return o->unit >= 0 ? EXT_IOU_NMS : of_kind[o->post.kind];
}

bool hef_needs_extension(const struct writer *w, uint32_t extension)
{
	for (size_t i = 0; i < w->nops; i++) {
		const struct host_op *o = &w->ops[i];

		if (extension_of(o) == extension ||
		    (extension == EXT_BBOX_DECODING && o->nms && o->post.bbox_only))
			return true;
	}
	return false;
}
