/*
 * Shape rules against tests/cases/shapes.jsonl, and for every layer there: its JSON, read and
 * written again, is the same text.
 */
#include "base/outfile.h"
#include "case_lines.h"
#include "hn/layer.h"
#include "layer_case.h"

static int passed, failed;

static void check(bool ok, const char *line, const char *got)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s\n    got: %s\n", line, got);
}

static char *text_of(const struct graph *g)
{
	json_t *j = graph_to_json(g);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	return s.p;
}

/* "[-1,3,4] [-1,3,5] pad 0 1 0 1" as far as the case asks. */
static char *outcome(const struct layer *l, const json_t *c)
{
	const json_t *pad = json_object_get(c, "pad");
	struct str s = { 0 };

	for (size_t i = 0; i < l->nout; i++)
		str_printf(&s, "%s ", hn_shape_text(&l->out[i]));
	for (size_t i = 0; pad && i < 4; i++)
		str_printf(&s, "%d ", l->p.pad[i]);
	return s.p;
}

static char *expected(const json_t *c)
{
	const json_t *out = json_object_get(c, "out");
	const json_t *pad = json_object_get(c, "pad");
	struct str s = { 0 };

	for (size_t i = 0; i < json_array_size(out); i++) {
		const struct hn_shape h = shape_from(json_array_get(out, i));

		str_printf(&s, "%s ", hn_shape_text(&h));
	}
	for (size_t i = 0; pad && i < 4; i++)
		str_printf(&s, "%lld ", (long long)json_integer_value(json_array_get(pad, i)));
	return s.p;
}

static void round_trip(const struct graph *g, const char *line)
{
	struct err e = { 0 };
	char *first = text_of(g);
	json_t *j = json_parse(first, strlen(first), &e);
	struct graph *again = j ? graph_from_json(j, &e) : NULL;
	struct graph *copy = graph_clone(g);
	char *second;

	if (again && graph_infer_shapes(again, &e) == 0) {
		second = text_of(again);
		check(strcmp(first, second) == 0, line, second);
		free(second);
	} else {
		check(false, line, e.msg);
	}
	second = graph_infer_shapes(copy, &e) == 0 ? text_of(copy) : xstrdup(e.msg);
	check(strcmp(first, second) == 0, line, second);
	free(second);
	free(first);
	json_decref(j);
	graph_free(again);
	graph_free(copy);
}

static void run_case(const char *line, size_t n)
{
	struct err e = { 0 };
	json_t *c = json_parse(line, n, &e);
	struct graph *g = graph_new("t");
	struct layer *l = c ? build_layer_case(g, c, &e) : NULL;

	if (l) {
		char *got = outcome(l, c);
		char *want = expected(c);

		check(strcmp(got, want ? want : "an error") == 0, line, got);
		round_trip(g, line);
		free(got);
		free(want);
	} else {
		const char *want = json_string_value(json_object_get(c, "error"));

		check(want && strcmp(e.msg, want) == 0, line, e.msg);
	}
	json_decref(c);
	graph_free(g);
}

int main(int argc, char *argv[])
{
	each_case(argc > 0 ? argv[0] : "", run_case);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
