/* The graph: activations, names, order, edits, and what JSON of another author may look like. */
#include "hn/hn.h"
#include <math.h>

static int passed, failed;

static void check(bool ok, const char *what)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s\n", what);
}

static void near(enum hn_act a, float alpha, float beta, float x, float want)
{
	const struct hn_act_params p = { alpha, beta, -1, 2 };
	const float got = hn_act_eval(a, &p, 0.25f, x);
	char *what = xasprintf("%s(%g) is %g, not %.9g", hn_act_name(a), (double)x, (double)got,
			       (double)want);

	check(fabsf(got - want) <= 1e-6f * fmaxf(1, fabsf(want)), what);
	free(what);
}

/* Values by hand or from tables of the functions. */
static void activations(void)
{
	near(ACT_LINEAR, 0, 0, -3, -3);
	near(ACT_RELU, 0, 0, -3, 0);
	near(ACT_RELU, 0, 0, 3, 3);
	near(ACT_RELU6, 0, 0, 7, 6);
	near(ACT_CLIP, 0, 0, -7, -1);
	near(ACT_CLIP, 0, 0, 7, 2);
	near(ACT_LEAKY, 0.1f, 0, -3, -0.3f);
	near(ACT_PRELU, 0, 0, -2, -0.5f);
	near(ACT_SIGMOID, 0, 0, 0, 0.5f);
	near(ACT_SIGMOID, 0, 0, -100, 3.72007598e-44f);
	near(ACT_SIGMOID, 0, 0, 2, 0.880797078f);
	near(ACT_HARD_SIGMOID, 0.2f, 0.5f, 1, 0.7f);
	near(ACT_HARD_SWISH, 0, 0, 1, 0.666666667f);
	near(ACT_HARD_SWISH, 0, 0, -4, 0);
	near(ACT_SILU, 0, 0, 2, 1.761594156f);
	near(ACT_SWISH, 0, 2, 1, 0.880797078f);
	near(ACT_TANH, 0, 0, 0.5f, 0.462117157f);
	near(ACT_ELU, 2, 0, -1, -1.264241118f);
	near(ACT_GELU, 0, 0, 1, 0.841344746f);
	near(ACT_MISH, 0, 0, 1, 0.865098388f);
	near(ACT_SOFTPLUS, 0, 0, 0, 0.693147181f);
	near(ACT_SOFTPLUS, 0, 0, 200, 200);
	near(ACT_SOFTSIGN, 0, 0, -3, -0.75f);
	near(ACT_EXP, 0, 0, 1, 2.718281828f);
	near(ACT_LOG, 0, 0, 2, 0.693147181f);
	near(ACT_SQRT, 0, 0, 2, 1.414213562f);
	near(ACT_ABS, 0, 0, -3, 3);
	near(ACT_NEG, 0, 0, -3, 3);
	near(ACT_SQUARE, 0, 0, -3, 9);
	near(ACT_POW, 0.5f, 0, 9, 3);
	near(ACT_INV_POS, 0, 0, 4, 0.25f);
	near(ACT_SELU, 1.67326324f, 1.05070099f, -1, -1.111330737f);
	near(ACT_THRESHOLD, 1, 0, 0.5f, 0);
	near(ACT_ERF, 0, 0, 0.5f, 0.520499878f);
	check(isnan(hn_act_eval(ACT_RELU, &(struct hn_act_params){ 0 }, 0, NAN)), "NaN stays NaN");
}

static struct layer *add(struct graph *g, enum hn_type t, const char *name, struct layer *in)
{
	struct layer *l = graph_add(g, t, name);

	if (in)
		layer_add_input(g, l, in, 0);
	return l;
}

static void names(void)
{
	struct graph *g = graph_new("net");
	struct layer *a = add(g, HN_CONV, graph_new_name(g, "conv"), NULL);
	struct layer *b = add(g, HN_CONV, graph_new_name(g, "conv"), NULL);
	struct layer *c = add(g, HN_CONV, "other/conv1", NULL);

	check(strcmp(a->name, "net/conv1") == 0 && strcmp(b->name, "net/conv2") == 0, "numbering");
	check(graph_find(g, "net/conv2") == b && graph_find(g, "conv2") == b,
	      "found by both names");
	check(graph_find(g, "other/conv1") == c && graph_find(g, "conv1") == a,
	      "the first of a name");
	check(!graph_find(g, "conv3") && !graph_find(g, "") && !graph_find(g, "net/"), "not found");
	graph_rename(g, a, "first");
	check(graph_find(g, "first") == a && !graph_find(g, "net/conv1"), "renamed");
	check(graph_find(g, "conv1") == c, "a free name is another's again");
	graph_remove(g, b);
	check(!graph_find(g, "conv2") && g->nlayers == 2, "removed");
	for (int i = 0; i < 300; i++)
		add(g, HN_CONV, graph_new_name(g, "conv"), NULL);
	check(graph_find(g, "net/conv302") && graph_find(g, "conv3"), "many names");
	graph_free(g);
}

