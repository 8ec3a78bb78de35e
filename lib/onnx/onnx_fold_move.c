/* Constant folding of operators that move values or name them otherwise. */
#include "onnx/onnx_fold.h"

int fold_reshape(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t dim[LIMIT_RANK], known = 1;
	int infer = -1;
	size_t rank;

	if (onnx_list(b, n, "shape", 1, dim, &rank, e) < 0)
		return -1;
	for (size_t i = 0; i < rank; i++) {
		if (dim[i] == 0 && (int)i < x->rank && !im_int(n, "allowzero", 0))
			dim[i] = x->dim[i];
		if (dim[i] == -1 && infer < 0)
			infer = (int)i;
		else if (dim[i] < 0 || dim[i] > FOLD_MAX ||
			 known * (dim[i] ? dim[i] : 1) > FOLD_MAX)
			return err_set(e, "dimension %lld is absurd", (long long)dim[i]);
		else
			known *= dim[i];
	}
	if (infer >= 0 && known > 0)
		dim[infer] = (int64_t)tensor_count(x) / known;
	if (known * (infer >= 0 ? dim[infer] : 1) != (int64_t)tensor_count(x))
		return err_set(e, "constant %s cannot be reshaped as asked", tensor_shape_text(x));
	im_set_const(n->out[0], fold_as(x, (int)rank, dim));
	return 0;
}

int fold_flatten(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	const int64_t axis = im_int(n, "axis", 1);
	int64_t dim[2] = { 1, 1 };

	(void)b;
	if (axis < -x->rank || axis > x->rank)
		return err_set(e, "axis %lld is not in %s", (long long)axis, tensor_shape_text(x));
	for (int d = 0; d < x->rank; d++)
		dim[d >= (axis < 0 ? axis + x->rank : axis)] *= x->dim[d];
	im_set_const(n->out[0], fold_as(x, 2, dim));
	return 0;
}

static int marked(struct build *b, const struct im_node *n, int rank, bool mark[LIMIT_RANK],
		  size_t *count, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	int axis;

	memset(mark, 0, LIMIT_RANK * sizeof *mark);
	if (onnx_list(b, n, "axes", 1, axes, count, e) < 0)
		return -1;
	for (size_t i = 0; i < *count; i++) {
		if (onnx_axis(axes[i], rank, &axis, e) < 0)
			return -1;
		if (mark[axis])
			return err_set(e, "axis %d is there twice", axis);
		mark[axis] = true;
	}
	return 0;
}

int fold_squeeze(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t dim[LIMIT_RANK];
	bool mark[LIMIT_RANK];
	size_t count;
	int rank = 0;

	if (marked(b, n, x->rank, mark, &count, e) < 0)
		return -1;
	for (int d = 0; d < x->rank; d++) {
		if (mark[d] && x->dim[d] != 1)
			return err_set(e, "dimension %d of %s is not 1", d, tensor_shape_text(x));
		if (count ? !mark[d] : x->dim[d] != 1)
			dim[rank++] = x->dim[d];
	}
	im_set_const(n->out[0], fold_as(x, rank, dim));
	return 0;
}

int fold_unsqueeze(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t axes[LIMIT_RANK], dim[LIMIT_RANK];
	bool mark[LIMIT_RANK];
	size_t count;
	int from = 0;

	if (onnx_list(b, n, "axes", 1, axes, &count, e) < 0)
		return -1;
	if (x->rank + (int)count > LIMIT_RANK)
		return err_set(e, "its result has too many dimensions");
	if (marked(b, n, x->rank + (int)count, mark, &count, e) < 0)
		return -1;
	for (int d = 0; d < x->rank + (int)count; d++)
		dim[d] = mark[d] ? 1 : x->dim[from++];
	im_set_const(n->out[0], fold_as(x, x->rank + (int)count, dim));
	return 0;
}

int fold_shape(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t rank = x->rank;
	struct tensor t;

	(void)b;
	if (im_attr(n, "start") || im_attr(n, "end"))
		return err_set(e, "start and end of a constant's shape are not supported");
	if (strcmp(n->op, "Size") == 0) {
		t = tensor_new(DT_I64, 0, NULL);
		fold_set_int(&t, 0, (int64_t)tensor_count(x));
	} else {
		t = tensor_new(DT_I64, 1, &rank);
		for (int i = 0; i < x->rank; i++)
			fold_set_int(&t, (size_t)i, x->dim[i]);
	}
	im_set_const(n->out[0], t);
	return 0;
}

