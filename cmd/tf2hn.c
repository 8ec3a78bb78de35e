/* tf2hn: translate a TensorFlow model into a bundle.  tf2hn(1). */
#include "onnx/onnx_tool.h"
#include "tf/tf.h"

static const struct cli_opt options[] = {
	ONNX_TOOL_TF_OPTIONS, ONNX_TOOL_OPTIONS("N,H,W,C", "BHWC", "BHWC, BWC, BC", "TensorFlow"),
	CLI_END
};

static const struct cli_tool tool = {
	.name = "tf2hn",
	.operands = "[MODEL]",
	.summary = "translate a TensorFlow model into a bundle",
	.options = options,
	.io_offset = offsetof(struct onnx_tool, io),
	.max_operands = 1,
	.operands_offset = SIZE_MAX,
};

static const struct onnx_format format = { "TensorFlow", "original.pb", tf_import, tf_augment };

int main(int argc, char *argv[])
{
	return onnx_tool_main(&tool, &format, argc, argv);
}
