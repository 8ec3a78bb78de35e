/* Order of nodes, uses of values. */
#include "import/import.h"

enum {
	NEW,
	OPEN,
	DONE
};

/* Producers of values; each value is made once. */
static int bind(struct im_graph *g, struct err *e)
{
	for (size_t i = 0; i < g->nvalue; i++)
		g->value[i]->from = NULL;
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; k < g->node[i]->nout; k++) {
			struct im_value *v = g->node[i]->out[k];

			if (!v)
				continue;
			if (v->from || (v->is_const && !g->node[i]->early) || v->is_input)
				return err_set(e,
					       "tensor '%s' is made twice, node '%s' is one maker",
					       quote(v->name), quote(g->node[i]->name));
			v->from = g->node[i];
		}
	return 0;
}

/* Depth first without recursion: stack holds nodes, mark2 the input to look at next. */
static int visit(struct im_graph *g, struct im_node *first, struct im_node **stack, size_t *next,
		 struct im_node **order, size_t *norder, struct err *e)
{
	size_t depth = 0;

	(void)g;
	stack[depth] = first;
	next[depth++] = 0;
	first->mark = OPEN;
	while (depth) {
		struct im_node *n = stack[depth - 1];
		struct im_value *v;

		if (next[depth - 1] == n->nin) {
			n->mark = DONE;
			order[(*norder)++] = n;
			depth--;
			continue;
		}
		v = n->in[next[depth - 1]++];
		if (!v || !v->from || v->from->mark == DONE)
			continue;
		if (v->from->mark == OPEN)
			return err_set(e,
				       "node '%s' is part of a cycle: its input '%s' depends on it",
				       quote(n->name), quote(v->name));
		v->from->mark = OPEN;
		stack[depth] = v->from;
		next[depth++] = 0;
	}
	return 0;
}

int im_sort(struct im_graph *g, struct err *e)
{
	const size_t n = g->nnode;
	struct im_node **order = xcalloc(n, sizeof(struct im_node *));
	struct im_node **stack = xcalloc(n, sizeof(struct im_node *));
	size_t *next = xcalloc(n, sizeof *next);
	size_t norder = 0;
	int r = bind(g, e);

	for (size_t i = 0; i < n; i++)
		g->node[i]->mark = NEW;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (g->node[i]->mark == NEW)
			r = visit(g, g->node[i], stack, next, order, &norder, e);
	if (r == 0 && n > 0)
		memcpy(g->node, order, n * sizeof(struct im_node *));
	free(order);
	free(stack);
	free(next);
	return r;
}

void im_sweep(struct im_graph *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->nvalue; i++)
		g->value[i]->nuse = 0;
	for (size_t i = 0; i < g->nout; i++)
		g->out[i]->nuse++;
	for (size_t i = g->nnode; i-- > 0;) {
		struct im_node *n = g->node[i];
		bool used = false;

		for (size_t k = 0; k < n->nout; k++)
			used |= n->out[k] && n->out[k]->nuse;
		n->dead = n->dead || !used;
		for (size_t k = 0; !n->dead && k < n->nin; k++)
			if (n->in[k])
				n->in[k]->nuse++;
	}
	for (size_t i = 0; i < g->nnode; i++)
		if (!g->node[i]->dead)
			g->node[kept++] = g->node[i];
		else
			for (size_t k = 0; k < g->node[i]->nattr; k++)
				tensor_release(&g->node[i]->attr[k].t);
	g->nnode = kept;
}
