/* What a programme must fulfil beyond the syntax of its records. */
#include "base/limits.h"
#include "base/mem.h"
#include "isa/isa.h"
#include <math.h>

enum {
	MAX_REACH = 1 << 22,
	MAX_COUNT = 1 << 20,
	MAX_BATCH = 65536
};
#define MAX_CYCLES  (1LL << 40)
#define MAX_ADDRESS (1LL << 44)

static int machine(const struct isa_prog *p, struct err *e)
{
	const struct isa_machine *m = &p->machine;

	if (!p->net[0] || !m->arch[0])
		return err_set(e, "no name of network or machine");
	if (m->clusters < 1 || m->clusters > 255 || m->lcus < 0 || m->lcus > 255 ||
	    m->subclusters < 0 || m->subclusters > 64 || m->input_aligners < 0 ||
	    m->input_aligners > 32 || m->apus < 0 || m->apus > 32 || m->l3_cuts < 0 ||
	    m->l3_cuts > MAX_COUNT || m->l3_cut_bytes < 0 || m->l3_cut_bytes > MAX_COUNT)
		return err_set(e, "resources of the machine are out of range");
	if (m->batch < 1 || m->batch > MAX_BATCH)
		return err_set(e, "batches of %d frames", m->batch);
	if (m->hef_arch < 0 || m->partial < 0 || m->partial > 1)
		return err_set(e, "architecture %d, partial %d", m->hef_arch, m->partial);
	if (!(m->clock_hz >= 1 && m->clock_hz <= 1e12) ||
	    !(m->bandwidth >= 1 && m->bandwidth <= 1e15) ||
	    !(m->per_context_s >= 0 && m->per_context_s <= 1e3) ||
	    !(m->fixed_s_per_batch >= 0 && m->fixed_s_per_batch <= 1e3))
		return err_set(e, "clock, bandwidth or times of the machine are out of range");
	if (p->ncontexts < 1 || p->ncontexts > ISA_MAX_CONTEXTS)
		return err_set(e, "%d contexts, 1 to %d allowed", p->ncontexts, ISA_MAX_CONTEXTS);
	return 0;
}

static int tensor(const struct isa_tensor *t, struct err *e)
{
	struct hn_shape s = { t->h, t->w, t->c, t->rank };

	if (t->h < 1 || t->w < 1 || t->c < 1 || t->h > LIMIT_DIM || t->w > LIMIT_DIM ||
	    t->c > LIMIT_FEATURES || (int64_t)t->h * t->w > LIMIT_ACTIVATION / t->c)
		return err_set(e, "shape %dx%dx%d is out of range", t->h, t->w, t->c);
	if (t->rank < 2 || t->rank > 4 || (t->rank < 4 && t->h != 1) || (t->rank < 3 && t->w != 1))
		return err_set(e, "rank %d of shape %s", t->rank, hn_shape_text(&s));
	if ((t->bits != 8 && t->bits != 16) || t->zp < 0 || t->zp >> t->bits)
		return err_set(e, "%d bits with zero point %d", t->bits, t->zp);
	if (t->scale.n != 1 && t->scale.n != (size_t)t->c)
		return err_set(e, "%zu scales for %d features", t->scale.n, t->c);
	for (size_t i = 0; i < t->scale.n; i++) {
		if (!(t->scale.v[i] > 0) || isinf(t->scale.v[i]))
			return err_set(e, "scale %zu is not a positive number", i);
	}
	return t->port < 0 || t->port > MAX_COUNT ? err_set(e, "port %d", t->port) : 0;
}

static bool ids_in(const struct qarr_i32 *ids, size_t n)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (ids->v[i] < 0 || (size_t)ids->v[i] >= n)
			return false;
	}
	return true;
}

/* The tensor that gives a layer its rows: what it writes, or what it hands out. */
static const struct isa_tensor *main_tensor(const struct isa_prog *p, const struct isa_layer *l)
{
	return &p->tensors[l->role == ISA_OUTPUT ? l->in.v[0] : l->out.v[0]];
}

