/* Attributes and constant inputs of nodes. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

int onnx_list(struct build *b, const struct im_node *n, const char *attr, size_t input,
	      int64_t out[LIMIT_RANK], size_t *count, struct err *e)
{
	const struct im_attr *a = im_attr(n, attr);
	const struct im_value *v = input < n->nin ? n->in[input] : NULL;

	(void)b;
	*count = 0;
	if (a) {
		if (a->kind != IM_INTS || a->n > LIMIT_RANK)
			return err_set(e,
				       "its attribute '%s' must be a list of at most %d integers",
				       attr, LIMIT_RANK);
		*count = a->n;
		if (a->n)
			memcpy(out, a->ints, a->n * sizeof *out);
	} else if (v) {
		if (!v->is_const)
			return err_set(e,
				       "its %s are computed from data ('%s'), constants expected",
				       attr, quote(v->name));
		if (v->data.rank > 1 || tensor_count(&v->data) > LIMIT_RANK)
			return err_set(e,
				       "its %s of shape %s must be a list of at most %d integers",
				       attr, tensor_shape_text(&v->data), LIMIT_RANK);
		*count = tensor_count(&v->data);
		for (size_t i = 0; i < *count; i++)
			out[i] = tensor_get_int(&v->data, i);
	}
	return 0;
}

bool onnx_has_input(const struct im_node *n, size_t i)
{
	return i < n->nin && n->in[i];
}

int onnx_axis(int64_t axis, int rank, int *out, struct err *e)
{
	if (axis < -rank || axis >= rank)
		return err_set(e, "axis %lld is not in a tensor of %d dimensions", (long long)axis,
			       rank);
	*out = (int)(axis < 0 ? axis + rank : axis);
	return 0;
}

const struct tensor *onnx_constant(const struct im_node *n, size_t i, const char *what,
				   struct err *e)
{
	if (i >= n->nin || !n->in[i]) {
		err_set(e, "it has no %s", what);
		return NULL;
	}
	if (!n->in[i]->is_const) {
		err_set(e, "its %s is computed from data ('%s'), a constant expected", what,
			quote(n->in[i]->name));
		return NULL;
	}
	return &n->in[i]->data;
}

void onnx_spend(struct im_node *n, size_t i)
{
	if (n->in[i]->nuse == 1)
		tensor_release(&n->in[i]->data);
}

int onnx_row_vector(const struct tensor *t, int64_t c, float scale, float **out, struct err *e)
{
	const size_t n = tensor_count(t);
	const bool row = t->rank == 0 || t->dim[t->rank - 1] == (int64_t)n;

	if ((n != 1 && n != (size_t)c) || (n != 1 && !row))
		return err_set(e, "its constant %s is not one row of %lld values",
			       tensor_shape_text(t), (long long)c);
	*out = xcalloc((size_t)c, sizeof **out);
	for (int64_t i = 0; i < c; i++)
		(*out)[i] = scale * (float)tensor_get(t, n == 1 ? 0 : (size_t)i);
	return 0;
}
