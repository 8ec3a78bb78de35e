/* Statements against the command table: each argument finds its place in the row. */
#include "alls/alls_int.h"

int alls_in(const struct alls_stmt *st, struct err *e)
{
	return err_in(e, "%s:%d:%d: %s", quote(st->file), st->line, st->column, quote(st->command));
}

int alls_in_value(const struct alls_stmt *st, const struct alls_value *v, struct err *e)
{
	return err_in(e, "%s:%d:%d: %s", quote(st->file), v->line, v->column, quote(st->command));
}

static size_t count_params(const struct alls_row *row)
{
	size_t n = 0;

	while (row->params[n].name)
		n++;
	return n;
}

/* None and null stand for an argument that is not given, where the guide's default is None. */
static bool is_none(const struct alls_param *p, const struct alls_value *v)
{
	return v->kind == ALLS_NAME && p->dflt && strcmp(p->dflt, "None") == 0 &&
	       (strcmp(v->text, "None") == 0 || strcmp(v->text, "null") == 0);
}

static int unknown_key(const struct alls_stmt *st, const struct alls_row *row,
		       const struct alls_arg *arg, struct err *e)
{
	const struct alls_value at = { .line = arg->line, .column = arg->column };
	size_t n = count_params(row);
	const char **names = xcalloc(n + 1, sizeof *names);
	struct str list = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		names[i] = row->params[i].name;
		str_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	if (n == 0)
		err_set(e, "argument '%s' is not known, none is expected", quote(arg->key));
	else if (n <= 8)
		err_set(e, "argument '%s' is not known, it has %s", quote(arg->key), list.p);
	else
		err_set(e, "argument '%s' is not known", quote(arg->key));
	alls_near(arg->key, names, n, e);
	free(names);
	str_release(&list);
	return alls_in_value(st, &at, e);
}

/* Words are read in any case; stages see the table's spelling. */
static void table_spelling(struct arena *a, const struct alls_param *p, struct alls_value *v)
{
	size_t i;

	for (i = 0; i < v->nitems; i++)
		table_spelling(a, p, &v->items[i]);
	if (p->type == ALLS_T_WORD && v->kind == ALLS_NAME)
		v->text = alls_spelling(a, p->words, v->text);
}

static int bind(struct alls *s, struct alls_stmt *st, const struct alls_param *p, size_t i,
		struct alls_value *v, struct err *e)
{
	if (st->bound[i]) {
		err_set(e, "argument '%s' is given twice, by position and by keyword", p->name);
		return alls_in_value(st, v, e);
	}
	if (!is_none(p, v)) {
		if (!alls_fits(p, v))
			return alls_misfit(st, p, v, e);
		st->bound[i] = v;
		table_spelling(&s->arena, p, v);
	}
	return 0;
}

static int bind_keywords(struct alls *s, struct alls_stmt *st, const struct alls_row *row,
			 struct err *e)
{
	struct alls_arg *arg;
	size_t i, k;

	for (i = 0; i < st->nargs; i++) {
		arg = &st->args[i];
		if (!arg->key)
			continue;
		for (k = 0; row->params[k].name && strcmp(row->params[k].name, arg->key) != 0; k++)
			;
		if (!row->params[k].name && row->open)
			continue;
		if (!row->params[k].name)
			return unknown_key(st, row, arg, e);
		if (bind(s, st, &row->params[k], k, &arg->value, e) < 0)
			return -1;
	}
	return 0;
}

/* Positional arguments that the parameters from k on must have, those given by keyword not. */
static size_t needed(const struct alls_stmt *st, const struct alls_param *params, size_t k)
{
	size_t n = 0;

	for (; params[k].name; k++)
		n += params[k].positional && params[k].required && !st->bound[k];
	return n;
}

/* All of a run of positional arguments as one list. */
static struct alls_value *gather(struct alls *s, const struct alls_stmt *st, size_t from, size_t n)
{
	struct alls_value *v = arena_alloc(&s->arena, sizeof *v);
	size_t i;

	*v = st->args[from].value;
	if (n == 1)
		return v;
	v->kind = ALLS_LIST;
	v->text = "";
	v->items = arena_array(&s->arena, n, sizeof *v->items);
	v->nitems = n;
	for (i = 0; i < n; i++)
		v->items[i] = st->args[from + i].value;
	return v;
}

static bool is_positional(const struct alls_row *row, const char *key)
{
	const struct alls_param *p;

	for (p = row->params; p->name; p++)
		if (p->positional && strcmp(p->name, key) == 0)
			return true;
	return false;
}

/* A run ends where the next argument's word stands, or what follows is needed. */
static size_t run_length(const struct alls_stmt *st, const struct alls_param *params, size_t k,
			 size_t at, size_t end)
{
	const struct alls_param *next = &params[k + 1];
	size_t reserve = needed(st, params, k + 1);
	size_t n = 0;

	while (
	    at + n + reserve < end && alls_fits(&params[k], &st->args[at + n].value) &&
	    !(next->name && next->type == ALLS_T_WORD && alls_fits(next, &st->args[at + n].value)))
		n++;
	return n;
}

