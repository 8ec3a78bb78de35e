/* Quantized graph and allocation to programme. */
#include "base/mem.h"
#include "isa/isa.h"

struct builder {
	struct isa_prog *p;
	const struct graph *g;
	const struct qmodel *m;
	const struct allocation *a;
	size_t *base;   /* first tensor of each graph layer */
	int32_t *place; /* programme index of each allocated layer */
	struct err *e;
};

static void machine(struct builder *b, const struct target *t)
{
	struct isa_machine *m = &b->p->machine;

	snprintf(m->arch, sizeof m->arch, "%s", t->name);
	m->hef_arch = t->hef_arch;
	m->partial = t->hef_partial;
	m->layout = t->hef_layout;
	for (int32_t i = 0; i < t->clusters; i++) {
		if (t->cluster_id[i] >= m->clusters)
			m->clusters = t->cluster_id[i] + 1;
	}
	m->lcus = t->lcus;
	m->subclusters = t->subclusters;
	m->input_aligners = t->input_aligners;
	m->apus = t->apus;
	m->l3_cuts = t->l3_cuts;
	m->l3_cut_bytes = t->l3_cut_bytes;
	m->clock_hz = t->clock_hz;
	m->bandwidth = t->bandwidth;
	m->per_context_s = t->per_context_s;
	m->fixed_s_per_batch = t->fixed_s_per_batch;
	m->batch = b->a->batch > 0 ? b->a->batch : 1;
}

static void tensors(struct builder *b)
{
	struct isa_prog *p = b->p;
	size_t n = 0;

	b->base = xcalloc(b->g->nlayers, sizeof *b->base);
	for (size_t i = 0; i < b->g->nlayers; i++) {
		b->base[i] = n;
		n += b->g->layers[i]->type == HN_OUTPUT ? 0 : b->g->layers[i]->nout;
	}
	p->tensors = xcalloc(n, sizeof *p->tensors);
	for (size_t i = 0; i < b->g->nlayers; i++) {
		const struct layer *l = b->g->layers[i];
		const struct qop *q = &b->m->q[i];

		for (size_t k = 0; k < l->nout && l->type != HN_OUTPUT; k++) {
			struct isa_tensor *t = &p->tensors[p->ntensors++];

			t->name = xstrdup(l->name);
			t->port = (int32_t)k;
			t->h = l->out[k].h;
			t->w = l->out[k].w;
			t->c = l->out[k].c;
			t->rank = l->out[k].rank;
			t->bits = q->out_bits;
			t->zp = q->out_zp;
			t->scale.n = q->out_scale.n;
			t->scale.v = xcalloc(t->scale.n, sizeof *t->scale.v);
			if (t->scale.n)
				memcpy(t->scale.v, q->out_scale.v, t->scale.n * sizeof *t->scale.v);
		}
	}
}

static enum isa_role role_of(const struct layer *l)
{
	return l->type == HN_INPUT    ? ISA_INPUT
	       : l->type == HN_OUTPUT ? ISA_OUTPUT
	       : l->type == HN_CONST  ? ISA_CONST
				      : ISA_COMPUTE;
}

/* Lines or rows of the tensor; cycles are kept per frame when the allocator counts others. */
static void schedule(struct isa_layer *o, const struct alloc_layer *a, const struct hn_shape *s)
{
	o->rows = a->rows == qop_map_lines(s->h, s->w) ? a->rows : s->h;
	o->row_cycles = a->row_cycles;
	if (a->rows > 0 && a->rows != o->rows)
		o->row_cycles = (a->row_cycles * a->rows + o->rows - 1) / o->rows;
}

/* What it computes, and the record of the part. */
static int extent(struct builder *b, struct isa_layer *o, const struct alloc_layer *a,
		  const struct layer *l)
{
	const struct qop *q = &b->m->q[l->index];
	int32_t c = l->out[0].c, w = l->out[0].w;
	bool whole =
	    l->nout > 1 || (a->feature_from == 0 && a->feature_to == c) || a->feature_to == 0;
	bool wide = l->nout > 1 || (a->column_from == 0 && a->column_to >= w);

	o->from = whole ? 0 : a->feature_from;
	o->to = whole ? c : a->feature_to;
	o->column_from = wide ? 0 : a->column_from;
	o->column_to = wide ? w : a->column_to;
	if (!wide && !whole)
		return err_set(b->e, "it is divided by features and by columns");
	if (!wide)
		return qop_slice_columns(q, o->column_from, o->column_to, &o->q, &o->in_column,
					 b->e);
	if (whole) {
		qop_copy(&o->q, q);
		return 0;
	}
	return qop_slice_features(q, o->from, o->to, &o->q, b->e);
}

