/* Outputs that leave as one stream: a relay of which nothing but outputs reads. */
#include "hef/write.h"

/* An operation of the host takes pads, and a mux has none for its members. */
static bool feeds_op(const struct writer *w, int32_t stream)
{
	for (size_t i = 0; i < w->nops; i++)
		for (size_t k = 0; k < w->ops[i].nin; k++)
			if (w->ops[i].stream[k] == stream)
				return true;
	return isa_feeds_post(w->p, (size_t)stream);
}

/* The output stream that a layer hands out; -1: none. */
static int32_t stream_of(const struct writer *w, int32_t layer)
{
	for (size_t i = 0; i < w->p->nstreams; i++)
		if (w->p->streams[i].output && w->p->streams[i].layer == layer)
			return (int32_t)i;
	return -1;
}

size_t hef_mux_streams(const struct writer *w, int32_t relay, int32_t *out, size_t max)
{
	const struct isa_prog *p = w->p;
	size_t n = 0;

	if (p->layers[relay].role != ISA_RELAY)
		return 0;
	for (size_t i = 0; i < p->nedges; i++) {
		int32_t s;

		if (p->edges[i].from != relay)
			continue;
		s = stream_of(w, p->edges[i].to);
		if (s < 0 || feeds_op(w, s))
			return 0;
		if (n < max)
			out[n] = s;
		n++;
	}
	return n > 1 ? n : 0;
}

bool hef_is_muxed(const struct writer *w, int32_t stream)
{
	const struct isa_prog *p = w->p;

	for (size_t i = 0; i < p->nedges; i++)
		if (p->edges[i].to == p->streams[stream].layer &&
		    hef_mux_streams(w, p->edges[i].from, NULL, 0))
			return true;
	return false;
}

static Hef__Edge *member(struct writer *w, int32_t stream, uint64_t *frame)
{
	const struct isa_stream *s = &w->p->streams[stream];
	const struct port port = { .direction = 1,
				   .connection = CONN_BOUNDARY,
				   .layer = s->layer,
				   .tensor = s->tensor,
				   .to = w->p->tensors[s->tensor].c,
				   .stream = stream,
				   .post = -1,
				   .edge = -1,
				   .peer = -1 };
	Hef__Edge *d = arena_alloc(&w->arena, sizeof *d);
	const Hef__EdgeLayerBase *b;

	hef__edge__init(d);
	d->edge_case = HEF__EDGE__EDGE_LAYER_INFO;
	if (!(d->layer_info = hef_write_info(w, &port)))
		return NULL;
	b = d->layer_info->edge_layer_base;
	*frame += (uint64_t)b->core_bytes_per_buffer * b->core_buffers_per_frame;
	return d;
}

/* Rows of the mux, and how many of each member's make one. */
static Hef__MuxData *mux_data(struct writer *w, int32_t rows, const int32_t *streams, size_t n)
{
	Hef__MuxData *d = arena_alloc(&w->arena, sizeof *d);

	hef__mux_data__init(d);
	d->number_of_predecessors = (uint32_t)n;
	d->height_gcd = (uint32_t)rows;
	d->height_ratios_list_len = (uint32_t)n;
	d->height_ratios_list = arena_array(&w->arena, n, sizeof *d->height_ratios_list);
	for (size_t i = 0; i < n; i++)
		d->height_ratios_list[d->n_height_ratios_list++] =
		    (uint32_t)(w->p->tensors[w->p->streams[streams[i]].tensor].h / rows);
	return d;
}

/* A row of the mux is bytes: those of its members, one after another. */
static int mux_base(struct writer *w, const struct port *port, int32_t rows, uint64_t frame,
		    Hef__EdgeLayerBase *b)
{
	if (frame / (uint64_t)rows > UINT32_MAX)
		return err_set(w->e, "outputs of %llu bytes in one stream",
			       (unsigned long long)frame);
	hef__edge_layer_base__init(b);
	b->data_bytes = 1;
	b->height = b->padded_height = (uint32_t)rows;
	b->width = b->padded_width = 1;
	b->features = b->padded_features = (uint32_t)(frame / (uint64_t)rows);
	return hef_fill_transfer(w, port, b);
}

Hef__EdgeLayer *hef_write_mux(struct writer *w, int32_t context, const struct port *port)
{
	const struct isa_layer *relay = &w->p->layers[port->layer];
	size_t n = hef_mux_streams(w, port->layer, NULL, 0);
	int32_t *streams = arena_array(&w->arena, n, sizeof *streams);
	Hef__EdgeLayer *l = arena_alloc(&w->arena, sizeof *l);
	Hef__EdgeLayerMux *m = arena_alloc(&w->arena, sizeof *m);
	uint64_t frame = 0;

	hef_mux_streams(w, port->layer, streams, n);
	hef__edge_layer__init(l);
	hef__edge_layer_mux__init(m);
	m->name = m->hn_output_layer_name = relay->name;
	m->mux_data = mux_data(w, relay->rows, streams, n);
	m->predecessors = arena_array(&w->arena, n, sizeof *m->predecessors);
	for (size_t i = 0; i < n; i++)
		if (!(m->predecessors[m->n_predecessors++] = member(w, streams[i], &frame)))
			return NULL;
	m->edge_layer_base = arena_alloc(&w->arena, sizeof *m->edge_layer_base);
	if (mux_base(w, port, relay->rows, frame, m->edge_layer_base) < 0)
		return NULL;
	l->direction = 1;
	l->edge_layer_type = LAYER_MUX;
	l->edge_case = HEF__EDGE_LAYER__EDGE_LAYER_MUX;
	l->layer_mux = m;
	l->context_switch_info = hef_write_switch(w, port, context);
	return l;
}
