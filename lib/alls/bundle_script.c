/* The script a stage follows: the one in the bundle, one that is given, or of each its part. */
#include "alls/table.h"
#include "base/log.h"
#include "io/bundle.h"

static int read_both(const struct bundle *b, const char *path, struct alls **in_bundle,
		     struct alls **given, struct err *e)
{
	const void *text;
	size_t n;
	char *file;

	if ((text = bundle_get(b, "alls", &n)) != NULL) {
		file = xasprintf("%s.alls", bundle_name(b));
		*in_bundle = alls_parse(file, text, n, e);
		free(file);
		if (!*in_bundle || alls_check(*in_bundle, e) < 0)
			return -1;
	}
	if (path && (!(*given = alls_read(path, e)) || alls_check(*given, e) < 0))
		return -1;
	return 0;
}

static bool same(const struct alls_stmt *a, const struct alls_stmt *b)
{
	struct str x = { 0 }, y = { 0 };
	bool r;

	alls_print_stmt(a, &x);
	alls_print_stmt(b, &y);
	r = strcmp(x.p, y.p) == 0;
	str_release(&x);
	str_release(&y);
	return r;
}

static bool has_statement(const struct alls *s, const struct alls_stmt *st)
{
	size_t i;

	for (i = 0; s && i < s->nstmts; i++)
		if (same(&s->stmts[i], st))
			return true;
	return false;
}

/* The stages before this one: they have run. */
static unsigned before(enum alls_stage stage)
{
	return (unsigned)stage - 1;
}

/* Has the last of a row's stages run? */
static bool is_past(const struct alls_row *row, enum alls_stage stage)
{
	return (row->stages & ~before(stage)) == 0;
}

/* Statements of a second script that come too late. */
static void warn_late(const struct alls *old, const struct alls *new, enum alls_stage stage)
{
	const struct alls_row *last = NULL;
	const struct alls_stmt *st;
	struct str name = { 0 }, tool = { 0 };
	size_t i;

	for (i = 0; i < new->nstmts; i++) {
		st = &new->stmts[i];
		if (!is_past(st->row, stage) || has_statement(old, st) || st->row == last)
			continue;
		last = st->row;
		alls_row_name(st->row, &name);
		alls_stage_names(st->row->stages, &tool);
		log_warn("%s:%d:%d: %s: ignored, it comes too late: %s has run already",
			 quote(st->file), st->line, st->column, name.p, tool.p);
		str_release(&name);
		str_release(&tool);
	}
}

/* Moves those statements of *from to s for which is_past is `past`; s keeps *from alive. */
static void take(struct alls *s, struct alls **from, enum alls_stage stage, bool past)
{
	size_t i;

	for (i = 0; *from && i < (*from)->nstmts; i++)
		if (is_past((*from)->stmts[i].row, stage) == past) {
			s->stmts[s->nstmts] = (*from)->stmts[i];
			s->stmts[s->nstmts++].script = s;
		}
	s->parts[past ? 0 : 1] = *from;
	*from = NULL;
}

/* The old script's statements of stages that have run, then the new one's of the others. */
static struct alls *merge(struct alls **old, struct alls **new, enum alls_stage stage)
{
	struct alls *s = xcalloc(1, sizeof *s);
	size_t n = (*old ? (*old)->nstmts : 0) + (*new)->nstmts;
	struct str text = { 0 };

	s->file = arena_strdup(&s->arena, (*new)->file);
	s->stmts = arena_array(&s->arena, n + 1, sizeof *s->stmts);
	take(s, old, stage, true);
	take(s, new, stage, false);
	str_puts(&text, "");
	alls_print(s, &text);
	s->text = arena_strdup(&s->arena, text.p);
	str_release(&text);
	return s;
}

/* A second script that says nothing of stages that have run, where nothing was said before. */
static bool all_is_new(const struct alls *old, const struct alls *new, enum alls_stage stage)
{
	size_t i;

	if (old && strcmp(old->text, new->text) == 0)
		return true;
	for (i = 0; old && i < old->nstmts; i++)
		if (is_past(old->stmts[i].row, stage))
			return false;
	for (i = 0; i < new->nstmts; i++)
		if (is_past(new->stmts[i].row, stage))
			return false;
	return true;
}

int alls_of_bundle(const struct bundle *b, const char *path, enum alls_stage stage, struct alls **s,
		   struct err *e)
{
	struct alls *old = NULL, *new = NULL;
	int rc = read_both(b, path, &old, &new, e);

	*s = NULL;
	if (rc == 0 && !new) {
		*s = old;
		old = NULL;
	} else if (rc == 0 && all_is_new(old, new, stage)) {
		*s = new;
		new = NULL;
	} else if (rc == 0) {
		warn_late(old, new, stage);
		*s = merge(&old, &new, stage);
	}
	alls_free(old);
	alls_free(new);
	return rc;
}

void alls_to_bundle(struct bundle *b, const struct alls *s)
{
	if (s && s->nstmts)
		bundle_put(b, "alls", s->text, strlen(s->text));
	else if (bundle_has(b, "alls"))
		bundle_remove(b, "alls");
}
