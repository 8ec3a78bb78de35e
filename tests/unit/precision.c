/*
 * Every layer of tests/cases/shapes.jsonl and every activation in every precision mode, against the
 * float layer: 16-bit codes must come a hundred times nearer to it than 8-bit ones do, 4-bit
 * weights may go as far from it as the rounding of their sum.
 */
#include "case_lines.h"
#include "quant/quant_int.h"
#include "quant_case.h"

/* How far from float in output codes, per mode; weights: of layers that have some. */
struct mode {
	const char *name;
	int32_t out; /* bits of the output */
	double plain, weights;
};

static const struct mode modes[] = {
	/* clang-format off */
	{ "a16_w16",    16, 3,         3 },
	{ "a16_w8_a16", 16, 3,         0.04 * 65535 },
	{ "a8_w8_a16",  16, 1.6 * 257, 0.04 * 65535 },
	{ "a16_w16_a8", 8,  0.6,       0.6 },
	{ "a8_w4_a8",   8,  2,         0.5 * 255 },
	{ "a16_w4_a8",  8,  0.6,       0.5 * 255 },
	/* clang-format on */
};

static bool has_weights(const struct layer *l)
{
	return hn_is(l->type, HNF_KERNEL) || l->type == HN_DENSE || l->type == HN_BATCH_NORM ||
	       l->type == HN_NORMALIZATION;
}

static void run_mode(const struct mode *m, const char *line, const json_t *c)
{
	struct err e = { 0 };
	struct graph *g = graph_new("t");
	struct layer *l = build(g, c, &e);
	bool small = l != NULL;
	char *what;
	char script[200];

	for (size_t i = 0; small && i < g->nlayers; i++)
		small = hn_shape_count(&g->layers[i]->out[0]) <= MAX_VALUES;
	if (small && !quant_reason(l->type) && l->type != HN_ARGMAX) {
		const bool divide = l->type == HN_EW_DIV;
		const bool wide = m->name[1] == '1';
		double limit = has_weights(l) ? m->weights : m->plain;

		/* Its weights have 11 bits. */
		if (l->type == HN_RESIZE && wide)
			limit = 12;
		/* Codes that are copied keep the bits of the input. */
		case_bits = quant_forwards(l) ? 0 : m->out;
		if (divide && m->out == 8)
			limit = 4;
		else if (divide)
			limit = wide ? 30 : 4 * 257;
		snprintf(script, sizeof script,
			 "quantization_param({*}, precision_mode=%s)\n"
			 "quantization_param({in*}, precision_mode=%s)\n"
			 "quantization_param({output_layer*}, precision_mode=%s)\n",
			 m->name, wide ? "a16_w16" : "a8_w8", m->out == 16 ? "a16_w16" : "a8_w8");
		case_script = script;
		what = xasprintf("%s: %s", m->name, line);
		quantize_case(g, l, divide ? 0.5 : 0, divide ? 2 : 0, limit, NULL, what);
		free(what);
	}
	graph_free(g);
}

static void run_line(const char *line, size_t n)
{
	struct err e = { 0 };
	json_t *c = json_parse(line, n, &e);

	for (size_t i = 0; i < sizeof modes / sizeof *modes && !json_object_get(c, "error"); i++)
		run_mode(&modes[i], line, c);
	json_decref(c);
}

int main(int argc, char *argv[])
{
	each_case(argc > 0 ? argv[0] : "", run_line);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
