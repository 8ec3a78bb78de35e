/*
 * Relays: physical layers that pass on rows unchanged.  Every edge from one of the layers that a
 * relay reads to one of those that it feeds goes through it; a tensor that several parts write
 * leaves it as one.
 */
#include "alloc/weave.h"

/* The context of a relay: the script's, else that of its producers if a consumer shares it. */
static int32_t context_of(const struct weave *w, const struct relay *r, int32_t node)
{
	const struct allocation *a = w->a;
	int32_t before = 0, behind = INT32_MAX;

	for (size_t i = 0; i < w->n; i++) {
		const struct alloc_edge *ed = &w->v[i].ed;

		if (w->v[i].gone)
			continue;
		if (ed->to == node && a->layers[ed->from].context > before)
			before = a->layers[ed->from].context;
		if (ed->from == node && a->layers[ed->to].context < behind)
			behind = a->layers[ed->to].context;
	}
	if (r->context < 0)
		return before > behind ? -1 : behind;
	return r->context < before || r->context > behind ? -1 : r->context;
}

static char **names_of(const struct weave *w, const struct named *v, size_t n)
{
	char **out = arena_array(&w->a->arena, n, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = plan_name(w->p, &w->a->arena, &v[i]);
	return out;
}

static void describe(const struct weave *w, const struct relay *r, struct alloc_layer *l)
{
	const bool controller = relay_kind_of(r->kind)->controller;
	struct arena *arena = &w->a->arena;

	*l = (struct alloc_layer){ .kind = r->kind,
				   .mixed = -1,
				   .feature_to = 1,
				   .column_to = 1,
				   .cluster = -1,
				   .lcus = controller,
				   .input_aligners = controller,
				   .apus = controller };
	l->name = l->layer = arena_strdup(arena, r->name);
	l->relay = (struct alloc_relay){ .from = names_of(w, r->from, r->nfrom),
					 .to = names_of(w, r->to, r->nto),
					 .nfrom = r->nfrom,
					 .nto = r->nto,
					 .order = (int32_t)(r - w->p->relays),
					 .word = r->word ? arena_strdup(arena, r->word) : NULL };
}

static int other_context(const struct weave *w, const struct relay *r)
{
	if (r->context < 0)
		err_set(w->e, "'%s' joins layers of different contexts", quote(r->name));
	else
		err_set(w->e, "'%s' is in context_%d, what it joins is not", quote(r->name),
			r->context);
	return r->st ? alls_in(r->st, w->e) : -1;
}

static int insert(struct weave *w, const struct relay *r)
{
	struct allocation *a = w->a;
	int32_t node = (int32_t)a->nlayers++;
	struct alloc_layer *l = &a->layers[node];
	struct lane *lanes = xcalloc(w->n + 1, sizeof *lanes);
	int32_t nlanes = 0;
	int rc;

	w->node[r - w->p->relays] = node;
	a->unit[node] = -1 - (int32_t)(r - w->p->relays);
	describe(w, r, l);
	rc = weave_connect(w, r, node, lanes, &nlanes);
	if (rc == 0 && (l->context = context_of(w, r, node)) < 0)
		rc = other_context(w, r);
	if (rc == 0)
		rc = weave_measure(w, r, node, lanes, nlanes);
	if (rc == 0)
		rc = weave_widen(w, node);
	if (rc == 0 && r->splits)
		weave_share(w, r, node);
	free(lanes);
	return rc;
}

/* Copies with room for the relays. */
static void unravel(struct weave *w)
{
	struct plan *p = w->p;
	struct allocation *a = w->a;
	const size_t n = a->nlayers + p->nrelays;
	struct alloc_layer *layers = arena_array(&a->arena, n, sizeof *layers);
	int32_t *unit = arena_array(&a->arena, n, sizeof *unit);

	memcpy(layers, a->layers, a->nlayers * sizeof *layers);
	memcpy(unit, a->unit, a->nlayers * sizeof *unit);
	a->layers = layers;
	a->unit = unit;
	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];

		VEC_GROW(w->v, w->n, &w->cap);
		w->v[w->n++] = (struct strand){ *ed, { unit[ed->from], ed->port }, false };
	}
	w->node = xcalloc(p->nrelays, sizeof *w->node);
	for (size_t i = 0; i < p->nrelays; i++)
		w->node[i] = -1;
}

static void keep_edges(struct weave *w)
{
	struct allocation *a = w->a;

	a->edges = arena_array(&a->arena, w->n + 1, sizeof *a->edges);
	a->nedges = 0;
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].gone)
			a->edges[a->nedges++] = w->v[i].ed;
}

int relays_insert(struct plan *p, struct allocation *a, struct err *e)
{
	struct weave w = { .p = p, .a = a, .e = e };
	const size_t n = a->nlayers;
	int rc = 0;

	if (!p->nrelays)
		return 0;
	if (a->nlayers + p->nrelays > LIMIT_LAYERS)
		return err_set(e, "%zu physical layers are too many", a->nlayers + p->nrelays);
	unravel(&w);
	for (size_t i = 0; i < p->nrelays && rc == 0; i++)
		if ((rc = insert(&w, &p->relays[i])) < 0 && !p->relays[i].st)
			err_in(e, "'%s'", quote(p->relays[i].name));
	if (rc == 0) {
		keep_edges(&w);
		rc = weave_order(a, n, e);
	}
	free(w.v);
	free(w.node);
	return rc;
}
