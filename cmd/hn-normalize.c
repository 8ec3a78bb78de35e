/* hn-normalize: model modifications and full-precision passes.  hn-normalize(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "io/bundle.h"
#include "pass/pass.h"

struct config {
	struct cli_io io;
	const char *script, *weights, *hn, *npz;
	bool list;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 's', "model-script", "FILE", CLI_STR, offsetof(struct config, script), "model script, .alls (default: the one in the bundle)", 0, 0 },
	{ 0, "list-passes", NULL, CLI_FLAG, offsetof(struct config, list), "print the passes in their order and exit", 0, 0 },
	{ 0, "hn", "FILE", CLI_STR, offsetof(struct config, hn), "write the HN JSON too; -: instead of the bundle", 0, 0 },
	{ 0, "npz", "FILE", CLI_STR, offsetof(struct config, npz), "write the weights too; -: instead of the bundle", 0, 0 },
	{ 'w', "weights", "FILE", CLI_STR, offsetof(struct config, weights), "weights for an input that is HN JSON, .npz", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-normalize",
				      .operands = "[FILE]",
				      .summary = "fold, fuse and modify a model in full precision",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static int list_passes(struct err *e)
{
	size_t n;
	const struct pass *p = pass_list(&n);
	struct str s = { 0 };
	int r;

	for (size_t i = 0; i < n; i++)
		str_printf(&s, "%-20s %s\n", p[i].name, p[i].why);
	r = outfile_put("-", OUT_TEXT, s.p, s.len, e);
	str_release(&s);
	return r;
}

/* One member of the bundle as a file. */
static int put_part(const struct bundle *b, const char *suffix, enum out_kind kind,
		    const char *path, struct err *e)
{
	size_t n;
	const void *p = bundle_get(b, suffix, &n);

	return path ? outfile_put(path, kind, p, n, e) : 0;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" } };
	struct err e = { 0 };
	struct bundle *b;

	cli_parse(&tool, &cfg, argc, argv);
	if (is_stdout(cfg.hn) && is_stdout(cfg.npz))
		cli_usage("--hn and --npz cannot both be standard output");
	if (cfg.list) {
		if (list_passes(&e) < 0)
			die(&e);
		return 0;
	}
	if (!(b = bundle_read(cfg.io.in, cfg.weights, &e)) || pass_stage(b, cfg.script, &e) < 0 ||
	    put_part(b, "hn", OUT_TEXT, cfg.hn, &e) < 0 ||
	    put_part(b, "fpo.npz", OUT_BINARY, cfg.npz, &e) < 0)
		die(&e);
	if (!is_stdout(cfg.io.out) || (!is_stdout(cfg.hn) && !is_stdout(cfg.npz)))
		if (bundle_write(b, cfg.io.out, COMPRESS_NONE, &e) < 0)
			die(&e);
	bundle_free(b);
	return 0;
}
