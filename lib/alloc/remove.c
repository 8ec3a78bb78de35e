/*
 * remove_node(X): a layer that leaves every code as it is, is taken out of the network; whoever
 * reads it reads what it reads (guide 5.4).  hn2hef does the same again by the names that the
 * allocation keeps.
 */
#include "alloc/alloc.h"

static bool same_shape(const struct hn_shape *a, const struct hn_shape *b)
{
	return a->h == b->h && a->w == b->w && a->c == b->c;
}

static const struct hn_shape *shape_of(const struct hn_input *in)
{
	return &in->layer->out[in->port];
}

static bool feeds_output(const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i]->type == HN_OUTPUT)
			return true;
	return false;
}

/* Outputs are told apart by what is in front of them; the device gives nothing back untouched. */
static const char *output_reason(const struct layer *l)
{
	const struct layer *from = l->in[0].layer;

	if (!feeds_output(l))
		return NULL;
	if (from->type == HN_INPUT || feeds_output(from))
		return "an output would be an input of the network, or leave twice";
	return shape_of(&l->in[0])->rank == l->out[0].rank ? NULL : "an output has its shape";
}

/* Why a layer must stay; NULL: it may be removed. */
static const char *reason(const struct qmodel *m, const struct layer *l)
{
	const struct hn_shape *before;

	if (!qop_keeps_codes(&m->q[l->index]))
		return "only a layer that passes on all values of its one input in their order can "
		       "be";
	before = shape_of(&l->in[0]);
	if (same_shape(before, &l->out[0]))
		return output_reason(l);
	for (size_t i = 0; i < l->nsucc; i++)
		if (!qop_takes_any_shape(&m->q[l->succ[i]->index]))
			return "what reads it needs its shape";
	return NULL;
}

/* Whoever reads l reads its input, and its record says so. */
static void pass_by(struct graph *g, struct qmodel *m, struct layer *l)
{
	const struct hn_shape *s = shape_of(&l->in[0]);

	for (size_t i = 0; i < l->nsucc; i++) {
		struct layer *to = l->succ[i];

		if (to->type == HN_OUTPUT && !to->stream)
			to->stream = l->name;
		for (size_t k = 0; k < to->nin; k++)
			if (to->in[k].layer == l && m->q[to->index].in_shape.n >= 3 * (k + 1))
				memcpy(m->q[to->index].in_shape.v + 3 * k,
				       (int32_t[]){ s->h, s->w, s->c }, 3 * sizeof(int32_t));
	}
	graph_replace_uses(g, l, 0, l->in[0].layer, l->in[0].port);
}

/* The graph without l, and the records in its new order. */
static int take_out(struct graph *g, struct qmodel *m, struct layer *l, struct err *e)
{
	struct layer **before = xcalloc(m->n, sizeof(struct layer *));
	struct qop *q = xcalloc(m->n, sizeof *q);
	int rc;

	memcpy(before, g->layers, m->n * sizeof(struct layer *));
	pass_by(g, m, l);
	qop_release(&m->q[l->index]);
	before[l->index] = NULL;
	graph_remove(g, l);
	rc = graph_link(g, e);
	for (size_t i = 0; i < m->n; i++)
		if (before[i])
			q[before[i]->index] = m->q[i];
	free(m->q);
	free(before);
	m->q = q;
	m->n = g->nlayers;
	return rc;
}

int alloc_remove_layer(struct graph *g, struct qmodel *m, const char *name, struct err *e)
{
	struct layer *l = graph_find(g, name);
	const char *why;

	if (!l)
		return err_set(e, "no layer '%s' in '%s'", quote(name), quote(g->name));
	if ((why = reason(m, l)) != NULL)
		return err_set(e, "'%s' is not removed: %s", quote(name), why);
	return take_out(g, m, l, e);
}

/* Of the whole network, but not on the device, and not because it is removed. */
static bool on_host(const struct graph *whole, const struct alloc_removed *r, const char *name)
{
	const struct layer *l = graph_find(whole, name);

	for (size_t i = 0; l && i < r->n; i++)
		if (strcmp(r->v[i], l->name) == 0)
			return false;
	return l != NULL;
}

/* One statement. */
static int follow(struct graph *g, const struct graph *whole, struct qmodel *m,
		  const struct alls_stmt *st, struct alloc_removed *r, struct err *e)
{
	const struct alls_value *v = alls_get(st, "layer_name");
	const struct layer *l = graph_find(g, v->text);
	char *full;

	if (!l && on_host(whole, r, v->text)) /* the device does not have it anyway */
		return 0;
	if (!l && alls_made(st, v->text)) {
		alls_warn_made(st, v->text);
		return 0;
	}
	if (!l) {
		alls_unknown_layer(g, v->text, e);
		return alls_in_value(st, v, e);
	}
	full = xstrdup(l->name);
	if (alloc_remove_layer(g, m, full, e) < 0) {
		free(full);
		return alls_in(st, e);
	}
	r->v[r->n++] = full;
	return 0;
}

int alloc_remove(struct graph *g, const struct graph *whole, struct qmodel *m,
		 const struct alls *script, struct alloc_removed *r, struct err *e)
{
	*r = (struct alloc_removed){ .v = xcalloc((script ? script->nstmts : 0) + 1,
						  sizeof(char *)) };
	for (size_t i = 0; script && i < script->nstmts; i++) {
		if (alls_is(&script->stmts[i], "remove_node", NULL) &&
		    follow(g, whole, m, &script->stmts[i], r, e) < 0)
			return -1;
	}
	return 0;
}

void alloc_removed_release(struct alloc_removed *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i]);
	free(r->v);
	*r = (struct alloc_removed){ 0 };
}
