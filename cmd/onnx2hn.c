/* onnx2hn: translate an ONNX model into a bundle.  onnx2hn(1). */
#include "onnx/onnx_tool.h"
#include <time.h>

static const struct cli_opt options[] = {
	ONNX_TOOL_OPTIONS("N,C,H,W", "BCHW", "BCHW, BWC, BC", "ONNX"), CLI_END
};

static const struct cli_tool tool = {
	.name = "onnx2hn",
	.operands = "[MODEL.onnx]",
	.summary = "translate an ONNX model into a bundle",
	.options = options,
	.io_offset = offsetof(struct onnx_tool, io),
	.max_operands = 1,
	.operands_offset = SIZE_MAX,
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char *argv[])
{
	struct onnx_tool cfg = { .io = { .in = "-", .out = "-" } };
	char **given = xcalloc((size_t)argc + 1, sizeof *given);
	struct onnx_result r;
	struct onnx_opts opts;
	struct err e = { 0 };
	double start;

	memcpy(given, argv, (size_t)argc * sizeof *given);
	cli_parse(&tool, &cfg, argc, argv);
	if (onnx_tool_check(&cfg, &e) < 0)
		cli_usage("%s", e.msg);
	start = now();
	opts = onnx_tool_opts(&cfg);
	if (onnx_import(cfg.io.in, &opts, &r, &e) < 0) {
		onnx_tool_failed(&cfg, &r, argc, given, &e);
		die(&e);
	}
	onnx_tool_say_retried(&r, argc, given);
	onnx_say(&r, "ONNX", now() - start);
	free(given);
	if ((cfg.augmented && onnx_augment(cfg.io.in, cfg.augmented, &e) < 0) ||
	    onnx_tool_write(&cfg, &r, "original.onnx", &e) < 0)
		die(&e);
	onnx_result_release(&r);
	return 0;
}
