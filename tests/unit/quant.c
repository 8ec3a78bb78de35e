/*
 * Every layer of tests/cases/shapes.jsonl that has an integer form, and every activation: quantized
 * on random images, the integers must stay within a bound of the float layer, on those images.
 * Bound in output codes: 2 where codes are only rounded, 4 % of the range where weights are too.
 */
#include "case_lines.h"
#include "quant_case.h"

/* Types without an integer form must say so. */
static void refused_case(struct graph *g, const struct layer *l, const char *line)
{
	struct err e = { 0 };
	struct tensors *w = tensors_new();
	struct tensors *q = NULL;
	struct quant_opts o = QUANT_OPTS_DEFAULT;

	o.random_calib = true;
	check(quant_run(g, w, &o, &q, &e) < 0 && strstr(e.msg, quant_reason(l->type)), line, e.msg);
	tensors_free(w);
}

static void run_line(const char *line, size_t n)
{
	struct err e = { 0 };
	json_t *c = json_parse(line, n, &e);
	struct graph *g = graph_new("t");
	struct layer *l = json_object_get(c, "error") ? NULL : build(g, c, &e);
	bool small = l != NULL;

	for (size_t i = 0; small && i < g->nlayers; i++)
		small = hn_shape_count(&g->layers[i]->out[0]) <= MAX_VALUES;
	if (small && quant_reason(l->type))
		refused_case(g, l, line);
	else if (small && l->type != HN_ARGMAX) {
		bool divide = l->type == HN_EW_DIV;

		quantize_case(g, l, divide ? 0.5 : 0, divide ? 2 : 0, bound(l), NULL, line);
	}
	json_decref(c);
	graph_free(g);
}

/* One layer `type` with an activation, on values in [lo, hi]. */
static void activation_case(const char *type, const char *params, enum hn_act a, double lo,
			    double hi, double limit, const char *bias_mode)
{
	struct err e = { 0 };
	char *line = xasprintf("{\"type\": \"%s\", \"params\": {%s}, \"in\": [[-1, 5, 6, 8]]}",
			       type, params);
	json_t *c = json_parse(line, strlen(line), &e);
	struct graph *g = graph_new("t");
	struct layer *l = build(g, c, &e);
	char *what = xasprintf("%s with %s", type, hn_act_name(a));

	if (l) {
		l->p.activation = a;
		l->p.act = (struct hn_act_params){ 0.5f, 0.75f, -0.5f, 1 };
		if (a == ACT_POW)
			l->p.act.alpha = 2;
		quantize_case(g, l, lo, hi, limit, bias_mode, what);
	} else {
		check(false, what, e.msg);
	}
	free(what);
	free(line);
	json_decref(c);
	graph_free(g);
}

static void activations(void)
{
	static const char conv[] = "\"kernel_shape\": [3, 3, 8, 8], \"strides\": [1, 1, 1, 1], "
				   "\"padding\": \"SAME\"";

	for (int a = 0; a < ACT_COUNT; a++) {
		bool positive =
		    a == ACT_LOG || a == ACT_SQRT || a == ACT_INV_POS || a == ACT_INV_SQRT;
		/* A code beside the jump may land on its other side: steps.c tests those. */
		bool jump = a == ACT_THRESHOLD || (a >= ACT_DELTA && a <= ACT_SIGN);

		if (jump)
			continue;
		/* The steepest place of the function sets the bound. */
		activation_case("activation", "", (enum hn_act)a, positive ? 0.5 : -3, 3, 4, NULL);
		if (!positive && a != ACT_EXP && a != ACT_SQUARE && a != ACT_POW) {
			activation_case("conv", conv, (enum hn_act)a, 0, 0, 0.04 * 255, NULL);
			activation_case("conv", conv, (enum hn_act)a, 0, 0, 0.05 * 255,
					"single_scale_decomposition");
		}
	}
}

/* Features of very different size between a normalization and a convolution are evened out. */
static void uneven_norm(void)
{
	struct err e = { 0 };
	struct graph *g = graph_new("t");
	struct layer *in = graph_add(g, HN_INPUT, "in0");
	struct layer *norm = graph_add(g, HN_LAYER_NORM, "norm");
	struct layer *l = graph_add(g, HN_CONV, "x");

	in->out[0] = (struct hn_shape){ 3, 5, UNEVEN, 4 };
	for (int i = 2; i < 4; i++)
		l->p.kernel[i] = UNEVEN;
	norm->p.activation = ACT_RELU6;
	layer_add_input(g, norm, in, 0);
	layer_add_input(g, l, norm, 0);
	layer_add_input(g, graph_add(g, HN_OUTPUT, "output_layer1"), l, 0);
	if (graph_infer_shapes(g, &e) == 0)
		quantize_case(g, l, 0, 0, 0.04 * 255, NULL, "uneven normalization");
	check(!err_is(&e), "uneven normalization", e.msg);
	graph_free(g);
}

/* Weights of a mean over many values, each a few 255ths, keep their codes. */
static void diffuse_softmax(void)
{
	struct err e = { 0 };
	struct graph *g = graph_new("t");
	struct layer *in[2] = { graph_add(g, HN_INPUT, "in0"), graph_add(g, HN_INPUT, "in1") };
	struct layer *softmax = graph_add(g, HN_SOFTMAX, "softmax");
	struct layer *l = graph_add(g, HN_MATMUL, "x");

	in[0]->out[0] = (struct hn_shape){ 1, 6, 200, 4 };
	in[1]->out[0] = (struct hn_shape){ 1, 200, 5, 4 };
	layer_add_input(g, softmax, in[0], 0);
	layer_add_input(g, l, softmax, 0);
	layer_add_input(g, l, in[1], 0);
	layer_add_input(g, graph_add(g, HN_OUTPUT, "output_layer1"), l, 0);
	if (graph_infer_shapes(g, &e) == 0)
		quantize_case(g, l, -1, 1, 4, NULL, "diffuse softmax");
	check(!err_is(&e), "diffuse softmax", e.msg);
	graph_free(g);
}

/* Masked scores keep their codes: the mask's -1000 takes none. */
static void masked_softmax(void)
{
	struct err e = { 0 };
	struct graph *g = graph_new("t");
	struct layer *in = graph_add(g, HN_INPUT, "in0");
	struct layer *mask = graph_add(g, HN_CONST, "mask");
	struct layer *add = graph_add(g, HN_EW_ADD, "add");
	struct layer *l = graph_add(g, HN_SOFTMAX, "x");

	in->out[0] = mask->out[0] = (struct hn_shape){ 2, 5, 8, 4 };
	l->p.softmax_groups = 2;
	layer_add_input(g, add, in, 0);
	layer_add_input(g, add, mask, 0);
	layer_add_input(g, l, add, 0);
	layer_add_input(g, graph_add(g, HN_OUTPUT, "output_layer1"), l, 0);
	if (graph_infer_shapes(g, &e) == 0)
		quantize_case(g, l, -3, 3, 4, NULL, "masked softmax");
	check(!err_is(&e), "masked softmax", e.msg);
	graph_free(g);
}

int main(int argc, char *argv[])
{
	each_case(argc > 0 ? argv[0] : "", run_line);
	activations();
	masked_softmax();
	diffuse_softmax();
	uneven_norm();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
