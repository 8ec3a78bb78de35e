/* The command table as a whole: its rows in one list, and which of them a statement means. */
#include "alls/table_int.h"
#include <strings.h>

enum {
	MAX_ROWS = 256
};

static const struct alls_row *const tables[] = { alls_rows_model, alls_rows_quant,
						 alls_rows_pre,   alls_rows_post,
						 alls_rows_alloc, alls_rows_hardware };

static const struct alls_row *rows[MAX_ROWS];
static const char *names[MAX_ROWS];
static size_t nrows, nnames;

static int by_command(const void *a, const void *b)
{
	const struct alls_row *x = *(const struct alls_row *const *)a;
	const struct alls_row *y = *(const struct alls_row *const *)b;
	int c = strcmp(x->command, y->command);

	if (c == 0)
		c = strcmp(x->sub ? x->sub : "", y->sub ? y->sub : "");
	if (c == 0)
		c = (int)x->layered - (int)y->layered;
	return c ? c : (x->pick == NULL) - (y->pick == NULL);
}

static void collect(void)
{
	const struct alls_row *r;
	size_t i;

	for (i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (r = tables[i]; r->command; r++) {
			if (nrows == MAX_ROWS)
				BUG("more than %d rows of commands", MAX_ROWS);
			rows[nrows++] = r;
		}
	qsort(rows, nrows, sizeof rows[0], by_command);
	for (i = 0; i < nrows; i++)
		if (!nnames || strcmp(names[nnames - 1], rows[i]->command) != 0)
			names[nnames++] = rows[i]->command;
}

const struct alls_row *const *alls_rows(size_t *n)
{
	if (!nrows)
		collect();
	*n = nrows;
	return rows;
}

const char *const *alls_command_names(size_t *n)
{
	alls_rows(n);
	*n = nnames;
	return names;
}

void alls_row_name(const struct alls_row *row, struct str *out)
{
	str_puts(out, row->command);
	if (row->sub)
		str_printf(out, "(%s)", row->sub);
}

void alls_stage_names(unsigned stages, struct str *out)
{
	static const char *const tools[] = { "hn-normalize", "hn-quantize", "hn-alloc", "hn2hef" };
	const char *comma = "";
	size_t i;

	if (stages == ALLS_ANY) {
		str_puts(out, "all stages");
		return;
	}
	for (i = 0; i < 4; i++)
		if (stages & 1u << i) {
			str_printf(out, "%s%s", comma, tools[i]);
			comma = ", ";
		}
}

static bool has_key(const struct alls_stmt *st, const char *key)
{
	size_t i;

	for (i = 0; i < st->nargs; i++)
		if (st->args[i].key && strcmp(st->args[i].key, key) == 0)
			return true;
	return false;
}

static bool has_pick(const struct alls_stmt *st, const char *words)
{
	size_t i;

	for (i = 0; i < st->nargs; i++)
		if (st->args[i].value.kind == ALLS_NAME &&
		    alls_in_words(words, st->args[i].value.text))
			return true;
	return false;
}

static int unknown_command(const struct alls_stmt *st, struct err *e)
{
	err_set(e, "unknown command");
	alls_near(st->command, names, nnames, e);
	return alls_in(st, e);
}

/* The first argument is none of the sub-commands of rows from to to. */
static int unknown_sub(const struct alls_stmt *st, size_t from, size_t to, struct err *e)
{
	const struct alls_value *v = st->nargs && !st->args[0].key ? &st->args[0].value : NULL;
	const char *subs[MAX_ROWS];
	struct str list = { 0 };
	size_t i, n = 0;

	for (i = from; i < to; i++)
		if (n == 0 || strcmp(subs[n - 1], rows[i]->sub) != 0)
			subs[n++] = rows[i]->sub;
	if (v && (v->kind == ALLS_NAME || v->kind == ALLS_STRING)) {
		err_set(e, "it has no sub-command '%s'", quote(v->text));
		alls_near(v->text, subs, n, e);
		return alls_in_value(st, v, e);
	}
	str_puts(&list, "");
	for (i = 0; i < n; i++)
		str_printf(&list, "%s%s", i ? ", " : "", subs[i]);
	err_set(e, "a sub-command expected first, one of %s", list.p);
	str_release(&list);
	return v ? alls_in_value(st, v, e) : alls_in(st, e);
}

const struct alls_row *alls_row_find(const struct alls_stmt *st, struct err *e)
{
	const char *sub = st->nargs && !st->args[0].key ? st->args[0].value.text : "";
	const struct alls_row *found = NULL;
	size_t n, from, to;

	alls_rows(&n);
	for (from = 0; from < n && strcmp(rows[from]->command, st->command) != 0; from++)
		;
	for (to = from; to < n && strcmp(rows[to]->command, st->command) == 0; to++) {
		const struct alls_row *r = rows[to];

		if ((r->sub && strcmp(r->sub, sub) != 0) || (r->layered && !has_key(st, "layers")))
			continue;
		/* Rows with more conditions come first but for layers=, which overrides. */
		if ((!found || r->layered) && (!r->pick || has_pick(st, r->pick)))
			found = r;
	}
	if (from == n)
		unknown_command(st, e);
	else if (!found)
		unknown_sub(st, from, to, e);
	return found;
}
