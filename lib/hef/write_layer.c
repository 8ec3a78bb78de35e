/* Edge layers: shapes padded so that a device could transfer them, indexes, quantization. */
#include "hef/write.h"

enum {
	FORMAT_NHWC = 0,
	FORMAT_NHCW = 1,
	FORMAT_NC = 2,
	FORMAT_NMS = 6,
	FORMAT_YUY2 = 11,
	FORMAT_YYUV = 14,
	FORMAT_YYVU = 15,
	FORMAT_YYYYUV = 16,
	PAGE = 4096,
	UNIT = 8,
	DDR_UNIT = 512,
	MAX_FIELD = 65535
};

static uint32_t round_up(uint32_t v, uint32_t unit)
{
	return (v + unit - 1) / unit * unit;
}

/* The largest transfer that divides the frame, a multiple of unit, at most row and max; 0: none. */
static uint32_t transfer(uint64_t frame, uint64_t row, uint32_t unit, uint32_t max)
{
	uint32_t d = (uint32_t)(row < max ? row : max) / unit * unit;

	while (d && (frame % d || frame / d > MAX_FIELD))
		d -= unit;
	return d;
}

/* HailoRT's NMS operations take rows of each feature, padded to whole units of the row. */
static bool by_feature(const struct writer *w, const struct port *port)
{
	return port->stream >= 0 && hef_feeds_nms(w, port->stream);
}

static Hef__BufferIndex **buffer_index(struct writer *w, Hef__EdgeLayerBase *b)
{
	Hef__BufferIndex **v = arena_array(&w->arena, 1, sizeof *v);

	v[0] = arena_alloc(&w->arena, sizeof *v[0]);
	hef__buffer_index__init(v[0]);
	b->n_buffer_indices = 1;
	return v;
}

/* The compiler's number of a tensor's format on the wire (hef(5)). */
static uint32_t format_of(const struct writer *w, const struct port *port,
			  const struct isa_tensor *t)
{
	static const uint32_t packed[PACK_COUNT] = { [PACK_YUY2] = FORMAT_YUY2,
						     [PACK_NV12] = FORMAT_YYUV,
						     [PACK_NV21] = FORMAT_YYVU,
						     [PACK_I420] = FORMAT_YYYYUV };

	if (by_feature(w, port))
		return FORMAT_NHCW;
	if (port->connection != CONN_BOUNDARY)
		return FORMAT_NHWC;
	if (!port->direction)
		return packed[isa_stream_pack(w->p, &w->p->streams[port->stream])];
	return t->rank == 2 ? FORMAT_NC : FORMAT_NHWC;
}

/*
 * HailoRT pads features; the width of features that lie one after another in a row; and nothing of
 * YUY2: it copies that as it is.
 */
static void pad(Hef__EdgeLayerBase *b, bool ddr, uint32_t unit)
{
	const uint32_t values = ddr ? unit / b->data_bytes : unit;

	b->padded_features = b->features;
	if (b->format == FORMAT_NHCW || b->format >= FORMAT_YYUV)
		b->padded_width = round_up(b->width, unit / b->data_bytes);
	else if (b->format != FORMAT_YUY2)
		b->padded_features = round_up(b->features, values);
}

static int base(struct writer *w, const struct port *port, const struct isa_tensor *t,
		Hef__EdgeLayerBase *b)
{
	bool ddr = port->connection == CONN_DDR;
	uint32_t c = (uint32_t)(port->to - port->from), unit = ddr ? DDR_UNIT : UNIT;

	b->data_bytes = (uint32_t)t->bits / 8;
	b->format = format_of(w, port, t);
	b->height = b->padded_height = (uint32_t)t->h;
	b->width = b->padded_width = ddr ? 1 : (uint32_t)t->w;
	b->features = ddr ? c * (uint32_t)t->w : c;
	pad(b, ddr, unit);
	return hef_fill_transfer(w, port, b) < 0 ? err_in(w->e, "'%s'", quote(t->name)) : 0;
}

int hef_fill_transfer(struct writer *w, const struct port *port, Hef__EdgeLayerBase *b)
{
	uint32_t unit = port->connection == CONN_DDR ? DDR_UNIT : UNIT;
	uint32_t max = w->max_periph < MAX_FIELD ? w->max_periph : MAX_FIELD;
	uint64_t row = (uint64_t)b->padded_width * b->padded_features * b->data_bytes;

	b->sys_index = port->sys_index;
	b->engine_id = port->engine;
	b->core_bytes_per_buffer = transfer(row * b->padded_height, row, unit, max);
	if (!b->core_bytes_per_buffer)
		return err_set(w->e, "no transfer of at most %u bytes divides a frame of %llu", max,
			       (unsigned long long)(row * b->padded_height));
	b->core_buffers_per_frame = (uint32_t)(row * b->padded_height / b->core_bytes_per_buffer);
	b->max_shmifo_size = round_up(b->core_bytes_per_buffer + 1, PAGE) + PAGE;
	b->buffer_indices = buffer_index(w, b);
	return 0;
}

