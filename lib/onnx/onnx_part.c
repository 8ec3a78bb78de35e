/*
 * Parts of a model that can be imported where the whole cannot.  A part holds the nodes with as
 * many stuck nodes before them (or behind them): no way leads out of it and back in, so that it can
 * be cut out by start and end nodes.
 */
#include "onnx/onnx_int.h"

enum {
	INSIDE = 1,
	LISTED = 2,
	STARTS = 3 /* inside, and in the list of start nodes */
};

static int most(int a, int b)
{
	return a > b ? a : b;
}

void onnx_measure(const struct im_graph *g)
{
	for (size_t i = 0; i < g->nnode; i++) {
		struct im_node *n = g->node[i];

		n->depth = n->height = 0;
		for (size_t k = 0; k < n->nin; k++)
			if (n->in[k] && !n->in[k]->is_const && n->in[k]->from)
				n->depth = most(n->depth, n->in[k]->from->depth);
		n->depth += n->stuck;
	}
	for (size_t i = g->nnode; i-- > 0;) {
		const struct im_node *n = g->node[i];

		g->node[i]->height += n->stuck;
		for (size_t k = 0; k < n->nin; k++)
			if (n->in[k] && !n->in[k]->is_const && n->in[k]->from)
				n->in[k]->from->height = most(n->in[k]->from->height, n->height);
	}
}

/* The layer that makes what n makes; NULL when it is stuck or constant. */
static const struct layer *layer_of(const struct im_node *n)
{
	const struct im_value *v = n->nout ? n->out[0] : NULL;

	return v && !n->stuck && !v->is_const && v->done ? v->view.layer : NULL;
}

static bool more(const struct onnx_part *a, const struct onnx_part *b)
{
	return a->macs != b->macs ? a->macs > b->macs : a->nodes > b->nodes;
}

static void keep_best(const struct onnx_part *part, size_t n, struct onnx_part *out, size_t max,
		      size_t *count)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = *count;

		if (part[i].nodes == 0)
			continue;
		while (at > 0 && more(&part[i], &out[at - 1]))
			at--;
		if (at == max)
			continue;
		if (*count < max)
			++*count;
		memmove(out + at + 1, out + at, (*count - 1 - at) * sizeof *out);
		out[at] = part[i];
	}
}

size_t onnx_parts(struct onnx_run *r, struct onnx_part *out, size_t max)
{
	const struct im_graph *g = r->ir;
	const size_t levels = g->nnode + 1;
	struct onnx_part *part[2] = { xcalloc(levels, sizeof *part[0]),
				      xcalloc(levels, sizeof *part[0]) };
	bool *seen = xcalloc(r->b.g->nlayers + 1, sizeof *seen);
	struct err ignored = { 0 };
	size_t count = 0;

	onnx_measure(g);
	graph_infer_shapes(r->b.g, &ignored); /* for MACs only */
	for (size_t i = 0; i < g->nnode; i++) {
		const struct layer *l = layer_of(g->node[i]);

		if (!l || l->type == HN_INPUT || seen[l->index])
			continue;
		seen[l->index] = true;
		for (int k = 0; k < 2; k++) {
			struct onnx_part *p = &part[k][k ? g->node[i]->height : g->node[i]->depth];

			p->macs += layer_macs(l);
			p->nodes++;
		}
	}
	for (int k = 1; k >= 0; k--) {
		for (size_t i = 0; i < levels; i++) {
			part[k][i].before = k == 1;
			part[k][i].level = (int)i;
		}
		keep_best(part[k], levels, out, max, &count);
		free(part[k]);
	}
	free(seen);
	return count;
}

bool onnx_in_part(const struct onnx_part *p, const struct im_node *n)
{
	return !n->stuck && (p->before ? n->height : n->depth) == p->level;
}

static bool is_constant(const struct im_node *n)
{
	for (size_t k = 0; k < n->nout; k++)
		if (n->out[k] && !n->out[k]->is_const)
			return false;
	return true;
}

/*
 * Marks the nodes of the uncut graph g that the part's nodes stand for.  What is computed to a
 * constant belongs to it where it is used in it.
 */