/* The tensor that an edge carries, -1: its producer is not known yet. */
static int32_t carried(const struct builder *b, const struct alloc_edge *d)
{
	const struct alloc_layer *from = &b->a->layers[d->from];
	const struct isa_layer *relay;
	const struct layer *l;

	if (from->kind == ALLOC_LAYER) {
		l = graph_find(b->g, from->layer);
		return l && (size_t)d->port < l->nout ? (int32_t)b->base[l->index] + d->port : -1;
	}
	if (b->place[d->from] < 0)
		return -1;
	relay = &b->p->layers[b->place[d->from]];
	return (size_t)d->port < relay->out.n ? relay->out.v[d->port] : -1;
}

/* The tensors of a relay are those of the edges into it. */
static int relay(struct builder *b, struct isa_layer *o, const struct alloc_layer *a, size_t index)
{
	int32_t n = 0;

	for (size_t i = 0; i < b->a->nedges; i++)
		if (b->a->edges[i].to == (int32_t)index && b->a->edges[i].input >= n)
			n = b->a->edges[i].input + 1;
	o->in = (struct qarr_i32){ xcalloc((size_t)n + 1, 4), (size_t)n };
	o->out = (struct qarr_i32){ xcalloc((size_t)n + 1, 4), (size_t)n };
	for (int32_t k = 0; k < n; k++)
		o->in.v[k] = -1;
	for (size_t i = 0; i < b->a->nedges; i++)
		if (b->a->edges[i].to == (int32_t)index)
			o->in.v[b->a->edges[i].input] = carried(b, &b->a->edges[i]);
	for (int32_t k = 0; k < n; k++)
		if ((o->out.v[k] = o->in.v[k]) < 0)
			return err_set(b->e, "nothing comes in for tensor %d", k);
	if (!n)
		return err_set(b->e, "it passes on nothing");
	o->rows = a->rows;
	o->row_cycles = a->row_cycles;
	o->to = b->p->tensors[o->in.v[0]].c;
	o->column_to = b->p->tensors[o->in.v[0]].w;
	return 0;
}

static int layer(struct builder *b, size_t index)
{
	const struct alloc_layer *a = &b->a->layers[index];
	const struct layer *l = a->kind == ALLOC_LAYER ? graph_find(b->g, a->layer) : NULL;
	struct isa_layer *o = &b->p->layers[b->p->nlayers];

	if (!l && a->kind == ALLOC_LAYER)
		return err_set(b->e, "no layer '%s' in the network", quote(a->layer));
	b->p->nlayers++;
	o->name = xstrdup(a->name);
	o->layer = xstrdup(a->layer);
	o->role = l ? role_of(l) : ISA_RELAY;
	o->context = a->context;
	o->cluster = a->cluster;
	o->lcus = a->lcus;
	o->subclusters = a->subclusters;
	o->input_aligners = a->input_aligners;
	o->apus = a->apus;
	o->l3_weight_cuts = a->l3_weight_cuts;
	o->packed = a->compressed;
	o->group = a->group < 0 ? -1 : b->place[a->group]; /* it stands before its members */
	if (!l)
		return relay(b, o, a, index);
	schedule(o, a, &l->out[0]);
	o->in = (struct qarr_i32){ xcalloc(l->nin, 4), l->nin };
	for (size_t i = 0; i < l->nin; i++)
		o->in.v[i] = (int32_t)b->base[l->in[i].layer->index] + l->in[i].port;
	if (o->role != ISA_OUTPUT) {
		o->out = (struct qarr_i32){ xcalloc(l->nout, 4), l->nout };
		for (size_t i = 0; i < l->nout; i++)
			o->out.v[i] = (int32_t)(b->base[l->index] + i);
	}
	return extent(b, o, a, l);
}