Hef__NumericInfo *hef_write_numeric(struct writer *w, const struct isa_tensor *t, int32_t from,
				    int32_t to)
{
	Hef__NumericInfo *n = arena_alloc(&w->arena, sizeof *n);
	size_t c = (size_t)(to - from);
	float s;

	hef__numeric_info__init(n);
	s = t->scale.n > 1 ? t->scale.v[from] : t->scale.v[0];
	n->qp_zp = (float)t->zp;
	n->qp_scale = s;
	n->limvals_min = (float)-t->zp * s;
	n->limvals_max = (float)((1 << t->bits) - 1 - t->zp) * s;
	if (!w->per_feature)
		return n;
	n->n_qp_zps = n->n_qp_scales = c;
	n->qp_zps = arena_array(&w->arena, c, sizeof *n->qp_zps);
	n->qp_scales = arena_array(&w->arena, c, sizeof *n->qp_scales);
	for (size_t i = 0; i < c; i++) {
		n->qp_zps[i] = t->zp;
		n->qp_scales[i] = t->scale.v[t->scale.n > 1 ? (size_t)from + i : 0];
	}
	return n;
}

/* The port of another context, or of this one, at the other end. */
static const struct port *opposite(const struct writer *w, const struct port *port, int32_t context)
{
	const struct ports *s = &w->ports[context];

	for (size_t i = 0; i < s->n; i++) {
		const struct port *o = &s->v[i];

		if (o->direction != port->direction && o->connection == port->connection &&
		    o->layer == port->layer && o->tensor == port->tensor && o->edge == port->edge)
			return o;
	}
	return NULL;
}

static void connect(struct writer *w, Hef__ContextSwitchInfo *c, int32_t context,
		    const struct port *o)
{
	Hef__ConnectedContext *n = arena_alloc(&w->arena, sizeof *n);

	hef__connected_context__init(n);
	n->index = (uint32_t)context;
	n->name = arena_printf(&w->arena, "context_%d", context);
	n->sys_index = o->sys_index;
	n->engine_id = o->engine;
	c->connected_contexts[c->n_connected_contexts++] = n;
}

Hef__ContextSwitchInfo *hef_write_switch(struct writer *w, const struct port *port, int32_t context)
{
	Hef__ContextSwitchInfo *c = arena_alloc(&w->arena, sizeof *c);

	hef__context_switch_info__init(c);
	c->context_index = (uint32_t)context;
	c->context_name = arena_printf(&w->arena, "context_%d", context);
	c->edge_connection_type = port->connection;
	if (port->connection == CONN_BOUNDARY)
		return c;
	c->connected_contexts =
	    arena_array(&w->arena, (size_t)w->p->ncontexts, sizeof *c->connected_contexts);
	if (port->connection == CONN_DDR)
		c->buffers = (uint32_t)(w->p->edges[port->edge].rows < MAX_FIELD
					    ? w->p->edges[port->edge].rows
					    : MAX_FIELD);
	if (port->connection == CONN_DDR || !port->direction) {
		connect(w, c, port->peer, opposite(w, port, port->peer));
	} else {
		for (int32_t k = context + 1; k < w->p->ncontexts; k++) {
			const struct port *o = opposite(w, port, k);
			if (o)
				connect(w, c, k, o);
		}
	}
	c->connected_context_index = c->connected_contexts[0]->index;
	c->connected_context_name = c->connected_contexts[0]->name;
	c->connected_sys_index = c->connected_contexts[0]->sys_index;
	return c;
}

/* What the host does with a boundary stream. */
static void host_work(struct writer *w, int32_t stream, Hef__EdgeLayerInfo *i)
{
	const struct layer *l = hef_resize_of(w, stream);
	const struct hn_shape *user;

	i->transposed = hef_is_transposed(w, stream);
	if (w->p->streams[stream].output && hef_transposed_rank(w, stream) == 3)
		i->hnt_rank = 3;
	if (!l)
		return;
	i->hnt_resize = arena_alloc(&w->arena, sizeof *i->hnt_resize);
	hef__host_resize__init(i->hnt_resize);
	user = w->p->streams[stream].output ? &l->out[0] : layer_in_shape(l, 0);
	i->hnt_resize->height = (uint32_t)user->h;
	i->hnt_resize->width = (uint32_t)user->w;
	i->hnt_resize->method = (uint32_t)l->p.variant;
	i->hnt_resize->pixels_mode = (uint32_t)l->p.resize_mode;
	i->hnt_resize->rounding = (uint32_t)l->p.resize_nearest;
}

/* An application finds streams by them; the network's own name when there are none. */
static void original_names(struct writer *w, const struct isa_tensor *t, Hef__EdgeLayerInfo *i)
{
	i->original_names = hef_original_names(w, t->name, &i->n_original_names);
	if (!i->n_original_names)
		i->original_names[i->n_original_names++] = arena_strdup(&w->arena, t->name);
}

