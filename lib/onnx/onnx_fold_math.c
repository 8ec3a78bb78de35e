/* Constant folding of what learned queries go through: MatMul, Gemm, Softmax, means, layer norm. */
#include "onnx/onnx_fold.h"
#include <math.h>

#define FOLD_WORK (1LL << 31) /* products: more is left to the network */

static int float_input(const struct im_node *n, size_t i)
{
	return i < n->nin && n->in[i] && fold_is_float(n->in[i]->data.dtype) &&
	       n->in[i]->data.dtype != DT_F16;
}

/* Offset of matrix `at` (counted over the result's leading dimensions) in an operand. */
static int64_t matrix_at(const struct tensor *t, const struct tensor *out, int64_t at)
{
	int64_t offset = 0, step = t->dim[t->rank - 1] * t->dim[t->rank - 2];

	for (int d = out->rank - 3; d >= 0; d--) {
		const int k = d - (out->rank - t->rank);

		if (k >= 0) {
			offset += t->dim[k] == 1 ? 0 : at % out->dim[d] * step;
			step *= t->dim[k];
		}
		at /= out->dim[d];
	}
	return offset;
}

int fold_matmul(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data, *y;
	int64_t dim[LIMIT_RANK], m, k, c, work;
	struct tensor t;
	int rank;

	if (n->nin < 2 || !float_input(n, 0) || !float_input(n, 1))
		return 1;
	y = &n->in[1]->data;
	rank = x->rank > y->rank ? x->rank : y->rank;
	if (x->rank < 2 || y->rank < 2 || x->dim[x->rank - 1] != y->dim[y->rank - 2])
		return 1;
	m = x->dim[x->rank - 2];
	k = x->dim[x->rank - 1];
	c = y->dim[y->rank - 1];
	for (int d = 0; d < rank - 2; d++) {
		const int i = d - (rank - x->rank), j = d - (rank - y->rank);
		const int64_t p = i < 0 ? 1 : x->dim[i], q = j < 0 ? 1 : y->dim[j];

		if (p != q && p != 1 && q != 1)
			return 1;
		dim[d] = p == 1 ? q : p;
	}
	dim[rank - 2] = m;
	dim[rank - 1] = c;
	if (fold_new(b, DT_F32, rank, dim, &t, e) < 0)
		return -1;
	work = (int64_t)tensor_count(&t);
	if (work == 0 || k > FOLD_WORK / work) {
		tensor_release(&t);
		return 1;
	}
	for (int64_t i = 0; i < work; i++) {
		const int64_t x0 = matrix_at(x, &t, i / (m * c)) + i / c % m * k;
		const int64_t y0 = matrix_at(y, &t, i / (m * c)) + i % c;
		double sum = 0;

		for (int64_t j = 0; j < k; j++)
			sum +=
			    tensor_get(x, (size_t)(x0 + j)) * tensor_get(y, (size_t)(y0 + j * c));
		fold_set_num(&t, (size_t)i, sum);
	}
	im_set_const(n->out[0], t);
	return 0;
}

int fold_gemm(struct build *b, struct im_node *n, struct err *e)
{
	const bool ta = im_int(n, "transA", 0) != 0, tb = im_int(n, "transB", 0) != 0;
	const double alpha = (double)im_float(n, "alpha", 1), beta = (double)im_float(n, "beta", 1);
	const struct tensor *x = &n->in[0]->data, *y, *z = NULL;
	int64_t m, k, c;
	struct tensor t;

	if (n->nin < 2 || !float_input(n, 0) || !float_input(n, 1) || x->rank != 2)
		return 1;
	y = &n->in[1]->data;
	m = x->dim[ta];
	k = x->dim[!ta];
	if (y->rank != 2 || y->dim[tb] != k)
		return 1;
	c = y->dim[!tb];
	if (n->nin > 2 && n->in[2]) {
		z = &n->in[2]->data;
		if (!float_input(n, 2) || (tensor_count(z) != 1 && (int64_t)tensor_count(z) != c))
			return 1;
	}
	if (m * c == 0 || k > FOLD_WORK / (m * c))
		return 1;
	if (fold_new(b, DT_F32, 2, (int64_t[]){ m, c }, &t, e) < 0)
		return -1;
	for (int64_t i = 0; i < m * c; i++) {
		const int64_t row = i / c, col = i % c;
		double sum = 0;

		for (int64_t j = 0; j < k; j++)
			sum += tensor_get(x, (size_t)(ta ? j * m + row : row * k + j)) *
			       tensor_get(y, (size_t)(tb ? col * k + j : j * c + col));
		sum *= alpha;
		if (z)
			sum += beta * tensor_get(z, tensor_count(z) == 1 ? 0 : (size_t)col);
		fold_set_num(&t, (size_t)i, sum);
	}
	im_set_const(n->out[0], t);
	return 0;
}

/* Rows of `size` values, `step` apart: the dimensions from axis to `last`. */
struct rows {
	int64_t outer, size, step;
};

