/* onnx2hn: translate an ONNX model into a bundle.  onnx2hn(1). */
#include "base/cli.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/par.h"
#include "io/npy.h"
#include "onnx/onnx.h"
#include <time.h>

enum {
	COMMAND_MAX = 900 /* bytes of a message with the command to retry */
};

struct config {
	struct cli_io io;
	const char *net_name;
	struct cli_list start, end;
	struct cli_list shapes, formats;
	const char *hw_arch;
	const char *hn, *npz, *report;
	const char *augmented;
	bool save_original;
	bool no_weights;
	bool yes;
};

static const struct cli_opt options[] = {
	{ 0, "net-name", "NAME", CLI_STR, offsetof(struct config, net_name),
	  "name of the network (default: from the file's name)", 0, 0 },
	{ 0, "start-node-names", "LIST", CLI_LIST, offsetof(struct config, start),
	  "nodes at which the network starts", 0, 0 },
	{ 0, "end-node-names", "LIST", CLI_LIST, offsetof(struct config, end),
	  "nodes at which it ends; gives the order of the outputs", 0, 0 },
	{ 0, "net-input-shapes", "NAME=N,C,H,W", CLI_REPEAT, offsetof(struct config, shapes),
	  "shape of an input, where the model leaves it open", 0, 0 },
	{ 0, "net-input-format", "NAME=BCHW", CLI_LIST, offsetof(struct config, formats),
	  "meaning of an input's dimensions (default: BCHW, BCW, BC)", 0, 0 },
	{ 0, "hw-arch", "ARCH", CLI_STR, offsetof(struct config, hw_arch),
	  "target kept in the bundle", 0, 0 },
	{ 0, "hn", "FILE", CLI_STR, offsetof(struct config, hn), "write the HN JSON here too", 0,
	  0 },
	{ 0, "npz", "FILE", CLI_STR, offsetof(struct config, npz), "write the weights here too", 0,
	  0 },
	{ 0, "no-weights", NULL, CLI_FLAG, offsetof(struct config, no_weights),
	  "leave the weights out of the bundle", 0, 0 },
	{ 0, "report", "FILE", CLI_STR, offsetof(struct config, report),
	  "write what became of each node as JSON", 0, 0 },
	{ 0, "augmented-path", "FILE", CLI_STR, offsetof(struct config, augmented),
	  "write the ONNX model with every tensor as an output", 0, 0 },
	{ 0, "save-original", NULL, CLI_FLAG, offsetof(struct config, save_original),
	  "keep the ONNX file in the bundle", 0, 0 },
	{ 'y', "yes", NULL, CLI_FLAG, offsetof(struct config, yes),
	  "on failure, translate the part that is recommended", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
};

static const struct cli_tool tool = {
	.name = "onnx2hn",
	.operands = "[MODEL.onnx]",
	.summary = "translate an ONNX model into a bundle",
	.options = options,
	.io_offset = offsetof(struct config, io),
	.max_operands = 1,
	.operands_offset = SIZE_MAX,
};

static void check_config(const struct config *cfg)
{
	const bool hn = cfg->hn && strcmp(cfg->hn, "-") == 0;
	const bool npz = cfg->npz && strcmp(cfg->npz, "-") == 0;
	const bool report = cfg->report && strcmp(cfg->report, "-") == 0;
	const bool augmented = cfg->augmented && strcmp(cfg->augmented, "-") == 0;

	if (hn + npz + report + augmented > 1)
		cli_usage("only one of --hn, --npz, --report and --augmented-path can go to "
			  "standard output");
	if (cfg->net_name && !name_is_legal(cfg->net_name))
		cli_usage("--net-name '%s': letters, digits, '_', '-' and '.' are legal",
			  quote(cfg->net_name));
}

/* Does a part take standard output from the bundle? */
static bool part_on_stdout(const struct config *cfg)
{
	return strcmp(cfg->io.out, "-") == 0 &&
	       ((cfg->hn && strcmp(cfg->hn, "-") == 0) ||
		(cfg->npz && strcmp(cfg->npz, "-") == 0) ||
		(cfg->report && strcmp(cfg->report, "-") == 0) ||
		(cfg->augmented && strcmp(cfg->augmented, "-") == 0));
}

static int put_json(const char *path, const json_t *j, struct err *e)
{
	struct str s = { 0 };
	int r;

	json_text(j, &s);
	r = outfile_put(path, OUT_TEXT, s.p, s.len, e);
	str_release(&s);
	return r;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A failed translation: the message with the command to retry, and the report. */
_Noreturn static void fail(const struct config *cfg, struct onnx_result *r, struct err *e, int argc,
			   char *argv[])
{
	char *command = onnx_retry_command(r, argc, argv);
	struct err ignored = { 0 };

	err_in(e, "%s", strcmp(cfg->io.in, "-") == 0 ? "standard input" : quote(cfg->io.in));
	if (!r->report)
		r->report = json_pack("{s:i,s:b}", "schema", 1, "parsed", 0);
	json_object_set_new(r->report, "error", json_string(e->msg));
	if (command)
		json_object_set_new(r->report, "retry_command", json_string(command));
	if (command && strlen(e->msg) + strlen(command) < COMMAND_MAX)
		err_hint(e, "try %s", command);
	else if (r->try_start.n + r->try_end.n)
		err_hint(e, "try -y, with %zu start and %zu end nodes that --report lists",
			 r->try_start.n, r->try_end.n);
	if (cfg->report)
		put_json(cfg->report, r->report, &ignored);
	onnx_say_unsupported(r);
	die(e);
}

/* What was done in place of what was asked for. */
static void say_retried(const struct onnx_result *r, int argc, char *argv[])
{
	char *command;

	if (!r->retried)
		return;
	command = onnx_retry_command(r, argc, argv);
	log_warn("%s; translated a part of the model instead, as %s", r->retried,
		 command ? command : "--report tells");
	free(command);
}

static int fill(struct bundle *b, const struct config *cfg, struct onnx_result *r, struct err *e)
{
	size_t n;
	void *p;

	bundle_set_state(b, STATE_HAILO_MODEL);
	bundle_put_graph(b, "hn", r->graph);
	if (!cfg->no_weights && bundle_put_npz(b, "npz", r->weights, e) < 0)
		return -1;
	if (cfg->hw_arch)
		json_object_set_new(bundle_metadata(b), "hw_arch", json_string(cfg->hw_arch));
	if (cfg->save_original) {
		if (!(p = read_file(cfg->io.in, (size_t)LIMIT_MEMBER_BYTES, &n, e)))
			return -1;
		bundle_put(b, "original.onnx", p, n);
		free(p);
	}
	return 0;
}

static int write_parts(const struct config *cfg, const struct onnx_result *r, struct err *e)
{
	json_t *hn;
	int res = 0;

	if (cfg->hn) {
		hn = graph_to_json(r->graph);
		res = put_json(cfg->hn, hn, e);
		json_decref(hn);
	}
	if (res == 0 && cfg->npz)
		res = npz_write(cfg->npz, r->weights, e);
	if (res == 0 && cfg->report)
		res = put_json(cfg->report, r->report, e);
	if (res == 0 && cfg->augmented)
		res = onnx_augment(cfg->io.in, cfg->augmented, e);
	return res;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct onnx_result r;
	struct err e = { 0 };
	struct bundle *b;
	char **given = xcalloc((size_t)argc + 1, sizeof *given);
	double start;

	memcpy(given, argv, (size_t)argc * sizeof *given);
	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	start = now();
	if ((cfg.save_original || cfg.augmented) && strcmp(cfg.io.in, "-") == 0)
		cli_usage("%s needs the model as a file",
			  cfg.augmented ? "--augmented-path" : "--save-original");
	const struct onnx_opts opts = { .net_name = cfg.net_name,
					.start = cfg.start.v,
					.nstart = cfg.start.n,
					.end = cfg.end.v,
					.nend = cfg.end.n,
					.shapes = cfg.shapes.v,
					.nshapes = cfg.shapes.n,
					.formats = cfg.formats.v,
					.nformats = cfg.formats.n,
					.retry = cfg.yes };
	if (onnx_import(cfg.io.in, &opts, &r, &e) < 0)
		fail(&cfg, &r, &e, argc, given);
	b = bundle_new(r.graph->name);
	say_retried(&r, argc, given);
	onnx_say(&r, "ONNX", now() - start);
	free(given);
	if (fill(b, &cfg, &r, &e) < 0 || write_parts(&cfg, &r, &e) < 0)
		die(&e);
	onnx_result_release(&r);
	if (!part_on_stdout(&cfg) && bundle_write(b, cfg.io.out, COMPRESS_NONE, &e) < 0)
		die(&e);
	bundle_free(b);
	return 0;
}
