/* Tensors from attributes and shapes. */
#include "oracle/oracle_int.h"

int or_constant(struct or_node *x, struct err *e)
{
	const struct im_attr *a = x->n->nattr ? &x->n->attr[0] : NULL;
	const char *name = a ? a->name : "";
	const int64_t n = a ? (int64_t)a->n : 0;
	void *y;

	if (strcmp(name, "value") == 0 && a->kind == IM_TENSOR)
		return or_alias(x, 0, &a->t, a->t.rank, a->t.dim, e);
	if (strcmp(name, "value_float") == 0 && (y = or_out(x, 0, DT_F32, 0, NULL, e)) != NULL)
		memcpy(y, &a->f, sizeof a->f);
	else if (strcmp(name, "value_int") == 0 && (y = or_out(x, 0, DT_I64, 0, NULL, e)) != NULL)
		memcpy(y, &a->i, sizeof a->i);
	else if (strcmp(name, "value_floats") == 0 && a->kind == IM_FLOATS &&
		 (y = or_out(x, 0, DT_F32, 1, &n, e)) != NULL)
		memcpy(y, a->floats, a->n * sizeof *a->floats);
	else if (strcmp(name, "value_ints") == 0 && a->kind == IM_INTS &&
		 (y = or_out(x, 0, DT_I64, 1, &n, e)) != NULL)
		memcpy(y, a->ints, a->n * sizeof *a->ints);
	else
		return err_is(e) ? -1 : err_set(e, "its value '%s' is none", quote(name));
	return 0;
}

int or_constant_of_shape(struct or_node *x, struct err *e)
{
	const struct im_attr *a = im_attr(x->n, "value");
	const bool given = a && a->kind == IM_TENSOR && tensor_count(&a->t) == 1;
	int64_t dim[LIMIT_RANK];
	size_t n, size;
	char *y;

	if (or_list(x, "shape", 0, dim, &n, e) < 0)
		return -1;
	if (a && !given)
		return err_set(e, "its value is not one element");
	y = or_out(x, 0, given ? a->t.dtype : DT_F32, (int)n, dim, e);
	if (!y)
		return -1;
	size = dtype_size(x->out[0].dtype);
	for (size_t i = 0; given && i < tensor_count(&x->out[0]); i++)
		memcpy(y + i * size, a->t.data, size);
	return 0;
}

int or_range(struct or_node *x, struct err *e)
{
	double v[3], count;
	bool ints = true;
	int64_t n;
	void *y;

	for (size_t i = 0; i < 3; i++) {
		if (or_scalar(x, i, &v[i], e) < 0)
			return -1;
		ints &= x->in[i]->dtype == DT_I64;
	}
	count = ceil((v[1] - v[0]) / v[2]);
	if (v[2] == 0 || !(count < (double)LIMIT_ACTIVATION))
		return err_set(e, "from %g to %g in steps of %g", v[0], v[1], v[2]);
	n = count > 0 ? (int64_t)count : 0;
	y = or_out(x, 0, ints ? DT_I64 : DT_F32, 1, &n, e);
	for (int64_t i = 0; y && i < n; i++)
		if (ints)
			((int64_t *)y)[i] = or_i(x->in[0])[0] + i * or_i(x->in[2])[0];
		else
			((float *)y)[i] = (float)(v[0] + (double)i * v[2]);
	return y ? 0 : -1;
}

int or_shape(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t start = im_int(x->n, "start", 0), end, n, *y;

	if (!t)
		return -1;
	end = im_int(x->n, "end", t->rank);
	start = start < 0 ? start + t->rank : start;
	end = end < 0 ? end + t->rank : end;
	start = start < 0 ? 0 : start > t->rank ? t->rank : start;
	end = end > t->rank ? t->rank : end;
	n = end > start ? end - start : 0;
	y = or_out(x, 0, DT_I64, 1, &n, e);
	for (int64_t i = 0; y && i < n; i++)
		y[i] = t->dim[start + i];
	return y ? 0 : -1;
}

int or_size(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t *y = t ? or_out(x, 0, DT_I64, 0, NULL, e) : NULL;

	if (!y)
		return -1;
	*y = (int64_t)tensor_count(t);
	return 0;
}

int or_eye_like(struct or_node *x, struct err *e)
{
	const int64_t type = im_int(x->n, "dtype", 0), k = im_int(x->n, "k", 0);
	const struct tensor *t = or_in(x, 0, e);
	enum dtype to;
	void *y;

	if (!t)
		return -1;
	if (t->rank != 2 || k < -LIMIT_DIM || k > LIMIT_DIM)
		return err_set(e, "%s is no matrix", tensor_shape_text(t));
	to = type == 0 ? t->dtype : type == 1 || type > 9 ? DT_F32 : type == 9 ? DT_BOOL : DT_I64;
	y = or_like(x, 0, to, t, e);
	for (int64_t i = 0; y && i < t->dim[0]; i++) {
		const int64_t at = i * t->dim[1] + i + k;

		if (i + k < 0 || i + k >= t->dim[1])
			continue;
		if (to == DT_F32)
			((float *)y)[at] = 1;
		else if (to == DT_I64)
			((int64_t *)y)[at] = 1;
		else
			((uint8_t *)y)[at] = 1;
	}
	return y ? 0 : -1;
}
