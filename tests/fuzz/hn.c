/*
 * HN JSON: a text that is read, checked and written is stable from then on: written again it gives
 * the same bytes, and so does its clone.
 */
#include "hn/hn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct graph *g)
{
	json_t *j = graph_to_json(g);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	return s.p;
}

static struct graph *parse(const char *text, size_t n)
{
	struct err e = { 0 };
	json_t *j = json_parse(text, n, &e);
	struct graph *g = j ? graph_from_json(j, &e) : NULL;

	json_decref(j);
	if (g && graph_validate(g, NULL, &e) == 0)
		return g;
	graph_free(g);
	return NULL;
}

static void same(const char *a, const struct graph *g, const char *what)
{
	char *b = g ? text_of(g) : NULL;

	if (!b || strcmp(a, b) != 0)
		BUG("%s differs", what);
	free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct graph *g = parse((const char *)data, size);
	struct graph *again, *copy;
	char *text;

	if (!g)
		return 0;
	text = text_of(g);
	again = parse(text, strlen(text));
	copy = graph_clone(g);
	same(text, again, "the text read again");
	same(text, copy, "the clone");
	free(text);
	graph_free(again);
	graph_free(copy);
	graph_free(g);
	return 0;
}