/* Some columns of all features, of one output; or all columns. */
static bool by_columns(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->column_to - l->column_from < main_tensor(p, l)->w;
}

/* Before the record is checked: a resize has its tables then only. */
static bool may_have_columns(const struct qop *q)
{
	return (q->type != HN_RESIZE || q->geom.n > 0) && qop_has_columns(q);
}

/* A part of a pool or a resize by features reads those that it writes. */
static bool by_features(const struct isa_prog *p, const struct isa_layer *l)
{
	return l->out.n == 1 && qop_by_feature(l->q.type) && l->to - l->from < main_tensor(p, l)->c;
}

static int columns(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	bool part = by_columns(p, l);

	if (part && (l->role != ISA_COMPUTE || l->out.n != 1 ||
		     l->to - l->from < main_tensor(p, l)->c || !may_have_columns(&l->q)))
		return err_set(e, "a layer of this kind cannot compute columns %d to %d",
			       l->column_from, l->column_to);
	if (l->in_column < 0 || l->in_column > LIMIT_DIM || (!part && l->in_column))
		return err_set(e, "reads from column %d on", l->in_column);
	return 0;
}

/* What goes in comes out, whole, in rows of which every tensor has a multiple. */
static int relay(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	if (l->out.n != l->in.n || memcmp(l->in.v, l->out.v, l->in.n * sizeof *l->in.v) != 0)
		return err_set(e, "passes on other tensors than it reads");
	if (l->from != 0 || l->to != main_tensor(p, l)->c || by_columns(p, l))
		return err_set(e, "passes on features %d to %d, columns %d to %d", l->from, l->to,
			       l->column_from, l->column_to);
	for (size_t i = 0; i < l->in.n; i++)
		if (l->rows < 1 || p->tensors[l->in.v[i]].h % l->rows)
			return err_set(e, "%d rows, its tensor '%s' has %d", l->rows,
				       quote(p->tensors[l->in.v[i]].name),
				       p->tensors[l->in.v[i]].h);
	return 0;
}

static int numbers(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	static const struct {
		size_t nin, nout; /* SIZE_MAX: at least one */
	} arity[ISA_ROLES] = { [ISA_COMPUTE] = { SIZE_MAX, SIZE_MAX },
			       [ISA_RELAY] = { SIZE_MAX, SIZE_MAX },
			       [ISA_INPUT] = { 0, 1 },
			       [ISA_OUTPUT] = { 1, 0 },
			       [ISA_CONST] = { 0, 1 } };
	size_t nin = arity[l->role].nin, nout = arity[l->role].nout;

	if (l->context < 0 || l->context >= p->ncontexts || l->cluster < -1 ||
	    l->cluster >= p->machine.clusters)
		return err_set(e, "context %d, cluster %d", l->context, l->cluster);
	if (l->lcus < 0 || l->lcus > MAX_COUNT || l->subclusters < 0 ||
	    l->subclusters > MAX_COUNT || l->input_aligners < 0 || l->input_aligners > MAX_COUNT ||
	    l->apus < 0 || l->apus > MAX_COUNT || l->l3_weight_cuts < 0 ||
	    l->l3_weight_cuts > MAX_COUNT || l->row_cycles < 0 || l->row_cycles > MAX_CYCLES)
		return err_set(e, "a number of resources is out of range");
	if (!ids_in(&l->in, p->ntensors) || !ids_in(&l->out, p->ntensors))
		return err_set(e, "reads or writes a tensor that does not exist");
	if ((nin == SIZE_MAX ? l->in.n == 0 : l->in.n != nin) ||
	    (nout == SIZE_MAX ? l->out.n == 0 : l->out.n != nout))
		return err_set(e, "%zu inputs and %zu outputs", l->in.n, l->out.n);
	if (l->role == ISA_RELAY && relay(p, l, e) < 0)
		return -1;
	if (l->role != ISA_RELAY && l->rows != main_tensor(p, l)->h)
		return err_set(e, "%d rows, its tensor has %d", l->rows, main_tensor(p, l)->h);
	if (l->from < 0 || l->from >= l->to || l->to > main_tensor(p, l)->c)
		return err_set(e, "features %d to %d of %d", l->from, l->to, main_tensor(p, l)->c);
	if (l->column_from < 0 || l->column_from >= l->column_to ||
	    l->column_to > main_tensor(p, l)->w)
		return err_set(e, "columns %d to %d of %d", l->column_from, l->column_to,
			       main_tensor(p, l)->w);
	return columns(p, l, e);
}

