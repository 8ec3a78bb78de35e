/* What a stage reads from a checked statement. */
#include "alls/alls_int.h"

size_t alls_param_index(const struct alls_stmt *st, const char *name)
{
	size_t i;

	for (i = 0; st->row->params[i].name; i++)
		if (strcmp(st->row->params[i].name, name) == 0)
			return i;
	BUG("command '%s' has no argument '%s'", st->command, name);
}

const struct alls_value *alls_get(const struct alls_stmt *st, const char *name)
{
	return st->bound[alls_param_index(st, name)];
}

bool alls_is(const struct alls_stmt *st, const char *command, const char *sub)
{
	if (!st->row || strcmp(st->row->command, command) != 0)
		return false;
	return !sub || (st->row->sub && strcmp(st->row->sub, sub) == 0);
}

bool alls_is_for(const struct alls_stmt *st, enum alls_stage stage)
{
	return st->row && (st->row->stages & stage);
}

double alls_get_number(const struct alls_stmt *st, const char *name, double otherwise)
{
	const struct alls_value *v = alls_get(st, name);

	return v ? v->number : otherwise;
}

int alls_get_int(const struct alls_stmt *st, const char *name, int otherwise)
{
	double v = alls_get_number(st, name, otherwise);

	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int)v;
}

const char *alls_get_text(const struct alls_stmt *st, const char *name)
{
	const struct alls_value *v = alls_get(st, name);

	return v ? v->text : NULL;
}

bool alls_has_word(const struct alls_stmt *st, const char *name, const char *word)
{
	const struct alls_value *v = alls_get(st, name);

	return v && alls_in_words(v->text, word);
}

int alls_get_switch(const struct alls_stmt *st, const char *name)
{
	const struct alls_value *v = alls_get(st, name);

	return v ? alls_truth(v) : -1;
}

size_t alls_get_numbers(const struct alls_stmt *st, const char *name, double *out, size_t n)
{
	const struct alls_value *v = alls_get(st, name);
	size_t i;

	if (!v)
		return 0;
	if (v->kind == ALLS_NUMBER) {
		out[0] = v->number;
		return 1;
	}
	for (i = 0; i < v->nitems && i < n; i++)
		out[i] = v->items[i].number;
	return i;
}
