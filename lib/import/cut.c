/* Cutting the graph at start and end nodes. */
#include "import/import.h"

/* The node of this name, of the option; NULL with the reason. */
static struct im_node *named(struct im_graph *g, const char *option, const char *name,
			     struct err *e)
{
	struct im_node *n = im_find_node(g, name);
	const struct im_value *v = n ? NULL : im_find_value(g, name);

	if (!n && v && (v->is_input || v->is_const))
		err_set(e, "%s: '%s' is %s, not a node", option, quote(name),
			v->is_const ? "a constant" : "an input");
	else if (!n)
		err_set(e, "%s: there is no node '%s'%s", option, quote(name), im_near(g, name));
	return n;
}

/* Takes nodes out that no output needs any more, and notes why. */
static void sweep(struct im_graph *g, enum im_cutoff why)
{
	struct im_node **before = g->nnode ? xcalloc(g->nnode, sizeof *before) : NULL;
	const size_t n = g->nnode;

	if (n)
		memcpy(before, g->node, n * sizeof *before);
	im_sweep(g);
	for (size_t i = 0; i < n; i++)
		if (before[i]->dead)
			before[i]->cut = why;
	free(before);
}

/* Outputs of this end node: all that are used, or the one that was named. */
static void end_at(struct im_graph *g, struct im_node *n, const char *name)
{
	const struct im_value *tensor = strcmp(n->name, name) == 0 ? NULL : im_find_value(g, name);

	for (size_t k = 0; k < n->nout; k++) {
		struct im_value *v = n->out[k];

		if (!v || v->is_output || (tensor && tensor != v))
			continue;
		if (!tensor && k > 0 && v->nuse == 0)
			continue; /* an optional output that nobody reads */
		im_add_output(g, v);
	}
}

static int cut_end(struct im_graph *g, const char *const *end, size_t n, struct err *e)
{
	for (size_t i = 0; i < g->nout; i++)
		g->out[i]->is_output = false;
	g->nout = 0;
	for (size_t i = 0; i < n; i++) {
		struct im_node *node = named(g, "--end-node-names", end[i], e);

		if (!node)
			return -1;
		if (node->dead)
			return err_set(
			    e, "--end-node-names: node '%s' leads to no output of the model",
			    quote(end[i]));
		end_at(g, node, end[i]);
	}
	return 0;
}

/* mark: 1 at start nodes and everything behind them. */
static int mark_started(struct im_graph *g, struct im_node *const *start, const char *const *name,
			size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (start[i]->dead)
			return err_set(
			    e, "--start-node-names: node '%s' leads to %s", quote(name[i]),
			    start[i]->cut == IM_BEHIND ? "none of the end nodes" : "no output");
	for (size_t i = 0; i < g->nnode; i++)
		g->node[i]->mark = 0;
	for (size_t i = 0; i < n; i++)
		start[i]->mark = 1;
	for (size_t i = 0; i < g->nnode; i++)
		if (g->node[i]->part_of)
			g->node[i]->mark = g->node[i]->part_of->mark;
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; k < g->node[i]->nin; k++) {
			const struct im_value *v = g->node[i]->in[k];

			if (v && v->from && v->from->mark)
				g->node[i]->mark = 1;
		}
	return 0;
}

/* What member m of start node n takes in from others; NULL when it is nothing that can be cut. */
static struct im_value *taken(struct im_node *n, const struct im_node *m, size_t k)
{
	struct im_value *v = m->in[k];

	return v && !v->is_const && !(v->from && im_whole(v->from) == n) ? v : NULL;
}

/*
 * What a start node takes in becomes an input; what comes from another start node stays inside,
 * unless that is all there is.
 */
static void start_at(struct im_graph *g, struct im_node *n)
{
	bool outside = false;

	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; im_whole(g->node[i]) == n && k < g->node[i]->nin; k++) {
			const struct im_value *v = taken(n, g->node[i], k);

			outside |= v && (!v->from || !v->from->mark);
		}
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; im_whole(g->node[i]) == n && k < g->node[i]->nin; k++) {
			struct im_value *v = taken(n, g->node[i], k);

			if (v && !v->is_input && !(outside && v->from && v->from->mark))
				im_add_input(g, v);
		}
}

/* What a node made is given from outside now. */
static void detach_inputs(struct im_graph *g)
{
	for (size_t i = 0; i < g->nin; i++) {
		struct im_node *n = g->in[i]->from;

		for (size_t k = 0; n && k < n->nout; k++)
			if (n->out[k] == g->in[i])
				n->out[k] = NULL;
		g->in[i]->from = NULL;
	}
}

static int cut_start(struct im_graph *g, const char *const *name, size_t n, struct err *e)
{
	struct im_node **start = arena_array(&g->arena, n, sizeof(struct im_node *));

	for (size_t i = 0; i < n; i++)
		if (!(start[i] = named(g, "--start-node-names", name[i], e)))
			return -1;
	if (mark_started(g, start, name, n, e) < 0)
		return -1;
	for (size_t i = 0; i < g->nin; i++) {
		g->in[i]->is_input = false;
		g->in[i]->was_input = true;
	}
	g->nin = 0;
	for (size_t i = 0; i < n; i++)
		start_at(g, start[i]);
	detach_inputs(g);
	sweep(g, IM_BEFORE);
	for (size_t i = 0; i < n; i++)
		if (start[i]->dead)
			return err_set(e,
				       "--start-node-names: node '%s' leads only to other start "
				       "nodes",
				       quote(name[i]));
	return 0;
}

/* Nothing may need an input of the model that the start nodes cut off. */
static int check_started(const struct im_graph *g, struct err *e)
{
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; k < g->node[i]->nin; k++) {
			const struct im_value *v = g->node[i]->in[k];

			if (v && v->was_input && !v->is_input)
				return err_set(
				    e,
				    "--start-node-names: the network also needs input '%s' "
				    "through node '%s' (%s): add a start node on that way",
				    quote(v->name), quote(g->node[i]->name),
				    quote(im_word(g->node[i])));
		}
	return 0;
}

int im_cut(struct im_graph *g, const char *const *start, size_t nstart, const char *const *end,
	   size_t nend, struct err *e)
{
	im_find_node(g, ""); /* the index holds nodes that are swept, too */
	sweep(g, IM_UNUSED);
	if (nend && cut_end(g, end, nend, e) < 0)
		return -1;
	sweep(g, IM_BEHIND);
	if (nstart == 0)
		return 0;
	if (cut_start(g, start, nstart, e) < 0)
		return -1;
	return check_started(g, e);
}