static bool same_shape(const struct qarr_i32 *shapes, size_t i, const struct isa_tensor *t,
		       int32_t w, int32_t c)
{
	const int32_t *s = shapes->v + 3 * i;

	return s[0] == t->h && s[1] == w && s[2] == c;
}

/* Does what a layer reads of input i lie in its tensor? */
static bool input_fits(const struct isa_prog *p, const struct isa_layer *l, size_t i)
{
	const struct isa_tensor *t = &p->tensors[l->in.v[i]];
	int32_t w = l->q.in_shape.v[3 * i + 1];
	int32_t first = i ? l->column_from : l->in_column;

	if (by_features(p, l))
		return same_shape(&l->q.in_shape, i, t, t->w, l->to - l->from) && l->to <= t->c;
	if (!by_columns(p, l))
		return same_shape(&l->q.in_shape, i, t, t->w, t->c);
	return same_shape(&l->q.in_shape, i, t, w, t->c) && w <= t->w - first;
}

/* The kernel against the tensors around it. */
static int kernel(const struct isa_prog *p, const struct isa_layer *l, struct err *e)
{
	const struct qop *q = &l->q;

	if (l->role == ISA_RELAY)
		return 0;
	if (qop_check(q, e) < 0)
		return -1;
	if (l->role == ISA_INPUT || l->role == ISA_OUTPUT)
		return 0;
	if (l->role == ISA_CONST) {
		const struct isa_tensor *t = main_tensor(p, l);

		if (q->kernel16.n != (size_t)t->h * (size_t)t->w * (size_t)t->c)
			return err_set(e, "%zu values for a tensor of %dx%dx%d", q->kernel16.n,
				       t->h, t->w, t->c);
		return 0;
	}
	if (q->nin < 0 || (size_t)q->nin != l->in.n || q->in_shape.n != 3 * l->in.n ||
	    q->in_bits.n != l->in.n || q->out_shape.n != 3 * l->out.n)
		return err_set(e, "kernel of %d inputs, %zu outputs", q->nin, q->out_shape.n / 3);
	for (size_t i = 0; i < l->in.n; i++) {
		const struct isa_tensor *t = &p->tensors[l->in.v[i]];

		if (!input_fits(p, l, i) || q->in_bits.v[i] != t->bits)
			return err_set(e, "input %zu is not tensor '%s'", i, quote(t->name));
	}
	for (size_t i = 0; i < l->out.n; i++) {
		const struct isa_tensor *t = &p->tensors[l->out.v[i]];
		int32_t c = l->out.n == 1 ? l->to - l->from : t->c;

		int32_t w = l->out.n == 1 ? l->column_to - l->column_from : t->w;

		if (!same_shape(&q->out_shape, i, t, w, c) || q->out_bits != t->bits ||
		    t->h != l->rows)
			return err_set(e, "output %zu is not tensor '%s'", i, quote(t->name));
	}
	return 0;
}

/*
 * Features and columns written so far, and by how many layers; every tensor is complete before it
 * is read.  A tensor is divided one way only.
 */
struct cover {
	int32_t *written;
	int32_t *columns;
	int32_t *writers;
};

static bool is_complete(const struct cover *v, const struct isa_tensor *t, int32_t i)
{
	return v->written[i] == t->c && v->columns[i] == t->w;
}

/* The next columns of a tensor that is divided by columns. */
static int cover_columns(const struct isa_prog *p, const struct isa_layer *l, struct cover *v,
			 struct err *e)
{
	int32_t t = l->out.v[0];

	if (v->columns[t] != l->column_from || v->written[t] != (l->column_from ? l->to : 0))
		return err_set(e, "writes columns %d to %d of '%s', %d expected next",
			       l->column_from, l->column_to, quote(p->tensors[t].name),
			       v->columns[t]);
	v->columns[t] = l->column_to;
	v->written[t] = l->to;
	v->writers[t]++;
	return 0;
}