/* Optional arguments are passed over when their value is another one's. */
static bool passed_over(const struct alls_stmt *st, const struct alls_param *params, size_t k,
			size_t at, size_t end)
{
	size_t i;

	if (params[k].required)
		return false;
	if (params[k].type == ALLS_T_FILE && alls_fits(&params[k], &st->args[at].value))
		return false;
	if (end - at <= needed(st, params, k + 1))
		return true;
	/* logits_layer(argmax, 3): the word before the next argument is not a layer. */
	if (at + 1 < end && params[k + 1].type == ALLS_T_WORD && params[k + 1].positional &&
	    alls_fits(&params[k + 1], &st->args[at].value) &&
	    !alls_fits(&params[k + 1], &st->args[at + 1].value))
		return true;
	if (alls_fits(&params[k], &st->args[at].value) || is_none(&params[k], &st->args[at].value))
		return false;
	for (i = k + 1; params[i].name; i++)
		if (params[i].positional && alls_fits(&params[i], &st->args[at].value))
			return true;
	return false;
}

static int one_too_many(const struct alls_stmt *st, const struct alls_row *row, size_t at,
			struct err *e)
{
	size_t i;

	for (i = at; i < st->nargs && !(st->args[i].key && is_positional(row, st->args[i].key));
	     i++)
		;
	if (i < st->nargs)
		err_set(e, "this positional argument is one too many: '%s' is given by keyword",
			quote(st->args[i].key));
	else
		err_set(e, "this positional argument is one too many");
	return alls_in_value(st, &st->args[at].value, e);
}

static int bind_positions(struct alls *s, struct alls_stmt *st, const struct alls_row *row,
			  struct err *e)
{
	size_t at = row->sub ? 1 : 0;
	const struct alls_param *p = row->params;
	size_t end, k, n;

	for (end = 0; end < st->nargs && !st->args[end].key; end++)
		;
	for (k = 0; p[k].name && at < end; k++) {
		if (!p[k].positional || st->bound[k] || passed_over(st, p, k, at, end))
			continue;
		n = p[k].rest ? run_length(st, p, k, at, end) : 1;
		if (n == 0)
			continue;
		if (p[k].rest)
			st->bound[k] = gather(s, st, at, n);
		else if (bind(s, st, &p[k], k, &st->args[at].value, e) < 0)
			return -1;
		at += n;
	}
	if (at == end || row->open)
		return 0;
	return one_too_many(st, row, at, e);
}

static int check_required(const struct alls_stmt *st, const struct alls_row *row, struct err *e)
{
	struct str expects = { 0 };
	size_t k;

	for (k = 0; row->params[k].name; k++) {
		if (!row->params[k].required || st->bound[k])
			continue;
		alls_param_expects(&row->params[k], &expects);
		err_set(e, "argument '%s' is missing, %s expected", row->params[k].name, expects.p);
		str_release(&expects);
		return alls_in(st, e);
	}
	return 0;
}

static int check_around(const struct alls_stmt *st, const struct alls_row *row, struct err *e)
{
	bool unused = st->nlhs == 1 && strcmp(st->lhs[0], "{}") == 0 && row->names_max != 0;

	if (st->object && !row->in_context) {
		err_set(e, "it cannot stand behind '%s.', only place and resources_param can",
			quote(st->object));
		return alls_in(st, e);
	}
	if (row->names_max >= 0 && st->nlhs > (size_t)row->names_max && !unused) {
		if (row->names_max == 0)
			err_set(e, "it gives nothing: no name expected before '='");
		else
			err_set(e, "%zu names before '=', %d expected", st->nlhs,
				(int)row->names_max);
		return alls_in(st, e);
	}
	return 0;
}

int alls_check_stmt(struct alls *s, struct alls_stmt *st, struct err *e)
{
	const struct alls_row *row;

	if (st->row)
		return 0;
	if (!(row = alls_row_find(st, e)))
		return -1;
	st->bound = arena_array(&s->arena, count_params(row) + 1, sizeof *st->bound);
	if (check_around(st, row, e) < 0 || bind_keywords(s, st, row, e) < 0 ||
	    bind_positions(s, st, row, e) < 0 || check_required(st, row, e) < 0)
		return -1;
	st->row = row;
	if (row->rule && row->rule(st, e) < 0) {
		st->row = NULL;
		return -1;
	}
	return 0;
}

int alls_check(struct alls *s, struct err *e)
{
	size_t i;

	for (i = 0; i < s->nstmts; i++)
		if (alls_check_stmt(s, &s->stmts[i], e) < 0)
			return -1;
	return 0;
}
