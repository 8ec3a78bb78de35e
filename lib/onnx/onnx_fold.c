/* Constant folding: the table, and what its rules share. */
#include "onnx/onnx_fold.h"
#include <math.h>

int fold_new(struct build *b, enum dtype t, int rank, const int64_t *dim, struct tensor *out,
	     struct err *e)
{
	int64_t n = 1;

	if (rank > LIMIT_RANK)
		return err_set(e, "its result has %d dimensions", rank);
	for (int i = 0; i < rank; i++) {
		if (dim[i] < 0 || dim[i] > FOLD_MAX || n * (dim[i] ? dim[i] : 1) > FOLD_MAX)
			return err_set(e, "its result would be too large");
		n *= dim[i] ? dim[i] : 1;
	}
	if ((size_t)n > b->fold_left / dtype_size(t))
		return err_set(e, "its result would be too large");
	*out = tensor_new(t, rank, dim);
	b->fold_left -= tensor_bytes(out);
	return 0;
}

bool fold_is_float(enum dtype t)
{
	return t == DT_F32 || t == DT_F64 || t == DT_F16;
}

void fold_set_int(struct tensor *t, size_t i, int64_t v)
{
	uint8_t *p = (uint8_t *)tensor_data(t) + i * dtype_size(t->dtype);

	if (fold_is_float(t->dtype)) {
		fold_set_num(t, i, (double)v);
		return;
	}
	if (t->dtype == DT_BOOL)
		v = v != 0;
	memcpy(p, &v, dtype_size(t->dtype)); /* little-endian */
}

void fold_set_num(struct tensor *t, size_t i, double v)
{
	uint8_t *p = (uint8_t *)tensor_data(t) + i * dtype_size(t->dtype);
	float f = (float)v;

	if (t->dtype == DT_F32)
		memcpy(p, &f, sizeof f);
	else if (t->dtype == DT_F64)
		memcpy(p, &v, sizeof v);
	else if (t->dtype != DT_F16)
		fold_set_int(t, i,
			     v >= 9.2e18              ? INT64_MAX
			     : v <= -9.2e18 || v != v ? INT64_MIN
						      : (int64_t)v);
}

void fold_copy(struct tensor *to, size_t i, const struct tensor *from, size_t j)
{
	const size_t s = dtype_size(to->dtype);

	memcpy((uint8_t *)tensor_data(to) + i * s, (const uint8_t *)from->data + j * s, s);
}

struct tensor fold_as(const struct tensor *t, int rank, const int64_t *dim)
{
	struct tensor r = tensor_ref(t);

	r.rank = rank;
	if (rank)
		memmove(r.dim, dim, (size_t)rank * sizeof *dim);
	return r;
}

static int fold_identity(struct build *b, struct im_node *n, struct err *e)
{
	(void)b;
	(void)e;
	im_set_const(n->out[0], tensor_ref(&n->in[0]->data));
	return 0;
}

static const struct {
	const char *op;
	int (*fold)(struct build *b, struct im_node *n, struct err *e);
} rules[] = {
	{ "Cast", fold_cast },
	{ "Concat", fold_concat },
	{ "Constant", fold_constant },
	{ "ConstantOfShape", fold_constant_of_shape },
	{ "Dropout", fold_identity },
	{ "Expand", fold_expand },
	{ "Flatten", fold_flatten },
	{ "Gather", fold_gather },
	{ "Identity", fold_identity },
	{ "Range", fold_range },
	{ "Reshape", fold_reshape },
	{ "Shape", fold_shape },
	{ "Size", fold_shape },
	{ "Slice", fold_slice },
	{ "Split", fold_split },
	{ "Squeeze", fold_squeeze },
	{ "Tile", fold_tile },
	{ "Transpose", fold_transpose },
	{ "Unsqueeze", fold_unsqueeze },
	{ "MatMul", fold_matmul },
	{ "Gemm", fold_gemm },
	{ "Softmax", fold_softmax },
	{ "ReduceMean", fold_reduce_mean },
	{ "LayerNormalization", fold_layer_norm },
	{ "ScatterND", fold_scatter_nd },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int onnx_fold(struct build *b, struct im_node *n, struct err *e)
{
	int r;

	if (n->nout == 0 || !n->out[0] || (n->nin > 0 && !n->in[0]))
		return 1;
	for (size_t i = 0; i < COUNT(rules); i++)
		if (strcmp(rules[i].op, n->op) == 0)
			return n->nin == 0 && rules[i].fold != fold_constant
				   ? 1
				   : rules[i].fold(b, n, e);
	if (n->nin == 0)
		return 1;
	for (size_t i = 0; i < n->nin; i++)
		if (!n->in[i])
			return 1;
	r = fold_arithmetic(b, n, e);
	return r > 0 ? fold_activation(b, n, e) : r;
}
