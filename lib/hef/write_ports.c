/* Which tensors enter and leave each context, and the stream indexes they get. */
#include "hef/write.h"
#include "target/target.h"

enum {
	CHANNELS = TARGET_CHANNELS,
	ENGINES = TARGET_ENGINES,
	FIRST_OUTPUT = 16 /* or a multiple: indexes of outputs are above those of inputs */
};

static void add(struct ports *s, struct port port)
{
	VEC_GROW(s->v, s->n, &s->cap);
	s->v[s->n++] = port;
}

static void boundary(struct writer *w)
{
	const struct isa_prog *p = w->p;

	for (size_t i = 0; i < p->nstreams; i++) {
		const struct isa_stream *s = &p->streams[i];
		const struct isa_tensor *t = &p->tensors[s->tensor];

		if (isa_feeds_post(p, i) || (s->output && hef_is_muxed(w, (int32_t)i)))
			continue;
		add(&w->ports[p->layers[s->layer].context],
		    (struct port){ .direction = s->output,
				   .connection = CONN_BOUNDARY,
				   .layer = s->layer,
				   .tensor = s->tensor,
				   .from = 0,
				   .to = t->c,
				   .stream = (int32_t)i,
				   .post = -1,
				   .edge = -1,
				   .peer = -1 });
	}
	for (size_t i = 0; i < p->nlayers; i++)
		if (hef_mux_streams(w, (int32_t)i, NULL, 0))
			add(&w->ports[p->layers[i].context],
			    (struct port){ .direction = 1,
					   .connection = CONN_BOUNDARY,
					   .layer = (int32_t)i,
					   .mux = true,
					   .tensor = -1,
					   .stream = -1,
					   .post = -1,
					   .edge = -1,
					   .peer = -1 });
	for (size_t i = 0; i < p->nposts; i++)
		add(&w->ports[0], (struct port){ .direction = 1,
						 .connection = CONN_BOUNDARY,
						 .layer = -1,
						 .tensor = -1,
						 .stream = -1,
						 .post = (int32_t)i,
						 .edge = -1,
						 .peer = -1 });
}

static bool present(const struct ports *s, uint32_t direction, int32_t layer, int32_t tensor)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].connection == CONN_INTER_CONTEXT && s->v[i].direction == direction &&
		    s->v[i].layer == layer && s->v[i].tensor == tensor)
			return true;
	}
	return false;
}

/* What one layer writes and another context reads: one output there, one input in each reader. */
static void inter_context(struct writer *w, const struct isa_edge *d)
{
	const struct isa_layer *a = &w->p->layers[d->from], *b = &w->p->layers[d->to];
	int32_t t = a->out.v[d->port];
	struct port port = { .connection = CONN_INTER_CONTEXT,
			     .layer = d->from,
			     .tensor = t,
			     .from = a->out.n == 1 ? a->from : 0,
			     .to = a->out.n == 1 ? a->to : w->p->tensors[t].c,
			     .stream = -1,
			     .post = -1,
			     .edge = -1 };

	if (!present(&w->ports[a->context], 1, d->from, t)) {
		port.direction = 1;
		port.peer = b->context;
		add(&w->ports[a->context], port);
	}
	if (!present(&w->ports[b->context], 0, d->from, t)) {
		port.direction = 0;
		port.peer = a->context;
		add(&w->ports[b->context], port);
	}
}

static void ddr(struct writer *w, int32_t edge)
{
	const struct isa_edge *d = &w->p->edges[edge];
	const struct isa_layer *a = &w->p->layers[d->from];
	int32_t t = a->out.v[d->port];
	struct port port = { .connection = CONN_DDR,
			     .layer = d->from,
			     .tensor = t,
			     .from = a->out.n == 1 ? a->from : 0,
			     .to = a->out.n == 1 ? a->to : w->p->tensors[t].c,
			     .stream = -1,
			     .post = -1,
			     .edge = edge,
			     .peer = a->context };

	add(&w->ports[a->context], port);
	port.direction = 1;
	add(&w->ports[a->context], port);
}

/* Channels in use, by direction and engine. */
struct channels {
	uint32_t n[2][ENGINES];
};

/* The k-th stream of a kind: on the engine whose turn it is, else on one with room; -1: none has.
 */
static int take(struct channels *c, const struct hef_form *f, uint32_t direction, uint32_t k)
{
	uint32_t turn = k % f->engines;

	for (uint32_t i = 0; i < ENGINES; i++) {
		uint32_t engine = (turn + i) % ENGINES;

		if (c->n[direction][engine] < CHANNELS) {
			c->n[direction][engine]++;
			return (int)engine;
		}
	}
	return -1;
}

static int full(struct writer *w, int32_t context)
{
	size_t n[2] = { 0 };

	for (size_t i = 0; i < w->ports[context].n; i++)
		n[w->ports[context].v[i].direction]++;
	return err_set(
	    w->e,
	    "context %d has %zu input and %zu output streams; with the network's own and "
	    "the configuration's, a device has %d of each",
	    context, n[0], n[1], CHANNELS * ENGINES);
}

/* Engines of the boundary streams, or of the others, of a context. */
static int engines(struct writer *w, int32_t context, bool boundary, struct channels *c)
{
	struct ports *s = &w->ports[context];
	uint32_t k[2] = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		struct port *p = &s->v[i];
		int engine;

		if ((p->connection == CONN_BOUNDARY) != boundary)
			continue;
		engine = take(c, w->form, p->direction, k[p->direction]++);
		if (engine < 0)
			return full(w, context);
		p->engine = (uint32_t)engine;
	}
	return 0;
}

/* HailoRT tells buffers by index alone: no two of a direction, on whatever engine, have one. */
static void number(struct ports *s)
{
	uint32_t n[2] = { 0 };

	for (size_t i = 0; i < s->n; i++)
		n[1] += !s->v[i].direction;
	n[1] = n[1] > FIRST_OUTPUT ? (n[1] + FIRST_OUTPUT - 1) / FIRST_OUTPUT * FIRST_OUTPUT
				   : FIRST_OUTPUT;
	for (size_t i = 0; i < s->n; i++)
		s->v[i].sys_index = n[s->v[i].direction]++;
}

/* A boundary stream has its channel in all contexts, the configuration, too. */
static int channels(struct writer *w)
{
	struct channels network = { { { 0 } } };

	for (uint32_t i = 0; i < w->form->channels; i++)
		network.n[0][i % w->form->engines]++;
	for (int32_t c = 0; c < w->p->ncontexts; c++)
		if (engines(w, c, true, &network) < 0)
			return -1;
	for (int32_t c = 0; c < w->p->ncontexts; c++) {
		struct channels here = network;

		if (engines(w, c, false, &here) < 0)
			return -1;
		number(&w->ports[c]);
	}
	return 0;
}

int hef_plan_ports(struct writer *w)
{
	const struct isa_prog *p = w->p;

	w->ports = arena_array(&w->arena, (size_t)p->ncontexts, sizeof *w->ports);
	boundary(w);
	for (size_t i = 0; i < p->nedges; i++) {
		const struct isa_edge *d = &p->edges[i];

		if (p->layers[d->from].context != p->layers[d->to].context)
			inter_context(w, d);
		else if (d->kind == EDGE_DDR)
			ddr(w, (int32_t)i);
	}
	return channels(w);
}
