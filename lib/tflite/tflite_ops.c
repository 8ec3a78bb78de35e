/* The operator table by the schema's numbers, and the walk over a graph's operators. */
#include "base/limits.h"
#include "tflite/tflite_int.h"

enum {
	SUBGRAPH_OPERATORS = 3,
	OPERATOR_CODE = 0,
	OPERATOR_INPUTS = 1,
	OPERATOR_OUTPUTS = 2,
	OPERATOR_OPTIONS = 4,
	CODE_OLD = 0, /* one byte, before there were more than 127 */
	CODE_CUSTOM = 1,
	CODE_BUILTIN = 3,
	CUSTOM = 32
};

/* clang-format off */
static const struct tfl_row rows[] = {
	{ "ADD", tfl_binary, "Add" },
	{ "AVERAGE_POOL_2D", tfl_pool, "AveragePool" },
	{ "CONCATENATION", tfl_concat, NULL },
	{ "CONV_2D", tfl_conv, NULL },
	{ "DEPTHWISE_CONV_2D", tfl_depthwise, NULL },
	{ "DEPTH_TO_SPACE", tfl_blocks, "DepthToSpace" },
	{ "DEQUANTIZE", tfl_dequantize, NULL },
	{ "EMBEDDING_LOOKUP", NULL, NULL },
	{ "FLOOR", tfl_same, "Floor" },
	{ "FULLY_CONNECTED", tfl_fully_connected, NULL },
	{ "HASHTABLE_LOOKUP", NULL, NULL },
	{ "L2_NORMALIZATION", tfl_l2_norm, NULL },
	{ "L2_POOL_2D", NULL, NULL },
	{ "LOCAL_RESPONSE_NORMALIZATION", NULL, NULL },
	{ "LOGISTIC", tfl_same, "Sigmoid" },
	{ "LSH_PROJECTION", NULL, NULL },
	{ "LSTM", NULL, NULL },
	{ "MAX_POOL_2D", tfl_pool, "MaxPool" },
	{ "MUL", tfl_binary, "Mul" },
	{ "RELU", tfl_same, "Relu" },
	{ "RELU_N1_TO_1", tfl_clip, NULL },
	{ "RELU6", tfl_clip, NULL },
	{ "RESHAPE", tfl_reshape, NULL },
	{ "RESIZE_BILINEAR", tfl_resize, NULL },
	{ "RNN", NULL, NULL },
	{ "SOFTMAX", tfl_softmax, NULL },
	{ "SPACE_TO_DEPTH", tfl_blocks, "SpaceToDepth" },
	{ "SVDF", NULL, NULL },
	{ "TANH", tfl_same, "Tanh" },
	{ "CONCAT_EMBEDDINGS", NULL, NULL },
	{ "SKIP_GRAM", NULL, NULL },
	{ "CALL", NULL, NULL },
	{ "CUSTOM", NULL, NULL },
	{ "EMBEDDING_LOOKUP_SPARSE", NULL, NULL },
	{ "PAD", tfl_pad, NULL },
	{ "UNIDIRECTIONAL_SEQUENCE_RNN", NULL, NULL },
	{ "GATHER", tfl_gather, NULL },
	{ "BATCH_TO_SPACE_ND", NULL, NULL },
	{ "SPACE_TO_BATCH_ND", NULL, NULL },
	{ "TRANSPOSE", tfl_transpose, NULL },
	{ "MEAN", tfl_reduce, "ReduceMean" },
	{ "SUB", tfl_binary, "Sub" },
	{ "DIV", tfl_binary, "Div" },
	{ "SQUEEZE", tfl_squeeze, NULL },
	{ "UNIDIRECTIONAL_SEQUENCE_LSTM", tfl_lstm, NULL },
	{ "STRIDED_SLICE", tfl_strided_slice, NULL },
	{ "BIDIRECTIONAL_SEQUENCE_RNN", NULL, NULL },
	{ "EXP", tfl_same, "Exp" },
	{ "TOPK_V2", NULL, NULL },
	{ "SPLIT", tfl_split, NULL },
	{ "LOG_SOFTMAX", tfl_same, "LogSoftmax" },
	{ "DELEGATE", NULL, NULL },
	{ "BIDIRECTIONAL_SEQUENCE_LSTM", NULL, NULL },
	{ "CAST", tfl_cast, NULL },
	{ "PRELU", tfl_same, "PRelu" },
	{ "MAXIMUM", tfl_same, "Max" },
	{ "ARG_MAX", tfl_arg, "ArgMax" },
	{ "MINIMUM", tfl_same, "Min" },
	{ "LESS", tfl_same, "Less" },
	{ "NEG", tfl_same, "Neg" },
	{ "PADV2", tfl_pad, NULL },
	{ "GREATER", tfl_same, "Greater" },
	{ "GREATER_EQUAL", tfl_same, "GreaterOrEqual" },
	{ "LESS_EQUAL", tfl_same, "LessOrEqual" },
	{ "SELECT", tfl_same, "Where" },
	{ "SLICE", tfl_slice, NULL },
	{ "SIN", NULL, NULL },
	{ "TRANSPOSE_CONV", tfl_transpose_conv, NULL },
	{ "SPARSE_TO_DENSE", NULL, NULL },
	{ "TILE", tfl_same, "Tile" },
	{ "EXPAND_DIMS", tfl_expand_dims, NULL },
	{ "EQUAL", tfl_same, "Equal" },
	{ "NOT_EQUAL", NULL, NULL },
	{ "LOG", tfl_same, "Log" },
	{ "SUM", tfl_reduce, "ReduceSum" },
	{ "SQRT", tfl_same, "Sqrt" },
	{ "RSQRT", tfl_rsqrt, NULL },
	{ "SHAPE", tfl_same, "Shape" },
	{ "POW", tfl_same, "Pow" },
	{ "ARG_MIN", tfl_arg, "ArgMin" },
	{ "FAKE_QUANT", NULL, NULL },
	{ "REDUCE_PROD", tfl_reduce, "ReduceProd" },
	{ "REDUCE_MAX", tfl_reduce, "ReduceMax" },
	{ "PACK", tfl_pack, NULL },
	{ "LOGICAL_OR", tfl_same, "Or" },
	{ "ONE_HOT", NULL, NULL },
	{ "LOGICAL_AND", tfl_same, "And" },
	{ "LOGICAL_NOT", tfl_same, "Not" },
	{ "UNPACK", tfl_unpack, NULL },
	{ "REDUCE_MIN", tfl_reduce, "ReduceMin" },
	{ "FLOOR_DIV", NULL, NULL },
	{ "REDUCE_ANY", NULL, NULL },
	{ "SQUARE", tfl_same, "SQUARE" },
	{ "ZEROS_LIKE", NULL, NULL },
	{ "FILL", NULL, NULL },
	{ "FLOOR_MOD", tfl_same, "Mod" },
	{ "RANGE", tfl_same, "Range" },
	{ "RESIZE_NEAREST_NEIGHBOR", tfl_resize, NULL },
	{ "LEAKY_RELU", tfl_leaky, NULL },
	{ "SQUARED_DIFFERENCE", tfl_squared_difference, NULL },
	{ "MIRROR_PAD", tfl_pad, NULL },
	{ "ABS", tfl_same, "Abs" },
	{ "SPLIT_V", tfl_split_v, NULL },
	{ "UNIQUE", NULL, NULL },
	{ "CEIL", tfl_same, "Ceil" },
	{ "REVERSE_V2", NULL, NULL },
	{ "ADD_N", tfl_same, "Sum" },
	{ "GATHER_ND", NULL, NULL },
	{ "COS", NULL, NULL },
	{ "WHERE", NULL, NULL },
	{ "RANK", NULL, NULL },
	{ "ELU", tfl_same, "Elu" },
	{ "REVERSE_SEQUENCE", NULL, NULL },
	{ "MATRIX_DIAG", NULL, NULL },
	{ "QUANTIZE", NULL, NULL },
	{ "MATRIX_SET_DIAG", NULL, NULL },
	{ "ROUND", tfl_same, "Round" },
	{ "HARD_SWISH", tfl_same, "HardSwish" },
	{ "IF", NULL, NULL },
	{ "WHILE", NULL, NULL },
	{ "NON_MAX_SUPPRESSION_V4", NULL, NULL },
	{ "NON_MAX_SUPPRESSION_V5", NULL, NULL },
	{ "SCATTER_ND", NULL, NULL },
	{ "SELECT_V2", tfl_same, "Where" },
	{ "DENSIFY", NULL, NULL },
	{ "SEGMENT_SUM", NULL, NULL },
	{ "BATCH_MATMUL", tfl_batch_matmul, NULL },
	{ "PLACEHOLDER_FOR_GREATER_OP_CODES", NULL, NULL },
	{ "CUMSUM", NULL, NULL },
	{ "CALL_ONCE", NULL, NULL },
	{ "BROADCAST_TO", tfl_same, "Expand" },
	{ "RFFT2D", NULL, NULL },
	{ "CONV_3D", NULL, NULL },
	{ "IMAG", NULL, NULL },
	{ "REAL", NULL, NULL },
	{ "COMPLEX_ABS", NULL, NULL },
	{ "HASHTABLE", NULL, NULL },
	{ "HASHTABLE_FIND", NULL, NULL },
	{ "HASHTABLE_IMPORT", NULL, NULL },
	{ "HASHTABLE_SIZE", NULL, NULL },
	{ "REDUCE_ALL", NULL, NULL },
	{ "CONV_3D_TRANSPOSE", NULL, NULL },
	{ "VAR_HANDLE", NULL, NULL },
	{ "READ_VARIABLE", NULL, NULL },
	{ "ASSIGN_VARIABLE", NULL, NULL },
	{ "BROADCAST_ARGS", NULL, NULL },
	{ "RANDOM_STANDARD_NORMAL", NULL, NULL },
	{ "BUCKETIZE", NULL, NULL },
	{ "RANDOM_UNIFORM", NULL, NULL },
	{ "MULTINOMIAL", NULL, NULL },
	{ "GELU", tfl_gelu, NULL },
	{ "DYNAMIC_UPDATE_SLICE", NULL, NULL },
	{ "RELU_0_TO_1", tfl_clip, NULL },
	{ "UNSORTED_SEGMENT_PROD", NULL, NULL },
	{ "UNSORTED_SEGMENT_MAX", NULL, NULL },
	{ "UNSORTED_SEGMENT_SUM", NULL, NULL },
	{ "ATAN2", NULL, NULL },
	{ "UNSORTED_SEGMENT_MIN", NULL, NULL },
	{ "SIGN", tfl_same, "Sign" },
	{ "BITCAST", NULL, NULL },
	{ "BITWISE_XOR", NULL, NULL },
	{ "RIGHT_SHIFT", NULL, NULL },
};
/* clang-format on */

