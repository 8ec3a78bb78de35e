/* hef-run: execute, time, check or describe a HEF.  hef-run(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "hef/hef.h"
#include "io/npy.h"
#include "sim/sim.h"

struct config {
	struct cli_io io;
	const char *labels, *top, *timing, *group;
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
	{ 0, "group", "NAME", CLI_STR, offsetof(struct config, group), "only this network group, or all (default: all)", 0, 0 },
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
	if (cfg->group && (cfg->check || cfg->info))
		cli_usage("--group is for a run, --check and --info are about the whole file");
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

/* A network group that runs. */
struct member {
	size_t group;
	struct isa_prog *p;
	struct sim_time t;
};
/* Those that run, and what they give. */
struct members {
	struct member *v;
	size_t n;
	struct tensors *results; /* of several */
};

static bool wanted(const struct hef *h, const struct config *cfg, size_t group)
{
	return !cfg->group || strcmp(cfg->group, "all") == 0 ||
	       strcmp(cfg->group, hef_name_of_group(h, group)) == 0;
}

/* Programmes and times of all: a network that stalls gives no values. */
static int open_members(const struct hef *h, const struct config *cfg, struct members *m,
			struct err *e)
{
	m->v = xcalloc(hef_groups(h), sizeof *m->v);
	for (size_t i = 0; i < hef_groups(h); i++) {
		struct member *k = &m->v[m->n];
		uint64_t *words;
		int r;

		if (!wanted(h, cfg, i))
			continue;
		m->n++;
		k->group = i;
		if (!(k->p = hef_programme(h, i, e)))
			return -1;
		words = hef_context_words(h, i);
		r = sim_time_run(k->p, cfg->batch ? cfg->batch : k->p->machine.batch, words, &k->t,
				 e);
		free(words);
		if (r < 0)
			return -1;
	}
	return m->n ? 0 : err_set(e, "no network group is called '%s'", quote(cfg->group));
}

static void close_members(struct members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		sim_time_release(&m->v[i].t);
		isa_free(m->v[i].p);
	}
	free(m->v);
	tensors_free(m->results);
}

/* Has the group the input that "LAYER=FILE" names?  Without a name: there is one group. */
static bool takes(const struct members *m, const struct member *k, const char *spec)
{
	const char *end = strchr(spec, '=');

	for (size_t i = 0; m->n > 1 && end && i < k->p->nstreams; i++) {
		const struct isa_stream *s = &k->p->streams[i];

		if (!s->output && strlen(s->io_layer) == (size_t)(end - spec) &&
		    strncmp(s->io_layer, spec, (size_t)(end - spec)) == 0)
			return true;
	}
	return m->n == 1;
}

static int values(const struct hef *h, struct members *m, const struct member *k,
		  const struct config *cfg, struct str *text, struct err *e)
{
	const char **own = xcalloc(cfg->inputs.n + 1, sizeof *own);
	struct sim_opts o = {
		.inputs = own,
		.out =
		    (cfg->labels && strcmp(cfg->io.out, "-") == 0) || m->n > 1 ? NULL : cfg->io.out,
		.collect = m->n > 1 ? m->results : NULL,
		.labels = cfg->labels,
		.top = cfg->top ? cfg->top : "1",
		.raw = cfg->raw,
		.batch = cfg->batch ? cfg->batch : 8,
		.data_count = cfg->data_count,
	};
	int r = -1;

	for (size_t i = 0; i < cfg->inputs.n; i++)
		if (takes(m, k, cfg->inputs.v[i]))
			own[o.ninputs++] = cfg->inputs.v[i];
	if (!o.ninputs) {
		free(own);
		return 0;
	}
	o.before = hef_part(h, k->group, k->p, PART_BEFORE, e);
	o.behind = o.before ? hef_part(h, k->group, k->p, PART_BEHIND, e) : NULL;
	if (o.behind)
		r = sim_data(k->p, &o, text, e);
	else
		graph_free(o.before);
	free(own);
	return r;
}

/* Groups run one after the other, those that get data; of several, all results are one file. */
static int run_values(const struct hef *h, struct members *m, const struct config *cfg,
		      struct str *text, struct err *e)
{
	if (cfg->labels && m->n > 1)
		return err_set(e, "--labels is for one network group (--group NAME)");
	for (size_t i = 0; i < cfg->inputs.n && m->n > 1; i++) {
		bool taken = false;

		for (size_t k = 0; k < m->n; k++)
			taken = taken || takes(m, &m->v[k], cfg->inputs.v[i]);
		if (!taken)
			return err_set(e,
				       "--in %s: no network group has such an input (LAYER=FILE)",
				       quote(cfg->inputs.v[i]));
	}
	m->results = tensors_new();
	for (size_t i = 0; i < m->n; i++)
		if (values(h, m, &m->v[i], cfg, text, e) < 0)
			return -1;
	return m->n > 1 && cfg->inputs.n ? npz_write(cfg->io.out, m->results, e) : 0;
}

/* The table goes to standard output when no data does. */
static int timing(const struct members *m, const struct config *cfg, struct str *text,
		  struct err *e)
{
	bool data = cfg->inputs.n && !cfg->labels && strcmp(cfg->io.out, "-") == 0;
	struct str json = { 0 };
	json_t *j, *list = json_array();
	int r = 0;

	for (size_t i = 0; i < m->n; i++) {
		json_array_append_new(list, sim_time_json(m->v[i].p, &m->v[i].t));
		if (!data && !cfg->io.quiet)
			sim_time_text(m->v[i].p, &m->v[i].t, cfg->io.verbose > 0, text);
	}
	j = m->n > 1 ? json_pack("{s:O}", "groups", list) : json_incref(json_array_get(list, 0));
	if (cfg->timing) {
		json_text(j, &json);
		r = outfile_put(cfg->timing, OUT_TEXT, json.p, json.len, e);
		str_release(&json);
	}
	json_decref(j);
	json_decref(list);
	return r;
}

static int run(const struct hef *h, const struct config *cfg, struct str *text, struct err *e)
{
	struct members m = { 0 };
	int r = open_members(h, cfg, &m, e);

	if (r == 0 && (r = run_values(h, &m, cfg, text, e)) == 0)
		r = timing(&m, cfg, text, e);
	close_members(&m);
	return r;
}

/* --check: the rules, and the programmes when the words hold ours. */
static int check(const struct hef *h, struct str *text, struct err *e)
{
	for (size_t i = 0; i < hef_groups(h); i++) {
		struct isa_prog *p = hef_programme(h, i, e);

		if (!p)
			return -1;
		str_printf(text, "%s for %s: %zu layers in %d context%s; every rule holds\n",
			   quote(p->net), quote(p->machine.arch), p->nlayers, (int)p->ncontexts,
			   p->ncontexts > 1 ? "s" : "");
		isa_free(p);
	}
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
