/* tflite2hn: translate a TensorFlow Lite model into a bundle.  tflite2hn(1). */
#include "onnx/onnx_tool.h"
#include "tflite/tflite.h"

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

static const struct onnx_format format = { "TensorFlow Lite", "original.tflite", tflite_import,
					   tflite_augment };

int main(int argc, char *argv[])
{
	return onnx_tool_main(&tool, &format, argc, argv);
}
