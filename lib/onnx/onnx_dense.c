/* Gemm, MatMul with a constant. */
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

int onnx_gemm(struct build *b, struct im_node *n, struct err *e)
{
	const float alpha = im_float(n, "alpha", 1), beta = im_float(n, "beta", 1);
	const struct tensor *c;
	struct im_view x;
	struct layer *l;
	float *bias;

	if (n->in[0]->is_const)
		return err_set(e, "its first operand is a constant and its second is not");
	x = n->in[0]->view;
	if (im_int(n, "transA", 0) && x.rank == 2)
		view_transpose(&x, (const int[LIMIT_RANK]){ 1, 0 });
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

/* The last dimension is the features of x's layer. */
static int features_last(struct build *b, struct im_value *x, char axes[LIMIT_RANK + 1],
			 struct err *e)
{
	static const char *const direct[5] = { NULL, NULL, "BC", "BWC", "BHWC" };
	const int rank = x->view.rank;

	if (rank < 2 || rank > 4)
		return err_set(e, "its input %s has %d dimensions, 2 to 4 expected",
			       view_text(&x->view), rank);
	if (view_axes(&x->view, axes) && axes[rank - 1] == 'C')
		return 0;
	if (view_want(b, x, direct[rank], e) < 0)
		return -1;
	memcpy(axes, direct[rank], (size_t)rank + 1);
	return 0;
}

int onnx_matmul(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	char axes[LIMIT_RANK + 1];
	struct tensor w, k;
	struct layer *l;
	int64_t m;

	if (x->is_const || n->nin < 2 || !n->in[1] || !n->in[1]->is_const)
		return err_set(e, "a product of two computed tensors is not supported");
	w = n->in[1]->data;
	if (x->view.rank == 2 && w.rank == 2)
		return dense(b, n, &x->view, false, 1, e) ? 0 : -1;
	while (w.rank > 2 && w.rank <= x->view.rank && w.dim[0] == 1) {
		memmove(w.dim, w.dim + 1, (size_t)(w.rank - 1) * sizeof w.dim[0]);
		w.rank--;
	}
	if (w.rank != 2 || x->view.rank < 3 || w.dim[0] != view_size(&x->view, x->view.rank - 1))
		return err_set(e, "input %s and matrix %s do not multiply", view_text(&x->view),
			       tensor_shape_text(&n->in[1]->data));
	m = w.dim[1];
	if (m < 1 || m > LIMIT_FEATURES || w.dim[0] > LIMIT_FEATURES)
		return err_set(e, "its matrix %s is absurd", tensor_shape_text(&w));
	if (features_last(b, x, axes, e) < 0)
		return -1;
	k = tensor_convert(&w, DT_F32);
	onnx_spend(n, 1);
	k.rank = 4;
	k.dim[0] = k.dim[1] = 1;
	k.dim[2] = x->view.base[2];
	k.dim[3] = m;
	l = build_after(b, HN_CONV, "conv", &x->view);
	l->p.kernel[2] = (int32_t)k.dim[2];
	l->p.kernel[3] = (int32_t)m;
	layer_set_weight(b->w, l, "kernel", k);
	build_out(n->out[0], l, 0, x->view.batch,
		  (int64_t[]){ x->view.base[0], x->view.base[1], m }, axes);
	return 0;
}
