/* Slice, and Gather of constant indices. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* A slice in the making: what is seen of it so far, and its layer, NULL before the first that is
 * needed. */
struct cut {
	struct im_value x, *from; /* from: the input itself */
	struct layer *layer;
};

static int32_t *range_of(struct layer *l, int axis)
{
	return axis == 0 ? l->p.slice_h : axis == 1 ? l->p.slice_w : l->p.slice_c;
}

/* Dimension d of what is left becomes one run of an axis that the layer does not cut yet. */
static int cut_place(struct build *b, struct cut *c, int d, int *axis, int64_t *inner,
		     struct err *e)
{
	const int32_t *r;

	if (!c->layer) {
		/* The input itself is settled: other consumers find it so. */
		if (view_outermost(b, c->from, d, axis, inner, e) < 0)
			return -1;
		c->x.view = c->from->view;
		return 0;
	}
	if (view_outermost(b, &c->x, d, axis, inner, e) < 0)
		return -1;
	r = range_of(c->layer, *axis);
	if (c->layer != c->x.view.layer || r[0] != 0 || r[2] != 1 || r[1] != c->x.view.base[*axis])
		c->layer = NULL;
	return 0;
}

/* A step over runs of an axis: each dimension gets an axis of its own, where nothing is cut yet. */
static int cut_spread(struct build *b, struct cut *c, int d, int *axis, int64_t *inner,
		      struct err *e)
{
	if (c->layer || c->from->view.rank > 4)
		return 0;
	if (view_plain(b, c->from, e) < 0)
		return -1;
	return cut_place(b, c, d, axis, inner, e);
}

/* One axis of a slice, bounds clamped as ONNX says. */
static int slice_axis(struct build *b, struct cut *c, int d, int64_t from, int64_t to, int64_t step,
		      struct err *e)
{
	const int64_t size = view_size(&c->x.view, d);
	int64_t inner;
	int32_t *r;
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
	if (cut_place(b, c, d, &axis, &inner, e) < 0)
		return -1;
	if (step > 1 && inner > 1 && cut_spread(b, c, d, &axis, &inner, e) < 0)
		return -1;
	if (step > 1 && inner > 1)
		return err_set(e,
			       "a step of %lld over parts of the features of %s is not supported",
			       (long long)step, view_text(&c->x.view));
	if (!c->layer)
		c->layer = build_slice(b, &c->x.view, axis, from * inner, to * inner, step);
	r = range_of(c->layer, axis);
	r[0] = (int32_t)(from * inner);
	r[1] = (int32_t)(to * inner);
	r[2] = (int32_t)step;
	c->x.view.layer = c->layer;
	c->x.view.port = 0;
	c->x.view.sole = true;
	view_resize(&c->x.view, d, (to - from + step - 1) / step);
	return 0;
}

/*
 * A slice of one, along the axis of a concatenation of ones (steps of an unrolled sequence), is
 * that part; the slice layer leads nowhere then.
 */
static void part_of(struct build *b, const struct im_view *in, struct cut *c)
{
	const struct layer *from = in->layer;
	const int axis = from->p.concat_axis - 1;
	const struct hn_input *part;
	int32_t at;

	if (from->type != HN_CONCAT || in->base[axis] != (int64_t)from->nin ||
	    c->layer->in[0].layer != from || c->x.view.layer != c->layer)
		return;
	for (int i = 0; i < 3; i++)
		if (c->x.view.base[i] != (i == axis ? 1 : in->base[i]))
			return;
	at = range_of(c->layer, axis)[0];
	part = &from->in[at];
	c->x.view.layer = part->layer;
	c->x.view.port = part->port;
	c->x.view.sole = false;
	build_fused(b, part->layer);
}

static void sliced(struct build *b, struct cut *c, struct im_value *out)
{
	build_pass(out, c->from);
	if (c->x.view.layer == c->from->view.layer)
		return;
	part_of(b, &c->from->view, c);
	out->view = c->x.view;
}

int onnx_slice(struct build *b, struct im_node *n, struct err *e)
{
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], axes[LIMIT_RANK], step[LIMIT_RANK];
	size_t nfrom, nto, naxes, nstep;
	struct cut c = { .x = *n->in[0], .from = n->in[0] };
	bool seen[LIMIT_RANK] = { false };
	int axis;

	if (onnx_list(b, n, "starts", 1, from, &nfrom, e) < 0 ||
	    onnx_list(b, n, "ends", 2, to, &nto, e) < 0 ||
	    onnx_list(b, n, "axes", 3, axes, &naxes, e) < 0 ||
	    onnx_list(b, n, "steps", 4, step, &nstep, e) < 0)
		return -1;
	if (nfrom != nto || ((naxes || onnx_has_input(n, 3)) && naxes != nfrom) ||
	    ((nstep || onnx_has_input(n, 4)) && nstep != nfrom) || nfrom > (size_t)c.x.view.rank)
		return err_set(e, "its starts, ends, axes and steps differ in number");
	for (size_t i = 0; i < nfrom; i++) {
		if (onnx_axis(naxes ? axes[i] : (int64_t)i, c.x.view.rank, &axis, e) < 0)
			return -1;
		if (seen[axis])
			return err_set(e, "axis %d is there twice", axis);
		seen[axis] = true;
		if (slice_axis(b, &c, axis, from[i], to[i], nstep ? step[i] : 1, e) < 0)
			return -1;
	}
	sliced(b, &c, n->out[0]);
	return 0;
}

int onnx_slice_part(struct build *b, struct im_value *x, int axis, int64_t from, int64_t to,
		    int64_t step, struct im_value *out, struct err *e)
{
	struct cut c = { .x = *x, .from = x };

	if (slice_axis(b, &c, axis, from, to, step, e) < 0)
		return -1;
	sliced(b, &c, out);
	return 0;
}

/* Constant indices: a slice when they run on with one step, else several; a scalar takes the
 * dimension away. */
int onnx_gather(struct build *b, struct im_node *n, struct err *e)
{
	const struct im_value *at = n->nin > 1 ? n->in[1] : NULL;
	int64_t *index, size;
	size_t count;
	int axis, r = 0;

	if (n->in[0]->is_const || !at || !at->is_const || tensor_count(&at->data) < 1 ||
	    at->data.rank > 1)
		return err_set(e, "its indices are not a constant row");
	if (onnx_axis(im_int(n, "axis", 0), n->in[0]->view.rank, &axis, e) < 0)
		return -1;
	size = view_size(&n->in[0]->view, axis);
	count = tensor_count(&at->data);
	index = xcalloc(count, sizeof *index);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const int64_t k = tensor_get_int(&at->data, i);

		index[i] = k < 0 ? k + size : k;
		if (index[i] < 0 || index[i] >= size)
			r = err_set(e, "index %lld is outside of %s", (long long)k,
				    view_text(&n->in[0]->view));
	}
	if (r == 0)
		r = onnx_gather_parts(b, n, axis, index, count, e);
	free(index);
	if (r == 0 && at->data.rank == 0)
		view_squeeze(&n->out[0]->view, axis);
	return r;
}
