/* The command line with which to try again. */
#include "onnx/onnx.h"
#include <ctype.h>

/* One word of a shell command; false when a terminal would not show it as it is. */
static bool put_word(struct str *s, const char *word)
{
	static const char plain[] = "_-./:@%+=,";
	bool safe = word[0] != '\0';

	for (const char *c = word; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return false;
		safe &= isalnum((unsigned char)*c) || strchr(plain, *c);
	}
	if (strlen(word) < QUOTE_MAX && strcmp(quote(word), word) != 0)
		return false;
	if (safe) {
		str_puts(s, word);
		return true;
	}
	str_puts(s, "'");
	for (const char *c = word; *c; c++)
		if (*c == '\'')
			str_puts(s, "'\\''");
		else
			str_add(s, c, 1);
	str_puts(s, "'");
	return true;
}

/* Is it --NAME or --NAME=...?  Also: is the value in it? */
static bool is_option(const char *arg, const char *name, bool *inside)
{
	const size_t n = strlen(name);

	if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, n) != 0)
		return false;
	*inside = arg[2 + n] == '=';
	return *inside || arg[2 + n] == '\0';
}

static bool put_list(struct str *s, const char *option, const struct onnx_names *l)
{
	struct str list = { 0 };
	bool good;

	if (l->n == 0)
		return true;
	for (size_t i = 0; i < l->n; i++)
		str_printf(&list, "%s%s", i ? "," : "", l->v[i]);
	str_printf(s, " %s ", option);
	good = put_word(s, list.p);
	str_release(&list);
	return good;
}

char *onnx_retry_command(const struct onnx_result *r, int argc, char *const argv[])
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	struct str s = { 0 };
	bool good = argc > 0 && r->try_start.n + r->try_end.n > 0, inside;

	if (good)
		good = put_word(&s, slash ? slash + 1 : argv[0]);
	for (int i = 1; good && i < argc; i++) {
		if (is_option(argv[i], "start-node-names", &inside) ||
		    is_option(argv[i], "end-node-names", &inside)) {
			i += !inside;
			continue;
		}
		str_puts(&s, " ");
		good = put_word(&s, argv[i]);
	}
	good = good && put_list(&s, "--start-node-names", &r->try_start) &&
	       put_list(&s, "--end-node-names", &r->try_end);
	if (good)
		return s.p;
	str_release(&s);
	return NULL;
}