const struct tfl_row *tfl_find_row(int64_t code)
{
	return code >= 0 && code < (int64_t)(sizeof rows / sizeof rows[0]) ? &rows[code] : NULL;
}

/* What the operator is called: the schema's word, a custom operator's own name, or its number. */
static int read_code(struct tfl *t, const struct fb_table *p, struct tfl_oper *o, struct err *e)
{
	const int64_t index = fb_u32(p, OPERATOR_CODE, 0);
	const struct tfl_row *row;
	struct fb_table c;
	int64_t old;

	if ((uint64_t)index >= t->codes.n)
		return err_set(e, "damaged: there is no operator code %lld", (long long)index);
	c = fb_table_at(&t->codes, (size_t)index);
	old = fb_i8(&c, CODE_OLD, 0);
	o->code = fb_i32(&c, CODE_BUILTIN, 0);
	o->code = o->code > old ? o->code : old;
	row = tfl_find_row(o->code);
	o->op = row ? row->op : NULL;
	o->kind = row ? row->kind : arena_printf(&t->g->arena, "operator %lld", (long long)o->code);
	if (o->code == CUSTOM) {
		size_t n;
		const char *s = fb_string(&c, CODE_CUSTOM, &n);

		o->kind = arena_printf(&t->g->arena, "CUSTOM %.*s",
				       (int)(n < LIMIT_NAME ? n : LIMIT_NAME), s ? s : "");
	}
	return err_is(e) ? -1 : 0;
}

