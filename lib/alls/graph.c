/* Names that a script gives to layers of the original model: from_tf. */
#include "alls/alls_int.h"

static const struct layer *by_original_name(const struct graph *g, const char *name)
{
	size_t i, k;

	for (i = 0; i < g->nlayers; i++)
		for (k = 0; k < g->layers[i]->noriginal; k++)
			if (strcmp(g->layers[i]->original_names[k], name) == 0)
				return g->layers[i];
	return NULL;
}

static int no_original(const struct graph *g, const struct alls_stmt *st, struct err *e)
{
	const char *name = alls_get_text(st, "original_name");
	const char **names;
	size_t n = 0;
	size_t i, k;

	for (i = 0; i < g->nlayers; i++)
		n += g->layers[i]->noriginal;
	names = xcalloc(n + 1, sizeof *names);
	n = 0;
	for (i = 0; i < g->nlayers; i++)
		for (k = 0; k < g->layers[i]->noriginal; k++)
			names[n++] = g->layers[i]->original_names[k];
	err_set(e, "no layer of '%s' was called '%s' in the original model", quote(g->name),
		quote(name));
	alls_near(name, names, n, e);
	free(names);
	return alls_in_value(st, alls_get(st, "original_name"), e);
}

int alls_check_original(const struct alls_stmt *st, const struct graph *g, struct err *e)
{
	return by_original_name(g, alls_get_text(st, "original_name")) ? 0 : no_original(g, st, e);
}

/* Every use of a name in a value, now of the layer; returns how many there were. */
static size_t rename_value(struct alls_value *v, const char *from, const char *to)
{
	size_t uses = 0;
	size_t i;

	for (i = 0; i < v->nitems; i++)
		uses += rename_value(&v->items[i], from, to);
	if ((v->kind == ALLS_NAME || v->kind == ALLS_STRING) && strcmp(v->text, from) == 0) {
		v->text = to;
		uses++;
	}
	return uses;
}

static bool reads_layers(const struct alls_row *row, unsigned stage)
{
	unsigned readers = row->stages;
	size_t i;

	for (i = 0; row->params[i].name; i++)
		readers |= row->params[i].also;
	return row->stages != ALLS_ANY && (readers & stage);
}

static size_t rename_uses(struct alls *s, const char *from, const char *to, unsigned stage)
{
	size_t uses = 0;
	size_t i, k;

	for (i = 0; i < s->nstmts; i++)
		for (k = 0; reads_layers(s->stmts[i].row, stage) && s->stmts[i].row->params[k].name;
		     k++)
			if (s->stmts[i].bound[k])
				uses += rename_value(s->stmts[i].bound[k], from, to);
	return uses;
}

int alls_use_graph(struct alls *s, const struct graph *g, enum alls_stage stage, struct err *e)
{
	const struct alls_stmt *st;
	const struct layer *l;
	const char *name;
	size_t i;

	for (i = 0; s && i < s->nstmts; i++) {
		st = &s->stmts[i];
		if (!alls_is(st, "from_tf", NULL) || st->nlhs != 1)
			continue;
		l = by_original_name(g, alls_get_text(st, "original_name"));
		/* The script may outlive the graph. */
		name = l ? arena_strdup(&s->arena, l->name) : st->lhs[0];
		if (rename_uses(s, st->lhs[0], name, stage) > 0 && !l)
			return no_original(g, st, e);
	}
	return 0;
}