static void order(void)
{
	struct graph *g = graph_new("net");
	struct err e = { 0 };
	struct layer *in = add(g, HN_INPUT, "in", NULL);
	struct layer *out = graph_add(g, HN_OUTPUT, "out");
	struct layer *b = add(g, HN_ACTIVATION, "b", in);
	struct layer *c = add(g, HN_ACTIVATION, "c", b);
	struct layer *n;

	layer_add_input(g, out, c, 0);
	check(graph_link(g, &e) == 0, "linked");
	check(g->layers[0] == in && g->layers[1] == b && g->layers[2] == c && g->layers[3] == out,
	      "producers first");
	n = add(g, HN_ACTIVATION, "n", in);
	graph_replace_uses(g, in, 0, n, 0);
	check(graph_link(g, &e) == 0 && g->layers[1] == n && n->nsucc == 1 && n->succ[0] == b &&
		  n->in[0].layer == in && in->nsucc == 1,
	      "a new layer moves before its consumer");
	b->in[0].layer = c;
	check(graph_link(g, &e) < 0 &&
		  strcmp(e.msg,
			 "layer 'net/c' is part of a cycle: its input 'net/b' depends on it") == 0,
	      "a cycle is named");
	graph_free(g);
}

static struct graph *parse(const char *text, struct err *e)
{
	json_t *j = json_parse(text, strlen(text), e);
	struct graph *g = j ? graph_from_json(j, e) : NULL;

	json_decref(j);
	if (g && graph_infer_shapes(g, e) < 0) {
		graph_free(g);
		return NULL;
	}
	return g;
}

/* The shortest HN, with singular shapes and without scopes. */
static void minimal(void)
{
	struct err e = { 0 };
	struct graph *g =
	    parse("{\"name\": \"Example\", \"layers\": {"
		  "\"in\": {\"type\": \"input_layer\", \"input\": [], \"output\": [\"out\"],"
		  " \"input_shape\": [1, 10]},"
		  "\"out\": {\"type\": \"output_layer\", \"input\": [\"in\"], \"output\": [],"
		  " \"input_shape\": [1, 10]}}}",
		  &e);

	check(g && g->nlayers == 2 && strcmp(g->layers[1]->name, "Example/out") == 0 &&
		  g->layers[1]->out[0].c == 10 && g->layers[1]->out[0].rank == 2,
	      "the minimal form");
	graph_free(g);
}

/* A splitter without our keys: ports and sizes from the lists of successors. */
static void foreign_splitter(void)
{
	struct err e = { 0 };
	struct graph *g = parse("{\"name\": \"n\", \"layers\": {"
				"\"n/i\": {\"type\": \"input_layer\", \"input\": [], "
				"\"input_shapes\": [[-1, 4, 4, 6]]},"
				"\"n/s\": {\"type\": \"feature_splitter\", \"input\": [\"n/i\"], "
				"\"output\": [\"n/b\", \"n/a\"],"
				" \"output_shapes\": [[-1, 4, 4, 2], [-1, 4, 4, 4]]},"
				"\"n/a\": {\"type\": \"activation\", \"input\": [\"n/s\"]},"
				"\"n/b\": {\"type\": \"activation\", \"input\": [\"n/s\"]}}}",
				&e);

	check(g && graph_find(g, "a")->in[0].port == 1 && graph_find(g, "a")->out[0].c == 4 &&
		  graph_find(g, "b")->in[0].port == 0 && graph_find(g, "b")->out[0].c == 2,
	      "parts by the order of successors");
	graph_free(g);
}

/* Keys that we do not know stay, at every level. */
static void unknown_keys(void)
{
	static const char *const keys[] = { "\"top\":",
					    "\"net_scopes\":",
					    "\"precision_config\":",
					    "\"spatial_flatten_output\":",
					    "\"weight_group_size\":",
					    "\"number_of_apus\":" };
	struct err e = { 0 };
	struct graph *g = parse(
	    "{\"top\": 1, \"name\": \"n\", \"net_params\": {\"net_scopes\": []}, \"layers\": {"
	    "\"n/i\": {\"type\": \"input_layer\", \"input\": [], \"input_shapes\": [[-1, 4, 4, "
	    "6]]},"
	    "\"n/a\": {\"type\": \"activation\", \"input\": [\"n/i\"], \"precision_config\": {},"
	    " \"quantization_params\": {\"precision_mode\": \"a8_w4\", \"weight_group_size\": 7},"
	    " \"compilation_params\": {\"number_of_apus\": 2},"
	    " \"params\": {\"spatial_flatten_output\": false}}}}",
	    &e);
	json_t *j = g ? graph_to_json(g) : NULL;
	struct str s = { 0 };

	json_text(j, &s);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		check(s.p && strstr(s.p, keys[i]), keys[i]);
	check(g && strcmp(graph_find(g, "a")->quant.precision_mode, "a8_w4") == 0,
	      "precision_mode");
	str_release(&s);
	json_decref(j);
	graph_free(g);
}

static void outputs(void)
{
	struct err e = { 0 };
	struct layer *out[2];
	struct graph *g = parse(
	    "{\"name\": \"n\", \"net_params\": {\"output_layers_order\": [\"n/b\", \"n/a\"]}, "
	    "\"layers\": {"
	    "\"n/i\": {\"type\": \"input_layer\", \"input\": [], \"input_shapes\": [[-1, 4]]},"
	    "\"n/a\": {\"type\": \"activation\", \"input\": [\"n/i\"]},"
	    "\"n/b\": {\"type\": \"activation\", \"input\": [\"n/i\"]},"
	    "\"n/o1\": {\"type\": \"output_layer\", \"input\": [\"n/a\"]},"
	    "\"n/o2\": {\"type\": \"output_layer\", \"input\": [\"n/b\"]}}}",
	    &e);

	check(g && graph_outputs(g, out, 2) == 2 && out[0] == graph_find(g, "o2") &&
		  out[1] == graph_find(g, "o1"),
	      "outputs in the order of their producers");
	graph_free(g);
}

int main(void)
{
	activations();
	names();
	order();
	minimal();
	foreign_splitter();
	unknown_keys();
	outputs();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
