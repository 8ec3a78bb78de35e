/* HN JSON: a graph that is accepted is written so that it is accepted and written the same again.
 */
#include "hn/hn.h"
#include "io/json.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct graph *understand(const char *text, size_t n, struct err *e)
{
	json_t *j = json_parse(text, n, e);
	struct graph *g = j ? graph_from_json(j, e) : NULL;

	json_decref(j);
	if (g && graph_validate(g, NULL, e) < 0) {
		graph_free(g);
		return NULL;
	}
	return g;
}

static void print(const struct graph *g, struct str *out)
{
	json_t *j = graph_to_json(g);

	json_text(j, out);
	json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct graph *g = understand((const char *)data, size, &e);
	struct graph *again;
	struct str first = { 0 }, second = { 0 };

	if (!g) {
		if (!err_is(&e))
			BUG("an error without a message");
		return 0;
	}
	for (size_t i = 0; i < g->nlayers; i++)
		layer_macs(g->layers[i]);
	print(g, &first);
	graph_free(g);
	if (!(again = understand(first.p, first.len, &e)))
		BUG("what was written is not understood: %s", e.msg);
	print(again, &second);
	graph_free(again);
	if (first.len != second.len || memcmp(first.p, second.p, first.len) != 0)
		BUG("written differently the second time");
	str_release(&first);
	str_release(&second);
	return 0;
}