static int order(const struct isa_prog *p, const struct isa_layer *l, struct cover *v,
		 struct err *e)
{
	if (l->role == ISA_RELAY) /* may pass on what some parts write */
		return 0;
	for (size_t i = 0; i < l->in.n; i++) {
		int32_t t = l->in.v[i];

		if (!is_complete(v, &p->tensors[t], t))
			return err_set(e, "reads '%s' before it is complete",
				       quote(p->tensors[t].name));
	}
	if (l->role == ISA_COMPUTE && by_columns(p, l))
		return cover_columns(p, l, v, e);
	for (size_t i = 0; i < l->out.n; i++) {
		int32_t t = l->out.v[i];
		int32_t from = l->out.n == 1 ? l->from : 0;
		int32_t to = l->out.n == 1 ? l->to : p->tensors[t].c;

		if (v->written[t] != from || v->columns[t] != (from ? p->tensors[t].w : 0))
			return err_set(e, "writes features %d to %d of '%s', %d expected next",
				       from, to, quote(p->tensors[t].name), v->written[t]);
		v->written[t] = to;
		v->columns[t] = p->tensors[t].w;
		v->writers[t]++;
	}
	return 0;
}

static int layers(const struct isa_prog *p, struct cover *v, struct err *e)
{
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];

		if (i && l->context < p->layers[i - 1].context)
			err_set(e, "context %d after context %d", l->context,
				p->layers[i - 1].context);
		if (err_is(e) || numbers(p, l, e) < 0 || kernel(p, l, e) < 0 ||
		    order(p, l, v, e) < 0)
			return err_in(e, "layer '%s'", quote(l->name));
	}
	return 0;
}

static bool kind_fits(const struct isa_layer *a, const struct isa_layer *b, enum alloc_edge_kind k)
{
	switch (k) {
	case EDGE_BOUNDARY:
		return a->role == ISA_INPUT || b->role == ISA_OUTPUT;
	case EDGE_L3:
	case EDGE_DDR:
		return a->context == b->context;
	case EDGE_INTER_CONTEXT:
		return a->context < b->context;
	}
	return false;
}

bool isa_edge_in_l3(const struct isa_prog *p, const struct isa_edge *d)
{
	return (d->kind == EDGE_L3 || d->kind == EDGE_BOUNDARY) && p->layers[d->to].cluster >= 0;
}

static int edge(const struct isa_prog *p, const struct isa_edge *d, struct err *e)
{
	const struct isa_machine *m = &p->machine;
	const struct isa_layer *a, *b;
	int64_t bytes, room;

	if (d->from < 0 || d->to < 0 || d->from >= d->to || (size_t)d->to >= p->nlayers)
		return err_set(e, "joins layers %d and %d", d->from, d->to);
	a = &p->layers[d->from];
	b = &p->layers[d->to];
	if (d->port < 0 || (size_t)d->port >= a->out.n || d->input < 0 ||
	    (size_t)d->input >= b->in.n || a->out.v[d->port] != b->in.v[d->input])
		return err_set(e, "port %d is not input %d", d->port, d->input);
	if (!kind_fits(a, b, d->kind))
		return err_set(e, "kind %d between contexts %d and %d", (int)d->kind, a->context,
			       b->context);
	if (d->rows < 1 || d->rows > LIMIT_DIM || d->row_bytes < 1)
		return err_set(e, "buffer of %d rows of %d bytes", d->rows, d->row_bytes);
	bytes = (int64_t)d->rows * d->row_bytes;
	room = isa_edge_in_l3(p, d) ? m->l3_cuts * m->l3_cut_bytes : MAX_ADDRESS;
	if (d->address < 0 || d->address % ISA_ALIGN || d->address > room ||
	    bytes > room - d->address)
		return err_set(e, "buffer at %lld, %lld bytes, memory has %lld",
			       (long long)d->address, (long long)bytes, (long long)room);
	return 0;
}

