/* Operators that only give a tensor another shape or order. */
#include "oracle/oracle_int.h"

int or_identity(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);

	return t ? or_alias(x, 0, t, t->rank, t->dim, e) : -1;
}

/* In inference nothing is dropped; the mask is all true. */
int or_dropout(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	double training = 0;
	uint8_t *mask;

	if (!t || (or_maybe(x, 2) && or_scalar(x, 2, &training, e) < 0))
		return -1;
	if (training != 0)
		return err_set(e, "it is in training mode");
	if (or_alias(x, 0, t, t->rank, t->dim, e) < 0)
		return -1;
	if (x->nout < 2)
		return 0;
	mask = or_like(x, 1, DT_BOOL, t, e);
	if (!mask)
		return -1;
	memset(mask, 1, tensor_count(t));
	return 0;
}

/* Fills the one open dimension of a shape. */
static int open_dim(const struct tensor *t, int rank, int64_t *dim, struct err *e)
{
	int64_t rest = (int64_t)tensor_count(t), known = 1;
	int open = -1;

	for (int d = 0; d < rank; d++)
		if (dim[d] == -1 && open >= 0)
			return err_set(e, "two dimensions of its shape are open");
		else if (dim[d] == -1)
			open = d;
		else if (dim[d] < 0 || dim[d] > LIMIT_ACTIVATION ||
			 (dim[d] && known > LIMIT_ACTIVATION / dim[d]))
			return err_set(e, "dimension %lld of its shape is absurd",
				       (long long)dim[d]);
		else
			known *= dim[d];
	if (open < 0)
		return 0;
	if (known == 0 || rest % known != 0)
		return err_set(e, "%lld elements do not divide by %lld", (long long)rest,
			       (long long)known);
	dim[open] = rest / known;
	return 0;
}

int or_reshape(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	const bool zero = im_int(x->n, "allowzero", 0) != 0;
	int64_t dim[LIMIT_RANK];
	size_t n;

	if (!t || or_list(x, "shape", 1, dim, &n, e) < 0)
		return -1;
	for (size_t d = 0; d < n; d++)
		if (dim[d] == 0 && !zero) {
			if ((int)d >= t->rank)
				return err_set(e, "its shape takes dimension %zu of %s", d,
					       tensor_shape_text(t));
			dim[d] = t->dim[d];
		}
	return open_dim(t, (int)n, dim, e) < 0 ? -1 : or_alias(x, 0, t, (int)n, dim, e);
}

int or_flatten(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t axis = im_int(x->n, "axis", 1), dim[2];

	if (!t)
		return -1;
	if (axis < -t->rank || axis > t->rank)
		return err_set(e, "axis %lld is not in %s", (long long)axis, tensor_shape_text(t));
	axis = axis < 0 ? axis + t->rank : axis;
	dim[0] = or_count((int)axis, t->dim);
	dim[1] = or_count(t->rank - (int)axis, t->dim + axis);
	return or_alias(x, 0, t, 2, dim, e);
}

int or_squeeze(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t axis[LIMIT_RANK], dim[LIMIT_RANK];
	bool gone[LIMIT_RANK];
	int rank = 0;
	size_t n;

	if (!t || or_list(x, "axes", 1, axis, &n, e) < 0 || or_axes(axis, n, t->rank, gone, e) < 0)
		return -1;
	for (int d = 0; d < t->rank; d++)
		if (!gone[d] || (n == 0 && t->dim[d] != 1))
			dim[rank++] = t->dim[d];
		else if (t->dim[d] != 1)
			return err_set(e, "dimension %d of %s is not 1", d, tensor_shape_text(t));
	return or_alias(x, 0, t, rank, dim, e);
}

int or_unsqueeze(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t axis[LIMIT_RANK], dim[LIMIT_RANK];
	bool added[LIMIT_RANK];
	int rank, from = 0;
	size_t n;

	if (!t || or_list(x, "axes", 1, axis, &n, e) < 0)
		return -1;
	rank = t->rank + (int)n;
	if (rank > LIMIT_RANK || n == 0)
		return err_set(e, "%zu dimensions are to be added to %s", n, tensor_shape_text(t));
	if (or_axes(axis, n, rank, added, e) < 0)
		return -1;
	for (int d = 0; d < rank; d++) {
		if (!added[d] && from == t->rank)
			return err_set(e, "an axis is there twice");
		dim[d] = added[d] ? 1 : t->dim[from++];
	}
	return or_alias(x, 0, t, rank, dim, e);
}

