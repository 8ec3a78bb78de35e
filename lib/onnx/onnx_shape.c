/* Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Shape, Size: mostly other views. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* out is x seen as dim[]; when its parts cannot be named that way, x is first brought in one line.
 */
static int see_as(struct build *b, struct im_value *x, struct im_value *out, int rank,
		  const int64_t *dim, struct err *e)
{
	struct im_value t = *x;
	int64_t line[2] = { 1, 1 };
	int64_t total = 1;

	for (int i = 0; i < rank; i++)
		if (dim[i] < 1 || !(total <= LIMIT_ACTIVATION / dim[i]))
			return err_set(e, "its result is empty or too large");
		else
			total *= dim[i];
	if (total != view_count(&x->view))
		return err_set(e, "%s cannot be reshaped to %lld values", view_text(&x->view),
			       (long long)total);
	if (!view_reshape(&t.view, rank, dim)) {
		line[0] = t.view.batch;
		line[1] = total / t.view.batch;
		if (!view_reshape(&t.view, 2, line))
			return err_set(e,
				       "it mixes the batch of %s with other dimensions (export the "
				       "model with a batch of 1)",
				       view_text(&x->view));
		if (view_want(b, &t, "BC", e) < 0)
			return -1;
		if (!view_reshape(&t.view, rank, dim))
			return err_set(e,
				       "it mixes the batch of %s with other dimensions (export the "
				       "model with a batch of 1)",
				       view_text(&x->view));
	}
	build_pass(out, x);
	if (t.view.layer != x->view.layer)
		t.view.sole = true;
	else
		t.view.sole = out->view.sole;
	out->view = t.view;
	return 0;
}

int onnx_reshape(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int64_t dim[LIMIT_RANK], known = 1;
	int infer = -1;
	size_t rank;

	if (onnx_list(b, n, "shape", 1, dim, &rank, e) < 0)
		return -1;
	for (size_t i = 0; i < rank; i++) {
		if (dim[i] == 0 && !im_int(n, "allowzero", 0)) {
			if ((int)i >= x->view.rank)
				return err_set(e, "it copies dimension %zu, which %s does not have",
					       i, view_text(&x->view));
			dim[i] = view_size(&x->view, (int)i);
		}
		if (dim[i] == -1) {
			if (infer >= 0)
				return err_set(e, "it leaves two dimensions open");
			infer = (int)i;
		} else if (dim[i] < 1 || dim[i] > LIMIT_ACTIVATION ||
			   known > LIMIT_ACTIVATION / dim[i]) {
			return err_set(e, "dimension %lld is absurd", (long long)dim[i]);
		} else {
			known *= dim[i];
		}
	}
	if (infer >= 0) {
		if (view_count(&x->view) % known != 0)
			return err_set(e, "%s does not divide into %lld", view_text(&x->view),
				       (long long)known);
		dim[infer] = view_count(&x->view) / known;
	}
	return see_as(b, x, n->out[0], (int)rank, dim, e);
}

int onnx_flatten(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	const int64_t given = im_int(n, "axis", 1);
	int64_t dim[2] = { 1, 1 };
	int axis;

	if (given == x->view.rank)
		axis = x->view.rank;
	else if (onnx_axis(given, x->view.rank, &axis, e) < 0)
		return -1;
	for (int d = 0; d < x->view.rank; d++)
		dim[d >= axis] *= view_size(&x->view, d);
	return see_as(b, x, n->out[0], 2, dim, e);
}

static bool listed(const int64_t *v, size_t n, int64_t what)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == what)
			return true;
	return false;
}

int onnx_squeeze(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int64_t axes[LIMIT_RANK];
	size_t count;
	int axis;

	if (onnx_list(b, n, "axes", 1, axes, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (onnx_axis(axes[i], x->view.rank, &axis, e) < 0)
			return -1;
		if (view_size(&x->view, axis) != 1)
			return err_set(e, "dimension %d of %s is not 1", axis, view_text(&x->view));
		axes[i] = axis;
	}
	build_pass(n->out[0], x);
	for (int d = x->view.rank - 1; d >= 0; d--)
		if (count ? listed(axes, count, d) : view_size(&x->view, d) == 1)
			view_squeeze(&n->out[0]->view, d);
	return 0;
}

int onnx_unsqueeze(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int64_t axes[LIMIT_RANK];
	size_t count;
	int rank, axis;

	if (onnx_list(b, n, "axes", 1, axes, &count, e) < 0)
		return -1;
	if (count == 0)
		return err_set(e, "it has no axes");
	rank = x->view.rank + (int)count;
	if (rank > LIMIT_RANK)
		return err_set(e, "its result has %d dimensions", rank);
	for (size_t i = 0; i < count; i++) {
		if (onnx_axis(axes[i], rank, &axis, e) < 0)
			return -1;
		if (listed(axes, i, axis))
			return err_set(e, "axis %d is there twice", axis);
		axes[i] = axis;
	}
	build_pass(n->out[0], x);
	for (int d = 0; d < rank; d++)
		if (listed(axes, count, d))
			view_unsqueeze(&n->out[0]->view, d);
	return 0;
}

int onnx_transpose(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int perm[LIMIT_RANK];
	bool seen[LIMIT_RANK] = { false };
	size_t count;
	const int64_t *p = im_ints(n, "perm", &count);

	(void)b;
	if (p && count != (size_t)x->view.rank)
		return err_set(e, "it permutes %zu dimensions, its input is %s", count,
			       view_text(&x->view));
	for (int d = 0; d < x->view.rank; d++) {
		int axis = x->view.rank - 1 - d;

		if (p && onnx_axis(p[d], x->view.rank, &axis, e) < 0)
			return -1;
		if (seen[axis])
			return err_set(e, "its permutation names dimension %d twice", axis);
		seen[axis] = true;
		perm[d] = axis;
	}
	build_pass(n->out[0], x);
	view_transpose(&n->out[0]->view, perm);
	return 0;
}

int onnx_shape(struct build *b, struct im_node *n, struct err *e)
{
	const struct im_view *v = &n->in[0]->view;
	int64_t from = im_int(n, "start", 0), to = im_int(n, "end", v->rank), count;
	struct tensor t;
	int64_t *out;

	(void)b;
	(void)e;
	if (strcmp(n->op, "Size") == 0) {
		t = tensor_new(DT_I64, 0, NULL);
		*(int64_t *)tensor_data(&t) = view_count(v);
		im_set_const(n->out[0], t);
		return 0;
	}
	from = from < 0 ? (from < -v->rank ? 0 : from + v->rank) : from > v->rank ? v->rank : from;
	to = to < 0 ? (to < -v->rank ? 0 : to + v->rank) : to > v->rank ? v->rank : to;
	count = to > from ? to - from : 0;
	t = tensor_new(DT_I64, 1, &count);
	out = tensor_data(&t);
	for (int64_t i = 0; i < count; i++)
		out[i] = view_size(v, (int)(from + i));
	im_set_const(n->out[0], t);
	return 0;
}
