/* hn-infer: run a model on data, in float or in the device's integers.  hn-infer(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "emu/flow.h"
#include "emu/infer.h"

struct config {
	struct cli_io io;
	const char *context, *weights, *labels, *top, *flow;
	struct cli_list inputs, layers;
	bool raw;
	int batch, data_count, bench;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'c', "context", "CONTEXT", CLI_STR, offsetof(struct config, context), "native, fp_optimized, quantized or bit_exact (default: native)", 0, 0 },
	{ 0, "in", "[LAYER=]FILE", CLI_REPEAT, offsetof(struct config, inputs), "images for an input: .npy, float32 or uint8, or a folder of PNG or JPEG", 0, 0 },
	{ 0, "layers", "LAYER", CLI_LIST, offsetof(struct config, layers), "write these layers' outputs, or all", 0, 0 },
	{ 0, "raw", NULL, CLI_FLAG, offsetof(struct config, raw), "write integers as they are", 0, 0 },
	{ 0, "batch", "N", CLI_INT, offsetof(struct config, batch), "images per step (default: 8; 1 with --bench)", 1, 65536 },
	{ 0, "data-count", "N", CLI_INT, offsetof(struct config, data_count), "only the first N images", 1, INT32_MAX },
	{ 0, "labels", "FILE", CLI_STR, offsetof(struct config, labels), "print the accuracy against these labels", 0, 0 },
	{ 0, "top", "LIST", CLI_STR, offsetof(struct config, top), "which accuracies (default: 1)", 0, 0 },
	{ 0, "bench", "N", CLI_INT, offsetof(struct config, bench), "time N runs of one batch", 1, 1000000 },
	{ 0, "custom-infer-config", "FILE", CLI_STR, offsetof(struct config, flow), "which layers run in float, .yaml", 0, 0 },
	{ 'w', "weights", "FILE", CLI_STR, offsetof(struct config, weights), "weights for an input that is HN JSON, .npz", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-infer",
				      .operands = "[FILE]",
				      .summary = "run a model on data",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

/* Everything that is wrong with the options alone. */
static enum emu_context check_config(const struct config *cfg)
{
	const int c = emu_context_from_name(cfg->context);

	if (c < 0)
		cli_usage("-c must be native, fp_optimized, quantized or bit_exact, not '%s'",
			  quote(cfg->context));
	if (cfg->raw && !emu_is_integer((enum emu_context)c))
		cli_usage("--raw writes integers: -c quantized or bit_exact");
	if (cfg->flow && !emu_is_integer((enum emu_context)c))
		cli_usage("--custom-infer-config is for -c quantized or bit_exact");
	if (cfg->top && !cfg->labels)
		cli_usage("--top needs --labels FILE");
	if (cfg->bench && (cfg->layers.n || cfg->labels || cfg->data_count))
		cli_usage("--bench excludes --layers, --labels and --data-count");
	if (!cfg->bench && !cfg->inputs.n)
		cli_usage("no data: --in FILE.npy");
	return (enum emu_context)c;
}

/*
 * What is timed has the machine to itself: its threads wait actively between layers.  Naming a
 * policy keeps cli_parse from choosing the passive one, which is for tools that share a pipe.
 */
static void wait_actively_in_bench(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--bench", 7) == 0)
			setenv("OMP_WAIT_POLICY", "active", 0);
}

/* With --labels alone the accuracy is the output. */
static const char *output_of(const struct config *cfg)
{
	return cfg->labels && strcmp(cfg->io.out, "-") == 0 ? NULL : cfg->io.out;
}

/* The model of a context, or what a flow file makes of it. */
static int load(struct emu_model *m, const struct bundle *b, enum emu_context c,
		const struct config *cfg, struct err *e)
{
	if (!cfg->flow)
		return emu_model_load(m, b, c, e);
	if (flow_load(m, b, c, cfg->flow, e) < 0)
		return -1;
	if (!cfg->raw || emu_is_integer(m->context))
		return 0;
	err_set(e, "%s: --raw writes integers, but some layers run in float", quote(cfg->flow));
	return -1;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" }, .context = "native" };
	struct err e = { 0 };
	struct emu_model m = { 0 };
	struct str text = { 0 };
	enum emu_context context;
	struct infer_opts o;
	struct bundle *b;

	wait_actively_in_bench(argc, argv);
	cli_parse(&tool, &cfg, argc, argv);
	context = check_config(&cfg);
	o = (struct infer_opts){
		.inputs = cfg.inputs.v,
		.ninputs = cfg.inputs.n,
		.layers = cfg.layers.v,
		.nlayers = cfg.layers.n,
		.out = output_of(&cfg),
		.labels = cfg.labels,
		.top = cfg.top ? cfg.top : "1",
		.raw = cfg.raw,
		.batch = cfg.batch   ? cfg.batch
			 : cfg.bench ? 1
				     : 8,
		.data_count = cfg.data_count,
		.bench = cfg.bench,
	};
	if (!(b = bundle_read(cfg.io.in, cfg.weights, &e)) || load(&m, b, context, &cfg, &e) < 0 ||
	    (o.bench ? infer_bench : infer_run)(&m, &o, &text, &e) < 0 ||
	    (text.len && outfile_put("-", OUT_TEXT, text.p, text.len, &e) < 0))
		die(&e);
	str_release(&text);
	emu_model_release(&m);
	bundle_free(b);
	return 0;
}