int or_transpose(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t perm[LIMIT_RANK], step[LIMIT_RANK], dim[LIMIT_RANK], own[LIMIT_RANK];
	bool seen[LIMIT_RANK] = { false };
	size_t n;
	void *y;

	if (!t || or_list(x, "perm", SIZE_MAX, perm, &n, e) < 0)
		return -1;
	if (n && n != (size_t)t->rank)
		return err_set(e, "it orders %zu dimensions, %d expected", n, t->rank);
	or_strides(t->rank, t->dim, own);
	for (int d = 0; d < t->rank; d++) {
		int from = t->rank - 1 - d;

		if (n && or_axis(perm[d], t->rank, &from, e) < 0)
			return -1;
		if (seen[from])
			return err_set(e, "dimension %d is there twice", from);
		seen[from] = true;
		dim[d] = t->dim[from];
		step[d] = own[from];
	}
	y = or_out(x, 0, t->dtype, t->rank, dim, e);
	if (!y)
		return -1;
	or_gather(y, t->data, dtype_size(t->dtype), t->rank, dim, step);
	return 0;
}

int or_concat(struct or_node *x, struct err *e)
{
	const struct tensor *first = or_in(x, 0, e);
	int64_t dim[LIMIT_RANK], step[LIMIT_RANK], at = 0;
	size_t size;
	int axis;
	char *y;

	if (!first ||
	    or_axis(im_int(x->n, "axis", x->opset < 4 ? 1 : 0), first->rank, &axis, e) < 0)
		return -1;
	memcpy(dim, first->dim, sizeof dim);
	dim[axis] = 0;
	for (size_t i = 0; i < x->nin; i++) {
		const struct tensor *t = or_in(x, i, e);

		if (!t)
			return -1;
		for (int d = 0; d < first->rank; d++)
			if (t->rank != first->rank || t->dtype != first->dtype ||
			    (d != axis && t->dim[d] != dim[d]))
				return err_set(e, "%s and %s cannot be joined",
					       tensor_shape_text(first), tensor_shape_text(t));
		dim[axis] += t->dim[axis];
	}
	y = or_out(x, 0, first->dtype, first->rank, dim, e);
	if (!y)
		return -1;
	or_strides(first->rank, dim, step);
	size = dtype_size(first->dtype);
	for (size_t i = 0; i < x->nin; i++) {
		const struct tensor *t = x->in[i];

		or_scatter(y + at * step[axis] * (int64_t)size, t->data, size, t->rank, t->dim,
			   step);
		at += t->dim[axis];
	}
	return 0;
}

int or_split(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t dim[LIMIT_RANK], step[LIMIT_RANK], at = 0, each;
	const struct tensor *sizes = or_maybe(x, 1);
	const int64_t *list;
	size_t n;
	int axis;

	if (!t || or_axis(im_int(x->n, "axis", 0), t->rank, &axis, e) < 0)
		return -1;
	list = im_ints(x->n, "split", &n);
	if (!list && sizes && sizes->dtype == DT_I64) {
		list = or_i(sizes);
		n = tensor_count(sizes);
	}
	if (list && n != x->nout)
		return err_set(e, "%zu sizes for %zu outputs", n, x->nout);
	or_strides(t->rank, t->dim, step);
	each = x->nout ? (t->dim[axis] + (int64_t)x->nout - 1) / (int64_t)x->nout : 0;
	memcpy(dim, t->dim, sizeof dim);
	for (size_t i = 0; i < x->nout; i++) {
		const int64_t left = t->dim[axis] - at;
		void *y;

		dim[axis] = list ? list[i] : each < left ? each : left;
		if (dim[axis] < 0 || dim[axis] > left)
			return err_set(e, "parts of other size than %lld", (long long)t->dim[axis]);
		y = or_out(x, i, t->dtype, t->rank, dim, e);
		if (!y)
			return -1;
		or_gather(y,
			  (const char *)t->data + (size_t)(at * step[axis]) * dtype_size(t->dtype),
			  dtype_size(t->dtype), t->rank, dim, step);
		at += dim[axis];
	}
	return at == t->dim[axis]
		   ? 0
		   : err_set(e, "parts of other size than %lld", (long long)t->dim[axis]);
}

