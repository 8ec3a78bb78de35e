/* What operators share: inputs, outputs, shapes, copies, products. */
#include "oracle/oracle_int.h"

/* ---- inputs ---- */
const struct tensor *or_maybe(const struct or_node *x, size_t i)
{
	return i < x->nin ? x->in[i] : NULL;
}

const struct tensor *or_in(const struct or_node *x, size_t i, struct err *e)
{
	const struct tensor *t = or_maybe(x, i);

	if (!t)
		err_set(e, "it has no input %zu", i);
	return t;
}

const struct tensor *or_in_f(const struct or_node *x, size_t i, struct err *e)
{
	const struct tensor *t = or_in(x, i, e);

	if (!t || t->dtype == DT_F32)
		return t;
	err_set(e, "its input %zu holds %s, floats expected", i, dtype_name(t->dtype));
	return NULL;
}

const float *or_f(const struct tensor *t)
{
	return t->data;
}

const int64_t *or_i(const struct tensor *t)
{
	return t->data;
}

int or_list(const struct or_node *x, const char *attr, size_t input, int64_t out[LIMIT_RANK],
	    size_t *n, struct err *e)
{
	const struct im_attr *a = im_attr(x->n, attr);
	const struct tensor *t = or_maybe(x, input);

	*n = 0;
	if (a) {
		if (a->kind != IM_INTS || a->n > LIMIT_RANK)
			return err_set(e, "its attribute '%s' is no list of at most %d integers",
				       attr, LIMIT_RANK);
		*n = a->n;
		if (a->n)
			memcpy(out, a->ints, a->n * sizeof *out);
	} else if (t) {
		if (t->dtype != DT_I64 || t->rank > 1 || tensor_count(t) > LIMIT_RANK)
			return err_set(e, "its input %zu (%s) is no list of at most %d integers",
				       input, attr, LIMIT_RANK);
		*n = tensor_count(t);
		for (size_t i = 0; i < *n; i++)
			out[i] = or_i(t)[i];
	}
	return 0;
}

int or_ints(const struct or_node *x, const char *attr, size_t n, int64_t dflt, int64_t *out,
	    struct err *e)
{
	size_t count;
	const int64_t *v = im_ints(x->n, attr, &count);

	if (v && count != n)
		return err_set(e, "its attribute '%s' has %zu values, %zu expected", attr, count,
			       n);
	for (size_t i = 0; i < n; i++)
		out[i] = v ? v[i] : dflt;
	return 0;
}

int or_axis(int64_t axis, int rank, int *out, struct err *e)
{
	const int64_t from_start = axis < 0 ? axis + rank : axis;

	*out = 0;
	if (from_start < 0 || from_start >= rank)
		return err_set(e, "axis %lld is not in a tensor of %d dimensions", (long long)axis,
			       rank);
	*out = (int)from_start;
	return 0;
}

int or_axes(const int64_t *axis, size_t n, int rank, bool over[LIMIT_RANK], struct err *e)
{
	for (int d = 0; d < rank; d++)
		over[d] = n == 0;
	for (size_t i = 0; i < n; i++) {
		int d = 0;

		if (or_axis(axis[i], rank, &d, e) < 0)
			return -1;
		over[d] = true;
	}
	return 0;
}

int or_scalar(const struct or_node *x, size_t i, double *v, struct err *e)
{
	const struct tensor *t = or_in(x, i, e);

	if (!t)
		return -1;
	if (tensor_count(t) != 1)
		return err_set(e, "its input %zu has shape %s, one value expected", i,
			       tensor_shape_text(t));
	*v = tensor_get(t, 0);
	return 0;
}

/* ---- outputs and scratch ---- */
static int spend(struct or_node *x, size_t n, size_t size, struct err *e)
{
	size_t bytes;

	if (!size_mul(n, size, &bytes) || bytes > x->left)
		return err_set(e, "it needs more memory than is allowed: %zu x %zu bytes, %zu left",
			       n, size, x->left);
	x->left -= bytes;
	return 0;
}

void *or_out(struct or_node *x, size_t i, enum dtype t, int rank, const int64_t *dim, struct err *e)
{
	size_t n = 1;

	if (i >= x->nout) {
		err_set(e, "it has no output %zu", i);
		return NULL;
	}
	if (rank > LIMIT_RANK) {
		err_set(e, "its output has %d dimensions, at most %d expected", rank, LIMIT_RANK);
		return NULL;
	}
	for (int d = 0; d < rank; d++)
		if (dim[d] < 0 || !size_mul(n, (size_t)dim[d], &n)) {
			err_set(e, "dimension %d of its output has size %lld", d,
				(long long)dim[d]);
			return NULL;
		}
	if (spend(x, n, dtype_size(t), e) < 0)
		return NULL;
	tensor_release(&x->out[i]);
	x->out[i] = tensor_new(t, rank, dim);
	return tensor_data(&x->out[i]);
}

