/* Values by their index: Gather, Scatter, OneHot, NonZero. */
#include "oracle/oracle_int.h"

/* An index of a dimension of size n, from the end when negative. */
static int index_in(int64_t i, int64_t n, int64_t *out, struct err *e)
{
	*out = i < 0 ? i + n : i;
	if (*out < 0 || *out >= n)
		return err_set(e, "index %lld is not below %lld", (long long)i, (long long)n);
	return 0;
}

static const struct tensor *indices(const struct or_node *x, size_t i, struct err *e)
{
	const struct tensor *t = or_in(x, i, e);

	if (!t || t->dtype == DT_I64)
		return t;
	err_set(e, "its indices are %s", dtype_name(t->dtype));
	return NULL;
}

int or_gather_op(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *idx = t ? indices(x, 1, e) : NULL;
	int64_t dim[2 * LIMIT_RANK], count;
	struct or_lane lane;
	size_t row;
	int axis, rank;
	char *y;

	if (!idx || or_axis(im_int(x->n, "axis", 0), t->rank, &axis, e) < 0)
		return -1;
	rank = t->rank - 1 + idx->rank;
	memcpy(dim, t->dim, (size_t)axis * sizeof *dim);
	memcpy(dim + axis, idx->dim, (size_t)idx->rank * sizeof *dim);
	memcpy(dim + axis + idx->rank, t->dim + axis + 1,
	       (size_t)(t->rank - axis - 1) * sizeof *dim);
	y = or_out(x, 0, t->dtype, rank, dim, e);
	if (!y)
		return -1;
	lane = or_lane(t, axis);
	row = (size_t)lane.inner * dtype_size(t->dtype);
	count = (int64_t)tensor_count(idx);
	for (int64_t o = 0; o < lane.outer; o++)
		for (int64_t k = 0; k < count; k++, y += row) {
			int64_t i;

			if (index_in(or_i(idx)[k], lane.n, &i, e) < 0)
				return -1;
			memcpy(y, (const char *)t->data + (size_t)(o * lane.n + i) * row, row);
		}
	return 0;
}

/* Dimensions other than the axis must reach no further than those of the data. */
static int elements_fit(const struct tensor *t, const struct tensor *idx, int axis, struct err *e)
{
	for (int d = 0; d < t->rank; d++)
		if (idx->rank != t->rank || (d != axis && idx->dim[d] > t->dim[d]))
			return err_set(e, "indices %s do not fit %s", tensor_shape_text(idx),
				       tensor_shape_text(t));
	return idx->rank == t->rank ? 0 : err_set(e, "indices of another rank");
}

int or_gather_elements(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *idx = t ? indices(x, 1, e) : NULL;
	int64_t at[LIMIT_RANK] = { 0 }, step[LIMIT_RANK];
	size_t k = 0, size;
	int axis;
	char *y;

	if (!idx || or_axis(im_int(x->n, "axis", 0), t->rank, &axis, e) < 0 ||
	    elements_fit(t, idx, axis, e) < 0)
		return -1;
	y = or_like(x, 0, t->dtype, idx, e);
	if (!y || tensor_count(idx) == 0)
		return y ? 0 : -1;
	or_strides(t->rank, t->dim, step);
	size = dtype_size(t->dtype);
	do {
		int64_t i;

		if (index_in(or_i(idx)[k], t->dim[axis], &i, e) < 0)
			return -1;
		i = or_place(at, step, t->rank) + (i - at[axis]) * step[axis];
		memcpy(y + k++ * size, (const char *)t->data + i * (int64_t)size, size);
	} while (or_next(at, idx->dim, t->rank));
	return 0;
}

/* The element that a row of indices names, in elements of t; the row has n of them from d on. */
static int row_place(const struct tensor *t, const int64_t *row, int n, int from, int64_t *at,
		     struct err *e)
{
	int64_t step[LIMIT_RANK];

	or_strides(t->rank, t->dim, step);
	*at = 0;
	for (int d = 0; d < n; d++) {
		int64_t i;

		if (index_in(row[d], t->dim[from + d], &i, e) < 0)
			return -1;
		*at += i * step[from + d];
	}
	return 0;
}

