/* Layers that a script names: by name, list or glob; and near names for unknown ones. */
#include "alls/alls.h"
#include "base/log.h"
#include <limits.h>

enum {
	NEAR_NAMES = 3,
	NEAR_LENGTH = 64
};

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance of the first NEAR_LENGTH bytes. */
static int distance(const char *a, const char *b)
{
	int row[NEAR_LENGTH + 1];
	int la = (int)strnlen(a, NEAR_LENGTH);
	int lb = (int)strnlen(b, NEAR_LENGTH);
	int i, j, diagonal, above;

	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = min3(row[j - 1] + 1, above + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

static const char *unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

void alls_near(const char *name, const char *const names[], size_t n, struct err *e)
{
	bool scoped = strchr(name, '/') != NULL;
	const char *best[NEAR_NAMES] = { NULL };
	int dist[NEAR_NAMES] = { INT_MAX, INT_MAX, INT_MAX };
	int limit = (int)strnlen(name, NEAR_LENGTH) / 4 + 1;
	struct str text = { 0 };
	size_t i, k, m;
	int d;

	for (i = 0; i < n; i++) {
		d = distance(name, scoped ? names[i] : unscoped(names[i]));
		if (d > limit)
			continue;
		for (k = 0; k < NEAR_NAMES && dist[k] <= d; k++)
			;
		for (m = NEAR_NAMES - 1; k < NEAR_NAMES && m > k; m--) {
			best[m] = best[m - 1];
			dist[m] = dist[m - 1];
		}
		if (k < NEAR_NAMES) {
			best[k] = names[i];
			dist[k] = d;
		}
	}
	if (!best[0])
		return;
	for (k = 0; k < NEAR_NAMES && best[k]; k++)
		str_printf(&text, "%s'%s'", k ? ", " : "",
			   quote(scoped ? best[k] : unscoped(best[k])));
	err_hint(e, "near names: %s", text.p);
	str_release(&text);
}

static int unknown_layer(const struct graph *g, const char *name, struct err *e)
{
	const char **names = xcalloc(g->nlayers + 1, sizeof *names);
	size_t i;

	for (i = 0; i < g->nlayers; i++)
		names[i] = g->layers[i]->name;
	err_set(e, "no layer '%s' in '%s'", quote(name), quote(g->name));
	alls_near(name, names, g->nlayers, e);
	free(names);
	return -1;
}

struct set {
	struct layer **v;
	size_t n, cap;
	bool *has; /* by index of layer */
};

static void set_add(struct set *set, struct layer *l)
{
	if (set->has[l->index])
		return;
	set->has[l->index] = true;
	VEC_GROW(set->v, set->n, &set->cap);
	set->v[set->n++] = l;
}

static int collect(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		   const struct graph *g, struct set *set, struct err *e)
{
	size_t before = set->n;
	struct layer *l;
	size_t i;

	switch (v->kind) {
	case ALLS_LIST:
	case ALLS_TUPLE:
		for (i = 0; i < v->nitems; i++)
			if (collect(s, st, &v->items[i], g, set, e) < 0)
				return -1;
		return 0;
	case ALLS_NAME:
	case ALLS_STRING:
		if (!(l = graph_find(g, v->text)))
			return unknown_layer(g, v->text, e);
		set_add(set, l);
		return 0;
	case ALLS_GLOB:
		for (i = 0; i < g->nlayers; i++)
			if (alls_match(v->text, g->layers[i]->name))
				set_add(set, g->layers[i]);
		if (set->n == before)
			log_warn("%s:%d: %s: no layer matches {%s}", quote(s->file), st->line,
				 quote(st->command), quote(v->text));
		return 0;
	case ALLS_NUMBER:
		break;
	}
	return err_set(e, "a layer's name, a list of names or a {glob} expected, not %s",
		       quote(v->text));
}

int alls_layers(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		const struct graph *g, struct layer ***out, size_t *n, struct err *e)
{
	struct set set = { .has = xcalloc(g->nlayers + 1, sizeof *set.has) };
	int rc = collect(s, st, v, g, &set, e);

	free(set.has);
	if (rc < 0) {
		free(set.v);
		return alls_in(s, st, e);
	}
	*out = set.v;
	*n = set.n;
	return 0;
}
