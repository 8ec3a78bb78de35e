/* HEFs taken apart and put together again, with parts that the writer does not make. */
#ifndef HN_TESTS_UNIT_HEF_MESSAGE_H
#define HN_TESTS_UNIT_HEF_MESSAGE_H

#include "hef/hef_pb.h"
#include "prog.h"

/* A decoded message in an arena: a test changes it freely. */
struct message {
	struct arena arena;
	Hef__Hef *m;
	struct hef_file file;
	struct str bytes; /* of the good file */
};

static inline void *take(void *arena, size_t n)
{
	return arena_alloc(arena, n);
}

static inline void drop(void *arena, void *p)
{
	(void)arena, (void)p;
}

static inline void message_open(struct message *t, const struct variant *v)
{
	ProtobufCAllocator a = { take, drop, &t->arena };
	struct isa_prog *p = make_prog(v);
	struct err e = { 0 };

	*t = (struct message){ 0 };
	a.allocator_data = &t->arena;
	if (hef_write(p, NULL, v->form ? v->form : &hef_form_default, &t->bytes, &e) < 0 ||
	    hef_split(t->bytes.p, t->bytes.len, &t->file, &e) < 0 ||
	    !(t->m = hef__hef__unpack(&a, t->file.nproto, t->file.proto))) {
		printf("FAILED: %s\n", e.msg);
		exit(1);
	}
	isa_free(p);
}

static inline void message_close(struct message *t)
{
	arena_release(&t->arena);
	str_release(&t->bytes);
}

/* Encoded again, with the same configuration words. */
static inline void message_file(const struct message *t, struct str *out)
{
	struct str proto = { 0 };

	hef_pb_pack(t->m, &proto);
	hef_join(t->file.version, proto.p, proto.len, t->file.ccws, t->file.nccws, out);
	str_release(&proto);
}

static inline Hef__NetworkGroup *group(struct message *t)
{
	return t->m->network_groups[0];
}

static inline Hef__CoreOp *core(struct message *t)
{
	Hef__CoreOp *c = group(t)->ops[0]->core_op;

	return c->n_partial_core_ops ? c->partial_core_ops[0]->core_op : c;
}

/* Edge layer i of context c. */
static inline Hef__EdgeLayer *edge_layer(struct message *t, size_t c, size_t i)
{
	return core(t)->contexts[c]->metadata->edge_layers[i];
}

static inline Hef__EdgeLayerBase *base(struct message *t, size_t c, size_t i)
{
	return edge_layer(t, c, i)->layer_info->edge_layer_base;
}

/* A copy of an array of pointers with room for one more. */
static inline void *grown(struct message *t, void *v, size_t n)
{
	void **out = arena_array(&t->arena, n + 1, sizeof *out);

	if (n)
		memcpy(out, v, n * sizeof *out);
	return out;
}

/* NEW(op, Hef__Op, hef__op): a message of that type, set to its defaults. */
#define NEW(name, type, prefix)                                                                    \
	type *name = arena_alloc(&t->arena, sizeof *name);                                         \
	prefix##__init(name)