void *or_like(struct or_node *x, size_t i, enum dtype t, const struct tensor *as, struct err *e)
{
	return or_out(x, i, t, as->rank, as->dim, e);
}

int or_alias(struct or_node *x, size_t i, const struct tensor *t, int rank, const int64_t *dim,
	     struct err *e)
{
	void *to = or_out(x, i, t->dtype, rank, dim, e);

	if (!to)
		return -1;
	if (tensor_count(&x->out[i]) != tensor_count(t))
		return err_set(e, "shape %s has other elements than %s",
			       tensor_shape_text(&x->out[i]), tensor_shape_text(t));
	memcpy(to, t->data, tensor_bytes(t));
	return 0;
}

void *or_scratch(struct or_node *x, size_t n, size_t size, struct err *e)
{
	return spend(x, n, size, e) < 0 ? NULL : xcalloc(n + 1, size);
}

/* ---- shapes ---- */
int64_t or_count(int rank, const int64_t *dim)
{
	int64_t n = 1;

	for (int d = 0; d < rank; d++)
		n *= dim[d];
	return n;
}

void or_strides(int rank, const int64_t *dim, int64_t *step)
{
	int64_t at = 1;

	for (int d = rank - 1; d >= 0; d--) {
		step[d] = at;
		at *= dim[d];
	}
}

void or_steps(const struct tensor *t, int rank, const int64_t *dim, int64_t *step)
{
	int64_t own[LIMIT_RANK];

	or_strides(t->rank, t->dim, own);
	for (int d = 0; d < rank; d++) {
		const int k = d - (rank - t->rank);

		step[d] = k < 0 || (t->dim[k] == 1 && dim[d] != 1) ? 0 : own[k];
	}
}

int or_broadcast(const struct tensor *const *t, size_t n, int *rank, int64_t dim[LIMIT_RANK],
		 struct err *e)
{
	*rank = 0;
	for (size_t i = 0; i < n; i++)
		*rank = t[i]->rank > *rank ? t[i]->rank : *rank;
	for (int d = 0; d < *rank; d++)
		dim[d] = 1;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < t[i]->rank; k++) {
			int64_t *to = &dim[k + *rank - t[i]->rank];

			if (*to != t[i]->dim[k] && *to != 1 && t[i]->dim[k] != 1)
				return err_set(e, "shapes %s and %s do not broadcast",
					       tensor_shape_text(t[0]), tensor_shape_text(t[i]));
			*to = *to == 1 ? t[i]->dim[k] : *to;
		}
	return 0;
}

bool or_next(int64_t *at, const int64_t *dim, int rank)
{
	for (int d = rank - 1; d >= 0; d--) {
		if (++at[d] < dim[d])
			return true;
		at[d] = 0;
	}
	return false;
}

int64_t or_place(const int64_t *at, const int64_t *step, int rank)
{
	int64_t p = 0;

	for (int d = 0; d < rank; d++)
		p += at[d] * step[d];
	return p;
}

struct or_lane or_lane(const struct tensor *t, int axis)
{
	return (struct or_lane){ or_count(axis, t->dim), t->dim[axis],
				 or_count(t->rank - axis - 1, t->dim + axis + 1) };
}

/* One row of n elements, steps of both sides in elements. */
static void copy_row(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n,
		     size_t size)
{
	if (to_step == 1 && from_step == 1) {
		memcpy(to, from, (size_t)n * size);
		return;
	}
	for (int64_t i = 0; i < n; i++)
		memcpy(to + i * to_step * (int64_t)size, from + i * from_step * (int64_t)size,
		       size);
}

/* Either side's step may be the dense one. */
static void copy(char *to, const char *from, size_t size, int rank, const int64_t *dim,
		 const int64_t *to_step, const int64_t *from_step)
{
	const int inner = rank - 1;
	int64_t at[LIMIT_RANK] = { 0 };

	if (or_count(rank, dim) == 0)
		return;
	if (rank == 0) {
		memcpy(to, from, size);
		return;
	}
	do {
		copy_row(to + or_place(at, to_step, inner) * (int64_t)size, to_step[inner],
			 from + or_place(at, from_step, inner) * (int64_t)size, from_step[inner],
			 dim[inner], size);
	} while (or_next(at, dim, inner));
}

void or_gather(void *to, const void *from, size_t size, int rank, const int64_t *dim,
	       const int64_t *step)
{
	int64_t dense[LIMIT_RANK];

	or_strides(rank, dim, dense);
	copy(to, from, size, rank, dim, dense, step);
}

void or_scatter(void *to, const void *from, size_t size, int rank, const int64_t *dim,
		const int64_t *step)
{
	int64_t dense[LIMIT_RANK];

	or_strides(rank, dim, dense);
	copy(to, from, size, rank, dim, step, dense);
}

int64_t or_to_int(double v)
{
	if (isnan(v))
		return 0;
	return v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
}