static size_t product(const int64_t *dim, int from, int to)
{
	size_t n = 1;

	for (int i = from; i < to; i++)
		n *= (size_t)dim[i];
	return n;
}

int fold_gather(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	const struct tensor *at = n->nin > 1 && n->in[1] ? &n->in[1]->data : NULL;
	int64_t dim[2 * LIMIT_RANK];
	size_t outer, inner, count, k = 0;
	struct tensor t;
	int axis;

	if (!at || onnx_axis(im_int(n, "axis", 0), x->rank, &axis, e) < 0)
		return err_set(e, "it has no indices");
	memcpy(dim, x->dim, (size_t)axis * sizeof *dim);
	memcpy(dim + axis, at->dim, (size_t)at->rank * sizeof *dim);
	memcpy(dim + axis + at->rank, x->dim + axis + 1,
	       (size_t)(x->rank - axis - 1) * sizeof *dim);
	if (fold_new(b, x->dtype, x->rank - 1 + at->rank, dim, &t, e) < 0)
		return -1;
	outer = product(x->dim, 0, axis);
	inner = product(x->dim, axis + 1, x->rank);
	count = tensor_count(at);
	for (size_t o = 0; o < outer; o++)
		for (size_t i = 0; i < count; i++) {
			int64_t from = tensor_get_int(at, i);

			from += from < 0 ? x->dim[axis] : 0;
			if (from < 0 || from >= x->dim[axis]) {
				tensor_release(&t);
				return err_set(e, "index %lld is outside of %s", (long long)from,
					       tensor_shape_text(x));
			}
			for (size_t j = 0; j < inner; j++)
				fold_copy(&t, k++, x,
					  (o * (size_t)x->dim[axis] + (size_t)from) * inner + j);
		}
	im_set_const(n->out[0], t);
	return 0;
}

int fold_concat(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *first = &n->in[0]->data;
	int64_t dim[LIMIT_RANK];
	size_t outer, k = 0;
	struct tensor t;
	int axis;

	if (onnx_axis(im_int(n, "axis", 1), first->rank, &axis, e) < 0)
		return -1;
	memcpy(dim, first->dim, sizeof dim);
	dim[axis] = 0;
	for (size_t i = 0; i < n->nin; i++) {
		const struct tensor *x = n->in[i] ? &n->in[i]->data : NULL;

		if (!x || x->rank != first->rank || x->dtype != first->dtype)
			return err_set(e, "its constants differ in rank or type");
		for (int d = 0; d < first->rank; d++)
			if (d != axis && x->dim[d] != first->dim[d])
				return err_set(e, "its constants differ in shape");
		dim[axis] += x->dim[axis];
	}
	if (fold_new(b, first->dtype, first->rank, dim, &t, e) < 0)
		return -1;
	outer = product(dim, 0, axis);
	for (size_t o = 0; o < outer; o++)
		for (size_t i = 0; i < n->nin; i++) {
			const struct tensor *x = &n->in[i]->data;
			const size_t run = product(x->dim, axis, x->rank);

			for (size_t j = 0; j < run; j++)
				fold_copy(&t, k++, x, o * run + j);
		}
	im_set_const(n->out[0], t);
	return 0;
}

