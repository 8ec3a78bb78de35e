/* Format conversions at the network's inputs and outputs (guide, automatic_reshapes). */
#include "alloc/alloc_int.h"

static void add(struct plan *p, const char *word, struct named from, const struct named *to,
		size_t nto)
{
	const char *a = from.u->l->name, *b = to[0].u->l->name;
	const int scope = (int)(plan_unscoped(a) - a);
	char *name = arena_printf(&p->arena, "%.*sauto_reshape_from_%s_to_%s", scope, a,
				  plan_unscoped(a), plan_unscoped(b));
	struct err ignored = { 0 };
	struct named taken;
	struct relay *r;

	if (plan_find(p, name, &taken, &ignored) == 0)
		return;
	r = relay_add(p, ALLOC_FORMAT, name);
	r->word = word;
	r->from = arena_array(&p->arena, 1, sizeof *r->from);
	r->to = arena_array(&p->arena, nto, sizeof *r->to);
	r->from[0] = from;
	memcpy(r->to, to, nto * sizeof *to);
	r->nfrom = 1;
	r->nto = nto;
}

/* Does a relay stand between the two already? */
static bool between(const struct plan *p, const struct unit *from, const struct unit *to)
{
	for (size_t i = 0; i < p->nrelays; i++) {
		const struct relay *r = &p->relays[i];
		bool reads = false, feeds = false;

		for (size_t k = 0; k < r->nfrom; k++)
			reads = reads || r->from[k].u == from;
		for (size_t k = 0; k < r->nto; k++)
			feeds = feeds || r->to[k].u == to;
		if (reads && feeds)
			return true;
	}
	return false;
}

static void input(struct plan *p, struct unit *u)
{
	struct named *to = arena_array(&p->arena, u->l->nsucc + 1, sizeof *to);
	size_t n = 0;

	for (size_t i = 0; i < u->l->nsucc; i++) {
		struct unit *c = &p->units[u->l->succ[i]->index];
		bool old = between(p, u, c);

		for (size_t k = 0; k < n; k++)
			old = old || to[k].u == c;
		if (!old)
			to[n++] = (struct named){ .u = c, .part = -1 };
	}
	if (n)
		add(p, "tf_rgb_to_hailo_rgb", (struct named){ .u = u, .part = -1 }, to, n);
}

void reshapes_add(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct unit *u = &p->units[i];
		struct unit *from;

		if (u->l->type == HN_INPUT)
			input(p, u);
		if (u->l->type != HN_OUTPUT)
			continue;
		from = &p->units[u->l->in[0].layer->index];
		/* An input that is an output has its conversion. */
		if (from->l->type != HN_INPUT && !between(p, from, u))
			add(p, "hailo_rgb_to_tf_rgb", (struct named){ .u = from, .part = -1 },
			    &(struct named){ .u = u, .part = -1 }, 1);
	}
}
