/* hn-fix: a model script that quantizes a model better.  hn-fix(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "quant/fix.h"

struct config {
	struct cli_io io;
	struct fix_opts fix;
	const char *har, *mode;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'c', "calib-set", "PATH", CLI_STR, offsetof(struct config, fix.quant.calib), "calibration images, as for hn-quantize", 0, 0 },
	{ 0, "data", "PATH", CLI_STR, offsetof(struct config, fix.noise.calib), "images to measure on (default: those of -c)", 0, 0 },
	{ 'n', "data-count", "N", CLI_INT, offsetof(struct config, fix.noise.count), "the first N of them (default: 16; all with --labels)", 1, 1 << 24 },
	{ 0, "labels", "FILE", CLI_STR, offsetof(struct config, fix.labels), "their labels, .npy: raise the accuracy", 0, 0 },
	{ 's', "model-script", "FILE", CLI_STR, offsetof(struct config, fix.script), "model script to begin with (default: the one in the bundle)", 0, 0 },
	{ 'm', "analyze-mode", "MODE", CLI_STR, offsetof(struct config, mode), "order of the lines: as hn-noise, simple or advanced (default: simple)", 0, 0 },
	{ 0, "tries", "N", CLI_INT, offsetof(struct config, fix.tries), "lines to try (default: 16)", 0, 100000 },
	{ 0, "gain", "DB", CLI_DOUBLE, offsetof(struct config, fix.gain), "what a line must bring (default: 0.1)", 0, 0 },
	{ 0, "target", "DB", CLI_DOUBLE, offsetof(struct config, fix.target), "stop when it is reached", 0, 0 },
	{ 0, "har", "FILE", CLI_STR, offsetof(struct config, har), "write the quantized bundle too", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-fix",
				      .operands = "[FILE]",
				      .summary =
					  "find the script lines that quantize a model better",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static void check_config(struct config *cfg)
{
	struct fix_opts *f = &cfg->fix;

	if (!f->quant.calib)
		cli_usage("no calibration set: -c PATH");
	if (f->labels && !f->noise.calib)
		cli_usage("--labels needs --data PATH, the images that they are of");
	if (!f->noise.calib)
		f->noise.calib = f->quant.calib;
	if (!f->noise.count)
		f->noise.count = f->labels ? 0 : 16;
	f->noise.advanced = strcmp(cfg->mode, "advanced") == 0;
	if (!f->noise.advanced && strcmp(cfg->mode, "simple") != 0)
		cli_usage("--analyze-mode must be simple or advanced, not '%s'", quote(cfg->mode));
	if (cfg->har && strcmp(cfg->har, "-") == 0 && strcmp(cfg->io.out, "-") == 0)
		cli_usage("the script and the bundle cannot both go to the standard output");
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" },
			      .fix = { .quant = QUANT_OPTS_DEFAULT,
				       .noise = { .batch = 1 },
				       .tries = 16,
				       .gain = 0.1,
				       .target = NOISE_CAP },
			      .mode = "simple" };
	struct err e = { 0 };
	struct bundle *b, *made;
	char *script;

	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) ||
	    fix_bundle(b, &cfg.fix, &script, &made, &e) < 0 ||
	    (cfg.har && bundle_write(made, cfg.har, COMPRESS_NONE, &e) < 0) ||
	    outfile_put(cfg.io.out, OUT_TEXT, script, strlen(script), &e) < 0)
		die(&e);
	free(script);
	bundle_free(made);
	bundle_free(b);
	return 0;
}
