/* translate-dataset: RGB images in the format that a modified model takes.  translate-dataset(1).
 */
#include "base/cli.h"
#include "base/mem.h"
#include "io/npy.h"
#include "pass/color.h"
#include <string.h>

struct config {
	struct cli_io io;
	const char *to, *standard;
	bool mean;
};

static const struct cli_opt options[] = {
	/* clang-format off */
	{ 't', "to", "FORMAT", CLI_STR, offsetof(struct config, to), "yuv (default), bgr, rgbx, yuy2, nv12, nv21 or i420", 0, 0 },
	{ 's', "standard", "NAME", CLI_STR, offsetof(struct config, standard), "matrix of Y, U, V: yuv601 (default), yuv709 or yuv_full_range", 0, 0 },
	{ 0, "mean", NULL, CLI_FLAG, offsetof(struct config, mean), "chroma of several pixels is their mean (default: that of the first)", 0, 0 },
	CLI_COMMON(struct config, io),
	CLI_END
	/* clang-format on */
};

static const struct cli_tool tool = { .name = "translate-dataset",
				      .operands = "[FILE]",
				      .summary =
					  "RGB images (.npy) in the format that a model takes",
				      .options = options,
				      .io_offset = offsetof(struct config, io),
				      .max_operands = 1,
				      .operands_offset = SIZE_MAX };

static enum pixel_format format(const char *name)
{
	struct str list = { 0 };
	int f;

	for (f = 0; f < PIXEL_COUNT; f++) {
		if (strcmp(pixel_format_name(f), name) == 0) {
			str_release(&list);
			return f;
		}
		str_printf(&list, "%s%s", f ? ", " : "", pixel_format_name(f));
	}
	cli_usage("--to is '%s', one of %s expected", quote(name), list.p);
}

static const struct color *standard(const char *name)
{
	char *full = xasprintf("%s_to_rgb", name);
	const struct color *c = strncmp(name, "yuv", 3) == 0 ? color_find(full) : NULL;

	free(full);
	if (!c)
		cli_usage("--standard is '%s', one of yuv601, yuv709, yuv_full_range expected",
			  quote(name));
	return c;
}

int main(int argc, char *argv[])
{
	struct config cfg = { .io = { .in = "-", .out = "-" }, .to = "yuv", .standard = "yuv601" };
	struct pixel_opts o = { .to = PIXEL_YUV };
	struct tensor in = { 0 };
	struct tensor out = { 0 };
	struct err e = { 0 };

	cli_parse(&tool, &cfg, argc, argv);
	o.to = format(cfg.to);
	o.to_rgb = standard(cfg.standard);
	o.mean = cfg.mean;
	if (npy_read(cfg.io.in, &in, &e) < 0)
		die(&e);
	if (pixels_translate(&in, &o, &out, &e) < 0) {
		err_in(&e, "%s", quote(cfg.io.in));
		die(&e);
	}
	if (npy_write(cfg.io.out, &out, &e) < 0)
		die(&e);
	tensor_release(&in);
	tensor_release(&out);
	return 0;
}