int or_gather_nd(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *idx = t ? indices(x, 1, e) : NULL;
	const int64_t batch = im_int(x->n, "batch_dims", 0);
	int64_t dim[2 * LIMIT_RANK], rows, inner, per, outer;
	int n, rank = 0;
	size_t size;
	char *y;

	if (!idx)
		return -1;
	n = idx->rank ? (int)(idx->dim[idx->rank - 1] > LIMIT_RANK ? LIMIT_RANK + 1
								   : idx->dim[idx->rank - 1])
		      : -1;
	if (batch < 0 || batch >= idx->rank || n < 1 || batch + n > t->rank)
		return err_set(e, "indices %s do not fit %s", tensor_shape_text(idx),
			       tensor_shape_text(t));
	for (int64_t d = 0; d < batch; d++)
		if (idx->dim[d] != t->dim[d])
			return err_set(e, "indices %s do not fit %s", tensor_shape_text(idx),
				       tensor_shape_text(t));
	for (int d = 0; d < idx->rank - 1; d++)
		dim[rank++] = idx->dim[d];
	for (int d = (int)batch + n; d < t->rank; d++)
		dim[rank++] = t->dim[d];
	y = or_out(x, 0, t->dtype, rank, dim, e);
	if (!y)
		return -1;
	rows = or_count(idx->rank - 1, idx->dim);
	outer = or_count((int)batch, t->dim);
	per = or_count(t->rank - (int)batch, t->dim + batch);
	inner = or_count(t->rank - (int)batch - n, t->dim + batch + n);
	size = (size_t)inner * dtype_size(t->dtype);
	for (int64_t r = 0; r < rows; r++) {
		int64_t at;

		if (row_place(t, or_i(idx) + r * n, n, (int)batch, &at, e) < 0)
			return -1;
		at += r / (rows / outer) * per;
		memcpy(y + (size_t)r * size,
		       (const char *)t->data + (size_t)at * dtype_size(t->dtype), size);
	}
	return 0;
}

/* to = the reduction of to and from. */
static int put(const struct or_node *x, enum dtype type, void *to, const void *from, struct err *e)
{
	const char *how = im_string(x->n, "reduction", "none");
	static const char *const known[] = { "none", "add", "mul", "max", "min" };
	size_t k = 0;

	while (k < 5 && strcmp(how, known[k]) != 0)
		k++;
	if (k == 5 || (k && type == DT_BOOL))
		return err_set(e, "its reduction is '%s'", quote(how));
	if (k == 0) {
		memcpy(to, from, dtype_size(type));
	} else if (type == DT_F32) {
		float *a = to;
		const float b = *(const float *)from;

		*a = k == 1 ? *a + b : k == 2 ? *a * b : k == 3 ? fmaxf(*a, b) : fminf(*a, b);
	} else {
		int64_t *a = to;
		const int64_t b = *(const int64_t *)from;

		*a = k == 1                 ? (int64_t)((uint64_t)*a + (uint64_t)b)
		     : k == 2               ? (int64_t)((uint64_t)*a * (uint64_t)b)
		     : (k == 3) == (*a > b) ? *a
					    : b;
	}
	return 0;
}

int or_scatter_nd(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *idx = t ? indices(x, 1, e) : NULL;
	const struct tensor *from = idx ? or_in(x, 2, e) : NULL;
	int64_t rows, inner;
	size_t size;
	char *y;
	int n;

	if (!from)
		return -1;
	n = idx->rank ? (int)(idx->dim[idx->rank - 1] > LIMIT_RANK ? LIMIT_RANK + 1
								   : idx->dim[idx->rank - 1])
		      : -1;
	if (n < 1 || n > t->rank)
		return err_set(e, "indices %s do not fit %s", tensor_shape_text(idx),
			       tensor_shape_text(t));
	rows = or_count(idx->rank - 1, idx->dim);
	inner = or_count(t->rank - n, t->dim + n);
	if (from->dtype != t->dtype || (int64_t)tensor_count(from) != rows * inner)
		return err_set(e, "updates %s do not fit", tensor_shape_text(from));
	if (or_alias(x, 0, t, t->rank, t->dim, e) < 0)
		return -1;
	y = tensor_data(&x->out[0]);
	size = dtype_size(t->dtype);
	for (int64_t r = 0; r < rows; r++) {
		int64_t at;

		if (row_place(t, or_i(idx) + r * n, n, 0, &at, e) < 0)
			return -1;
		for (int64_t i = 0; i < inner; i++)
			if (put(x, t->dtype, y + (size_t)(at + i) * size,
				(const char *)from->data + (size_t)(r * inner + i) * size, e) < 0)
				return -1;
	}
	return 0;
}

