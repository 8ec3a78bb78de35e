/* A script against a model: every layer that it names must be there or be made by the script. */
#include "alls/alls_int.h"

struct against {
	const struct alls *s;
	const struct graph *g;
	const struct alls_stmt *st;
	struct err *e;
};

static bool matches_any(const struct against *a, const char *glob)
{
	size_t i, k;

	for (i = 0; i < a->g->nlayers; i++)
		if (alls_match(glob, a->g->layers[i]->name))
			return true;
	for (i = 0; i < a->s->nstmts; i++)
		for (k = 0; k < a->s->stmts[i].nlhs; k++)
			if (alls_match(glob, a->s->stmts[i].lhs[k]))
				return true;
	return false;
}

static int check_layers(const struct against *a, const struct alls_value *v)
{
	size_t i;

	for (i = 0; i < v->nitems; i++)
		if (check_layers(a, &v->items[i]) < 0)
			return -1;
	if (v->kind == ALLS_GLOB && !matches_any(a, v->text)) {
		err_set(a->e, "no layer matches {%s}", quote(v->text));
		return alls_in_value(a->st, v, a->e);
	}
	if ((v->kind != ALLS_NAME && v->kind != ALLS_STRING) || alls_made(a->st, v->text) ||
	    alls_will_make(a->st, v->text) || graph_find(a->g, v->text))
		return 0;
	alls_unknown_layer(a->g, v->text, a->e);
	return alls_in_value(a->st, v, a->e);
}

int alls_check_layers(const struct alls *s, const struct alls_stmt *st, const struct graph *g,
		      struct err *e)
{
	const struct against a = { s, g, st, e };
	const struct alls_param *p = st->row->params;
	size_t i;

	if (alls_is(st, "from_tf", NULL))
		return alls_check_original(st, g, e);
	for (i = 0; p[i].name; i++)
		if (st->bound[i] && (p[i].type == ALLS_T_LAYER || p[i].type == ALLS_T_LAYERS) &&
		    check_layers(&a, st->bound[i]) < 0)
			return -1;
	return 0;
}
