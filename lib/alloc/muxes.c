/* Outputs that share a stream without the script naming them (guide, enable_muxer). */
#include "alloc/alloc_int.h"

/* Does a relay of the script feed it?  What stands before an output stays as it is. */
static bool is_fed(const struct plan *p, const struct unit *u)
{
	for (size_t i = 0; i < p->script_relays; i++)
		for (size_t k = 0; k < p->relays[i].nto; k++)
			if (p->relays[i].to[k].u == u)
				return true;
	return false;
}

/* An output with a scale for each feature has a stream of its own (guide, output_encoding_vector).
 */
static bool joins(const struct plan *p, const struct unit *u, int32_t context)
{
	const struct unit *from;

	if (u->l->type != HN_OUTPUT || u->context != context)
		return false;
	from = &p->units[u->l->in[0].layer->index];
	return from->l->type != HN_INPUT && from->context == context &&
	       from->last_context == context && from->q->out_scale.n == 1 && !is_fed(p, u);
}

static void add_once(struct relay *r, struct unit *u)
{
	for (size_t i = 0; i < r->nfrom; i++)
		if (r->from[i].u == u)
			return;
	r->from[r->nfrom++] = (struct named){ .u = u, .part = -1 };
}

/* Of an output layer that a relay of the script takes with others of its producer: none of them. */
static bool whole(const struct plan *p, const struct unit *u, int32_t context)
{
	const struct unit *from = &p->units[u->l->in[0].layer->index];

	for (size_t i = 0; i < from->l->nsucc; i++) {
		const struct unit *to = &p->units[from->l->succ[i]->index];

		if (to->l->type == HN_OUTPUT && !joins(p, to, context))
			return false;
	}
	return true;
}

static void add_mux(struct plan *p, int32_t context, size_t n)
{
	const char *name =
	    p->ncontexts > 1 ? arena_printf(&p->arena, "%s/auto_output_mux_%d", p->g->name, context)
			     : arena_printf(&p->arena, "%s/auto_output_mux", p->g->name);
	struct err ignored = { 0 };
	struct named taken;
	struct relay *r;

	if (plan_find(p, name, &taken, &ignored) == 0)
		return;
	r = relay_add(p, ALLOC_MUX, name);
	r->from = arena_array(&p->arena, n, sizeof *r->from);
	r->to = arena_array(&p->arena, n, sizeof *r->to);
	for (size_t i = 0; i < p->n; i++) {
		struct unit *u = &p->units[i];

		if (!joins(p, u, context) || !whole(p, u, context))
			continue;
		r->to[r->nto++] = (struct named){ .u = u, .part = -1 };
		add_once(r, &p->units[u->l->in[0].layer->index]);
	}
}

void muxes_add(struct plan *p)
{
	for (int32_t c = 0; c < p->ncontexts; c++) {
		size_t n = 0;

		for (size_t i = 0; i < p->n; i++)
			n += joins(p, &p->units[i], c) && whole(p, &p->units[i], c);
		if (n > 1)
			add_mux(p, c, n);
	}
}
