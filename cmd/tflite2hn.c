/* tflite2hn: translate a TensorFlow Lite model into a bundle.  tflite2hn(1). */
#include "onnx/onnx_tool.h"
#include "tflite/tflite.h"
#include <time.h>

static const struct cli_opt options[] = {
	ONNX_TOOL_OPTIONS("N,H,W,C", "BHWC", "BHWC, BWC, BC", "TensorFlow Lite"), CLI_END
};

static const struct cli_tool tool = {
	.name = "tflite2hn",
	.operands = "[MODEL.tflite]",
	.summary = "translate a TensorFlow Lite model into a bundle",
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
	if (tflite_import(cfg.io.in, &opts, &r, &e) < 0) {
		onnx_tool_failed(&cfg, &r, argc, given, &e);
		die(&e);
	}
	onnx_tool_say_retried(&r, argc, given);
	onnx_say(&r, "TensorFlow Lite", now() - start);
	free(given);
	if ((cfg.augmented && tflite_augment(cfg.io.in, cfg.augmented, &e) < 0) ||
	    onnx_tool_write(&cfg, &r, "original.tflite", &e) < 0)
		die(&e);
	onnx_result_release(&r);
	return 0;
}
