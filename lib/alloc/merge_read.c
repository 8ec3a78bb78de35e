/* merge(...) in a script. */
#include "alloc/alloc_int.h"

/* The layer, or the layers, that an argument of merge names; NULL: passed over. */
static int merge_member(struct plan *p, const struct alls_stmt *st, const char *argument,
			struct unit **u, struct err *e)
{
	const char *name = alls_get_text(st, argument);
	const char *reason;
	struct named n;

	if ((*u = merge_named(p, name)) != NULL)
		return 0;
	if (plan_find(p, name, &n, e) < 0) {
		if (!alls_made(st, name))
			return alls_in_value(st, alls_get(st, argument), e);
		*e = (struct err){ 0 };
		alls_warn_made(st, name);
		return 0;
	}
	reason = !n.u                      ? "it only passes rows on"
		 : n.part >= 0 || n.joined ? "it is divided into parts"
					   : merge_reason(n.u);
	if (!reason) {
		*u = n.u;
		return 0;
	}
	err_set(e, "'%s' is not merged: %s", quote(name), reason);
	return alls_in_value(st, alls_get(st, argument), e);
}

/* The name before '=', in full; without one the allocation finds a name. */
static int name_merged(struct plan *p, const struct alls_stmt *st, struct unit *u, struct err *e)
{
	const char *slash = strchr(u->l->name, '/');
	int scope = slash ? (int)(slash - u->l->name) + 1 : 0;
	struct err ignored = { 0 };
	struct unit *m = u;
	struct named n;
	char *name = NULL;

	if (st->nlhs && strcmp(st->lhs[0], "{}") != 0) {
		if (merge_named(p, st->lhs[0]) || plan_find(p, st->lhs[0], &n, &ignored) == 0) {
			err_set(e, "'%s' is already a layer", quote(st->lhs[0]));
			return alls_in(st, e);
		}
		name = strchr(st->lhs[0], '/')
			   ? arena_strdup(&p->arena, st->lhs[0])
			   : arena_printf(&p->arena, "%.*s%s", scope, u->l->name, st->lhs[0]);
	}
	do {
		m->given_merged = name;
		m = &p->units[m->given_next];
	} while (m != u);
	return 0;
}

/* M = merge(A, B): A and B are layers, or layers that are merged already. */
static int merge(struct plan *p, const struct alls_stmt *st, struct err *e)
{
	struct unit *a, *b;

	if (merge_member(p, st, "layer1", &a, e) < 0)
		return -1;
	if (!a)
		return 0;
	if (merge_member(p, st, "layer2", &b, e) < 0)
		return -1;
	if (!b)
		return 0;
	if (merge_has(p, a, b)) {
		err_set(e, "'%s' and '%s' are merged already", quote(alls_get_text(st, "layer1")),
			quote(alls_get_text(st, "layer2")));
		return alls_in(st, e);
	}
	merge_join(p, a, b);
	for (size_t i = 0; i < p->n; i++)
		p->units[i].given_next = p->units[i].next;
	a->fixed.parts = a->fixed.parts ? a->fixed.parts : 1;
	b->fixed.parts = b->fixed.parts ? b->fixed.parts : 1;
	return name_merged(p, st, a, e);
}

int merge_read(struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->script->nstmts; i++)
		if (alls_is(&p->script->stmts[i], "merge", NULL) &&
		    merge(p, &p->script->stmts[i], e) < 0)
			return -1;
	return 0;
}

int merge_check(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct unit *u = &p->units[i];

		for (const struct unit *m = merge_next(p, u); m != u; m = merge_next(p, m)) {
			if (p->contexts_given && m->context != u->context)
				return err_set(e,
					       "layers '%s' and '%s' are merged and cannot lie in "
					       "context_%d and context_%d",
					       quote(u->l->name), quote(m->l->name), u->context,
					       m->context);
			if (u->place[0] >= 0 && m->place[0] >= 0 && m->place[0] != u->place[0])
				return err_set(e,
					       "layers '%s' and '%s' are merged and cannot lie in "
					       "clusters %d and %d",
					       quote(u->l->name), quote(m->l->name), u->place[0],
					       m->place[0]);
		}
	}
	return 0;
}