/* t = x[from :: step] along an axis. */
static int slice_one(struct build *b, const struct tensor *x, int axis, int64_t from, int64_t count,
		     int64_t step, struct tensor *t, struct err *e)
{
	const size_t outer = product(x->dim, 0, axis), inner = product(x->dim, axis + 1, x->rank);
	int64_t dim[LIMIT_RANK];
	size_t k = 0;

	memcpy(dim, x->dim, sizeof dim);
	dim[axis] = count;
	if (fold_new(b, x->dtype, x->rank, dim, t, e) < 0)
		return -1;
	for (size_t o = 0; o < outer; o++)
		for (int64_t i = 0; i < count; i++)
			for (size_t j = 0; j < inner; j++)
				fold_copy(t, k++, x,
					  (o * (size_t)x->dim[axis] + (size_t)(from + i * step)) *
						  inner +
					      j);
	return 0;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

int fold_slice(struct build *b, struct im_node *n, struct err *e)
{
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], axes[LIMIT_RANK], steps[LIMIT_RANK];
	size_t nfrom, nto, naxes, nsteps;
	struct tensor x = tensor_ref(&n->in[0]->data), t;
	int r = 0;

	if (onnx_list(b, n, "starts", 1, from, &nfrom, e) < 0 ||
	    onnx_list(b, n, "ends", 2, to, &nto, e) < 0 ||
	    onnx_list(b, n, "axes", 3, axes, &naxes, e) < 0 ||
	    onnx_list(b, n, "steps", 4, steps, &nsteps, e) < 0)
		r = -1;
	else if (nfrom != nto || (naxes && naxes != nfrom) || (nsteps && nsteps != nfrom))
		r = err_set(e, "its starts, ends, axes and steps differ in number");
	for (size_t i = 0; r == 0 && i < nfrom; i++) {
		const int64_t step = nsteps ? steps[i] : 1;
		int64_t size, a, z, count;
		int axis;

		if (step == 0 || step < -FOLD_MAX || step > FOLD_MAX)
			r = err_set(e, "a step of %lld is not supported", (long long)step);
		else
			r = onnx_axis(naxes ? axes[i] : (int64_t)i, x.rank, &axis, e);
		if (r < 0)
			break;
		size = x.dim[axis];
		a = clamp(from[i] < 0 ? from[i] + size : from[i], step > 0 ? 0 : -1,
			  step > 0 ? size : size - 1);
		z = clamp(to[i] < 0 && to[i] >= -size ? to[i] + size : to[i], step > 0 ? 0 : -1,
			  size);
		count = step > 0 ? (z - a + step - 1) / step : (a - z - step - 1) / -step;
		r = slice_one(b, &x, axis, a, count > 0 ? count : 0, step, &t, e);
		tensor_release(&x);
		if (r == 0)
			x = t;
	}
	if (r == 0)
		im_set_const(n->out[0], x);
	else
		tensor_release(&x);
	return r;
}

int fold_split(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	const int64_t parts = (int64_t)n->nout;
	int64_t size[LIMIT_RANK], at = 0;
	struct tensor t;
	size_t count;
	int axis;

	if (onnx_axis(im_int(n, "axis", 0), x->rank, &axis, e) < 0 ||
	    onnx_list(b, n, "split", 1, size, &count, e) < 0)
		return -1;
	if (count ? count != n->nout : x->dim[axis] % parts != 0)
		return err_set(e, "its sizes do not fit its outputs");
	for (size_t i = 0; i < n->nout; i++) {
		const int64_t part = count ? size[i] : x->dim[axis] / parts;

		if (part < 0 || part > x->dim[axis] - at)
			return err_set(e, "its sizes do not fit %s", tensor_shape_text(x));
		if (n->out[i]) {
			if (slice_one(b, x, axis, at, part, 1, &t, e) < 0)
				return -1;
			im_set_const(n->out[i], t);
		}
		at += part;
	}
	return 0;
}

int fold_transpose(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *x = &n->in[0]->data;
	int64_t dim[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	size_t stride[LIMIT_RANK], count;
	bool seen[LIMIT_RANK] = { false };
	const int64_t *p = im_ints(n, "perm", &count);
	struct tensor t;

	if (p && count != (size_t)x->rank)
		return err_set(e, "it permutes %zu dimensions of %s", count, tensor_shape_text(x));
	for (int d = 0; d < x->rank; d++) {
		const int64_t from = p ? p[d] : x->rank - 1 - d;

		if (from < 0 || from >= x->rank || seen[from])
			return err_set(e, "its permutation is none");
		seen[from] = true;
		dim[d] = x->dim[from];
		stride[d] = product(x->dim, (int)from + 1, x->rank);
	}
	if (fold_new(b, x->dtype, x->rank, dim, &t, e) < 0)
		return -1;
	for (size_t i = 0; i < tensor_count(&t); i++) {
		size_t from = 0;

		for (int d = 0; d < t.rank; d++)
			from += (size_t)at[d] * stride[d];
		fold_copy(&t, i, x, from);
		for (int d = t.rank - 1; d >= 0 && ++at[d] == dim[d]; d--)
			at[d] = 0;
	}
	im_set_const(n->out[0], t);
	return 0;
}
