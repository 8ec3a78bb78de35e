/* What every translator's target holds an imported graph to. */
#ifndef HN_TESTS_FUZZ_SOUND_H
#define HN_TESTS_FUZZ_SOUND_H

#include "onnx/onnx.h"

static char *text_of(const struct graph *g)
{
	json_t *j = graph_to_json(g);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	return s.p;
}

/* The graph is sound, and its JSON is read again as the same. */
static void check_sound(struct graph *g, const struct tensors *w)
{
	char *text = text_of(g), *again;
	struct err e = { 0 };
	json_t *j = json_parse(text, strlen(text), &e);
	struct graph *h = j ? graph_from_json(j, &e) : NULL;

	if (!h || graph_validate(h, w, &e) < 0)
		BUG("what was imported is not sound: %s", e.msg);
	again = text_of(h);
	if (strcmp(text, again) != 0)
		BUG("the graph read again differs");
	json_decref(j);
	graph_free(h);
	free(text);
	free(again);
}

#endif