Hef__EdgeLayerInfo *hef_write_info(struct writer *w, const struct port *port)
{
	const struct isa_stream *s = port->stream >= 0 ? &w->p->streams[port->stream] : NULL;
	const struct isa_tensor *t = &w->p->tensors[port->tensor];
	Hef__EdgeLayerInfo *i = arena_alloc(&w->arena, sizeof *i);

	hef__edge_layer_info__init(i);
	i->name = arena_strdup(&w->arena, s ? s->name : w->p->layers[port->layer].name);
	i->hn_output_layer_name = arena_strdup(&w->arena, s ? s->io_layer : t->name);
	i->edge_layer_base = arena_alloc(&w->arena, sizeof *i->edge_layer_base);
	hef__edge_layer_base__init(i->edge_layer_base);
	if (base(w, port, t, i->edge_layer_base) < 0)
		return NULL;
	i->numeric_info = hef_write_numeric(w, t, port->from, port->to);
	original_names(w, t, i);
	if (s)
		host_work(w, port->stream, i);
	return i;
}

static Hef__EdgeLayer *layer(struct writer *w, int32_t context, const struct port *port)
{
	Hef__EdgeLayer *l = arena_alloc(&w->arena, sizeof *l);

	hef__edge_layer__init(l);
	if (!(l->layer_info = hef_write_info(w, port)))
		return NULL;
	l->direction = port->direction;
	l->edge_layer_type = LAYER_INFO;
	l->edge_case = HEF__EDGE_LAYER__EDGE_LAYER_INFO;
	l->context_switch_info = hef_write_switch(w, port, context);
	if (port->stream >= 0) {
		l->has_pad_case = HEF__EDGE_LAYER__HAS_PAD_PAD_INDEX;
		l->pad_index = (uint32_t)port->stream;
	}
	return l;
}

static Hef__NmsInfo *nms_info(struct writer *w, const struct post *p)
{
	const struct hn_shape s = post_output_shape(p);
	Hef__NmsInfo *n = arena_alloc(&w->arena, sizeof *n);

	hef__nms_info__init(n);
	n->number_of_classes = (uint64_t)s.h;
	/* What is suppressed on the host must arrive there whole. */
	n->max_output_size = post_on_both(p) ? (uint64_t)post_boxes(p) : (uint64_t)s.c;
	n->bbox_size = NMS_BOX_BYTES;
	n->input_division_factor = 1;
	return n;
}

/* What a post unit gives: per class a count and boxes of floats, no frame of a fixed size. */
static Hef__EdgeLayer *post_layer(struct writer *w, int32_t context, const struct port *port)
{
	const struct isa_post *t = &w->p->posts[port->post];
	static const float one = 1;
	const struct isa_tensor unit = { .h = 1, .w = 1, .c = 2, .bits = 16, .scale = { NULL, 1 } };
	struct isa_tensor codes = unit;
	Hef__EdgeLayer *l = arena_alloc(&w->arena, sizeof *l);
	Hef__EdgeLayerInfo *i = arena_alloc(&w->arena, sizeof *i);
	Hef__EdgeLayerBase *b = arena_alloc(&w->arena, sizeof *b);

	codes.scale.v = arena_alloc(&w->arena, sizeof one);
	codes.scale.v[0] = one;
	hef__edge_layer__init(l);
	hef__edge_layer_info__init(i);
	hef__edge_layer_base__init(b);
	i->name = t->name;
	i->hn_output_layer_name = t->io_layer;
	i->edge_layer_base = b;
	i->numeric_info = hef_write_numeric(w, &codes, 0, 2);
	b->data_bytes = 2;
	b->format = FORMAT_NMS;
	b->height = b->padded_height = b->width = b->padded_width = 1;
	b->features = b->padded_features = NMS_BOX_BYTES / b->data_bytes;
	b->sys_index = port->sys_index;
	b->engine_id = port->engine;
	b->core_bytes_per_buffer = NMS_BOX_BYTES;
	b->core_buffers_per_frame = 1;
	b->additional_info = arena_alloc(&w->arena, sizeof *b->additional_info);
	hef__additional_info__init(b->additional_info);
	b->additional_info->nms_info = nms_info(w, &t->post);
	b->buffer_indices = buffer_index(w, b);
	l->direction = 1;
	l->edge_layer_type = LAYER_INFO;
	l->edge_case = HEF__EDGE_LAYER__EDGE_LAYER_INFO;
	l->layer_info = i;
	l->context_switch_info = hef_write_switch(w, port, context);
	l->has_pad_case = HEF__EDGE_LAYER__HAS_PAD_PAD_INDEX;
	l->pad_index = (uint32_t)(w->p->nstreams + (size_t)port->post);
	return l;
}

int hef_write_layers(struct writer *w, int32_t context, Hef__ContextMetadata *d)
{
	const struct ports *s = &w->ports[context];

	d->edge_layers = arena_array(&w->arena, s->n, sizeof *d->edge_layers);
	for (size_t i = 0; i < s->n; i++) {
		const struct port *port = &s->v[i];

		if (!(d->edge_layers[i] = (port->mux         ? hef_write_mux
					   : port->post >= 0 ? post_layer
							     : layer)(w, context, port)))
			return -1;
		d->edge_layers[i]->network_index =
		    hef_network_of(w, port->post >= 0 ? w->p->posts[port->post].name
						      : w->p->layers[port->layer].name);
		d->n_edge_layers++;
	}
	return 0;
}
