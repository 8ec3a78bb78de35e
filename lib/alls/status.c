/* What becomes of a statement: applied, stored, without effect; and what a stage says of it. */
#include "alls/alls_int.h"
#include "base/log.h"
#include "base/num.h"
#include "io/bundle.h"

static bool words_have_number(const char *words, double number)
{
	char *copy = xstrdup(words);
	char *p = copy;
	bool found = false;

	while (*p && !found) {
		struct err ignored = { 0 };
		char *end = p + strcspn(p, " ");
		bool last = !*end;
		double d;

		*end = '\0';
		found = num_double(p, "", &d, &ignored) == 0 && d == number;
		p = last ? end : end + 1;
	}
	free(copy);
	return found;
}

/* Is this value among those of p->does? */
static bool does(const struct alls_param *p, const struct alls_value *v)
{
	size_t i;

	if (!p->does)
		return true;
	if (v->kind == ALLS_NUMBER)
		return words_have_number(p->does, v->number);
	for (i = 0; i < v->nitems; i++)
		if (!does(p, &v->items[i]))
			return false;
	return v->nitems > 0 || alls_in_words(p->does, v->text);
}

/* Arguments that only say which layers are meant. */
static bool is_subject(const struct alls_param *p)
{
	return p->type == ALLS_T_LAYER || p->type == ALLS_T_LAYERS;
}

/* "precision_mode=a16_w16 (reason)" */
static void put_argument(const struct alls_param *p, const struct alls_value *v, struct str *out)
{
	if (out->len)
		str_puts(out, ", ");
	str_printf(out, "%s=", p->name);
	alls_print_value(v, out);
	if (p->why)
		str_printf(out, " (%s)", p->why);
}

static enum alls_status status_of_args(const struct alls_stmt *st, struct str *detail)
{
	const struct alls_param *p = st->row->params;
	size_t done = 0, stored = 0, without = 0;
	bool whole = false;
	size_t i;

	for (i = 0; p[i].name; i++) {
		if (!st->bound[i] || is_subject(&p[i]))
			continue;
		if (does(&p[i], st->bound[i])) {
			done++;
			continue;
		}
		*(p[i].why ? &without : &stored) += 1;
		whole = whole || p[i].whole;
		put_argument(&p[i], st->bound[i], detail);
	}
	if (!stored && !without)
		return ALLS_APPLIED;
	return done && !whole ? ALLS_PARTLY : stored ? ALLS_STORED : ALLS_NO_EFFECT;
}

/* Does a row that is only stored ask for nothing: policy=disabled? */
static bool asks_nothing(const struct alls_stmt *st)
{
	const struct alls_param *p = st->row->params;
	size_t i;

	for (i = 0; p[i].name; i++)
		if (p[i].does && *p[i].does && st->bound[i] && does(&p[i], st->bound[i]))
			return true;
	return false;
}

enum alls_status alls_status(const struct alls_stmt *st, struct str *detail)
{
	switch (st->row->status) {
	case ALLS_ROW_APPLIED:
		break;
	case ALLS_ROW_STORED:
		return asks_nothing(st) ? ALLS_APPLIED : ALLS_STORED;
	case ALLS_ROW_NO_EFFECT:
		if (asks_nothing(st))
			return ALLS_APPLIED;
		str_puts(detail, st->row->why);
		return ALLS_NO_EFFECT;
	}
	return status_of_args(st, detail);
}

const char *alls_status_name(enum alls_status status)
{
	static const char *const names[] = { "applied", "partly applied", "stored, not applied yet",
					     "no effect" };

	return names[status];
}

/* Statement i is the first of its row that is not applied. */
static bool first_of_kind(const struct alls *s, size_t i)
{
	struct str ignored = { 0 };
	bool first = true;
	size_t k;

	for (k = 0; k < i && first; k++)
		first = s->stmts[k].row != s->stmts[i].row ||
			alls_status(&s->stmts[k], &ignored) == ALLS_APPLIED;
	str_release(&ignored);
	return first;
}

static void warn(const struct alls_stmt *st, enum alls_status status, const char *detail)
{
	struct str name = { 0 };
	const char *what = status == ALLS_PARTLY ? "not applied here" : alls_status_name(status);

	alls_row_name(st->row, &name);
	log_warn("%s:%d:%d: %s: %s%s%s", quote(st->file), st->line, st->column, name.p, what,
		 *detail ? ": " : "", quote(detail));
	str_release(&name);
}

static json_t *record(const struct alls_stmt *st, enum alls_status status, const char *detail)
{
	struct str name = { 0 };
	json_t *j = json_object();

	alls_row_name(st->row, &name);
	json_object_set_new(j, "command", json_string(name.p));
	json_object_set_new(j, "line", json_integer(st->line));
	json_object_set_new(j, "status", json_string(alls_status_name(status)));
	json_object_set_new(j, "detail", json_string(quote(detail)));
	str_release(&name);
	return j;
}

/* The list of this stage in the metadata, empty. */
static json_t *metadata_list(struct bundle *b, enum alls_stage stage)
{
	json_t *meta = bundle_metadata(b);
	json_t *all = json_object_get(meta, "hnt_script");
	struct str tool = { 0 };
	json_t *list = json_array();

	if (!json_is_object(all)) {
		all = json_object();
		json_object_set_new(meta, "hnt_script", all);
	}
	alls_stage_names(stage, &tool);
	json_object_set_new(all, tool.p, list);
	str_release(&tool);
	return list;
}

/* An empty list is not kept: bundles of scripts that are applied whole say nothing. */
static void drop_empty(struct bundle *b, enum alls_stage stage)
{
	json_t *meta = bundle_metadata(b);
	json_t *all = json_object_get(meta, "hnt_script");
	struct str tool = { 0 };

	alls_stage_names(stage, &tool);
	json_object_del(all, tool.p);
	str_release(&tool);
	if (json_object_size(all) == 0)
		json_object_del(meta, "hnt_script");
}

void alls_notices(const struct alls *s, enum alls_stage stage, struct bundle *b, json_t *report)
{
	json_t *list = metadata_list(b, stage);
	struct str detail = { 0 };
	enum alls_status status;
	json_t *j;
	size_t i;

	for (i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		str_release(&detail);
		str_puts(&detail, "");
		if (!(st->row->stages & stage) || st->row->stages == ALLS_ANY ||
		    (status = alls_status(st, &detail)) == ALLS_APPLIED)
			continue;
		if (first_of_kind(s, i))
			warn(st, status, detail.p);
		j = record(st, status, detail.p);
		json_array_append(list, j);
		if (report)
			json_array_append(report, j);
		json_decref(j);
	}
	str_release(&detail);
	if (json_array_size(list) == 0)
		drop_empty(b, stage);
}
