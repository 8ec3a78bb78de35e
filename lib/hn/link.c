/*
 * Topological order: depth first through the inputs, in the order of the list, so that a list that
 * is already in order keeps it and a layer added at the end moves just before its first consumer.
 */
#include "hn/hn.h"

enum {
	NEW,
	OPEN,
	DONE
};

struct walk {
	struct graph *g;
	unsigned char *state; /* by position in the old list */
	struct layer **order;
	size_t norder;
	struct layer **stack;
	size_t *next; /* per stack entry: input to look at next */
	size_t depth;
};

static void enter(struct walk *w, struct layer *l)
{
	w->state[l->index] = OPEN;
	w->stack[w->depth] = l;
	w->next[w->depth++] = 0;
}

/* Finishes everything that the layer needs, then the layer. */
static int visit(struct walk *w, struct layer *first, struct err *e)
{
	enter(w, first);
	while (w->depth) {
		struct layer *l = w->stack[w->depth - 1];
		struct layer *from;

		if (w->next[w->depth - 1] == l->nin) {
			w->state[l->index] = DONE;
			w->order[w->norder++] = l;
			w->depth--;
			continue;
		}
		from = l->in[w->next[w->depth - 1]++].layer;
		if (from->index >= w->g->nlayers || w->g->layers[from->index] != from)
			BUG("layer '%s' uses '%s', which is not in the graph", l->name, from->name);
		if (w->state[from->index] == OPEN)
			return err_set(
			    e, "layer '%s' is part of a cycle: its input '%s' depends on it",
			    quote(l->name), quote(from->name));
		if (w->state[from->index] == NEW)
			enter(w, from);
	}
	return 0;
}

static void fill_succ(struct graph *g)
{
	for (size_t i = 0; i < g->nlayers; i++)
		g->layers[i]->nsucc = 0;
	for (size_t i = 0; i < g->nlayers; i++)
		for (size_t k = 0; k < g->layers[i]->nin; k++) {
			struct layer *from = g->layers[i]->in[k].layer;

			VEC_GROW(from->succ, from->nsucc, &from->cap_succ);
			from->succ[from->nsucc++] = g->layers[i];
		}
}

int graph_link(struct graph *g, struct err *e)
{
	const size_t n = g->nlayers;
	struct walk w = { .g = g };
	int r = 0;

	w.state = xcalloc(n, 1);
	w.order = xcalloc(n, sizeof *w.order);
	w.stack = xcalloc(n, sizeof *w.stack);
	w.next = xcalloc(n, sizeof *w.next);
	for (size_t i = 0; i < n; i++)
		g->layers[i]->index = i;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (w.state[i] == NEW)
			r = visit(&w, g->layers[i], e);
	if (r == 0 && n > 0) {
		memcpy(g->layers, w.order, n * sizeof *w.order);
		for (size_t i = 0; i < n; i++)
			g->layers[i]->index = i;
		fill_succ(g);
	}
	free(w.state);
	free(w.order);
	free(w.stack);
	free(w.next);
	return r;
}