static int read_list(struct tfl *t, const struct fb_table *p, unsigned field,
		     struct tfl_tensor ***out, size_t *n, struct err *e)
{
	const struct fb_vector v = fb_vector(p, field, 4);

	if (v.n > IM_INPUTS)
		return err_set(e, "it has %zu inputs or outputs, at most %d expected", v.n,
			       IM_INPUTS);
	*n = v.n;
	*out = arena_array(&t->g->arena, v.n, sizeof(struct tfl_tensor *));
	for (size_t i = 0; i < v.n; i++) {
		const int32_t k = fb_i32_at(&v, i);

		if (k < -1 || (k >= 0 && (size_t)k >= t->ntensor))
			return err_set(e, "damaged: there is no tensor %d", (int)k);
		(*out)[i] = k < 0 ? NULL : &t->tensor[k];
	}
	return err_is(e) ? -1 : 0;
}

static int refuse_quantized(const struct tfl_oper *o, struct tfl_tensor *const *v, size_t n,
			    struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] && v[i]->quantized)
			return err_set(
			    e,
			    "tensor '%s' of node '%s' (%s) is quantized: models of 32- and 16-bit "
			    "floats are translated, because quantization here starts from weights "
			    "of full precision (export the model without quantization)",
			    quote(v[i]->v->name), quote(o->name), quote(o->kind));
	return 0;
}

