/* network_group(...): which networks are loaded together, and what a script says of each group. */
#include "alls/network_group.h"
#include "alls/table.h"

/* ---- the groups ---- */

static int already(const struct alls_stmt *st, const char *what, const char *name, struct err *e)
{
	err_set(e, "%s '%s' is already there", what, quote(name));
	return alls_in(st, e);
}

static int add_network(const struct alls_stmt *st, const struct alls_value *v,
		       const struct graph *g, struct alls_groups *out, struct err *e)
{
	struct hn_group *group = &out->v[out->n];

	if (v->kind != ALLS_NAME && v->kind != ALLS_STRING) {
		err_set(e, "a network's name expected");
		return alls_in_value(st, v, e);
	}
	if (!graph_has_network(g, v->text)) {
		err_set(e, "there is no network '%s' in '%s'", quote(v->text), quote(g->name));
		return alls_in_value(st, v, e);
	}
	for (size_t i = 0; i <= out->n; i++)
		for (size_t k = 0; k < out->v[i].nnetworks; k++)
			if (strcmp(out->v[i].networks[k], v->text) == 0)
				return already(st, "network", v->text, e);
	group->networks[group->nnetworks++] = arena_strdup(&out->arena, v->text);
	return 0;
}

static int add_group(const struct alls_stmt *st, const struct graph *g, struct alls_groups *out,
		     struct err *e)
{
	const struct alls_value *v = alls_get(st, "networks");
	struct hn_group *group = &out->v[out->n];

	group->networks = arena_array(&out->arena, v->nitems + 1, sizeof(char *));
	for (size_t i = 0; i < v->nitems; i++)
		if (add_network(st, &v->items[i], g, out, e) < 0)
			return -1;
	group->name = arena_strdup(&out->arena, st->nlhs ? st->lhs[0] : group->networks[0]);
	if (strchr(group->name, '/')) {
		err_set(e, "the name of a group has no '/'");
		return alls_in(st, e);
	}
	for (size_t i = 0; i < out->n; i++)
		if (strcmp(out->v[i].name, group->name) == 0)
			return already(st, "group", group->name, e);
	out->n++;
	return 0;
}

/* The group of a name that a command makes, by its scope; -1: none. */
static int group_of(const struct alls_groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->n; i++)
		if (hn_group_has(&groups->v[i], name))
			return (int)i;
	return -1;
}

/* Every layer is in one group. */
static int divide(const struct graph *g, const struct alls_stmt *last, struct alls_groups *out,
		  struct err *e)
{
	out->of = arena_array(&out->arena, g->nlayers + 1, sizeof *out->of);
	for (size_t i = 0; i < g->nlayers; i++)
		out->of[i] = -1;
	for (size_t k = 0; k < out->n; k++) {
		bool *has = graph_group_layers(g, &out->v[k]);

		for (size_t i = 0; i < g->nlayers; i++)
			if (has[i])
				out->of[i] = (int)k;
		free(has);
	}
	for (size_t i = 0; i < g->nlayers; i++)
		if (out->of[i] < 0) {
			err_set(e, "layer '%s' is of a network that is in no group",
				quote(g->layers[i]->name));
			return alls_in(last, e);
		}
	return 0;
}

int alls_groups_read(const struct alls *s, const struct graph *g, struct alls_groups *out,
		     struct err *e)
{
	const size_t n = s ? s->nstmts : 0;
	const struct alls_stmt *last = NULL;

	*out = (struct alls_groups){ 0 };
	out->v = arena_array(&out->arena, n + 1, sizeof *out->v);
	for (size_t i = 0; i < n; i++) {
		if (!alls_is(&s->stmts[i], "network_group", NULL))
			continue;
		last = &s->stmts[i];
		if (add_group(last, g, out, e) < 0)
			return -1;
	}
	return last ? divide(g, last, out, e) : 0;
}

void alls_groups_release(struct alls_groups *g)
{
	arena_release(&g->arena);
	*g = (struct alls_groups){ 0 };
}

/* ---- what is said of one of them ---- */

struct part {
	const struct alls *s;
	const struct graph *g;
	const struct alls_groups *groups;
	size_t which;
	int *of; /* by statement: the group of the names that it makes; -1: not known */
};

