/*
 * ONNX models: what is imported is a sound graph, whose JSON is read again as the same graph; what
 * is not has a message.
 */
#include "onnx/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct graph *g)
{
	json_t *j = graph_to_json(g);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	return s.p;
}

static void check(struct graph *g, const struct tensors *w)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct onnx_opts o = { .retry = true, .fold_max = 1 << 22 };
	struct onnx_result r;
	struct err e = { 0 };

	if (onnx_import_bytes(data, size, &o, &r, &e) == 0)
		check(r.graph, r.weights);
	else if (!err_is(&e))
		BUG("an error without a message");
	onnx_result_release(&r);
	return 0;
}
