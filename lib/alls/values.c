/* One value against the type and range of its argument. */
#include "alls/alls_int.h"
#include <strings.h>

static const char yes[] = "True enabled 1";
static const char no[] = "False disabled 0";

/* Next word of a list; its length in *n, 0 at the end. */
static const char *next_word(const char *p, size_t *n)
{
	p += strspn(p, " ");
	*n = strcspn(p, " ");
	return p;
}

static bool plain_in_words(const char *words, const char *word)
{
	size_t len = strlen(word);
	const char *p;
	size_t n;

	for (p = next_word(words, &n); n; p = next_word(p + n, &n))
		if (n == len && strncasecmp(p, word, n) == 0)
			return true;
	return false;
}

const char *alls_spelling(struct arena *a, const char *words, const char *word)
{
	size_t len = strlen(word);
	const char *p;
	size_t n;

	for (p = next_word(words, &n); n; p = next_word(p + n, &n))
		if (n == len && strncasecmp(p, word, n) == 0)
			return strncmp(p, word, n) == 0 ? word : arena_printf(a, "%.*s", (int)n, p);
	return word;
}

bool alls_in_words(const char *words, const char *word)
{
	if (plain_in_words(words, word))
		return true;
	if (plain_in_words(yes, word))
		return plain_in_words(words, "True");
	return plain_in_words(no, word) && plain_in_words(words, "False");
}

int alls_truth(const struct alls_value *v)
{
	if (v->kind != ALLS_NAME && v->kind != ALLS_STRING && v->kind != ALLS_NUMBER)
		return -1;
	return plain_in_words(yes, v->text) ? 1 : plain_in_words(no, v->text) ? 0 : -1;
}

static bool is_text(const struct alls_value *v)
{
	return v->kind == ALLS_NAME || v->kind == ALLS_STRING;
}

static bool is_list(const struct alls_value *v)
{
	return v->kind == ALLS_LIST || v->kind == ALLS_TUPLE;
}

static bool in_range(const struct alls_param *p, const struct alls_value *v)
{
	if (v->kind != ALLS_NUMBER || v->number > p->max ||
	    (p->above ? v->number <= p->min : v->number < p->min))
		return false;
	/* Beyond that every number is whole, but none that an int64_t holds. */
	return p->type != ALLS_T_INT || (fabs(v->number) < 0x1p63 && v->number == floor(v->number));
}

static bool layers_fit(const struct alls_value *v)
{
	size_t i;

	if (is_text(v) || v->kind == ALLS_GLOB)
		return true;
	for (i = 0; is_list(v) && i < v->nitems; i++)
		if (!is_text(&v->items[i]) && v->items[i].kind != ALLS_GLOB)
			return false;
	return is_list(v) && v->nitems > 0;
}

/* A value alone, or an item of a list. */
static bool item_fits(const struct alls_param *p, const struct alls_value *v)
{
	switch (p->type) {
	case ALLS_T_INT:
	case ALLS_T_FLOAT:
	case ALLS_T_TIME:
		return in_range(p, v);
	case ALLS_T_BOOL:
		return alls_truth(v) >= 0;
	case ALLS_T_SWITCH:
		return alls_truth(v) >= 0 || (is_text(v) && strcmp(v->text, "allowed") == 0);
	case ALLS_T_WORD:
		return (is_text(v) || v->kind == ALLS_NUMBER) && plain_in_words(p->words, v->text);
	case ALLS_T_TEXT:
	case ALLS_T_LAYER:
		return is_text(v);
	case ALLS_T_FILE:
		return v->kind == ALLS_STRING;
	case ALLS_T_LAYERS:
		break;
	}
	return layers_fit(v);
}

bool alls_fits(const struct alls_param *p, const struct alls_value *v)
{
	size_t i;

	if (p->items_max == 0 || (p->single && !is_list(v)))
		return item_fits(p, v);
	if (!is_list(v) || v->nitems < (size_t)p->items_min || v->nitems > (size_t)p->items_max)
		return false;
	for (i = 0; i < v->nitems; i++)
		if (!item_fits(p, &v->items[i]))
			return false;
	return true;
}

static void put_range(const struct alls_param *p, struct str *out)
{
	if (isinf(p->min))
		return;
	if (isinf(p->max))
		str_printf(out, p->above ? " above %g" : " of at least %g", p->min);
	else
		str_printf(out, p->above ? " above %g, up to %g" : " from %g to %g", p->min,
			   p->max);
}

static void put_words(const char *words, struct str *out)
{
	const char *comma = "";
	const char *p;
	size_t n;

	for (p = next_word(words, &n); n; p = next_word(p + n, &n)) {
		str_printf(out, "%s%.*s", comma, (int)n, p);
		comma = ", ";
	}
}

static void expects_item(const struct alls_param *p, bool many, struct str *out)
{
	static const char *const one[] = { "a whole number",
					   "a number",
					   "seconds (or 25m, 3h)",
					   "True or False",
					   "True, False or allowed",
					   "one of ",
					   "a name",
					   "a path in quotes",
					   "a layer's name",
					   "a layer's name, a list of names or a {glob}" };
	static const char *const several[] = {
		"whole numbers",          "numbers", "seconds", "True or False",
		"True, False or allowed", "",        "names",   "paths in quotes",
		"layers' names",          "layers"
	};

	str_puts(out, many ? several[p->type] : one[p->type]);
	if (p->type == ALLS_T_INT || p->type == ALLS_T_FLOAT) {
		put_range(p, out);
	} else if (p->type == ALLS_T_WORD) {
		put_words(p->words, out);
	}
}

void alls_param_expects(const struct alls_param *p, struct str *out)
{
	if (p->items_max == 0) {
		expects_item(p, false, out);
		return;
	}
	if (p->single) {
		expects_item(p, false, out);
		str_puts(out, ", or a list of them");
		return;
	}
	if (p->items_min == p->items_max)
		str_printf(out, "a list of %d ", (int)p->items_min);
	else if (p->items_min > 1)
		str_printf(out, "a list of at least %d ", (int)p->items_min);
	else
		str_puts(out, "a list of ");
	expects_item(p, true, out);
}

static void near_words(const struct alls_param *p, const char *word, struct err *e)
{
	char *list = xstrdup(p->words);
	const char *v[64];
	size_t count = 0;
	char *at = list;

	while (*at && count < 64) {
		at += strspn(at, " ");
		v[count] = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
		count += *v[count] != '\0';
	}
	alls_near(word, v, count, e);
	free(list);
}

int alls_misfit(const struct alls_stmt *st, const struct alls_param *p, const struct alls_value *v,
		struct err *e)
{
	struct str is = { 0 }, expects = { 0 };

	alls_print_value(v, &is);
	alls_param_expects(p, &expects);
	err_set(e, "argument '%s' is %.*s%s, %s expected", p->name, 60, quote(is.p),
		is.len > 60 ? "..." : "", expects.p);
	if (p->type == ALLS_T_WORD && is_text(v))
		near_words(p, v->text, e);
	str_release(&is);
	str_release(&expects);
	return alls_in_value(st, v, e);
}
