/* The door to jansson. */
#include "io/json.h"
#include "base/limits.h"
#include "base/num.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* jansson's own limit on nesting is 2048 and fixed; ours holds for what walks the document later.
 */
static bool too_deep(const char *text, size_t n)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{') && ++depth > LIMIT_JSON_DEPTH)
			return true;
		else if (!in_string && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return false;
}

json_t *json_parse(const char *text, size_t n, struct err *e)
{
	json_error_t je;
	json_t *j;

	if (too_deep(text, n)) {
		err_set(e, "JSON nested more than %d deep", LIMIT_JSON_DEPTH);
		return NULL;
	}
	j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
	if (!j)
		err_set(e, "JSON line %d, column %d: %s", je.line, je.column, quote(je.text));
	return j;
}

static void put_string(struct str *out, const char *s, size_t n)
{
	str_puts(out, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			str_printf(out, "\\%c", c);
		else if (c == '\n')
			str_puts(out, "\\n");
		else if (c == '\t')
			str_puts(out, "\\t");
		else if (c < 0x20 || c == 0x7f)
			str_printf(out, "\\u%04x", c);
		else
			str_add(out, &s[i], 1);
	}
	str_puts(out, "\"");
}

static void put_real(struct str *out, double v)
{
	char text[32];

	num_format(v, text);
	str_puts(out, text);
	if (!strpbrk(text, ".e"))
		str_puts(out, ".0");
}

static void put_line(struct str *out, int depth)
{
	str_printf(out, "\n%*s", 2 * depth, "");
}

static void put_value(struct str *out, json_t *j, int depth);

static bool is_flat(const json_t *array)
{
	size_t i;
	const json_t *v;

	json_array_foreach(array, i, v) if ((json_is_object(v) && json_object_size(v)) ||
					    (json_is_array(v) && !is_flat(v))) return false;
	return true;
}

/* An array without objects stays on one line. */
static void put_array(struct str *out, const json_t *j, int depth)
{
	bool flat = is_flat(j);
	size_t i;
	json_t *v;

	str_puts(out, "[");
	json_array_foreach(j, i, v)
	{
		if (i)
			str_puts(out, flat ? ", " : ",");
		if (!flat)
			put_line(out, depth + 1);
		put_value(out, v, depth + 1);
	}
	if (!flat)
		put_line(out, depth);
	str_puts(out, "]");
}

static void put_object(struct str *out, json_t *j, int depth)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	str_puts(out, "{");
	json_object_foreach(j, key, v)
	{
		if (n++)
			str_puts(out, ",");
		put_line(out, depth + 1);
		put_string(out, key, strlen(key));
		str_puts(out, ": ");
		put_value(out, v, depth + 1);
	}
	if (n)
		put_line(out, depth);
	str_puts(out, "}");
}

static void put_value(struct str *out, json_t *j, int depth)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		put_object(out, j, depth);
		break;
	case JSON_ARRAY:
		put_array(out, j, depth);
		break;
	case JSON_STRING:
		put_string(out, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		str_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		break;
	case JSON_REAL:
		put_real(out, json_real_value(j));
		break;
	case JSON_TRUE:
		str_puts(out, "true");
		break;
	case JSON_FALSE:
		str_puts(out, "false");
		break;
	case JSON_NULL:
		str_puts(out, "null");
		break;
	}
}

void json_text(const json_t *j, struct str *out)
{
	/* jansson's iterators take objects that are not const; they do not change them. */
	put_value(out, (json_t *)(uintptr_t)j, 0);
	str_puts(out, "\n");
}

int json_need_string(const json_t *obj, const char *key, const char **out, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_string(v))
		return err_set(e, "key '%s' must be a string", key);
	*out = json_string_value(v);
	return 0;
}

int json_get_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t dflt,
		 int64_t *out, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	if (!v) {
		*out = dflt;
		return 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return err_set(e, "key '%s' must be an integer from %" PRId64 " to %" PRId64, key,
			       min, max);
	*out = json_integer_value(v);
	return 0;
}

int json_get_double(const json_t *obj, const char *key, double dflt, double *out, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	if (v && !json_is_number(v))
		return err_set(e, "key '%s' must be a number", key);
	*out = v ? json_number_value(v) : dflt;
	return 0;
}

int json_get_bool(const json_t *obj, const char *key, bool dflt, bool *out, struct err *e)
{
	const json_t *v = json_object_get(obj, key);

	if (v && !json_is_boolean(v))
		return err_set(e, "key '%s' must be true or false", key);
	*out = v ? json_is_true(v) : dflt;
	return 0;
}

int json_get_ints(const json_t *obj, const char *key, int n, int64_t min, int64_t max, int64_t *out,
		  int *got, struct err *e)
{
	const json_t *v = json_object_get(obj, key);
	size_t most = (size_t)(n < 0 ? -n : n);
	size_t size = json_array_size(v);

	*got = 0;
	if (!v)
		return 0;
	if (!json_is_array(v) || size > most || (n >= 0 && size != most))
		return err_set(e, "key '%s' must be an array of %s%zu integers", key,
			       n < 0 ? "at most " : "", most);
	for (size_t i = 0; i < size; i++) {
		const json_t *x = json_array_get(v, i);

		if (!json_is_integer(x) || json_integer_value(x) < min ||
		    json_integer_value(x) > max)
			return err_set(e,
				       "key '%s' must hold integers from %" PRId64 " to %" PRId64,
				       key, min, max);
		out[i] = json_integer_value(x);
	}
	*got = (int)size;
	return 0;
}
