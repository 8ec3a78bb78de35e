/* Constant folding of operators that make constants. */
#include "onnx/onnx_fold.h"
#include <math.h>

int fold_constant(struct build *b, struct im_node *n, struct err *e)
{
	struct tensor t;
	const struct im_attr *a;
	int64_t count;

	(void)b;
	if ((a = im_attr(n, "value")) && a->kind == IM_TENSOR) {
		t = tensor_ref(&a->t);
	} else if ((a = im_attr(n, "value_float")) && a->kind == IM_FLOAT) {
		t = tensor_new(DT_F32, 0, NULL);
		fold_set_num(&t, 0, (double)a->f);
	} else if ((a = im_attr(n, "value_int")) && a->kind == IM_INT) {
		t = tensor_new(DT_I64, 0, NULL);
		fold_set_int(&t, 0, a->i);
	} else if (((a = im_attr(n, "value_floats")) && a->kind == IM_FLOATS) ||
		   ((a = im_attr(n, "value_ints")) && a->kind == IM_INTS)) {
		count = (int64_t)a->n;
		t = tensor_new(a->kind == IM_INTS ? DT_I64 : DT_F32, 1, &count);
		for (size_t i = 0; i < a->n; i++)
			if (a->kind == IM_INTS)
				fold_set_int(&t, i, a->ints[i]);
			else
				fold_set_num(&t, i, (double)a->floats[i]);
	} else {
		return err_set(e, "its value is of a kind that is not supported");
	}
	im_set_const(n->out[0], t);
	return 0;
}

/* A constant list of sizes. */
static int sizes(const struct im_value *v, int64_t dim[LIMIT_RANK], int *rank, struct err *e)
{
	if (!v || v->data.rank > 1 || tensor_count(&v->data) > LIMIT_RANK)
		return err_set(e, "its shape is not a list of at most %d sizes", LIMIT_RANK);
	*rank = (int)tensor_count(&v->data);
	for (int i = 0; i < *rank; i++)
		dim[i] = tensor_get_int(&v->data, (size_t)i);
	return 0;
}

int fold_constant_of_shape(struct build *b, struct im_node *n, struct err *e)
{
	const struct im_attr *a = im_attr(n, "value");
	int64_t dim[LIMIT_RANK];
	struct tensor t;
	int rank;

	if (sizes(n->in[0], dim, &rank, e) < 0 ||
	    fold_new(b, a && a->kind == IM_TENSOR ? a->t.dtype : DT_F32, rank, dim, &t, e) < 0)
		return -1;
	if (a && a->kind == IM_TENSOR && tensor_count(&a->t) == 1)
		for (size_t i = 0; i < tensor_count(&t); i++)
			fold_copy(&t, i, &a->t, 0);
	im_set_const(n->out[0], t);
	return 0;
}

int fold_range(struct build *b, struct im_node *n, struct err *e)
{
	double v[3];
	int64_t count;
	struct tensor t;

	if (n->nin != 3)
		return err_set(e, "it has %zu inputs, 3 expected", n->nin);
	for (int i = 0; i < 3; i++) {
		if (!n->in[i] || tensor_count(&n->in[i]->data) != 1)
			return err_set(e, "its bounds are not numbers");
		v[i] = tensor_get(&n->in[i]->data, 0);
	}
	if (!(fabs(ceil((v[1] - v[0]) / v[2])) < (double)FOLD_MAX))
		return err_set(e, "its result would be too large");
	count = (int64_t)ceil((v[1] - v[0]) / v[2]);
	count = count > 0 ? count : 0;
	if (fold_new(b, n->in[0]->data.dtype, 1, &count, &t, e) < 0)
		return -1;
	for (int64_t i = 0; i < count; i++)
		fold_set_num(&t, (size_t)i, v[0] + (double)i * v[2]);
	im_set_const(n->out[0], t);
	return 0;
}

int fold_expand(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t want[LIMIT_RANK], dim[LIMIT_RANK];
	struct tensor t;
	int nwant, rank;

	if (sizes(n->nin > 1 ? n->in[1] : NULL, want, &nwant, e) < 0)
		return -1;
	rank = nwant > x->rank ? nwant : x->rank;
	for (int d = 0; d < rank; d++) {
		const int k = d - (rank - x->rank), w = d - (rank - nwant);
		const int64_t have = k < 0 ? 1 : x->dim[k];

		dim[d] = w < 0 || want[w] == 1 ? have : want[w];
		if (have != 1 && have != dim[d])
			return err_set(e, "constant %s does not expand as asked",
				       tensor_shape_text(x));
	}
	if (fold_new(b, x->dtype, rank, dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(&t); i++) {
		size_t rest = i, from = 0, step = 1;

		for (int d = rank - 1; d >= 0; d--) {
			const int k = d - (rank - x->rank);
			const size_t at = rest % (size_t)dim[d];

			rest /= (size_t)dim[d];
			if (k < 0)
				continue;
			from += x->dim[k] == 1 ? 0 : at * step;
			step *= (size_t)x->dim[k];
		}
		fold_copy(&t, i, x, from);
	}
	im_set_const(n->out[0], t);
	return 0;
}

int fold_cast(struct build *b, struct im_node *n, struct err *e)
{
	static const signed char to_dtype[] = { -1,     DT_F32, DT_U8,  DT_I8, DT_U16,
						DT_I16, DT_I32, DT_I64, -1,    DT_BOOL,
						DT_F32, DT_F64, DT_U32, DT_U64 };
	const struct tensor *x = &n->in[0]->data;
	const int64_t to = im_int(n, "to", 0);
	struct tensor t;

	if (to < 1 || to >= (int64_t)sizeof to_dtype || to_dtype[to] < 0)
		return err_set(e, "a cast to type %lld is not supported", (long long)to);
	if (fold_new(b, (enum dtype)to_dtype[to], x->rank, x->dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(x); i++)
		if (t.dtype == DT_BOOL)
			fold_set_int(&t, i, tensor_get(x, i) != 0);
		else if (fold_is_float(x->dtype) || fold_is_float(t.dtype))
			fold_set_num(&t, i, tensor_get(x, i)); /* towards zero */
		else
			fold_set_int(&t, i, tensor_get_int(x, i));
	im_set_const(n->out[0], t);
	return 0;
}

int fold_tile(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t times[LIMIT_RANK], dim[LIMIT_RANK];
	struct tensor t;
	int count;

	if (sizes(n->nin > 1 ? n->in[1] : NULL, times, &count, e) < 0)
		return -1;
	if (count != x->rank)
		return err_set(e, "it repeats %d dimensions, its constant is %s", count,
			       tensor_shape_text(x));
	for (int d = 0; d < x->rank; d++) {
		if (times[d] < 0 || times[d] > FOLD_MAX)
			return err_set(e, "its result would be too large");
		dim[d] = x->dim[d] * times[d];
	}
	if (fold_new(b, x->dtype, x->rank, dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(&t); i++) {
		size_t rest = i, from = 0, step = 1;

		for (int d = x->rank - 1; d >= 0; d--) {
			from += rest % (size_t)dim[d] % (size_t)x->dim[d] * step;
			rest /= (size_t)dim[d];
			step *= (size_t)x->dim[d];
		}
		fold_copy(&t, i, x, from);
	}
	im_set_const(n->out[0], t);
	return 0;
}
