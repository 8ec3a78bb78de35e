/* Edges of a programme: buffers, and a way from each writer of each tensor that a layer reads. */
#include "isa/check_int.h"

enum {
	MAX_REACH = 1 << 22
};
#define MAX_ADDRESS (1LL << 44)

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

int check_edges(const struct isa_prog *p, const struct cover *v, struct err *e)
{
	for (size_t i = 0; i < p->nedges; i++) {
		if (edge(p, &p->edges[i], e) < 0)
			return err_in(e, "edge %zu", i);
	}
	return edges_complete(p, v, e);
}
