/* The operator table, sorted by name. */
#include "onnx/onnx_int.h"

/* clang-format off */
static const struct onnx_op ops[] = {
	{ "Abs",                1, onnx_activation, false },
	{ "Add",                1, onnx_add, true },
	{ "ArgMax",             1, onnx_argmax, false },
	{ "ArgMin",             1, onnx_argmax, false },
	{ "AveragePool",        1, onnx_pool, false },
	{ "BatchNormalization", 1, onnx_batch_norm, false },
	{ "CLIP",               1, onnx_clip, false },
	{ "Cast",               1, onnx_pass, false },
	{ "Clip",               1, onnx_clip, false },
	{ "Concat",             1, onnx_concat, true },
	{ "Conv",               1, onnx_conv, false },
	{ "ConvTranspose",      1, onnx_conv_transpose, false },
	{ "DepthToSpace",       1, onnx_depth_to_space, false },
	{ "Div",                1, onnx_div, true },
	{ "Dropout",            1, onnx_pass, false },
	{ "Einsum",            12, onnx_einsum, true },
	{ "Elu",                1, onnx_activation, false },
	{ "Erf",                9, onnx_activation, false },
	{ "Exp",                1, onnx_activation, false },
	{ "Expand",             8, onnx_expand, false },
	{ "Flatten",            1, onnx_flatten, false },
	{ "GELU",               1, onnx_activation, false },
	{ "GRU",                7, onnx_recurrent, false },
	{ "Gather",             1, onnx_gather, false },
	{ "Gemm",               1, onnx_gemm, true },
	{ "GlobalAveragePool",  1, onnx_global_pool, false },
	{ "GlobalMaxPool",      1, onnx_global_pool, false },
	{ "HardSigmoid",        1, onnx_activation, false },
	{ "HardSwish",          1, onnx_activation, false },
	{ "Identity",           1, onnx_pass, false },
	{ "InstanceNormalization", 1, onnx_instance_norm, false },
	{ "L2NORM",             1, onnx_l2_norm, false },
	{ "LAYERNORM",          1, onnx_mean_variance, false },
	{ "LSTM",               7, onnx_recurrent, false },
	{ "LayerNormalization", 17, onnx_layer_norm, false },
	{ "LeakyRelu",          1, onnx_activation, false },
	{ "Log",                1, onnx_activation, false },
	{ "LpNormalization",    1, onnx_l2_norm, false },
	{ "MISH",               1, onnx_activation, false },
	{ "MatMul",             1, onnx_matmul, true },
	{ "Max",                1, onnx_minmax, true },
	{ "MaxPool",            1, onnx_pool, false },
	{ "MeanVarianceNormalization", 9, onnx_mean_variance, false },
	{ "Min",                1, onnx_minmax, true },
	{ "Mul",                1, onnx_mul, true },
	{ "Neg",                1, onnx_activation, false },
	{ "PRelu",              1, onnx_prelu, false },
	{ "Pad",                1, onnx_pad, false },
	{ "Pow",                1, onnx_pow, false },
	{ "RNN",                7, onnx_recurrent, false },
	{ "Reciprocal",         1, onnx_activation, false },
	{ "ReduceL1",           1, onnx_reduce, false },
	{ "ReduceL2",           1, onnx_reduce, false },
	{ "ReduceLogSum",       1, onnx_reduce, false },
	{ "ReduceMax",          1, onnx_reduce, false },
	{ "ReduceMean",         1, onnx_reduce, false },
	{ "ReduceMin",          1, onnx_reduce, false },
	{ "ReduceSum",          1, onnx_reduce, false },
	{ "ReduceSumSquare",    1, onnx_reduce, false },
	{ "Relu",               1, onnx_activation, false },
	{ "Reshape",            1, onnx_reshape, false },
	{ "Resize",            10, onnx_resize, false },
	{ "SILU",               1, onnx_activation, false },
	{ "SQUARE",             1, onnx_activation, false },
	{ "SWISH",              1, onnx_activation, false },
	{ "Selu",               1, onnx_activation, false },
	{ "Shape",              1, onnx_shape, false },
	{ "Sigmoid",            1, onnx_activation, false },
	{ "Size",               1, onnx_shape, false },
	{ "Slice",              1, onnx_slice, false },
	{ "Softmax",            1, onnx_softmax, false },
	{ "Softplus",           1, onnx_activation, false },
	{ "Softsign",           1, onnx_activation, false },
	{ "SpaceToDepth",       1, onnx_space_to_depth, false },
	{ "Split",              1, onnx_split, false },
	{ "Sqrt",               1, onnx_activation, false },
	{ "Squeeze",            1, onnx_squeeze, false },
	{ "Sub",                1, onnx_sub, true },
	{ "Sum",                1, onnx_sum, true },
	{ "Tanh",               1, onnx_activation, false },
	{ "ThresholdedRelu",   10, onnx_activation, false },
	{ "Transpose",          1, onnx_transpose, false },
	{ "Unsqueeze",          1, onnx_unsqueeze, false },
	{ "Upsample",           1, onnx_resize, false },
};
/* clang-format on */

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct onnx_op *)row)->name);
}

const struct onnx_op *onnx_find_op(const char *op, int64_t opset)
{
	const struct onnx_op *row =
	    bsearch(op, ops, sizeof ops / sizeof ops[0], sizeof ops[0], by_name);

	return row && row->since <= opset ? row : NULL;
}
