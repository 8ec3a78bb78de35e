/*
 * Buffers that L3 has no room for: the largest goes to L4, while that has room, or to external
 * memory, by a relay between the two layers (guide, automatic_ddr).
 */
#include "alloc/alloc_int.h"

static int64_t edge_bytes(const struct alloc_edge *ed)
{
	return (int64_t)ed->rows * ed->row_bytes;
}

static int64_t cuts_of(const struct plan *p, const struct alloc_edge *ed)
{
	return ceil_div(edge_bytes(ed), p->t->l3_cut_bytes);
}

/* L4 cuts that a context's buffers outside clusters take, before anything is placed. */
static int64_t l4_taken(const struct plan *p, const struct allocation *a, int32_t context)
{
	int64_t *bytes = xcalloc(a->nlayers + 1, sizeof *bytes), cuts = 0;

	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];
		const struct alloc_layer *to = &a->layers[ed->to];

		if (to->context == context && !to->lcus && !relay_kind_of(to->kind)->in_l3 &&
		    ed->kind != EDGE_INTER_CONTEXT && ed->kind != EDGE_DDR)
			bytes[ed->to] += edge_bytes(ed);
	}
	for (size_t i = 0; i < a->nlayers; i++)
		cuts += ceil_div(bytes[i], p->t->l4_cut_bytes);
	free(bytes);
	return cuts;
}

/* Does a relay in front of its consumer shorten this buffer in L3? */
static bool shortens(const struct plan *p, const struct allocation *a, const struct alloc_edge *ed)
{
	return (ed->kind == EDGE_L3 || ed->kind == EDGE_BOUNDARY) && a->layers[ed->to].lcus > 0 &&
	       !alloc_is_relay(a, (size_t)ed->to) &&
	       !relay_kind_of(a->layers[ed->from].kind)->lazy && edge_window(p, a, ed) < ed->rows;
}

const struct alloc_edge *spill_largest(const struct plan *p, const struct allocation *a)
{
	const struct alloc_edge *worst = NULL;

	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];

		if (shortens(p, a, ed) && (!worst || edge_bytes(ed) > edge_bytes(worst)))
			worst = ed;
	}
	return worst;
}

/* Where it goes; ALLOC_LAYER: it stays. */
static enum alloc_kind kind_for(const struct plan *p, const struct allocation *a,
				const struct alloc_edge *ed)
{
	const int64_t cuts = cuts_of(p, ed);
	const int64_t l4 = ceil_div(edge_bytes(ed), p->t->l4_cut_bytes);

	if (p->l4_cuts >= 0 && cuts > p->l4_cuts &&
	    l4_taken(p, a, a->layers[ed->to].context) + l4 <= p->t->l4_cuts)
		return ALLOC_L4_PORTAL;
	return p->ddr_cuts >= 0 && cuts > p->ddr_cuts ? ALLOC_DDR : ALLOC_LAYER;
}

/* The layer with all its parts, or the relay. */
static struct named *whole(struct plan *p, const struct allocation *a, int32_t layer)
{
	struct named *n = arena_array(&p->arena, 1, sizeof *n);

	*n = (struct named){ .part = -1 };
	if (alloc_is_relay(a, (size_t)layer))
		n->relay = (int32_t)(phys_relay(p, a, (size_t)layer) - p->relays);
	else
		n->u = phys_unit(p, a, (size_t)layer);
	return n;
}

/* "net/ddr_portal_from_conv1_to_ew_add1", with a number when that is taken. */
static const char *name_for(struct plan *p, enum alloc_kind kind, const struct named *from,
			    const struct named *to)
{
	const char *a = plan_name(p, &p->arena, from), *b = plan_name(p, &p->arena, to);
	const int scope = (int)(plan_unscoped(a) - a);
	const char *word = kind == ALLOC_DDR ? "ddr_portal" : "l4_portal";
	char *name = arena_printf(&p->arena, "%.*s%s_from_%s_to_%s", scope, a, word,
				  plan_unscoped(a), plan_unscoped(b));
	struct err ignored = { 0 };
	struct named n;

	for (int k = 2; plan_find(p, name, &n, &ignored) == 0; k++)
		name = arena_printf(&p->arena, "%.*s%s_from_%s_to_%s_%d", scope, a, word,
				    plan_unscoped(a), plan_unscoped(b), k);
	return name;
}

bool spill(struct plan *p, const struct allocation *a)
{
	const struct alloc_edge *ed = spill_largest(p, a);
	enum alloc_kind kind = ed ? kind_for(p, a, ed) : ALLOC_LAYER;
	struct named *from, *to;
	const char *name;
	struct relay *r;

	if (kind == ALLOC_LAYER)
		return false;
	from = whole(p, a, ed->from);
	to = whole(p, a, ed->to);
	name = name_for(p, kind, from, to);
	r = relay_add(p, kind, name);
	r->from = from;
	r->to = to;
	r->nfrom = r->nto = 1;
	return true;
}
