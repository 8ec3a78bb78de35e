/* What crosses the link: each tensor of a context once, however many layers read it. */
#include "alloc/alloc_int.h"

/* Edges of one context whose tensors have been counted, in a list by producer. */
struct seen {
	const struct allocation *a;
	int32_t context;
	size_t *head; /* by layer: 1 + its last edge; 0: none */
	size_t *next; /* by edge: the one before it */
};

/* Has what this edge carries been counted: the same layer's output, into the context or out? */
static bool counted(const struct seen *s, size_t edge)
{
	const struct alloc_edge *ed = &s->a->edges[edge];
	const bool in = s->a->layers[ed->to].context == s->context;

	for (size_t i = s->head[ed->from]; i; i = s->next[i - 1]) {
		const struct alloc_edge *d = &s->a->edges[i - 1];

		if (d->port == ed->port && d->kind == ed->kind &&
		    (s->a->layers[d->to].context == s->context) == in)
			return true;
	}
	return false;
}

static bool on_link(const struct allocation *a, const struct alloc_edge *ed, int32_t context)
{
	if (ed->kind == EDGE_L3)
		return false;
	return a->layers[ed->to].context == context ||
	       (ed->kind == EDGE_INTER_CONTEXT && a->layers[ed->from].context == context);
}

size_t link_edges(const struct allocation *a, int32_t context, size_t *list)
{
	struct seen s = { .a = a,
			  .context = context,
			  .head = xcalloc(a->nlayers + 1, sizeof *s.head),
			  .next = xcalloc(a->nedges + 1, sizeof *s.next) };
	size_t n = 0;

	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];

		if (!on_link(a, ed, context) || counted(&s, i))
			continue;
		s.next[i] = s.head[ed->from];
		s.head[ed->from] = i + 1;
		list[n++] = i;
	}
	free(s.head);
	free(s.next);
	return n;
}

double frame_bytes(const struct allocation *a, const struct alloc_edge *ed)
{
	return (double)a->layers[ed->from].rows * ed->row_bytes;
}

/* By layer: does it read anything?  One that does not is an input of the network. */
static bool *readers(const struct allocation *a)
{
	bool *reads = xcalloc(a->nlayers + 1, sizeof *reads);

	for (size_t i = 0; i < a->nedges; i++)
		reads[a->edges[i].to] = true;
	return reads;
}

static double *direction(const struct allocation *a, const struct alloc_edge *ed, int32_t context,
			 const bool *reads, struct alloc_traffic *t)
{
	if (ed->kind == EDGE_DDR)
		return &t->ddr;
	if (ed->kind == EDGE_BOUNDARY)
		return reads[ed->from] ? &t->out : &t->in;
	return a->layers[ed->to].context == context ? &t->read : &t->written;
}

void alloc_traffic_of(const struct allocation *a, int32_t context, struct alloc_traffic *t)
{
	size_t *list = xcalloc(a->nedges + 1, sizeof *list);
	const size_t n = link_edges(a, context, list);
	bool *reads = readers(a);

	*t = (struct alloc_traffic){ 0 };
	for (size_t i = 0; i < n; i++) {
		const struct alloc_edge *ed = &a->edges[list[i]];

		/* What is kept in external memory goes out and comes back. */
		*direction(a, ed, context, reads, t) +=
		    (ed->kind == EDGE_DDR ? 2 : 1) * frame_bytes(a, ed);
	}
	free(reads);
	free(list);
}
