/* onnx2hn: translate an ONNX model into a bundle.  onnx2hn(1). */
#include "onnx/onnx_tool.h"

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

static const struct onnx_format format = { "ONNX", "original.onnx", onnx_import, onnx_augment };

int main(int argc, char *argv[])
{
	return onnx_tool_main(&tool, &format, argc, argv);
}