/* By context, keeping the allocation's topological order inside each. */
static int layers(struct builder *b)
{
	const struct allocation *a = b->a;

	b->p->ncontexts = a->ncontexts;
	b->p->layers = xcalloc(a->nlayers, sizeof *b->p->layers);
	b->place = xcalloc(a->nlayers, sizeof *b->place);
	for (size_t i = 0; i < a->nlayers; i++)
		b->place[i] = -1;
	for (int32_t c = 0; c < a->ncontexts; c++) {
		for (size_t i = 0; i < a->nlayers; i++) {
			if (a->layers[i].context != c)
				continue;
			b->place[i] = (int32_t)b->p->nlayers;
			if (layer(b, i) < 0)
				return err_in(b->e, "layer '%s'", quote(a->layers[i].name));
		}
	}
	if (b->p->nlayers != a->nlayers)
		return err_set(b->e, "%zu layers are in no context", a->nlayers - b->p->nlayers);
	return 0;
}

/* Buffers one after another: in the L3 of the consumer's cluster by context, or in external memory.
 */
static void edges(struct builder *b)
{
	struct isa_prog *p = b->p;
	size_t nl3 = (size_t)p->ncontexts * (size_t)p->machine.clusters;
	int64_t *l3 = xcalloc(nl3, sizeof *l3), external = 0;

	p->edges = xcalloc(b->a->nedges, sizeof *p->edges);
	for (size_t i = 0; i < b->a->nedges; i++) {
		const struct alloc_edge *a = &b->a->edges[i];
		struct isa_edge *d = &p->edges[p->nedges++];
		const struct isa_layer *to;
		int64_t *at = &external;

		*d = (struct isa_edge){ b->place[a->from], b->place[a->to], a->input,     a->port,
					a->kind,           a->rows,         a->row_bytes, 0 };
		to = &p->layers[d->to];
		if (isa_edge_in_l3(p, d))
			at = &l3[to->context * p->machine.clusters + to->cluster];
		d->address = *at;
		*at += ((int64_t)d->rows * d->row_bytes + ISA_ALIGN - 1) / ISA_ALIGN * ISA_ALIGN;
	}
	free(l3);
}

static bool name_taken(const struct isa_prog *p, const char *name)
{
	for (size_t i = 0; i < p->nstreams; i++) {
		if (strcmp(p->streams[i].name, name) == 0)
			return true;
	}
	return false;
}

static int32_t find_layer(const struct isa_prog *p, const char *layer)
{
	for (size_t i = 0; i < p->nlayers; i++) {
		if (strcmp(p->layers[i].layer, layer) == 0)
			return (int32_t)i;
	}
	return -1;
}

static int streams(struct builder *b)
{
	struct isa_prog *p = b->p;
	size_t n = b->g->nlayers, nio[2];
	struct layer **io = xcalloc(2 * n, sizeof *io);
	int r = 0;

	nio[0] = graph_inputs(b->g, io, n);
	nio[1] = graph_outputs(b->g, io + nio[0], n);
	p->streams = xcalloc(nio[0] + nio[1], sizeof *p->streams);
	for (size_t i = 0; i < nio[0] + nio[1] && r == 0; i++) {
		struct layer *from = i < nio[0] ? io[i] : io[i]->in[0].layer;
		int32_t port = i < nio[0] ? 0 : io[i]->in[0].port;
		const char *name = from->name;
		struct isa_stream s = { .output = i >= nio[0] };

		s.layer = find_layer(p, io[i]->name);
		if (s.layer < 0) {
			r = err_set(b->e, "the allocation lacks '%s'", quote(io[i]->name));
			break;
		}
		s.tensor = (int32_t)b->base[from->index] + port;
		if (s.output && io[i]->stream)
			name = io[i]->stream;
		if (s.output && (port > 0 || name_taken(p, name)))
			name = io[i]->name;
		s.name = xstrdup(name);
		s.io_layer = xstrdup(io[i]->name);
		p->streams[p->nstreams++] = s;
	}
	free(io);
	return r;
}

struct isa_prog *isa_build(const struct graph *g, const struct qmodel *m,
			   const struct allocation *a, const struct target *t, struct err *e)
{
	struct builder b = { .g = g, .m = m, .a = a, .e = e };
	int r;

	b.p = xcalloc(1, sizeof *b.p);
	b.p->net = xstrdup(g->name);
	machine(&b, t);
	tensors(&b);
	r = layers(&b);
	if (r == 0) {
		edges(&b);
		r = streams(&b);
	}
	if (r == 0)
		r = isa_check(b.p, e);
	free(b.base);
	free(b.place);
	if (r < 0) {
		isa_free(b.p);
		return NULL;
	}
	return b.p;
}
