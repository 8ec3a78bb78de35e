/* Layers and parts of layers that a script names. */
#include "alloc/alloc_int.h"

static const char *unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool same_name(const char *full, const char *given)
{
	return strcmp(full, given) == 0 || strcmp(unscoped(full), given) == 0;
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

int plan_find(const struct plan *p, const char *name, struct unit **u, int32_t *part, struct err *e)
{
	const struct layer *l = graph_find(p->g, name);
	const char **names;
	size_t i;

	*part = -1;
	if (l) {
		*u = &p->units[l->index];
		return 0;
	}
	for (i = 0; i < p->n; i++)
		if ((*part = part_named(&p->units[i], name)) >= 0) {
			*u = &p->units[i];
			return 0;
		}
	names = xcalloc(p->n + 1, sizeof *names);
	for (i = 0; i < p->n; i++)
		names[i] = p->units[i].l->name;
	err_set(e, "no layer '%s' in '%s'", quote(name), quote(p->g->name));
	alls_near(name, names, p->n, e);
	free(names);
	return -1;
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
		if (alls_match(glob, u->l->name)) {
			rc = fn(p, st, u, -1, ctx, e);
			continue;
		}
		for (k = 0; k < u->fixed.parts && u->fixed.parts > 1 && rc == 0; k++)
			if (alls_match(glob, plan_part_name(&scratch, u, k)))
				rc = fn(p, st, u, k, ctx, e);
	}
	arena_release(&scratch);
	return rc;
}

int plan_each(struct plan *p, const struct alls_stmt *st, const struct alls_value *v, layer_fn fn,
	      void *ctx, struct err *e)
{
	struct unit *u;
	int32_t part;
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
		if (plan_find(p, v->text, &u, &part, e) < 0) {
			if (!alls_made(st, v->text))
				return alls_in_value(st, v, e);
			*e = (struct err){ 0 };
			alls_warn_made(st, v->text);
			return 0;
		}
		return fn(p, st, u, part, ctx, e);
	case ALLS_NUMBER:
		break;
	}
	err_set(e, "a layer's name, a list of names or a {glob} expected");
	return alls_in_value(st, v, e);
}
