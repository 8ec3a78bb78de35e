/* The operations of the host, from a HEF's own records: layers behind the streams. */
#include "hef/read_post.h"
#include "base/mem.h"

int hef_add_vstream(struct behind *b, struct layer *l, const char *vstream, const char *io_layer,
		    struct err *e)
{
	struct layer *o;

	if (graph_find(b->g, io_layer))
		return err_set(e, "two layers are called '%s'", quote(io_layer));
	o = graph_add(b->g, HN_OUTPUT, io_layer);
	layer_add_input(b->g, o, l, 0);
	b->out[b->nout] = l;
	b->vstream[b->nout] = vstream;
	b->nout++;
	return 0;
}

/* The programme's output stream behind a core pad, by the name of its layer; -1: there is none. */
static int32_t stream_of(const struct behind *b, uint32_t pad)
{
	const Hef__EdgeLayer *l = hef_core_pad(b->core, pad);

	for (size_t i = 0; l && i < b->p->nstreams; i++) {
		if (b->p->streams[i].output &&
		    strcmp(b->p->streams[i].name, hef_layer_name(l)) == 0)
			return (int32_t)i;
	}
	return -1;
}

static struct layer *new_layer(struct behind *b, enum hn_type t, const char *name, struct err *e)
{
	struct layer *l;

	if (!name[0] || graph_find(b->g, name)) {
		err_set(e, "two layers are called '%s', or a name is empty", quote(name));
		return NULL;
	}
	l = graph_add(b->g, t, name);
	l->p.on_host = true;
	return l;
}

/* The stream becomes input i of the layer, and of nothing else. */
static int feed(struct behind *b, struct layer *l, int32_t stream, struct err *e)
{
	if (stream < 0 || b->used[stream])
		return err_set(e, "a pad that is no output stream, or taken by another operation");
	b->used[stream] = true;
	layer_add_input(b->g, l, b->source[stream], 0);
	return 0;
}

static int post_layer(struct behind *b, struct post *p, const int32_t *streams, const char *name,
		      const char *io_layer, struct err *e)
{
	struct layer *l = new_layer(b, HN_POSTPROCESS, name, e);
	json_t *config;

	if (!l)
		return -1;
	for (int32_t i = 0; i < p->ninput; i++) {
		if (feed(b, l, streams[i], e) < 0)
			return -1;
		p->shape[i] = b->source[streams[i]]->out[0];
	}
	if (post_check_numbers(p, e) < 0 || post_check(p, e) < 0)
		return -1;
	config = post_to_config(p);
	post_to_layer(p, config, l);
	json_decref(config);
	return hef_add_vstream(b, l, name, io_layer, e);
}

/* ---- operations ---- */

/* The core's layer that feeds input pad i of an operation. */
static const Hef__EdgeLayer *source(const struct behind *b, const Hef__Op *op, size_t i)
{
	return hef_pad_source(b->group, b->core, op->input_pads[i]->index);
}

/* The prototypes are the input of the named layer; boxes of all classes are in the output pad. */
static int complete_masks(const struct behind *b, const Hef__Op *op, struct post *p,
			  uint32_t pads[POST_INPUTS], struct err *e)
{
	const Hef__YoloSeg *y = op->nms_op->yolo_seg;
	const char *proto = y->proto_info ? y->proto_info->proto_layer : "";
	const Hef__Pad *out = op->output_pads[0];

	for (size_t i = 0; i < op->n_input_pads; i++) {
		const Hef__EdgeLayer *l = source(b, op, i);

		if (strcmp(hef_layer_name(l), proto) == 0)
			pads[p->ninput] = l->pad_index;
	}
	p->proto = p->ninput++;
	if (out->shape_case != HEF__PAD__SHAPE_NMS_SHAPE || out->nms_shape->number_of_classes != 1)
		return 0; /* not ours: as many as HailoRT keeps */
	if (out->nms_shape->max_bboxes_per_class > INT32_MAX)
		return err_set(e, "%u boxes", out->nms_shape->max_bboxes_per_class);
	p->max_total = (int32_t)out->nms_shape->max_bboxes_per_class;
	return 0;
}

static int nms_op(struct behind *b, const Hef__Op *op, struct err *e)
{
	uint32_t pads[POST_INPUTS] = { 0 };
	int32_t streams[POST_INPUTS];
	struct post p;

	if (hef_read_nms(op->nms_op, &p, pads, e) < 0)
		return -1;
	if (p.kind == POST_YOLOV5_SEG && complete_masks(b, op, &p, pads, e) < 0)
		return -1;
	for (int32_t i = 0; i < p.ninput; i++)
		streams[i] = stream_of(b, pads[i]);
	post_number_inputs(&p);
	return post_layer(b, &p, streams, op->output_pads[0]->name, op->name, e);
}

static int logits_op(struct behind *b, const Hef__Op *op, struct err *e)
{
	const char *name = op->output_pads[0]->name;
	struct layer *l =
	    new_layer(b, op->logits_op->logits_type ? HN_SOFTMAX : HN_ARGMAX, name, e);

	if (!l || feed(b, l, stream_of(b, source(b, op, 0)->pad_index), e) < 0)
		return -1;
	return hef_add_vstream(b, l, name, op->name, e);
}

/* ---- post units ---- */

/* The operation that suppresses what a post unit found; NULL: none. */
static const Hef__Op *suppression_of(const struct behind *b, const struct isa_post *t)
{
	for (size_t i = 0; i < b->nops; i++) {
		const Hef__Op *op = b->group->ops[i];

		if (op->kind_case == HEF__OP__KIND_NMS_OP &&
		    op->nms_op->kind_case == HEF__NMS_OP__KIND_IOU && op->n_input_pads == 1 &&
		    strcmp(hef_layer_name(source(b, op, 0)), t->name) == 0)
			return op;
	}
	return NULL;
}

/*
 * What the unit decodes and the operation suppresses is one post-process again, as the emulator
 * runs it.  Without an operation the unit has done everything.
 */
static int post_unit(struct behind *b, size_t which, struct err *e)
{
	const struct isa_post *t = &b->p->posts[which];
	const Hef__Op *op = suppression_of(b, t);
	struct post p = t->post;

	if (post_on_both(&p) != (op != NULL))
		return err_set(e, "post unit '%s' %s an IoU operation", quote(t->name),
			       op ? "needs no" : "lacks");
	if (!op)
		return post_layer(b, &p, t->in.v, t->name, t->io_layer, e);
	p.score_th = op->nms_op->nms_score_th;
	p.iou_th = op->nms_op->nms_iou_th;
	p.max_per_class = (int32_t)(op->nms_op->max_proposals_per_class & INT32_MAX);
	return post_layer(b, &p, t->in.v, op->output_pads[0]->name, op->name, e);
}

static int operation(struct behind *b, const Hef__Op *op, struct err *e)
{
	if (op->kind_case == HEF__OP__KIND_LOGITS_OP)
		return logits_op(b, op, e);
	if (op->kind_case != HEF__OP__KIND_NMS_OP)
		return 0;
	/* Those are read with the unit before them. */
	return op->nms_op->kind_case == HEF__NMS_OP__KIND_IOU ? 0 : nms_op(b, op, e);
}

int hef_read_ops(struct behind *b, struct err *e)
{
	for (size_t i = 0; i < b->p->nposts; i++) {
		if (post_unit(b, i, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < b->nops; i++) {
		if (operation(b, b->group->ops[i], e) < 0)
			return err_in(e, "operation '%s'", quote(b->group->ops[i]->name));
	}
	return 0;
}