#define APPEND(parent, list, item)                                                                 \
	((parent)->list = grown(t, (parent)->list, (parent)->n_##list),                            \
	 (parent)->list[(parent)->n_##list++] = (item))

/* The action list of a context, with one more action in front. */
static inline Hef__Action *add_action(struct message *t, Hef__Action__KindCase kind)
{
	Hef__Operation *o = core(t)->contexts[0]->operations[0];
	NEW(a, Hef__Action, hef__action);

	APPEND(o, actions, a);
	for (size_t i = o->n_actions - 1; i; i--)
		o->actions[i] = o->actions[i - 1];
	o->actions[0] = a;
	a->kind_case = kind;
	return a;
}

/* An op that reads the outputs of the core at pads[], n of them, and gives "net/post". */
static inline Hef__Op *add_op(struct message *t, Hef__Op__KindCase kind, const uint32_t *pads,
			      size_t n)
{
	NEW(op, Hef__Op, hef__op);
	NEW(out, Hef__Pad, hef__pad);

	op->name = arena_strdup(&t->arena, "net/post");
	op->kind_case = kind;
	for (size_t i = 0; i < n; i++) {
		NEW(in, Hef__Pad, hef__pad);
		NEW(e, Hef__PadEdge, hef__pad_edge);

		in->index = 100 + (uint32_t)i;
		e->src = pads[i];
		e->dst = in->index;
		APPEND(op, input_pads, in);
		APPEND(group(t), pad_edges, e);
	}
	out->index = 200;
	out->name = arena_strdup(&t->arena, "net/post");
	APPEND(op, output_pads, out);
	APPEND(group(t), ops, op);
	APPEND(group(t), sorted_outputs_order, arena_strdup(&t->arena, "net/post"));
	return op;
}

static inline Hef__Op *add_logits(struct message *t, uint32_t type, uint32_t pad)
{
	Hef__Op *op = add_op(t, HEF__OP__KIND_LOGITS_OP, &pad, 1);
	NEW(l, Hef__LogitsOp, hef__logits_op);

	l->logits_type = type;
	op->logits_op = l;
	return op;
}

/* An NMS over both outputs: pad 1 (10 features) and pad 2 (8x8x8). */
static inline Hef__NmsOp *add_nms(struct message *t, Hef__NmsOp__KindCase kind)
{
	Hef__Op *op = add_op(t, HEF__OP__KIND_NMS_OP, (const uint32_t[]){ 2 }, 1);
	NEW(n, Hef__NmsOp, hef__nms_op);

	op->nms_op = n;
	n->kind_case = kind;
	n->classes = 2;
	n->max_proposals_per_class = 100;
	n->nms_score_th = 0.25;
	n->nms_iou_th = 0.45;
	return n;
}

static inline Hef__NmsOp *add_yolov8(struct message *t)
{
	Hef__NmsOp *n = add_nms(t, HEF__NMS_OP__KIND_YOLOV8);
	NEW(y, Hef__Yolov8Nms, hef__yolov8_nms);
	NEW(d, Hef__Yolov8Decoder, hef__yolov8_decoder);

	d->stride = 8;
	d->reg_pad_index = d->cls_pad_index = 2;
	y->image_height = y->image_width = 64;
	APPEND(y, bbox_decoders, d);
	n->yolov8 = y;
	return n;
}

static inline Hef__NmsOp *add_yolov5(struct message *t)
{
	Hef__NmsOp *n = add_nms(t, HEF__NMS_OP__KIND_YOLO);
	NEW(y, Hef__YoloNms, hef__yolo_nms);
	NEW(d, Hef__YoloDecoder, hef__yolo_decoder);

	d->stride = 8;
	d->pad_index = 2;
	d->n_h = d->n_w = 2;
	d->h = arena_array(&t->arena, 3, sizeof *d->h);
	d->w = arena_array(&t->arena, 3, sizeof *d->w);
	y->image_height = y->image_width = 64;
	APPEND(y, bbox_decoders, d);
	n->yolo = y;
	return n;
}

static inline Hef__NmsOp *add_yolox(struct message *t)
{
	Hef__NmsOp *n = add_nms(t, HEF__NMS_OP__KIND_YOLOX);
	NEW(y, Hef__YoloxNms, hef__yolox_nms);
	NEW(d, Hef__YoloxDecoder, hef__yolox_decoder);

	d->stride = 8;
	d->reg_pad_index = d->cls_pad_index = d->obj_pad_index = 2;
	y->image_height = y->image_width = 64;
	APPEND(y, bbox_decoders, d);
	n->yolox = y;
	return n;
}

static inline Hef__NmsOp *add_ssd(struct message *t)
{
	Hef__NmsOp *n = add_nms(t, HEF__NMS_OP__KIND_SSD);
	NEW(y, Hef__SsdNms, hef__ssd_nms);
	NEW(d, Hef__SsdDecoder, hef__ssd_decoder);

	d->n_h = d->n_w = 2;
	d->h = arena_array(&t->arena, 2, sizeof *d->h);
	d->w = arena_array(&t->arena, 2, sizeof *d->w);
	d->reg_pad_index = d->cls_pad_index = 2;
	y->image_height = y->image_width = 64;
	y->centers_scale_factor = 10;
	y->bbox_dimensions_scale_factor = 5;
	APPEND(y, bbox_decoders, d);
	n->ssd = y;
	return n;
}

static inline Hef__NmsOp *add_seg(struct message *t, const char *proto)
{
	Hef__NmsOp *n = add_nms(t, HEF__NMS_OP__KIND_YOLO_SEG);
	NEW(y, Hef__YoloSeg, hef__yolo_seg);
	NEW(p, Hef__ProtoInfo, hef__proto_info);

	y->image_height = y->image_width = 64;
	y->mask_threshold = 0.5;
	p->number = 8;
	p->stride = 4;
	p->proto_layer = arena_strdup(&t->arena, proto);
	y->proto_info = p;
	n->yolo_seg = y;
	return n;
}

/* Turns the input into a mux of one member. */
static inline Hef__EdgeLayerMux *make_mux(struct message *t, size_t i)
{
	Hef__EdgeLayer *l = edge_layer(t, 0, i);
	NEW(mux, Hef__EdgeLayerMux, hef__edge_layer_mux);
	NEW(data, Hef__MuxData, hef__mux_data);
	NEW(member, Hef__Edge, hef__edge);

	mux->name = arena_strdup(&t->arena, "net/mux1");
	mux->edge_layer_base = arena_alloc(&t->arena, sizeof *mux->edge_layer_base);
	*mux->edge_layer_base = *l->layer_info->edge_layer_base;
	mux->mux_data = data;
	data->number_of_predecessors = 1;
	member->edge_case = HEF__EDGE__EDGE_LAYER_INFO;
	member->layer_info = l->layer_info;
	APPEND(mux, predecessors, member);
	l->edge_layer_type = LAYER_MUX;
	l->edge_case = HEF__EDGE_LAYER__EDGE_LAYER_MUX;
	l->layer_mux = mux;
	return mux;
}

static inline Hef__EdgeLayerPlanes *make_planes(struct message *t)
{
	Hef__EdgeLayer *l = edge_layer(t, 0, 0);
	NEW(p, Hef__EdgeLayerPlanes, hef__edge_layer_planes);
	NEW(plane, Hef__Edge, hef__edge);

	p->name = arena_strdup(&t->arena, "net/planes");
	p->height = p->width = 8;
	p->features = 3;
	plane->edge_case = HEF__EDGE__EDGE_LAYER_INFO;
	plane->layer_info = l->layer_info;
	APPEND(p, planes, plane);
	l->edge_layer_type = LAYER_PLANES;
	l->edge_case = HEF__EDGE_LAYER__EDGE_LAYER_PLANES;
	l->layer_planes = p;
	return p;
}

/* Turns an output into an on-chip NMS. */
static inline Hef__NmsInfo *make_nms_info(struct message *t, size_t i)
{
	Hef__EdgeLayerBase *b = base(t, 0, i);
	NEW(a, Hef__AdditionalInfo, hef__additional_info);
	NEW(n, Hef__NmsInfo, hef__nms_info);

	b->format = 6;
	b->additional_info = a;
	a->nms_info = n;
	n->number_of_classes = 3;
	n->max_output_size = 20;
	n->bbox_size = 10;
	return n;
}

static inline Hef__EdgeLayerFused *make_fused(struct message *t, const char *name, size_t i)
{
	Hef__EdgeLayer *l = edge_layer(t, 0, i);
	NEW(f, Hef__FusedLayersMetadata, hef__fused_layers_metadata);
	NEW(x, Hef__EdgeLayerFused, hef__edge_layer_fused);

	x->layer_info = arena_alloc(&t->arena, sizeof *x->layer_info);
	*x->layer_info = *l->layer_info;
	x->layer_info->name = arena_strdup(&t->arena, name);
	x->nms_info = l->layer_info->edge_layer_base->additional_info
			  ? l->layer_info->edge_layer_base->additional_info->nms_info
			  : NULL;
	APPEND(f, fused_layers, x);
	f->network_has_fused_layers = true;
	core(t)->fused_layers_metadata = f;
	return x;
}

static inline void add_extension(struct message *t, uint32_t type)
{
	NEW(x, Hef__Extension, hef__extension);

	x->type_index = type;
	APPEND(t->m, extensions, x);
}

static inline void add_optional(struct message *t, uint32_t type)
{
	NEW(x, Hef__Extension, hef__extension);

	x->type_index = type;
	APPEND(t->m, optional_extensions, x);
}

static inline void remove_extension(struct message *t, uint32_t type)
{
	size_t n = 0;

	for (size_t i = 0; i < t->m->n_extensions; i++) {
		if (t->m->extensions[i]->type_index != type)
			t->m->extensions[n++] = t->m->extensions[i];
	}
	t->m->n_extensions = n;
}

#endif