int or_scatter_elements(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e), *idx = t ? indices(x, 1, e) : NULL;
	const struct tensor *from = idx ? or_in(x, 2, e) : NULL;
	int64_t at[LIMIT_RANK] = { 0 }, step[LIMIT_RANK];
	size_t k = 0, size;
	int axis;
	char *y;

	if (!from || or_axis(im_int(x->n, "axis", 0), t->rank, &axis, e) < 0 ||
	    elements_fit(t, idx, axis, e) < 0)
		return -1;
	if (from->dtype != t->dtype || tensor_count(from) != tensor_count(idx))
		return err_set(e, "updates %s do not fit", tensor_shape_text(from));
	if (or_alias(x, 0, t, t->rank, t->dim, e) < 0)
		return -1;
	if (tensor_count(idx) == 0)
		return 0;
	y = tensor_data(&x->out[0]);
	or_strides(t->rank, t->dim, step);
	size = dtype_size(t->dtype);
	do {
		int64_t i;

		if (index_in(or_i(idx)[k], t->dim[axis], &i, e) < 0)
			return -1;
		i = or_place(at, step, t->rank) + (i - at[axis]) * step[axis];
		if (put(x, t->dtype, y + i * (int64_t)size, (const char *)from->data + k++ * size,
			e) < 0)
			return -1;
	} while (or_next(at, idx->dim, t->rank));
	return 0;
}

int or_one_hot(struct or_node *x, struct err *e)
{
	const struct tensor *idx = or_in(x, 0, e), *values = idx ? or_in(x, 2, e) : NULL;
	int64_t axis = im_int(x->n, "axis", -1), dim[LIMIT_RANK + 1], outer, inner, n;
	size_t size;
	double depth;
	char *y;

	if (!values || or_scalar(x, 1, &depth, e) < 0)
		return -1;
	n = depth >= 1 && depth <= LIMIT_DIM ? (int64_t)depth : -1;
	axis = axis < 0 ? axis + idx->rank + 1 : axis;
	if (n < 0 || axis < 0 || axis > idx->rank || tensor_count(values) != 2)
		return err_set(e, "depth %g on axis %lld of %s with %zu values", depth,
			       (long long)axis, tensor_shape_text(idx), tensor_count(values));
	memcpy(dim, idx->dim, (size_t)axis * sizeof *dim);
	dim[axis] = n;
	memcpy(dim + axis + 1, idx->dim + axis, (size_t)(idx->rank - axis) * sizeof *dim);
	outer = or_count((int)axis, idx->dim);
	inner = or_count(idx->rank - (int)axis, idx->dim + axis);
	y = or_out(x, 0, values->dtype, idx->rank + 1, dim, e);
	size = dtype_size(values->dtype);
	for (int64_t o = 0; y && o < outer; o++)
		for (int64_t k = 0; k < n; k++)
			for (int64_t i = 0; i < inner; i++, y += size) {
				const double v = tensor_get(idx, (size_t)(o * inner + i));
				const bool on = v == (double)k || v + (double)n == (double)k;

				memcpy(y, (const char *)values->data + (on ? size : 0), size);
			}
	return y ? 0 : -1;
}

int or_nonzero(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t at[LIMIT_RANK] = { 0 }, dim[2], k = 0, *y;
	const int rank = t && t->rank ? t->rank : 1;

	if (!t)
		return -1;
	dim[0] = rank;
	dim[1] = 0;
	for (size_t i = 0; i < tensor_count(t); i++)
		dim[1] += tensor_get(t, i) != 0;
	y = or_out(x, 0, DT_I64, 2, dim, e);
	for (size_t i = 0; y && i < tensor_count(t); i++) {
		for (int d = 0; d < rank && tensor_get(t, i) != 0; d++)
			y[d * dim[1] + k] = at[d];
		k += tensor_get(t, i) != 0;
		or_next(at, t->dim, t->rank);
	}
	return y ? 0 : -1;
}
