/* The operators and types that mktflite writes, by the public schema (version 3). */
#ifndef HN_TESTS_TFLITE_KINDS_H
#define HN_TESTS_TFLITE_KINDS_H

/* Options of operators: names and types (b: byte, i: int, f: float, l: list of int). */
static const struct kind {
	const char *name;
	int code, options;
	const char *fields;
} kinds[] = {
	/* clang-format off */
	{ "ADD", 0, 11, "act:b" }, { "AVERAGE_POOL_2D", 1, 5, "padding:b stride_w:i stride_h:i filter_w:i filter_h:i act:b" },
	{ "CONCATENATION", 2, 10, "axis:i act:b" },
	{ "CONV_2D", 3, 1, "padding:b stride_w:i stride_h:i act:b dilation_w:i dilation_h:i" },
	{ "DEPTHWISE_CONV_2D", 4, 2, "padding:b stride_w:i stride_h:i multiplier:i act:b dilation_w:i dilation_h:i" },
	{ "DEPTH_TO_SPACE", 5, 94, "block:i" }, { "DEQUANTIZE", 6, 38, "" },
	{ "FULLY_CONNECTED", 9, 8, "act:b format:b keep:b" }, { "L2_NORMALIZATION", 11, 12, "act:b" },
	{ "LOGISTIC", 14, 0, "" }, { "MAX_POOL_2D", 17, 5, "padding:b stride_w:i stride_h:i filter_w:i filter_h:i act:b" },
	{ "MUL", 18, 21, "act:b" }, { "RELU", 19, 0, "" }, { "RELU_N1_TO_1", 20, 0, "" }, { "RELU6", 21, 0, "" },
	{ "RESHAPE", 22, 17, "shape:l" }, { "RESIZE_BILINEAR", 23, 15, "h:i w:i corners:b half:b" },
	{ "SOFTMAX", 25, 9, "beta:f" }, { "SPACE_TO_DEPTH", 26, 19, "block:i" }, { "TANH", 28, 0, "" },
	{ "PAD", 34, 22, "" }, { "GATHER", 36, 23, "axis:i batch:i" }, { "TRANSPOSE", 39, 26, "" },
	{ "MEAN", 40, 27, "keep:b" }, { "SUB", 41, 28, "act:b" }, { "DIV", 42, 29, "act:b" },
	{ "SQUEEZE", 43, 30, "dims:l" },
	{ "UNIDIRECTIONAL_SEQUENCE_LSTM", 44, 71, "act:b cell_clip:f proj_clip:f time_major:b" },
	{ "STRIDED_SLICE", 45, 32, "begin:i end:i ellipsis:i new:i shrink:i" }, { "EXP", 47, 33, "" },
	{ "SPLIT", 49, 35, "n:i" }, { "LOG_SOFTMAX", 50, 36, "" }, { "CAST", 53, 37, "" }, { "PRELU", 54, 0, "" },
	{ "MAXIMUM", 55, 39, "" }, { "ARG_MAX", 56, 40, "type:b" }, { "MINIMUM", 57, 39, "" }, { "LESS", 58, 41, "" },
	{ "NEG", 59, 42, "" }, { "PADV2", 60, 43, "" }, { "GREATER", 61, 44, "" }, { "SLICE", 65, 48, "" },
	{ "TRANSPOSE_CONV", 67, 49, "padding:b stride_w:i stride_h:i act:b" }, { "EXPAND_DIMS", 70, 52, "" },
	{ "EQUAL", 71, 53, "" }, { "LOG", 73, 0, "" }, { "SUM", 74, 27, "keep:b" }, { "SQRT", 75, 0, "" },
	{ "RSQRT", 76, 0, "" }, { "SHAPE", 77, 55, "type:b" }, { "POW", 78, 56, "" }, { "REDUCE_MAX", 82, 27, "keep:b" },
	{ "PACK", 83, 59, "n:i axis:i" }, { "UNPACK", 88, 64, "n:i axis:i" }, { "REDUCE_MIN", 89, 27, "keep:b" },
	{ "SQUARE", 92, 66, "" }, { "RESIZE_NEAREST_NEIGHBOR", 97, 74, "corners:b half:b" },
	{ "LEAKY_RELU", 98, 75, "alpha:f" }, { "SQUARED_DIFFERENCE", 99, 76, "" }, { "MIRROR_PAD", 100, 77, "mode:b" },
	{ "ABS", 101, 78, "" }, { "SPLIT_V", 102, 79, "n:i" }, { "ADD_N", 106, 83, "" }, { "ELU", 111, 0, "" },
	{ "QUANTIZE", 114, 89, "" }, { "HARD_SWISH", 117, 91, "" }, { "WHILE", 119, 93, "cond:i body:i" },
	{ "BATCH_MATMUL", 126, 101, "adj_x:b adj_y:b" }, { "CUMSUM", 128, 103, "" }, { "GELU", 150, 120, "tanh:b" },
	{ "RELU_0_TO_1", 152, 0, "" }, { "SIGN", 158, 0, "" },
	/* clang-format on */
};

static const struct type {
	const char *name;
	int number, size;
} types[] = { { "f32", 0, 4 }, { "f16", 1, 2 },  { "i32", 2, 4 }, { "u8", 3, 1 },
	      { "i64", 4, 8 }, { "bool", 6, 1 }, { "i8", 9, 1 } };

#endif