/* Why there is no maker for it. */
static const char *refusal(const struct tfl_oper *o)
{
	if (o->code == CUSTOM)
		return "custom operators are not supported";
	if (strcmp(o->kind, "IF") == 0 || strcmp(o->kind, "WHILE") == 0 ||
	    strncmp(o->kind, "CALL", 4) == 0)
		return "it runs another graph of the model: only the first is translated";
	return "this operator is not supported";
}

/* The operator as one node that cannot be imported; what makers added is dropped. */
static void stuck(struct tfl *t, const struct tfl_oper *o, size_t first, const char *why)
{
	struct im_node *n;

	t->g->nnode = first;
	n = im_add(t->g, o->kind, o->name, o->nin, o->nout, 0);
	n->kind = o->kind;
	for (size_t i = 0; i < o->nin; i++)
		n->in[i] = o->in[i] && !o->in[i]->variable ? o->in[i]->v : NULL;
	for (size_t i = 0; i < o->nout; i++)
		n->out[i] = o->out[i] ? o->out[i]->v : NULL;
	n->fault = arena_strdup(&t->g->arena, why);
}

static int read_operator(struct tfl *t, const struct fb_table *p, size_t at, struct err *e)
{
	const size_t first = t->g->nnode;
	const struct tfl_row *row;
	struct tfl_oper o = { .nin = 0 };
	struct err why = { 0 };

	if (read_code(t, p, &o, e) < 0 || read_list(t, p, OPERATOR_INPUTS, &o.in, &o.nin, e) < 0 ||
	    read_list(t, p, OPERATOR_OUTPUTS, &o.out, &o.nout, e) < 0)
		return err_in(e, "operator %zu", at);
	for (size_t i = 0; i < o.nout; i++)
		if (!o.out[i])
			return err_set(e, "operator %zu (%s): its output %zu is absent", at,
				       quote(o.kind), i);
	if (o.nout == 0)
		return 0;
	o.name = o.out[0]->v->name;
	o.opt = fb_table(p, OPERATOR_OPTIONS);
	if (err_is(e) || refuse_quantized(&o, o.in, o.nin, e) < 0 ||
	    refuse_quantized(&o, o.out, o.nout, e) < 0)
		return -1;
	row = tfl_find_row(o.code);
	if (!row || !row->make)
		stuck(t, &o, first, refusal(&o));
	else if (row->make(t, &o, &why) < 0)
		stuck(t, &o, first, why.msg);
	im_bind_parts(t->g, first);
	return err_is(e) ? -1 : 0;
}

int tfl_operators(struct tfl *t, const struct fb_table *subgraph, struct err *e)
{
	const struct fb_vector list = fb_vector(subgraph, SUBGRAPH_OPERATORS, 4);

	if (list.n > LIMIT_LAYERS * 10)
		return err_set(e, "the model has %zu operators, at most %d expected", list.n,
			       LIMIT_LAYERS * 10);
	for (size_t i = 0; i < list.n; i++) {
		const struct fb_table p = fb_table_at(&list, i);

		if (err_is(e) || read_operator(t, &p, i, e) < 0)
			return -1;
	}
	return err_is(e) ? -1 : 0;
}
