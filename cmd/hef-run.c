/* hef-run: execute, time, check or describe a HEF.  hef-run(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "hef/hef.h"
#include "sim/sim.h"

struct config {
	struct cli_io io;
	const char *labels, *top, *timing;
	struct cli_list inputs;
	bool raw, info, check, parse_streams, parse_vstreams;
	int batch, data_count;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 0, "in", "[LAYER=]FILE", CLI_REPEAT, offsetof(struct config, inputs), "images for an input: .npy, float32 or uint8, or a folder of PNG or JPEG", 0, 0 },
	{ 0, "raw", NULL, CLI_FLAG, offsetof(struct config, raw), "write integers as they are", 0, 0 },
	{ 0, "batch", "N", CLI_INT, offsetof(struct config, batch), "images per step (default: 8) and per load of a context (default: as allocated)", 1, 65536 },
	{ 0, "data-count", "N", CLI_INT, offsetof(struct config, data_count), "only the first N images", 1, INT32_MAX },
	{ 0, "labels", "FILE", CLI_STR, offsetof(struct config, labels), "print the accuracy against these labels", 0, 0 },
	{ 0, "top", "LIST", CLI_STR, offsetof(struct config, top), "which accuracies (default: 1)", 0, 0 },
	{ 0, "timing", "FILE", CLI_STR, offsetof(struct config, timing), "write cycles of layers, buffers and contexts, JSON", 0, 0 },
	{ 0, "check", NULL, CLI_FLAG, offsetof(struct config, check), "check the file against every rule, run nothing", 0, 0 },
	{ 0, "info", NULL, CLI_FLAG, offsetof(struct config, info), "print what hailortcli parse-hef prints, run nothing", 0, 0 },
	{ 0, "parse-streams", NULL, CLI_FLAG, offsetof(struct config, parse_streams), "with --info: the streams too", 0, 0 },
	{ 0, "parse-vstreams", NULL, CLI_FLAG, offsetof(struct config, parse_vstreams), "with --info: the v-streams (default, unless --parse-streams alone)", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hef-run",
				      .operands = "[FILE]",
				      .summary = "execute, time, check or describe a HEF",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

/* A HEF of 16 GiB has more weights than any device addresses. */
#define MAX_HEF ((size_t)1 << 34)

static void check_config(const struct config *cfg)
{
	if (cfg->top && !cfg->labels)
		cli_usage("--top needs --labels FILE");
	if (cfg->labels && !cfg->inputs.n)
		cli_usage("--labels needs data: --in FILE.npy");
	if (cfg->raw && !cfg->inputs.n)
		cli_usage("--raw needs data: --in FILE.npy");
	if ((cfg->check || cfg->info) && (cfg->inputs.n || cfg->timing))
		cli_usage("--check and --info run nothing: no --in, no --timing");
	if ((cfg->parse_streams || cfg->parse_vstreams) && !cfg->info)
		cli_usage("--parse-streams and --parse-vstreams need --info");
	if (!cfg->inputs.n && !cfg->check && !cfg->info && strcmp(cfg->io.out, "-") != 0)
		cli_usage("-o needs data: --in FILE.npy");
}

static int info(const struct hef *h, const struct config *cfg, struct str *text, struct err *e)
{
	bool vstreams = cfg->parse_vstreams || !cfg->parse_streams;

	return hef_info(h, cfg->parse_streams, vstreams, text, e);
}

static int values(const struct hef *h, const struct isa_prog *p, const struct config *cfg,
		  struct str *text, struct err *e)
{
	struct sim_opts o = {
		.inputs = cfg->inputs.v,
		.ninputs = cfg->inputs.n,
		.out = cfg->labels && strcmp(cfg->io.out, "-") == 0 ? NULL : cfg->io.out,
		.labels = cfg->labels,
		.top = cfg->top ? cfg->top : "1",
		.raw = cfg->raw,
		.batch = cfg->batch ? cfg->batch : 8,
		.data_count = cfg->data_count,
	};

	if (!cfg->inputs.n)
		return 0;
	o.before = hef_part(h, p, PART_BEFORE, e);
	o.behind = o.before ? hef_part(h, p, PART_BEHIND, e) : NULL;
	if (o.behind)
		return sim_data(p, &o, text, e);
	graph_free(o.before);
	return -1;
}

static int measure(const struct hef *h, const struct isa_prog *p, const struct config *cfg,
		   struct sim_time *t, struct err *e)
{
	uint64_t *words = hef_context_words(h);
	int r = sim_time_run(p, cfg->batch ? cfg->batch : p->machine.batch, words, t, e);

	free(words);
	return r;
}

/* The table goes to standard output when no data does. */
static int timing(const struct isa_prog *p, const struct sim_time *t, const struct config *cfg,
		  struct str *text, struct err *e)
{
	bool data = cfg->inputs.n && !cfg->labels && strcmp(cfg->io.out, "-") == 0;
	struct str json = { 0 };
	int r = 0;

	if (cfg->timing) {
		json_t *j = sim_time_json(p, t);

		json_text(j, &json);
		json_decref(j);
		r = outfile_put(cfg->timing, OUT_TEXT, json.p, json.len, e);
		str_release(&json);
	}
	if (!data && !cfg->io.quiet)
		sim_time_text(p, t, cfg->io.verbose > 0, text);
	return r;
}

/* Time first: a network that stalls gives no values. */
static int run(const struct hef *h, const struct config *cfg, struct str *text, struct err *e)
{
	struct isa_prog *p = hef_programme(h, e);
	struct sim_time t = { 0 };
	int r = p ? measure(h, p, cfg, &t, e) : -1;

	if (r == 0 && (r = values(h, p, cfg, text, e)) == 0)
		r = timing(p, &t, cfg, text, e);
	sim_time_release(&t);
	isa_free(p);
	return r;
}

/* --check: the rules, and the programme when the words hold one of ours. */
static int check(const struct hef *h, struct str *text, struct err *e)
{
	struct isa_prog *p = hef_programme(h, e);

	if (!p)
		return -1;
	str_printf(text, "%s for %s: %zu layers in %d context%s; every rule holds\n", quote(p->net),
		   quote(p->machine.arch), p->nlayers, (int)p->ncontexts,
		   p->ncontexts > 1 ? "s" : "");
	isa_free(p);
	return 0;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct err e = { 0 };
	struct str text = { 0 };
	struct hef *h = NULL;
	size_t n;
	void *data;
	int r;

	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	data = read_file(cfg.io.in, MAX_HEF, &n, &e);
	if (!data)
		die(&e);
	if (!(h = hef_parse(data, n, &e)) || hef_check(h, &e) < 0)
		r = -1;
	else if (cfg.info)
		r = info(h, &cfg, &text, &e);
	else
		r = cfg.check ? check(h, &text, &e) : run(h, &cfg, &text, &e);
	if (r < 0) {
		err_in(&e, "%s", strcmp(cfg.io.in, "-") ? quote(cfg.io.in) : "standard input");
		die(&e);
	}
	if (text.len && outfile_put("-", OUT_TEXT, text.p, text.len, &e) < 0)
		die(&e);
	str_release(&text);
	hef_free(h);
	free(data);
	return 0;
}