static int by_ends(const void *a, const void *b)
{
	const struct isa_edge *x = *(const struct isa_edge *const *)a;
	const struct isa_edge *y = *(const struct isa_edge *const *)b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->input != y->input)
		return x->input < y->input ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

/* Layers that write what a relay passes on, by relay and tensor. */
struct reach {
	int32_t *writers;
	size_t n, cap;
	struct span {
		size_t at, n;
	} * span; /* of input k of layer l: span[base[l] + k]; relays only */
	size_t *base;
	int32_t *seen; /* by layer: number of the input, from 1, that it reaches */
};

static int add_writer(const struct isa_prog *p, struct reach *r, int32_t layer, int32_t input,
		      struct err *e)
{
	if (r->seen[layer] == input)
		return err_set(e, "what '%s' writes arrives twice", quote(p->layers[layer].name));
	if (r->n >= MAX_REACH)
		return err_set(e, "relays pass on what more than %d layers write", MAX_REACH);
	r->seen[layer] = input;
	VEC_GROW(r->writers, r->n, &r->cap);
	r->writers[r->n++] = layer;
	return 0;
}

/* What comes over one edge: what a layer writes, or what a relay has from others. */
static int add_edge(const struct isa_prog *p, struct reach *r, const struct isa_edge *d,
		    int32_t input, struct err *e)
{
	struct span s;

	if (p->layers[d->from].role != ISA_RELAY)
		return add_writer(p, r, d->from, input, e);
	s = r->span[r->base[d->from] + (size_t)d->port];
	for (size_t i = 0; i < s.n; i++)
		if (add_writer(p, r, r->writers[s.at + i], input, e) < 0)
			return -1;
	return 0;
}

/* All that reaches input k of layer i: what every layer writes that writes its tensor, once. */
static int input_complete(const struct isa_prog *p, const struct cover *v, struct reach *r,
			  const struct isa_edge *const *edges, size_t nedges, size_t i, size_t k,
			  int32_t input, struct err *e)
{
	const struct isa_layer *l = &p->layers[i];
	const size_t at = r->n;
	int32_t want = v->writers[l->in.v[k]];
	size_t n;

	for (size_t d = 0; d < nedges; d++)
		if (add_edge(p, r, edges[d], input, e) < 0)
			return err_in(e, "layer '%s': edges for input %zu", quote(l->name), k);
	n = r->n - at;
	if (l->role == ISA_RELAY) {
		r->span[r->base[i] + k] = (struct span){ at, n };
		return n ? 0
			 : err_set(e, "layer '%s' has no edge for input %zu", quote(l->name), k);
	}
	r->n = at;
	if (n != (size_t)want)
		return err_set(e, "layer '%s' has %zu edges for input %zu, %d expected",
			       quote(l->name), n, k, want);
	return 0;
}

static void reach_init(const struct isa_prog *p, struct reach *r)
{
	size_t n = 0;

	*r = (struct reach){ .base = xcalloc(p->nlayers + 1, sizeof *r->base),
			     .seen = xcalloc(p->nlayers + 1, sizeof *r->seen) };
	for (size_t i = 0; i < p->nlayers; i++) {
		r->base[i] = n;
		n += p->layers[i].role == ISA_RELAY ? p->layers[i].in.n : 0;
	}
	r->span = xcalloc(n + 1, sizeof *r->span);
}

/* A way from each writer of each tensor that a layer reads, and no second one. */
static int edges_complete(const struct isa_prog *p, const struct cover *v, struct err *e)
{
	const struct isa_edge **s = xcalloc(p->nedges + 1, sizeof *s);
	size_t at = 0;
	struct reach r;
	int32_t input = 0;
	int rc = 0;

	for (size_t i = 0; i < p->nedges; i++)
		s[i] = &p->edges[i];
	qsort(s, p->nedges, sizeof *s, by_ends);
	reach_init(p, &r);
	for (size_t i = 0; i < p->nlayers && rc == 0; i++)
		for (size_t k = 0; k < p->layers[i].in.n && rc == 0; k++) {
			size_t n = 0;

			while (at + n < p->nedges && s[at + n]->to == (int32_t)i &&
			       s[at + n]->input == (int32_t)k)
				n++;
			rc = input_complete(p, v, &r, s + at, n, i, k, ++input, e);
			at += n;
		}
	free(s);
	free(r.writers);
	free(r.span);
	free(r.base);
	free(r.seen);
	return rc;
}

