/* The edges that a relay takes over: those between what it reads and what it feeds. */
#include "alloc/weave.h"

static bool node_is(const struct weave *w, int32_t node, const struct named *n)
{
	const struct allocation *a = w->a;
	int32_t part = 0;

	if (!n->u)
		return w->node[n->relay] == node;
	if (a->unit[node] != (int32_t)(n->u - w->p->units))
		return false;
	if (n->part < 0)
		return true;
	while (part < node && a->unit[node - part - 1] == a->unit[node])
		part++;
	return part == n->part;
}

/* Does a name mean the consumer of an edge?  That of joined parts: whoever reads them. */
static bool feeds(const struct weave *w, size_t edge, const struct named *n)
{
	if (n->joined)
		return w->v[edge].lane.unit == (int32_t)(n->u - w->p->units);
	return node_is(w, w->v[edge].ed.to, n);
}

/* Marks the names that have an edge; false: this edge has none on one of its ends. */
static bool goes_through(const struct weave *w, size_t edge, const struct relay *r, bool *from,
			 bool *to)
{
	bool reads = false, read = false;

	for (size_t i = 0; i < r->nfrom; i++)
		reads = reads || node_is(w, w->v[edge].ed.from, &r->from[i]);
	for (size_t i = 0; i < r->nto; i++)
		read = read || feeds(w, edge, &r->to[i]);
	if (!reads || !read)
		return false;
	for (size_t i = 0; i < r->nfrom; i++)
		from[i] = from[i] || node_is(w, w->v[edge].ed.from, &r->from[i]);
	for (size_t i = 0; i < r->nto; i++)
		to[i] = to[i] || feeds(w, edge, &r->to[i]);
	return true;
}

static int not_connected(const struct weave *w, const struct relay *r, const bool *from,
			 const bool *to)
{
	struct arena scratch = { 0 };
	const struct named *a = &r->from[0], *b = &r->to[0];

	for (size_t i = 0; i < r->nfrom; i++)
		a = from[i] ? a : &r->from[i];
	for (size_t i = 0; i < r->nto; i++)
		b = to[i] ? b : &r->to[i];
	err_set(w->e, "'%s' and '%s' are not connected", quote(plan_name(w->p, &scratch, a)),
		quote(plan_name(w->p, &scratch, b)));
	arena_release(&scratch);
	return r->st ? alls_in(r->st, w->e) : -1;
}

/* Number of a relay's lane for this tensor; a new one at the end. */
static int32_t lane_of(struct lane *lanes, int32_t *n, struct lane l)
{
	for (int32_t i = 0; i < *n; i++)
		if (lanes[i].unit == l.unit && lanes[i].port == l.port)
			return i;
	lanes[*n] = l;
	return (*n)++;
}

/* A layer's edge into a relay, unless it is there. */
static void edge_in(struct weave *w, const struct strand *s, int32_t node, int32_t lane)
{
	struct strand new = *s;

	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone && w->v[i].ed.to == node && w->v[i].ed.from == s->ed.from &&
		    w->v[i].ed.input == lane)
			return;
	new.ed.to = node;
	new.ed.input = lane;
	VEC_GROW(w->v, w->n, &w->cap);
	w->v[w->n++] = new;
}

/* The edge out of a relay to an input; NULL: none yet. */
static struct strand *edge_out(struct weave *w, int32_t node, const struct alloc_edge *to)
{
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone && w->v[i].ed.from == node && w->v[i].ed.to == to->to &&
		    w->v[i].ed.input == to->input)
			return &w->v[i];
	return NULL;
}

/* An edge becomes one into the relay and one out of it, which the parts of a layer share. */
static int reroute(struct weave *w, size_t edge, int32_t node, int32_t lane)
{
	const struct strand old = w->v[edge];
	struct strand *out = edge_out(w, node, &old.ed);

	if (out && out->ed.row_bytes > INT32_MAX - old.ed.row_bytes)
		return err_set(w->e, "a row of it has more than %d bytes", INT32_MAX);
	if (out) {
		out->ed.row_bytes += old.ed.row_bytes;
		w->v[edge].gone = true;
	} else {
		w->v[edge].ed.from = node;
		w->v[edge].ed.port = lane;
	}
	if (w->n >= 4u * LIMIT_LAYERS)
		return err_set(w->e, "%zu edges are too many", w->n);
	edge_in(w, &old, node, lane);
	return 0;
}

/* Every edge between what a relay reads and what it feeds goes through it. */
int weave_connect(struct weave *w, const struct relay *r, int32_t node, struct lane *lanes,
		  int32_t *nlanes)
{
	bool *from = xcalloc(r->nfrom + 1, 1), *to = xcalloc(r->nto + 1, 1);
	const size_t n = w->n;
	bool all = true;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		if (!w->v[i].gone && goes_through(w, i, r, from, to))
			rc = reroute(w, i, node, lane_of(lanes, nlanes, w->v[i].lane));
	for (size_t i = 0; i < r->nfrom; i++)
		all = all && from[i];
	for (size_t i = 0; i < r->nto; i++)
		all = all && to[i];
	if (rc == 0 && !all)
		rc = not_connected(w, r, from, to);
	free(from);
	free(to);
	return rc;
}