static struct rows rows_of(const struct tensor *t, int axis, int last)
{
	struct rows r = { 1, 1, 1 };

	for (int d = 0; d < t->rank; d++)
		*(d < axis ? &r.outer : d <= last ? &r.size : &r.step) *= t->dim[d];
	return r;
}

static size_t row_place(const struct rows *r, int64_t row, int64_t i)
{
	return (size_t)((row / r->step * r->size + i) * r->step + row % r->step);
}

int fold_softmax(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	struct rows r;
	struct tensor t;
	int axis;

	if (!float_input(n, 0))
		return 1;
	if (onnx_axis(im_int(n, "axis", b->opset < 13 ? 1 : -1), x->rank, &axis, e) < 0 ||
	    fold_new(b, DT_F32, x->rank, x->dim, &t, e) < 0)
		return -1;
	r = rows_of(x, axis, b->opset < 13 ? x->rank - 1 : axis);
	for (int64_t row = 0; row < r.outer * r.step; row++) {
		double most = -INFINITY, sum = 0;

		for (int64_t i = 0; i < r.size; i++)
			most = fmax(most, tensor_get(x, row_place(&r, row, i)));
		for (int64_t i = 0; i < r.size; i++)
			sum += exp(tensor_get(x, row_place(&r, row, i)) - most);
		for (int64_t i = 0; i < r.size; i++)
			fold_set_num(&t, row_place(&r, row, i),
				     exp(tensor_get(x, row_place(&r, row, i)) - most) / sum);
	}
	im_set_const(n->out[0], t);
	return 0;
}

static void moments(const struct tensor *x, const struct rows *r, int64_t row, double *mean,
		    double *variance)
{
	double sum = 0, squares = 0;

	for (int64_t i = 0; i < r->size; i++)
		sum += tensor_get(x, row_place(r, row, i));
	*mean = sum / (double)r->size;
	for (int64_t i = 0; i < r->size; i++) {
		const double d = tensor_get(x, row_place(r, row, i)) - *mean;

		squares += d * d;
	}
	*variance = squares / (double)r->size;
}

/* Over one run of dimensions. */
int fold_reduce_mean(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	const bool keep = im_int(n, "keepdims", 1) != 0;
	bool over[LIMIT_RANK] = { false };
	int first = LIMIT_RANK, last = -1, axis, rank = 0;
	int64_t dim[LIMIT_RANK];
	const int64_t *axes;
	double mean, variance;
	struct tensor t;
	struct rows r;
	size_t count;

	if (!float_input(n, 0) || tensor_count(x) == 0 || !(axes = im_ints(n, "axes", &count)))
		return 1;
	for (size_t i = 0; i < count; i++) {
		if (onnx_axis(axes[i], x->rank, &axis, e) < 0)
			return -1;
		over[axis] = true;
		first = axis < first ? axis : first;
		last = axis > last ? axis : last;
	}
	for (int d = 0; d < x->rank; d++) {
		if (d >= first && d <= last && !over[d])
			return 1;
		if (!over[d] || keep)
			dim[rank++] = over[d] ? 1 : x->dim[d];
	}
	if (fold_new(b, DT_F32, rank, dim, &t, e) < 0)
		return -1;
	r = rows_of(x, first, last);
	for (int64_t row = 0; row < r.outer * r.step; row++) {
		moments(x, &r, row, &mean, &variance);
		fold_set_num(&t, (size_t)row, mean);
	}
	im_set_const(n->out[0], t);
	return 0;
}

int fold_layer_norm(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data, *f[2] = { NULL };
	const double epsilon = (double)im_float(n, "epsilon", 1e-5f);
	double mean, variance;
	struct tensor t;
	struct rows r;
	int axis;

	if (!float_input(n, 0) || tensor_count(x) == 0 || (n->nout > 1 && n->out[1]))
		return 1;
	if (onnx_axis(im_int(n, "axis", -1), x->rank, &axis, e) < 0)
		return -1;
	r = rows_of(x, axis, x->rank - 1);
	for (size_t i = 1; i < 3 && i < n->nin; i++) {
		if (!float_input(n, i) || (int64_t)tensor_count(&n->in[i]->data) != r.size)
			return 1;
		f[i - 1] = &n->in[i]->data;
	}
	if (fold_new(b, DT_F32, x->rank, x->dim, &t, e) < 0)
		return -1;
	for (int64_t row = 0; row < r.outer; row++) {
		moments(x, &r, row, &mean, &variance);
		for (int64_t i = 0; i < r.size; i++) {
			const size_t at = row_place(&r, row, i);
			double v = (tensor_get(x, at) - mean) / sqrt(variance + epsilon);

			v *= f[0] ? tensor_get(f[0], (size_t)i) : 1;
			fold_set_num(&t, at, v + (f[1] ? tensor_get(f[1], (size_t)i) : 0));
		}
	}
	im_set_const(n->out[0], t);
	return 0;
}
