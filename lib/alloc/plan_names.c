/* Layers and parts of layers that a script names. */
#include "alloc/alloc_int.h"

const char *plan_unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool same_name(const char *full, const char *given)
{
	return strcmp(full, given) == 0 || strcmp(plan_unscoped(full), given) == 0;
}

/* Part of u that has this name; -1: none. */
static int32_t part_named(const struct unit *u, const char *name)
{
	struct arena scratch = { 0 };
	int32_t parts = u->fixed.parts;
	int32_t i, found = -1;

	for (i = 0; i < parts && parts > 1 && found < 0; i++)
		if (same_name(plan_part_name(&scratch, u, i), name))
			found = i;
	arena_release(&scratch);
	return found;
}

/* The parts of a defused layer together: the name that defuse() gave, or "conv5_dc". */
static bool is_joined(const struct unit *u, const char *name)
{
	struct arena scratch = { 0 };
	bool same;

	if (u->fixed.parts < 2)
		return false;
	if (u->joined_name && same_name(u->joined_name, name))
		return true;
	same = same_name(arena_printf(&scratch, "%s_%sdc", u->l->name, u->fixed.spatial ? "s" : ""),
			 name);
	arena_release(&scratch);
	return same;
}

static bool find_made(const struct plan *p, const char *name, struct named *n)
{
	for (size_t i = 0; i < p->nrelays; i++)
		if (same_name(p->relays[i].name, name)) {
			*n = (struct named){ .part = -1, .relay = (int32_t)i };
			return true;
		}
	for (size_t i = 0; i < p->naliases; i++)
		if (same_name(p->aliases[i].name, name)) {
			*n = (struct named){ .u = p->aliases[i].u, .part = -1 };
			return true;
		}
	for (size_t i = 0; i < p->n; i++) {
		struct unit *u = &p->units[i];
		int32_t part = part_named(u, name);

		if (part < 0 && !is_joined(u, name))
			continue;
		*n = (struct named){ .u = u, .part = part, .joined = part < 0 };
		return true;
	}
	return false;
}

int plan_find(const struct plan *p, const char *name, struct named *n, struct err *e)
{
	const struct layer *l = graph_find(p->g, name);
	const char **names;
	size_t i;

	if (l) {
		*n = (struct named){ .u = &p->units[l->index], .part = -1 };
		return 0;
	}
	if (find_made(p, name, n))
		return 0;
	names = xcalloc(p->n + 1, sizeof *names);
	for (i = 0; i < p->n; i++)
		names[i] = p->units[i].l->name;
	err_set(e, "no layer '%s' in '%s'", quote(name), quote(p->g->name));
	alls_near(name, names, p->n, e);
	free(names);
	return -1;
}

char *plan_name(const struct plan *p, struct arena *a, const struct named *n)
{
	if (!n->u)
		return arena_strdup(a, p->relays[n->relay].name);
	if (n->joined)
		return arena_printf(a, "%s_%sdc", n->u->l->name, n->u->fixed.spatial ? "s" : "");
	return n->part < 0 ? arena_strdup(a, n->u->l->name) : plan_part_name(a, n->u, n->part);
}

static int each_glob(struct plan *p, const struct alls_stmt *st, const char *glob, layer_fn fn,
		     void *ctx, struct err *e)
{
	struct arena scratch = { 0 };
	struct unit *u;
	int32_t k;
	int rc = 0;
	size_t i;

	for (i = 0; i < p->n && rc == 0; i++) {
		u = &p->units[i];
		if (alls_match(glob, u->l->name) ||
		    (u->given_merged && alls_match(glob, u->given_merged))) {
			rc = fn(p, st, &(struct named){ .u = u, .part = -1 }, ctx, e);
			continue;
		}
		for (k = 0; k < u->fixed.parts && u->fixed.parts > 1 && rc == 0; k++)
			if (alls_match(glob, plan_part_name(&scratch, u, k)))
				rc = fn(p, st, &(struct named){ .u = u, .part = k }, ctx, e);
	}
	arena_release(&scratch);
	return rc;
}

/* Calls fn for each layer that u is merged with, itself first. */
static int each_merged(struct plan *p, const struct alls_stmt *st, struct unit *u, layer_fn fn,
		       void *ctx, struct err *e)
{
	struct unit *m = u;

	do {
		if (fn(p, st, &(struct named){ .u = m, .part = -1 }, ctx, e) < 0)
			return -1;
		m = merge_next(p, m);
	} while (m != u);
	return 0;
}

int plan_each(struct plan *p, const struct alls_stmt *st, const struct alls_value *v, layer_fn fn,
	      void *ctx, struct err *e)
{
	struct named n;
	size_t i;

	switch (v->kind) {
	case ALLS_LIST:
	case ALLS_TUPLE:
		for (i = 0; i < v->nitems; i++)
			if (plan_each(p, st, &v->items[i], fn, ctx, e) < 0)
				return -1;
		return 0;
	case ALLS_GLOB:
		return each_glob(p, st, v->text, fn, ctx, e);
	case ALLS_NAME:
	case ALLS_STRING:
		if ((n.u = merge_named(p, v->text)) != NULL)
			return each_merged(p, st, n.u, fn, ctx, e);
		if (plan_find(p, v->text, &n, e) < 0) {
			if (!alls_made(st, v->text))
				return alls_in_value(st, v, e);
			*e = (struct err){ 0 };
			alls_warn_made(st, v->text);
			return 0;
		}
		return fn(p, st, &n, ctx, e);
	case ALLS_NUMBER:
		break;
	}
	err_set(e, "a layer's name, a list of names or a {glob} expected");
	return alls_in_value(st, v, e);
}
