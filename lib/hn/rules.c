/* The rule of each layer type, and the defaults of parameters. */
#include "hn/layer.h"
#include <math.h>

static const struct layer_rule rules[HN_TYPE_COUNT] = {
	/* clang-format off */
	[HN_INPUT]             = { shape_given,          NULL },
	[HN_OUTPUT]            = { shape_same,           NULL },
	[HN_CONST]             = { shape_given,          NULL },
	[HN_CONV]              = { shape_conv,           fields_conv },
	[HN_DW]                = { shape_dw,             fields_conv },
	[HN_DECONV]            = { shape_deconv,         fields_deconv },
	[HN_DENSE]             = { shape_dense,          fields_dense },
	[HN_MATMUL]            = { shape_matmul,         fields_matmul },
	[HN_MAXPOOL]           = { shape_pool,           fields_pool },
	[HN_AVGPOOL]           = { shape_pool,           fields_pool },
	[HN_GLOBAL_AVGPOOL]    = { shape_global_pool,    fields_act },
	[HN_ACTIVATION]        = { shape_same,           fields_act },
	[HN_BATCH_NORM]        = { shape_same,           fields_bn },
	[HN_NORMALIZATION]     = { shape_same,           fields_act },
	[HN_LAYER_NORM]        = { shape_softmax,        fields_layer_norm },
	[HN_EW_ADD]            = { shape_eltwise,        fields_eltwise },
	[HN_EW_SUB]            = { shape_eltwise,        fields_eltwise },
	[HN_EW_MULT]           = { shape_eltwise,        fields_eltwise },
	[HN_EW_DIV]            = { shape_eltwise,        fields_eltwise },
	[HN_EW_MAX]            = { shape_eltwise,        fields_eltwise },
	[HN_EW_MIN]            = { shape_eltwise,        fields_eltwise },
	[HN_CONCAT]            = { shape_concat,         fields_concat },
	[HN_SLICE]             = { shape_slice,          fields_slice },
	[HN_FEATURE_SPLITTER]  = { shape_splitter,       fields_splitter },
	[HN_EXTERNAL_PAD]      = { shape_pad,            fields_pad },
	[HN_DEPTH_TO_SPACE]    = { shape_depth_to_space, fields_depth_to_space },
	[HN_SPACE_TO_DEPTH]    = { shape_space_to_depth, fields_space_to_depth },
	[HN_FEATURE_SHUFFLE]   = { shape_shuffle,        fields_shuffle },
	[HN_FORMAT_CONVERSION] = { shape_conversion,     fields_conversion },
	[HN_SHORTCUT]          = { shape_same,           NULL },
	[HN_RESIZE]            = { shape_resize,         fields_resize },
	[HN_SOFTMAX]           = { shape_softmax,        fields_softmax },
	[HN_ARGMAX]            = { shape_argmax,         fields_argmax },
	[HN_REDUCE_MAX]        = { shape_reduce,         fields_extreme },
	[HN_REDUCE_MIN]        = { shape_reduce,         fields_extreme },
	[HN_REDUCE_SUM]        = { shape_reduce,         fields_reduce },
	[HN_REDUCE_MEAN]       = { shape_reduce,         fields_reduce },
	[HN_POSTPROCESS]       = { shape_given,          NULL },
	/* clang-format on */
};

const struct layer_rule *layer_rule(enum hn_type t)
{
	return &rules[t];
}

void params_default(struct hn_params *p)
{
	*p = (struct hn_params){
		.kernel = { 1, 1, 1, 1 },
		.stride = { 1, 1 },
		.dilation = { 1, 1 },
		.groups = 1,
		.bn_epsilon = 1e-5f,
		.act = { .lo = -INFINITY, .hi = INFINITY },
		.concat_axis = 3,
		.block = { 1, 1 },
		.softmax_groups = 1,
		.shuffle_groups = 1,
		.reduce_axes = 4,
		.transpose = { 0, 1, 2 },
	};
}

bool hn_conversion_transposes(const char *kind)
{
	return kind && strncmp(kind, "transpose", 9) == 0;
}
