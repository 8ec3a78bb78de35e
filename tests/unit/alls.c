/* Model scripts: the cases of tests/cases/alls.txt, the command table, layers by name and glob. */
#include "alls/table.h"
#include "base/limits.h"
#include "base/outfile.h"

static int passed, failed;

static void check(bool ok, const char *what, const char *detail)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s: %s\n", what, detail);
}

/* The canonical text, or "! message"; checked: also against the table of commands. */
static char *parse_and_print(const char *text, size_t n, bool checked)
{
	struct err e = { 0 };
	struct str out = { 0 };
	struct alls *s = alls_parse("case", text, n, &e);

	if (!s || (checked && alls_check(s, &e) < 0)) {
		str_printf(&out, "! %s\n", e.msg);
		alls_free(s);
		return out.p;
	}
	str_puts(&out, "");
	alls_print(s, &out);
	alls_free(s);
	return out.p ? out.p : xstrdup("");
}

static void run_case(const struct str *script, const struct str *expect, bool checked)
{
	const char *want = expect->p ? expect->p : "";
	char *got = parse_and_print(script->p, script->len, checked);
	char *again;

	check(strcmp(got, want) == 0, script->p, got);
	if (*got != '!') {
		again = parse_and_print(got, strlen(got), checked);
		check(strcmp(again, got) == 0, "printed again", again);
		free(again);
	}
	free(got);
}

static char *slurp(const char *root, const char *path, size_t *n)
{
	struct err e = { 0 };
	char *full = xasprintf("%s/%s", root, path);
	char *text = read_file(full, 1 << 20, n, &e);

	if (!text)
		die(&e);
	free(full);
	return text;
}

static void run_cases(const char *root, const char *path, bool checked)
{
	struct str script = { 0 }, expect = { 0 };
	size_t n;
	char *text = slurp(root, path, &n);
	char *line = text;
	char *end = text + n;
	char *nl;
	char *body;

	for (; line < end; line = nl + 1) {
		if (!(nl = memchr(line, '\n', (size_t)(end - line))))
			nl = end;
		if (*line == '>') {
			body = line + (line[1] == ' ' ? 2 : 1);
			if (script.p)
				str_puts(&script, "\n");
			str_add(&script, body, (size_t)(nl - body));
		} else if (nl > line && *line != '#') {
			str_add(&expect, line, (size_t)(nl - line) + 1);
		}
		if (nl == line && script.p) {
			run_case(&script, &expect, checked);
			str_release(&script);
			str_release(&expect);
		}
	}
	if (script.p)
		run_case(&script, &expect, checked);
	str_release(&script);
	str_release(&expect);
	free(text);
}

static void check_param(const struct alls_param *p)
{
	struct str expects = { 0 };

	alls_param_expects(p, &expects);
	check(expects.len > 0, "what is expected", p->name);
	check(p->items_min <= p->items_max, "items", p->name);
	check(p->type != ALLS_T_WORD || p->words, "words", p->name);
	check(!p->rest || p->positional, "rest is positional", p->name);
	str_release(&expects);
}

/* Rows are sorted, whole, and in alls(5). */
static void run_table(const char *root)
{
	size_t n, i, k, len;
	const struct alls_row *const *r = alls_rows(&n);
	char *man = slurp(root, "man/man5/alls.5", &len);
	char line[128];

	check(n == 89, "rows", "");
	for (i = 0; i < n; i++) {
		check(i == 0 || strcmp(r[i - 1]->command, r[i]->command) <= 0, "sorted",
		      r[i]->command);
		check(r[i]->stages != 0, "a stage", r[i]->command);
		check((r[i]->status == ALLS_ROW_NO_EFFECT) == !!r[i]->why, "a reason",
		      r[i]->command);
		check(r[i]->what && *r[i]->what, "described", r[i]->command);
		snprintf(line, sizeof line, "\n.It Ic %s", r[i]->command);
		check(strstr(man, line) != NULL, "in man/man5/alls.5", r[i]->command);
		for (k = 0; r[i]->params[k].name; k++)
			check_param(&r[i]->params[k]);
	}
	free(man);
}

static void layers_case(const struct graph *g, const char *value, const char *expect)
{
	struct err e = { 0 };
	struct str got = { 0 };
	struct layer **v = NULL;
	size_t n = 0, i;
	char *text = xasprintf("f(%s)", value);
	struct alls *s = alls_parse("t", text, strlen(text), &e);

	if (!s)
		die(&e);
	str_puts(&got, "");
	if (alls_layers(&s->stmts[0], &s->stmts[0].args[0].value, g, &v, &n, &e) < 0)
		str_printf(&got, "! %s", e.msg);
	for (i = 0; i < n; i++)
		str_printf(&got, "%s%s", i ? " " : "", v[i]->name);
	check(strcmp(got.p ? got.p : "", expect) == 0, value, got.p ? got.p : "");
	free(v);
	str_release(&got);
	alls_free(s);
	free(text);
}

static void run_layers(void)
{
	struct graph *g = graph_new("net");
	struct layer *l[4];
	struct err e = { 0 };
	size_t i;

	l[0] = graph_add(g, HN_INPUT, "input_layer1");
	l[1] = graph_add(g, HN_CONV, "conv1");
	l[2] = graph_add(g, HN_CONV, "conv2");
	l[3] = graph_add(g, HN_OUTPUT, "output_layer1");
	for (i = 1; i < 4; i++)
		layer_add_input(g, l[i], l[i - 1], 0);
	if (graph_link(g, &e) < 0)
		die(&e);
	layers_case(g, "conv2", "net/conv2");
	layers_case(g, "net/conv2", "net/conv2");
	layers_case(g, "\"conv2\"", "net/conv2");
	layers_case(g, "[conv2, conv1, conv2]", "net/conv2 net/conv1");
	layers_case(g, "{conv*}", "net/conv1 net/conv2");
	layers_case(g, "{net/conv[2-3]}", "net/conv2");
	layers_case(g, "{*}", "net/input_layer1 net/conv1 net/conv2 net/output_layer1");
	layers_case(g, "[conv1, {*2}]", "net/conv1 net/conv2");
	layers_case(g, "cnv1",
		    "! t:1:3: f: no layer 'cnv1' in 'net' (did you mean 'conv1' or 'conv2'?)");
	layers_case(g, "xyz", "! t:1:3: f: no layer 'xyz' in 'net'");
	layers_case(g, "other/conv1",
		    "! t:1:3: f: no layer 'other/conv1' in 'net' (the network's scope is 'net/')");
	layers_case(g, "3",
		    "! t:1:3: f: a layer's name, a list of names or a {glob} expected, not 3");
	graph_free(g);
}

int main(int argc, char *argv[])
{
	char *root = xstrdup(argc > 0 ? argv[0] : "");
	char *cut = strstr(root, "build/");

	if (cut)
		*cut = '\0';
	if (!*root || !cut) {
		free(root);
		root = xstrdup(".");
	}
	run_cases(root, "tests/cases/alls.txt", false);
	run_cases(root, "tests/cases/alls-checked.txt", true);
	run_table(root);
	run_layers();
	free(root);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