/* "main" of "main_context_0", the group before a context's name; -1: none is named. */
static int group_of_context(const struct part *p, const char *name)
{
	for (size_t i = 0; name && i < p->groups->n; i++) {
		const size_t n = strlen(p->groups->v[i].name);

		if (strncmp(name, p->groups->v[i].name, n) == 0 && name[n] == '_' &&
		    strncmp(name + n + 1, "context", 7) == 0)
			return (int)i;
	}
	return -1;
}

/* A layer's, or that of the statement which makes the name. */
static int group_of_name(const struct part *p, const char *name)
{
	const struct layer *l = graph_find(p->g, name);

	if (l)
		return p->groups->of[l->index];
	for (size_t i = 0; i < p->s->nstmts; i++)
		for (size_t k = 0; k < p->s->stmts[i].nlhs; k++)
			if (strcmp(p->s->stmts[i].lhs[k], name) == 0)
				return p->of[i];
	return group_of(p->groups, name);
}

/* Of the layers in a value: how many there are of this group, of others. */
static void count(const struct part *p, const struct alls_value *v, size_t *own, size_t *others,
		  int *last)
{
	int k;

	for (size_t i = 0; i < v->nitems; i++)
		count(p, &v->items[i], own, others, last);
	if (v->kind != ALLS_NAME && v->kind != ALLS_STRING)
		return;
	if ((k = group_of_name(p, v->text)) >= 0)
		*last = k;
	*own += k == (int)p->which;
	*others += k >= 0 && k != (int)p->which;
}

static bool names_layers(const struct alls_param *q)
{
	return q->type == ALLS_T_LAYER || q->type == ALLS_T_LAYERS;
}

static void count_stmt(const struct part *p, const struct alls_stmt *st, size_t *own,
		       size_t *others, int *last)
{
	const int k = group_of_context(p, st->object      ? st->object
					  : st->nlhs == 1 ? st->lhs[0]
							  : NULL);

	*own = k == (int)p->which;
	*others = k >= 0 && k != (int)p->which;
	*last = k;
	for (size_t i = 0; k < 0 && st->row->params[i].name; i++)
		if (st->bound[i] && names_layers(&st->row->params[i]))
			count(p, st->bound[i], own, others, last);
}

/* A list without the layers of other groups. */
static struct alls_value *own_items(const struct part *p, struct arena *a,
				    const struct alls_value *v)
{
	struct alls_value *out = arena_array(a, 1, sizeof *out);

	*out = *v;
	out->items = arena_array(a, v->nitems + 1, sizeof *out->items);
	out->nitems = 0;
	for (size_t i = 0; i < v->nitems; i++) {
		size_t own = 0, others = 0;
		int last = -1;

		count(p, &v->items[i], &own, &others, &last);
		if (!others)
			out->items[out->nitems++] = v->items[i];
	}
	return out;
}

static void take(const struct part *p, struct alls *out, const struct alls_stmt *st, bool mixed)
{
	struct alls_stmt *t = &out->stmts[out->nstmts++];
	size_t n = 0;

	*t = *st;
	t->script = out;
	if (!mixed)
		return;
	while (st->row->params[n].name)
		n++;
	t->bound = arena_array(&out->arena, n + 1, sizeof *t->bound);
	for (size_t i = 0; i < n; i++) {
		t->bound[i] = st->bound[i];
		if (t->bound[i] && t->bound[i]->nitems && names_layers(&st->row->params[i]))
			t->bound[i] = own_items(p, &out->arena, st->bound[i]);
	}
}

struct alls *alls_of_group(const struct alls *s, const struct graph *g,
			   const struct alls_groups *groups, size_t which)
{
	struct part p = { .s = s, .g = g, .groups = groups, .which = which };
	struct alls *out;

	if (!s)
		return NULL;
	out = xcalloc(1, sizeof *out);
	out->file = s->file;
	out->text = s->text;
	out->stmts = arena_array(&out->arena, s->nstmts + 1, sizeof *out->stmts);
	p.of = xcalloc(s->nstmts + 1, sizeof *p.of);
	for (size_t i = 0; i < s->nstmts; i++)
		p.of[i] = -1;
	for (size_t i = 0; i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];
		size_t own, others;

		count_stmt(&p, st, &own, &others, &p.of[i]);
		if ((own || !others) && !alls_is(st, "network_group", NULL))
			take(&p, out, st, own && others);
	}
	free(p.of);
	return out;
}
