/* hn-stat: the statistics of (a part of) a calibration set, to be merged by hn-quantize.
 * hn-stat(1).
 */
#include "base/cli.h"
#include "io/bundle.h"
#include "io/npy.h"
#include "quant/quant.h"

struct config {
	struct cli_io io;
	struct quant_opts quant;
	const char *script;
	const char *resize;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 'c', "calib-set", "PATH", CLI_STR, offsetof(struct config, quant.calib), "calibration images: .npy, .npz by input layer, or a folder of .npy, PNG or JPEG", 0, 0 },
	{ 's', "model-script", "FILE", CLI_STR, offsetof(struct config, script), "model script, .alls (default: the one in the bundle)", 0, 0 },
	{ 0, "random-calib", NULL, CLI_FLAG, offsetof(struct config, quant.random_calib), "random bytes in place of images: for timing, not for accuracy", 0, 0 },
	{ 0, "from", "N", CLI_INT, offsetof(struct config, quant.calib_from), "first image of this part, from 0 (default: 0)", 0, 1 << 24 },
	{ 'n', "calibset-size", "N", CLI_INT, offsetof(struct config, quant.calibset_size), "images of this part (default: all that follow)", 1, 1 << 24 },
	{ 0, "resize", "SIZE", CLI_STR, offsetof(struct config, resize), "scale PNG and JPEG images to HxW, or to N pixels of the shorter side", 0, 0 },
	{ 0, "crop", NULL, CLI_FLAG, offsetof(struct config, quant.fit.crop), "cut the network's input out of the middle of the images", 0, 0 },
	{ 'b', "batch-size", "N", CLI_INT, offsetof(struct config, quant.batch), "images per step (default: 8)", 1, 4096 },
	{ 0, "histograms", NULL, CLI_FLAG, offsetof(struct config, quant.histograms), "of every layer, not only where the script needs them", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "hn-stat",
				      .operands = "[FILE]",
				      .summary = "observe a model on a part of a calibration set",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static void check_config(struct config *cfg)
{
	struct quant_opts *q = &cfg->quant;
	struct err e = { 0 };

	if (!q->calib && !q->random_calib)
		cli_usage("no calibration set: -c PATH, or --random-calib");
	if (q->calib && q->random_calib)
		cli_usage("-c and --random-calib exclude each other");
	if (cfg->resize && image_fit_parse(cfg->resize, &q->fit, &e) < 0)
		cli_usage("--resize: %s", e.msg);
	if (!q->calibset_size)
		q->calibset_size = q->random_calib ? 64 : 1 << 24;
	q->part = true;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" }, .quant = QUANT_OPTS_DEFAULT };
	struct err e = { 0 };
	struct bundle *b;
	struct tensors *stats = NULL;

	cfg.quant.calibset_size = 0; /* not asked for */
	cli_parse(&tool, &cfg, argc, argv);
	check_config(&cfg);
	if (!(b = bundle_read(cfg.io.in, NULL, &e)) ||
	    quant_stat_bundle(b, &cfg.quant, cfg.script, &stats, &e) < 0 ||
	    npz_write(cfg.io.out, stats, &e) < 0)
		die(&e);
	tensors_free(stats);
	bundle_free(b);
	return 0;
}
