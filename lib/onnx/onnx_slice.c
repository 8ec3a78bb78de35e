/* Slice, and Gather of one index. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/*
 * One axis of a slice, bounds clamped as ONNX says.  x is a copy of the node's input; *made is the
 * slice layer of this node, NULL before the first axis that needs one.
 */
static int slice_axis(struct build *b, struct im_value *x, struct layer **made, int d, int64_t from,
		      int64_t to, int64_t step, struct err *e)
{
	const int64_t size = view_size(&x->view, d);
	char axes[LIMIT_RANK + 1];
	int64_t base[3];
	int32_t *s[3];
	int axis;

	if (step < 1)
		return err_set(e, "a step of %lld is not supported", (long long)step);
	step = step > LIMIT_DIM ? LIMIT_DIM : step;
	from = from < 0 ? (from < -size ? 0 : from + size) : from > size ? size : from;
	to = to < 0 ? (to < -size ? 0 : to + size) : to > size ? size : to;
	if (from >= to)
		return err_set(e, "its result is empty");
	if (from == 0 && to == size && step == 1)
		return 0;
	if (!*made) {
		/* The input itself is settled: other consumers find it so. */
		if (view_plain(b, b->node->in[0], e) < 0)
			return -1;
		x->view = b->node->in[0]->view;
	}
	view_axes(&x->view, axes);
	if (axes[d] == 'B')
		return err_set(e, "a slice of the batch is not supported");
	axis = onnx_slot(axes[d]);
	if (!*made)
		*made = build_slice(b, &x->view, axis, from, to, step);
	s[0] = (*made)->p.slice_h;
	s[1] = (*made)->p.slice_w;
	s[2] = (*made)->p.slice_c;
	s[axis][0] = (int32_t)from;
	s[axis][1] = (int32_t)to;
	s[axis][2] = (int32_t)step;
	memcpy(base, x->view.base, sizeof base);
	base[axis] = (to - from + step - 1) / step;
	view_init(&x->view, *made, 0, x->view.batch, base, axes);
	return 0;
}

static void sliced(struct im_node *n, const struct im_value *x, const struct layer *made)
{
	build_pass(n->out[0], n->in[0]);
	if (made)
		n->out[0]->view = x->view;
}

int onnx_slice(struct build *b, struct im_node *n, struct err *e)
{
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], axes[LIMIT_RANK], step[LIMIT_RANK];
	size_t nfrom, nto, naxes, nstep;
	struct im_value x = *n->in[0];
	struct layer *made = NULL;
	bool seen[LIMIT_RANK] = { false };
	int axis;

	if (onnx_list(b, n, "starts", 1, from, &nfrom, e) < 0 ||
	    onnx_list(b, n, "ends", 2, to, &nto, e) < 0 ||
	    onnx_list(b, n, "axes", 3, axes, &naxes, e) < 0 ||
	    onnx_list(b, n, "steps", 4, step, &nstep, e) < 0)
		return -1;
	if (nfrom != nto || (naxes && naxes != nfrom) || (nstep && nstep != nfrom) ||
	    nfrom > (size_t)x.view.rank)
		return err_set(e, "its starts, ends, axes and steps differ in number");
	for (size_t i = 0; i < nfrom; i++) {
		if (onnx_axis(naxes ? axes[i] : (int64_t)i, x.view.rank, &axis, e) < 0)
			return -1;
		if (seen[axis])
			return err_set(e, "axis %d is there twice", axis);
		seen[axis] = true;
		if (slice_axis(b, &x, &made, axis, from[i], to[i], nstep ? step[i] : 1, e) < 0)
			return -1;
	}
	sliced(n, &x, made);
	return 0;
}

/* One constant index: a slice of one, the dimension goes away when the index is a scalar. */
int onnx_gather(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value x = *n->in[0];
	const struct im_value *at = n->nin > 1 ? n->in[1] : NULL;
	struct layer *made = NULL;
	int64_t i;
	int axis;

	if (x.is_const || !at || !at->is_const || tensor_count(&at->data) != 1 || at->data.rank > 1)
		return err_set(e, "only one constant index is supported");
	if (onnx_axis(im_int(n, "axis", 0), x.view.rank, &axis, e) < 0)
		return -1;
	i = tensor_get_int(&at->data, 0);
	if (i < 0)
		i += view_size(&x.view, axis);
	if (i < 0 || i >= view_size(&x.view, axis))
		return err_set(e, "index %lld is outside of %s", (long long)i, view_text(&x.view));
	if (slice_axis(b, &x, &made, axis, i, i + 1, 1, e) < 0)
		return -1;
	sliced(n, &x, made);
	if (at->data.rank == 0)
		view_squeeze(&n->out[0]->view, axis);
	return 0;
}
