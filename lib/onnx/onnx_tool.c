/* Options, messages, bundle and parts of every translator. */
#include "onnx/onnx_tool.h"
#include "base/log.h"
#include "base/outfile.h"
#include "io/npy.h"
#include <time.h>

enum {
	COMMAND_MAX = 900 /* bytes of a message with the command to retry */
};

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* How many parts go to standard output. */
static int parts_on_stdout(const struct onnx_tool *t)
{
	return is_stdout(t->hn) + is_stdout(t->npz) + is_stdout(t->report) +
	       is_stdout(t->augmented);
}

/* Why the options do not go together; 0 when they do. */
static int check_options(const struct onnx_tool *t, struct err *e)
{
	if (parts_on_stdout(t) > 1)
		return err_set(e,
			       "only one of --hn, --npz, --report and --augmented-path can go to "
			       "standard output");
	if (t->net_name && !name_is_legal(t->net_name))
		return err_set(e, "--net-name '%s': letters, digits, '_', '-' and '.' are legal",
			       quote(t->net_name));
	if ((t->save_original || t->augmented) && is_stdout(t->io.in))
		return err_set(e, "%s needs the model as a file",
			       t->augmented ? "--augmented-path" : "--save-original");
	return 0;
}

/* The options of the import: its lists belong to t. */
static struct onnx_opts import_opts(const struct onnx_tool *t)
{
	return (struct onnx_opts){ .net_name = t->net_name,
				   .start = t->start.v,
				   .nstart = t->start.n,
				   .end = t->end.v,
				   .nend = t->end.n,
				   .shapes = t->shapes.v,
				   .nshapes = t->shapes.n,
				   .formats = t->formats.v,
				   .nformats = t->formats.n,
				   .retry = t->yes,
				   .signature = t->signature,
				   .tag = t->tag };
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

/* The import failed: completes the message with file and remedy, writes the report. */
static void import_failed(const struct onnx_tool *t, struct onnx_result *r, int argc,
			  char *const argv[], struct err *e)
{
	char *command = onnx_retry_command(r, argc, argv);
	struct err ignored = { 0 };

	err_in(e, "%s", is_stdout(t->io.in) ? "standard input" : quote(t->io.in));
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
	if (t->report)
		put_json(t->report, r->report, &ignored);
	onnx_say_unsupported(r);
	free(command);
}

/* With -y, what was done in place of what was asked for. */
static void say_retried(const struct onnx_result *r, int argc, char *const argv[])
{
	char *command;

	if (!r->retried)
		return;
	command = onnx_retry_command(r, argc, argv);
	log_warn("%s; translated a part of the model instead, as %s", r->retried,
		 command ? command : "--report tells");
	free(command);
}

static int fill(struct bundle *b, const struct onnx_tool *t, const struct onnx_result *r,
		const char *original, struct err *e)
{
	size_t n;
	void *p;

	struct onnx_opts o = import_opts(t);

	bundle_set_state(b, STATE_HAILO_MODEL);
	/* A part that was recommended is the same as if it had been asked for. */
	if (r->retried && r->try_start.n) {
		o.start = (const char *const *)r->try_start.v;
		o.nstart = r->try_start.n;
	}
	if (r->retried) {
		o.end = (const char *const *)r->try_end.v;
		o.nend = r->try_end.n;
	}
	onnx_options_keep(&o, bundle_metadata(b));
	bundle_put_graph(b, "hn", r->graph);
	onnx_put_nms(b, r);
	if (!t->no_weights && bundle_put_npz(b, "npz", r->weights, e) < 0)
		return -1;
	if (t->hw_arch)
		json_object_set_new(bundle_metadata(b), "hw_arch", json_string(t->hw_arch));
	if (t->save_original) {
		if (!(p = read_file(t->io.in, (size_t)LIMIT_MEMBER_BYTES, &n, e)))
			return -1;
		bundle_put(b, original, p, n);
		free(p);
	}
	return 0;
}

static int write_parts(const struct onnx_tool *t, const struct onnx_result *r, struct err *e)
{
	json_t *hn;
	int res = 0;

	if (t->hn) {
		hn = graph_to_json(r->graph);
		res = put_json(t->hn, hn, e);
		json_decref(hn);
	}
	if (res == 0 && t->npz)
		res = npz_write(t->npz, r->weights, e);
	if (res == 0 && t->report)
		res = put_json(t->report, r->report, e);
	return res;
}

/* Writes the parts that were asked for, and the bundle; `original` is the member of the file. */
static int write_model(const struct onnx_tool *t, const struct onnx_result *r, const char *original,
		       struct err *e)
{
	struct bundle *b = bundle_new(r->graph->name);
	int res = fill(b, t, r, original, e);

	if (res == 0)
		res = write_parts(t, r, e);
	if (res == 0 && !(is_stdout(t->io.out) && parts_on_stdout(t)))
		res = bundle_write(b, t->io.out, COMPRESS_NONE, e);
	bundle_free(b);
	return res;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int onnx_tool_main(const struct cli_tool *tool, const struct onnx_format *f, int argc, char *argv[])
{
	struct onnx_tool cfg = { .io = { .in = "-", .out = "-" } };
	char **given = xcalloc((size_t)argc + 1, sizeof *given);
	struct onnx_result r;
	struct onnx_opts opts;
	struct err e = { 0 };
	double start;

	memcpy(given, argv, (size_t)argc * sizeof *given);
	cli_parse(tool, &cfg, argc, argv);
	if (check_options(&cfg, &e) < 0)
		cli_usage("%s", e.msg);
	start = now();
	opts = import_opts(&cfg);
	if (f->import(cfg.io.in, &opts, &r, &e) < 0) {
		import_failed(&cfg, &r, argc, given, &e);
		die(&e);
	}
	say_retried(&r, argc, given);
	onnx_say(&r, f->word, now() - start);
	free(given);
	if ((cfg.augmented && f->augment(cfg.io.in, cfg.augmented, &e) < 0) ||
	    write_model(&cfg, &r, f->original, &e) < 0)
		die(&e);
	onnx_result_release(&r);
	return 0;
}