static void mark_inside(struct onnx_run *r, const struct onnx_part *p, struct im_graph *g)
{
	for (size_t i = r->ir->nnode; i-- > 0;) {
		struct im_node *n = r->ir->node[i];

		n->mark = n->mark == INSIDE && !n->stuck && is_constant(n);
		if (!n->mark && (!onnx_in_part(p, n) || is_constant(n)))
			continue;
		for (size_t k = 0; k < n->norigin; k++) {
			struct im_node *m = im_find_node(g, n->origin[k]);

			if (m)
				m->mark = INSIDE;
		}
		for (size_t k = 0; k < n->nin; k++)
			if (n->in[k] && n->in[k]->is_const && n->in[k]->from)
				n->in[k]->from->mark = INSIDE;
	}
	for (size_t i = 0; i < g->nnode; i++)
		if (g->node[i]->part_of)
			g->node[i]->mark = g->node[i]->part_of->mark;
}

static bool add(const char ***list, size_t *n, size_t *cap, struct arena *names, const char *name)
{
	VEC_GROW(*list, *n, cap);
	(*list)[(*n)++] = arena_strdup(names, name);
	return name[0] && !strchr(name, ',');
}

static bool is_data(const struct onnx_run *r, const struct im_value *v)
{
	const struct im_value *known = v ? im_find_value(r->ir, v->name) : NULL;

	return v && !v->is_const && !(known && known->is_const);
}

struct lists {
	const char **start, **end;
	size_t nstart, cap_start, nend, cap_end;
	bool outside; /* something comes from outside of the part */
	bool outputs; /* all ends are outputs, and all outputs are there */
	bool good;
};

/* Nodes that take in what no node of the part makes. */
static void find_starts(const struct onnx_run *r, struct im_graph *g, struct arena *names,
			struct lists *l)
{
	for (size_t i = 0; i < g->nnode; i++) {
		struct im_node *n = g->node[i];
		bool starts = false;

		for (size_t k = 0; n->mark && k < n->nin; k++) {
			const struct im_value *v = n->in[k];

			if (!is_data(r, v) || (v->from && v->from->mark))
				continue;
			starts = true;
			l->outside |=
			    v->from != NULL || !v->is_input ||
			    (im_find_value(r->ir, v->name) && im_find_value(r->ir, v->name)->bad);
		}
		if (starts && im_whole(n)->mark != STARTS) {
			im_whole(n)->mark = STARTS;
			l->good &= add(&l->start, &l->nstart, &l->cap_start, names, n->name);
		}
	}
}

/* Nodes whose results are used outside; a tensor where the node makes several. */
static void find_ends(const struct onnx_run *r, struct im_graph *g, struct arena *names,
		      struct lists *l)
{
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; !g->node[i]->mark && k < g->node[i]->nin; k++)
			if (g->node[i]->in[k])
				g->node[i]->in[k]->mark = LISTED;
	for (size_t i = 0; i < g->nout; i++) {
		l->outputs &= g->out[i]->from && g->out[i]->from->mark;
		g->out[i]->mark = LISTED;
	}
	for (size_t i = 0; i < g->nnode; i++) {
		struct im_node *n = g->node[i];

		for (size_t k = 0; n->mark && k < n->nout; k++) {
			const struct im_value *v = n->out[k];

			if (!v || v->mark != LISTED || !is_data(r, v))
				continue;
			l->outputs &= v->is_output;
			l->good &= add(&l->end, &l->nend, &l->cap_end, names,
				       n->nout > 1 ? v->name : n->name);
		}
	}
}

bool onnx_part_opts(struct onnx_run *r, const struct onnx_part *p, const struct im_source *src,
		    const struct onnx_opts *o, struct onnx_opts *cut, struct arena *names)
{
	struct onnx_run uncut = { 0 };
	struct err ignored = { 0 };
	struct lists l = { .outputs = true, .good = true };
	const char **list;

	*cut = *o;
	if (onnx_run_decode(&uncut, src, o, &ignored) == 0) {
		for (size_t i = 0; i < uncut.ir->nnode; i++)
			uncut.ir->node[i]->mark = 0;
		mark_inside(r, p, uncut.ir);
		find_starts(r, uncut.ir, names, &l);
		find_ends(r, uncut.ir, names, &l);
	}
	if (l.outside) {
		cut->start = list = arena_array(names, l.nstart, sizeof *list);
		cut->nstart = l.nstart;
		memcpy(list, l.start, l.nstart * sizeof *list);
	}
	if (!l.outputs && l.nend) {
		cut->end = list = arena_array(names, l.nend, sizeof *list);
		cut->nend = l.nend;
		memcpy(list, l.end, l.nend * sizeof *list);
	}
	free(l.start);
	free(l.end);
	onnx_run_release(&uncut);
	return l.good && l.nend && (l.outside || !l.outputs);
}