int or_expand(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	struct tensor shape = { .rank = 0 };
	int64_t dim[LIMIT_RANK], step[LIMIT_RANK];
	int rank;
	size_t n;
	void *y;

	if (!t || or_list(x, "shape", 1, shape.dim, &n, e) < 0)
		return -1;
	shape.rank = (int)n;
	if (or_broadcast((const struct tensor *const[]){ t, &shape }, 2, &rank, dim, e) < 0 ||
	    (y = or_out(x, 0, t->dtype, rank, dim, e)) == NULL)
		return -1;
	or_steps(t, rank, dim, step);
	or_gather(y, t->data, dtype_size(t->dtype), rank, dim, step);
	return 0;
}

int or_tile(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t times[LIMIT_RANK], dim[LIMIT_RANK], step[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	size_t n, size, k = 0;
	char *y;

	if (!t || or_list(x, "repeats", 1, times, &n, e) < 0)
		return -1;
	if (n != (size_t)t->rank)
		return err_set(e, "%zu repeats for %d dimensions", n, t->rank);
	for (int d = 0; d < t->rank; d++) {
		if (times[d] < 0 || times[d] > LIMIT_ACTIVATION)
			return err_set(e, "%lld repeats", (long long)times[d]);
		dim[d] = t->dim[d] > LIMIT_ACTIVATION ? -1 : t->dim[d] * times[d];
	}
	y = or_out(x, 0, t->dtype, t->rank, dim, e);
	if (!y || or_count(t->rank, dim) == 0)
		return y ? 0 : -1;
	or_strides(t->rank, t->dim, step);
	size = dtype_size(t->dtype);
	do {
		int64_t from = 0;

		for (int d = 0; d < t->rank; d++)
			from += at[d] % t->dim[d] * step[d];
		memcpy(y + k++ * size, (const char *)t->data + from * (int64_t)size, size);
	} while (or_next(at, dim, t->rank));
	return 0;
}

/* Blocks of b x b places and features: dims of the six-dimensional form and its order. */
static int blocks(struct or_node *x, bool to_space, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	const int64_t b = im_int(x->n, "blocksize", 0);
	const bool crd = strcmp(im_string(x->n, "mode", "DCR"), "CRD") == 0;
	static const int dcr_order[6] = { 0, 3, 4, 1, 5, 2 }, crd_order[6] = { 0, 1, 4, 2, 5, 3 };
	static const int depth_order[6] = { 0, 3, 5, 1, 2, 4 };
	const int *order = !to_space ? depth_order : crd ? crd_order : dcr_order;
	int64_t six[6], own[6], dim[6], step[6], out[4];
	void *y;

	if (!t)
		return -1;
	if (t->rank != 4 || b < 1 || b > LIMIT_KERNEL ||
	    (to_space ? t->dim[1] % (b * b) != 0 : t->dim[2] % b != 0 || t->dim[3] % b != 0))
		return err_set(e, "blocks of %lld in %s", (long long)b, tensor_shape_text(t));
	const int64_t n = t->dim[0], c = t->dim[1], h = t->dim[2], w = t->dim[3];
	const int64_t d = c / (b * b);

	if (!to_space)
		memcpy(six, (const int64_t[6]){ n, c, h / b, b, w / b, b }, sizeof six);
	else if (crd)
		memcpy(six, (const int64_t[6]){ n, d, b, b, h, w }, sizeof six);
	else
		memcpy(six, (const int64_t[6]){ n, b, b, d, h, w }, sizeof six);
	or_strides(6, six, own);
	for (int i = 0; i < 6; i++) {
		dim[i] = six[order[i]];
		step[i] = own[order[i]];
	}
	out[0] = n;
	out[1] = to_space ? d : c * b * b;
	out[2] = to_space ? h * b : h / b;
	out[3] = to_space ? w * b : w / b;
	y = or_out(x, 0, t->dtype, 4, out, e);
	if (!y)
		return -1;
	or_gather(y, t->data, dtype_size(t->dtype), 6, dim, step);
	return 0;
}

int or_depth_to_space(struct or_node *x, struct err *e)
{
	return blocks(x, true, e);
}

int or_space_to_depth(struct or_node *x, struct err *e)
{
	return blocks(x, false, e);
}
