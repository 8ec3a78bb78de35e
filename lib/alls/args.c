#include "alls/alls.h"
#include "base/log.h"
#include <fnmatch.h>
#include <math.h>

int alls_in(const struct alls *s, const struct alls_stmt *st, struct err *e)
{
	return err_in(e, "%s:%d:%d: %s", quote(s->file), st->line, st->column, quote(st->command));
}

const struct alls_value *alls_arg(const struct alls_stmt *st, const char *key, size_t position)
{
	size_t i;

	for (i = 0; i < st->nargs; i++)
		if (key && st->args[i].key && strcmp(st->args[i].key, key) == 0)
			return &st->args[i].value;
	if (position < st->nargs && !st->args[position].key)
		return &st->args[position].value;
	return NULL;
}

int alls_need(const struct alls *s, const struct alls_stmt *st, const char *key, size_t position,
	      const struct alls_value **out, struct err *e)
{
	*out = alls_arg(st, key, position);
	if (*out)
		return 0;
	err_set(e, "argument '%s' is missing", key ? key : "layer");
	return alls_in(s, st, e);
}

int alls_only(const struct alls *s, const struct alls_stmt *st, const char *const keys[],
	      size_t max_positional, struct err *e)
{
	size_t i, k;

	for (i = 0; i < st->nargs; i++) {
		if (!st->args[i].key && i >= max_positional) {
			err_set(e, "%zu positional arguments, at most %zu expected", i + 1,
				max_positional);
			return alls_in(s, st, e);
		}
		for (k = 0; st->args[i].key && keys[k]; k++)
			if (strcmp(st->args[i].key, keys[k]) == 0)
				break;
		if (st->args[i].key && !keys[k]) {
			err_set(e, "argument '%s' is not known or not supported",
				quote(st->args[i].key));
			alls_near(st->args[i].key, keys, k, e);
			return alls_in(s, st, e);
		}
	}
	return 0;
}

int alls_number(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		const char *what, double min, double max, double *out, struct err *e)
{
	if (v->kind == ALLS_NUMBER && v->number >= min && v->number <= max) {
		*out = v->number;
		return 0;
	}
	if (v->kind != ALLS_NUMBER)
		err_set(e, "argument '%s' must be a number", what);
	else
		err_set(e, "argument '%s' is %s, from %g to %g expected", what, quote(v->text), min,
			max);
	return alls_in(s, st, e);
}

int alls_int(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	     const char *what, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	double d;

	if (alls_number(s, st, v, what, (double)min, (double)max, &d, e) < 0)
		return -1;
	*out = (int64_t)d;
	if ((double)*out == d)
		return 0;
	err_set(e, "argument '%s' is %s, a whole number expected", what, quote(v->text));
	return alls_in(s, st, e);
}

int alls_bool(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, bool *out, struct err *e)
{
	static const char *const yes[] = { "True", "true", "enabled", "1" };
	static const char *const no[] = { "False", "false", "disabled", "0" };
	size_t i;

	for (i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		*out = strcmp(v->text, yes[i]) == 0;
		if (*out || strcmp(v->text, no[i]) == 0)
			return 0;
	}
	err_set(e, "argument '%s' must be enabled (True) or disabled (False)", what);
	return alls_in(s, st, e);
}

int alls_text(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, const char **out, struct err *e)
{
	if (v->kind == ALLS_NAME || v->kind == ALLS_STRING) {
		*out = v->text;
		return 0;
	}
	err_set(e, "argument '%s' must be a name", what);
	return alls_in(s, st, e);
}

int alls_word(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
	      const char *what, const char *const words[], int *out, struct err *e)
{
	struct str list = { 0 };
	int i;

	for (i = 0; words[i]; i++) {
		if (strcmp(v->text, words[i]) == 0) {
			*out = i;
			str_release(&list);
			return 0;
		}
		str_printf(&list, "%s%s", i ? ", " : "", words[i]);
	}
	err_set(e, "argument '%s' is '%s', one of %s expected", what, quote(v->text), list.p);
	str_release(&list);
	return alls_in(s, st, e);
}

int alls_numbers(const struct alls *s, const struct alls_stmt *st, const struct alls_value *v,
		 const char *what, double *out, size_t max, size_t *n, struct err *e)
{
	const struct alls_value *items =
	    v->kind == ALLS_LIST || v->kind == ALLS_TUPLE ? v->items : v;
	size_t count = items == v ? 1 : v->nitems;
	size_t i;

	if (count > max) {
		err_set(e, "argument '%s' has %zu numbers, at most %zu expected", what, count, max);
		return alls_in(s, st, e);
	}
	for (i = 0; i < count; i++)
		if (alls_number(s, st, &items[i], what, -INFINITY, INFINITY, &out[i], e) < 0)
			return -1;
	*n = count;
	return 0;
}

bool alls_match(const char *glob, const char *name)
{
	const char *base = strchr(name, '/');

	if (!strchr(glob, '/') && base)
		name = base + 1;
	return fnmatch(glob, name, 0) == 0;
}
