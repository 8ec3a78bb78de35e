/* hn-noise: which layers of a quantized model lose accuracy.  hn-noise(1). */
#include "base/cli.h"
#include "base/outfile.h"
#include "quant/noise.h"

struct config {
	struct cli_io io;
	struct noise_opts noise;
	const char *mode, *har, *json, *resize;
	double bar;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'c', "data", "PATH", CLI_STR, offsetof(struct config, noise.calib), "images: .npy, .npz by input layer, or a folder of .npy, PNG or JPEG", 0, 0 },
	{ 0, "random", NULL, CLI_FLAG, offsetof(struct config, noise.random_calib), "random bytes in place of images", 0, 0 },
	{ 'm', "analyze-mode", "MODE", CLI_STR, offsetof(struct config, mode), "simple, or advanced: also one layer in integers at a time (default: simple)", 0, 0 },
	{ 0, "resize", "SIZE", CLI_STR, offsetof(struct config, resize), "scale PNG and JPEG images to HxW, or to N pixels of the shorter side", 0, 0 },
	{ 0, "crop", NULL, CLI_FLAG, offsetof(struct config, noise.fit.crop), "cut the network's input out of the middle of the images", 0, 0 },
	{ 'n', "data-count", "N", CLI_INT, offsetof(struct config, noise.count), "only the first N images", 1, 1 << 24 },
	{ 'b', "batch-size", "N", CLI_INT, offsetof(struct config, noise.batch), "images per step (default: 1)", 1, 4096 },
	{ 0, "json", "FILE", CLI_STR, offsetof(struct config, json), "write the analysis as JSON", 0, 0 },
	{ 0, "har", "FILE", CLI_STR, offsetof(struct config, har), "write the bundle with the analysis in it", 0, 0 },
	{ 0, "fail-below", "DB", CLI_DOUBLE, offsetof(struct config, bar), "exit with status 1 when a layer is below", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-noise",
				      .operands = "[FILE]",
				      .summary =
					  "find the layers where quantization loses accuracy",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static void check_config(struct config *cfg)
{
	const char *const out[] = { cfg->io.out, cfg->json, cfg->har };
	struct err e = { 0 };
	int on_stdout = 0;

	if (!cfg->noise.calib && !cfg->noise.random_calib)
		cli_usage("no data: -c PATH, or --random");
	if (cfg->noise.calib && cfg->noise.random_calib)
		cli_usage("-c and --random exclude each other");
	if (cfg->resize && image_fit_parse(cfg->resize, &cfg->noise.fit, &e) < 0)
		cli_usage("--resize: %s", e.msg);
	cfg->noise.advanced = strcmp(cfg->mode, "advanced") == 0;
	if (!cfg->noise.advanced && strcmp(cfg->mode, "simple") != 0)
		cli_usage("--analyze-mode must be simple or advanced, not '%s'", quote(cfg->mode));
	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
		on_stdout += out[i] && strcmp(out[i], "-") == 0;
	if (on_stdout > 1)
		cli_usage("only one of the table, the JSON and the bundle can go to the standard "
			  "output");
}

static int write_json(const char *path, const json_t *j, struct err *e)
{
	struct str text = { 0 };
	int rc;

	json_text(j, &text);
	rc = outfile_put(path, OUT_TEXT, text.p, text.len, e);
	str_release(&text);
	return rc;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" },
			      .noise = { .batch = 1 },
			      .mode = "simple",
			      .bar = -NOISE_CAP };
	struct err e = { 0 };
	struct str text = { 0 };
	struct bundle *b;
	json_t *j = NULL;
	double least;

	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) ||
	    noise_bundle(b, &cfg.noise, &text, &least, &j, &e) < 0 ||
	    (cfg.json && write_json(cfg.json, j, &e) < 0) ||
	    (cfg.har && bundle_write(b, cfg.har, COMPRESS_NONE, &e) < 0) ||
	    outfile_put(cfg.io.out, OUT_TEXT, text.p, text.len, &e) < 0)
		die(&e);
	json_decref(j);
	str_release(&text);
	bundle_free(b);
	return least < cfg.bar;
}