static int edges(const struct isa_prog *p, const struct cover *v, struct err *e)
{
	for (size_t i = 0; i < p->nedges; i++) {
		if (edge(p, &p->edges[i], e) < 0)
			return err_in(e, "edge %zu", i);
	}
	return edges_complete(p, v, e);
}

static int by_name(const void *a, const void *b)
{
	const struct isa_stream *x = *(const struct isa_stream *const *)a;
	const struct isa_stream *y = *(const struct isa_stream *const *)b;

	return strcmp(x->name, y->name);
}

static int stream_names(const struct isa_prog *p, struct err *e)
{
	const struct isa_stream **s = xcalloc(p->nstreams, sizeof *s);
	int r = 0;

	for (size_t i = 0; i < p->nstreams; i++)
		s[i] = &p->streams[i];
	qsort(s, p->nstreams, sizeof *s, by_name);
	for (size_t i = 1; i < p->nstreams && r == 0; i++) {
		if (strcmp(s[i - 1]->name, s[i]->name) == 0)
			r = err_set(e, "two streams are called '%s'", quote(s[i]->name));
	}
	free(s);
	return r;
}

static int streams(const struct isa_prog *p, struct err *e)
{
	size_t n[2] = { 0 }, io[2] = { 0 };
	bool *seen = xcalloc(p->nlayers, 1);
	int r = 0;

	for (size_t i = 0; i < p->nlayers; i++) {
		io[0] += p->layers[i].role == ISA_INPUT;
		io[1] += p->layers[i].role == ISA_OUTPUT;
	}
	for (size_t i = 0; i < p->nstreams && r == 0; i++) {
		const struct isa_stream *s = &p->streams[i];
		const struct isa_layer *l;

		n[s->output]++;
		if (s->layer < 0 || (size_t)s->layer >= p->nlayers || seen[s->layer] ||
		    (i && p->streams[i - 1].output && !s->output)) {
			r = err_set(e, "stream '%s' is out of place", quote(s->name));
			break;
		}
		l = &p->layers[s->layer];
		seen[s->layer] = true;
		if (l->role != (s->output ? ISA_OUTPUT : ISA_INPUT) ||
		    s->tensor != (s->output ? l->in.v[0] : l->out.v[0]))
			r = err_set(e, "stream '%s' does not match layer '%s'", quote(s->name),
				    quote(l->name));
		else if (!s->name[0] || strlen(s->name) > ISA_MAX_NAME)
			r = err_set(e, "stream name '%s' has %zu bytes, 1 to %d allowed",
				    quote(s->name), strlen(s->name), ISA_MAX_NAME);
	}
	if (r == 0 && (!n[0] || !n[1] || n[0] != io[0] || n[1] != io[1]))
		r = err_set(e, "%zu input and %zu output streams for %zu and %zu layers", n[0],
			    n[1], io[0], io[1]);
	free(seen);
	return r < 0 ? -1 : stream_names(p, e);
}

int isa_check(const struct isa_prog *p, struct err *e)
{
	struct cover v = { xcalloc(p->ntensors, 4), xcalloc(p->ntensors, 4),
			   xcalloc(p->ntensors, 4) };
	int r = machine(p, e);

	for (size_t i = 0; i < p->ntensors && r == 0; i++) {
		if ((r = tensor(&p->tensors[i], e)) < 0)
			err_in(e, "tensor '%s'", quote(p->tensors[i].name));
	}
	if (r < 0 || layers(p, &v, e) < 0 || isa_check_shares(p, e) < 0 || edges(p, &v, e) < 0 ||
	    streams(p, e) < 0 || isa_check_posts(p, e) < 0)
		r = -1;
	free(v.written);
	free(v.columns);
	free(v.writers);
	return r;
}
