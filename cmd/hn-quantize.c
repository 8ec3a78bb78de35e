/* hn-quantize: make the integer model from a full-precision one.  hn-quantize(1). */
#include "base/cli.h"
#include "io/bundle.h"
#include "quant/quant.h"

struct config {
	struct cli_io io;
	struct quant_opts quant;
	const char *script;
	const char *resize;
	bool no_equalization;
	struct cli_list stats;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'c', "calib-set", "PATH", CLI_STR, offsetof(struct config, quant.calib), "calibration images: .npy, .npz by input layer, or a folder of .npy, PNG or JPEG", 0, 0 },
	{ 's', "model-script", "FILE", CLI_STR, offsetof(struct config, script), "model script, .alls (default: the one in the bundle)", 0, 0 },
	{ 0, "random-calib", NULL, CLI_FLAG, offsetof(struct config, quant.random_calib), "calibrate on random bytes: for timing, not for accuracy", 0, 0 },
	{ 'n', "calibset-size", "N", CLI_INT, offsetof(struct config, quant.calibset_size), "images to use (default: 64)", 1, 1 << 24 },
	{ 0, "resize", "SIZE", CLI_STR, offsetof(struct config, resize), "scale PNG and JPEG images to HxW, or to N pixels of the shorter side", 0, 0 },
	{ 0, "crop", NULL, CLI_FLAG, offsetof(struct config, quant.fit.crop), "cut the network's input out of the middle of the images", 0, 0 },
	{ 'b', "batch-size", "N", CLI_INT, offsetof(struct config, quant.batch), "images per step (default: 8)", 1, 4096 },
	{ 0, "bias-mode", "MODE", CLI_STR, offsetof(struct config, quant.bias_mode), "double_scale_initialization (default) or single_scale_decomposition", 0, 0 },
	{ 0, "no-equalization", NULL, CLI_FLAG, offsetof(struct config, no_equalization), "without cross-layer equalization", 0, 0 },
	{ 0, "optimization-level", "N", CLI_INT, offsetof(struct config, quant.optimization_level), "0: equalization (default), 1: and bias correction, -100: nothing", -100, 4 },
	{ 0, "compression-level", "N", CLI_INT, offsetof(struct config, quant.compression_level), "4-bit weights in a network of 20M or more: n x 20 % of them (default: 1)", 0, 5 },
	{ 0, "hw-arch", "ARCH", CLI_STR, offsetof(struct config, quant.hw_arch), "target whose table sizes are used (default: the bundle's, else hailo8)", 0, 0 },
	{ 0, "stats", "FILE", CLI_REPEAT, offsetof(struct config, stats), "statistics of hn-stat, in place of observing images; again for further parts of the set", 0, 0 },
	{ 0, "stats-out", "FILE", CLI_STR, offsetof(struct config, quant.stats_out), "write the calibration statistics too, .npz", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-quantize",
				      .operands = "[FILE]",
				      .summary = "quantize a model with a calibration set",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static void check_config(struct config *cfg)
{
	struct quant_opts *q = &cfg->quant;
	struct err e = { 0 };

	if (!q->calib && !q->random_calib && !cfg->stats.n)
		cli_usage("no calibration set: -c PATH, --stats FILE, or --random-calib");
	if (q->calib && q->random_calib)
		cli_usage("-c and --random-calib exclude each other");
	if (cfg->resize && image_fit_parse(cfg->resize, &q->fit, &e) < 0)
		cli_usage("--resize: %s", e.msg);
	if (q->bias_mode && strcmp(q->bias_mode, "double_scale_initialization") != 0 &&
	    strcmp(q->bias_mode, "single_scale_decomposition") != 0)
		cli_usage("--bias-mode must be double_scale_initialization or "
			  "single_scale_decomposition, not '%s'",
			  quote(q->bias_mode));
	if (q->optimization_level != -100 &&
	    (q->optimization_level < 0 || q->optimization_level > 1))
		cli_usage("optimization level %d is not built; -100, 0 and 1 are",
			  q->optimization_level);
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" }, .quant = QUANT_OPTS_DEFAULT };
	struct err e = { 0 };
	struct bundle *b;

	cfg.quant.calibset_size = 0; /* not asked for */

	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	cfg.quant.stats = cfg.stats.v;
	cfg.quant.nstats = cfg.stats.n;
	cfg.quant.sized = cfg.quant.calibset_size != 0;
	if (!cfg.quant.sized)
		cfg.quant.calibset_size = 64;
	if (cfg.no_equalization)
		cfg.quant.equalization = false;
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) ||
	    quant_bundle(b, &cfg.quant, cfg.script, &e) < 0 ||
	    bundle_write(b, cfg.io.out, COMPRESS_NONE, &e) < 0)
		die(&e);
	bundle_free(b);
	return 0;
}
