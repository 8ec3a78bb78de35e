/* Gemm and MatMul: one row times a constant is a dense layer, the rest products of matrices. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* x [batch, k] times a constant matrix: one dense layer, rows in the order of x's storage. */
static struct layer *dense(struct build *b, struct im_node *n, const struct im_view *x,
			   bool transposed, float scale, struct err *e)
{
	const struct tensor *w = onnx_constant(n, 1, "second operand", e);
	int64_t k, m;
	struct tensor t;
	struct layer *l;

	if (!w)
		return NULL;
	if (w->rank != 2 || x->rank != 2) {
		err_set(e, "input %s and matrix %s: two matrices expected", view_text(x),
			tensor_shape_text(w));
		return NULL;
	}
	k = w->dim[transposed ? 1 : 0];
	m = w->dim[transposed ? 0 : 1];
	if (k != view_size(x, 1) || m < 1 || m > LIMIT_FEATURES || k > INT32_MAX) {
		err_set(e, "input %s and matrix %s do not multiply", view_text(x),
			tensor_shape_text(w));
		return NULL;
	}
	if (x->batch != 1 && !(x->dim[0].n == 1 && x->dim[0].at[0] == IM_BATCH)) {
		err_set(e, "its input %s does not have the batch first", view_text(x));
		return NULL;
	}
	if (weight_dense(w, transposed, x, scale, &t, e) < 0)
		return NULL;
	onnx_spend(n, 1);
	l = build_after(b, HN_DENSE, "fc", x);
	l->p.kernel[2] = (int32_t)k;
	l->p.kernel[3] = (int32_t)m;
	layer_set_weight(b->w, l, "kernel", t);
	build_out(n->out[0], l, 0, x->batch, (int64_t[]){ 1, 1, m }, "BC");
	return l;
}

/* A dense layer needs one row: dimension 0 is the batch or 1. */
static bool is_row(const struct im_value *x)
{
	const struct im_view *v = &x->view;

	return !x->is_const && v->rank == 2 && (v->dim[0].n == 0 || v->dim[0].at[0] == IM_BATCH);
}

static bool is_matrix(const struct im_value *v)
{
	return v && v->is_const && v->data.rank == 2;
}

static int two(const struct im_node *n, struct err *e)
{
	return n->nin >= 2 && n->in[0] && n->in[1] ? 0 : err_set(e, "it has no second operand");
}

/* Gemm where the first operand is more than a row, or both are computed. */
static int gemm_product(struct build *b, struct im_node *n, struct im_value *out, struct err *e)
{
	static const int turn[2] = { 1, 0 };
	struct onnx_factor x[2];

	for (size_t i = 0; i < 2; i++) {
		onnx_factor(&x[i], n, i);
		if (onnx_factor_rank(&x[i]) != 2)
			return err_set(e, "its operand %zu is no matrix", i);
		if (im_int(n, i ? "transB" : "transA", 0))
			onnx_factor_pick(&x[i], turn, 2);
	}
	return onnx_matrices(b, x, im_float(n, "alpha", 1), out, e);
}

/* out = mid + beta * third operand. */
static int gemm_bias(struct build *b, struct im_node *n, struct im_value *mid, struct err *e)
{
	const float beta = im_float(n, "beta", 1);
	struct tensor t;
	int r;

	if (n->nin < 3 || !n->in[2])
		return build_pass(n->out[0], mid), 0;
	if (!n->in[2]->is_const && beta == 1)
		return onnx_tensors(b, mid, n->in[2], PAIR_ADD, n->out[0], e);
	if (!onnx_constant(n, 2, "bias", e))
		return -1;
	t = tensor_new(DT_F32, n->in[2]->data.rank, n->in[2]->data.dim);
	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = beta * (float)tensor_get(&n->in[2]->data, i);
	r = onnx_with_tensor(b, mid, &t, false, n->out[0], e);
	tensor_release(&t);
	return r;
}

int onnx_gemm(struct build *b, struct im_node *n, struct err *e)
{
	const float alpha = im_float(n, "alpha", 1), beta = im_float(n, "beta", 1);
	const bool turned = im_int(n, "transA", 0) != 0;
	struct im_value mid = { .name = n->name, .nuse = 1 };
	const struct tensor *c;
	struct im_view x;
	struct layer *l;
	float *bias;

	if (two(n, e) < 0)
		return -1;
	if (turned || !is_row(n->in[0]) || !is_matrix(n->in[1]) ||
	    (n->nin > 2 && n->in[2] && !n->in[2]->is_const))
		return gemm_product(b, n, &mid, e) < 0 ? -1 : gemm_bias(b, n, &mid, e);
	x = n->in[0]->view;
	l = dense(b, n, &x, im_int(n, "transB", 0) != 0, alpha, e);
	if (!l)
		return -1;
	if (n->nin < 3 || !n->in[2])
		return 0;
	if (!(c = onnx_constant(n, 2, "bias", e)) ||
	    onnx_row_vector(c, l->p.kernel[3], beta, &bias, e) < 0)
		return -1;
	build_weight(b, l, "bias", bias, l->p.kernel[3]);
	free(bias);
	return 0;
}

int onnx_matmul(struct build *b, struct im_node *n, struct err *e)
{
	static const int turn[2] = { 1, 0 };
	const bool turned = im_int(n, "transB", 0) != 0; /* of a matrix; not ONNX's */
	struct onnx_factor x[2];

	if (two(n, e) < 0)
		return -1;
	if (is_row(n->in[0]) && is_matrix(n->in[1]))
		return dense(b, n, &n->in[0]->view, turned, 1, e) ? 0 : -1;
	for (size_t i = 0; i < 2; i++)
		onnx_factor(&x[i], n, i);
	if (turned && onnx_factor_rank(&x[1]) == 2)
		onnx_factor_pick(&x[1], turn, 2);
	return onnx_matrices(b, x, 1, n->out[0], e);
}
