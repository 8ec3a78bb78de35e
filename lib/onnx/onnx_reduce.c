/* Softmax, Reduce*, ArgMax, ArgMin. */
#include "base/limits.h"
#include "onnx/onnx_int.h"
#include <math.h>

/* Softmax or its logarithm over dimension d of x; out has x's shape. */
static int softmax_at(struct build *b, struct im_value *x, int d, struct im_value *out,
		      struct err *e)
{
	const bool log = strcmp(b->node->op, "LogSoftmax") == 0;
	bool over[LIMIT_RANK] = { false };
	struct onnx_over o;
	struct layer *l;

	over[d] = true;
	if (onnx_over_features(b, x, over, !log, &o, e) < 0)
		return -1;
	if (log) {
		onnx_log_softmax(b, x, out);
		return 0;
	}
	l = build_after(b, HN_SOFTMAX, "softmax", &x->view);
	l->p.softmax_groups = o.bits ? o.groups : (int32_t)x->view.base[2];
	build_like(out, x, l);
	return 0;
}

/* Before opset 13 the dimensions from the axis on are one. */
static int softmax_flat(struct build *b, struct im_node *n, int axis, struct err *e)
{
	struct im_value x = *n->in[0];
	int64_t dim[LIMIT_RANK], whole[LIMIT_RANK];
	const int rank = x.view.rank;
	int last = axis, big = 0;

	for (int d = axis; d < rank; d++)
		if (view_size(&x.view, d) > 1) {
			last = d;
			big++;
		}
	if (big <= 1)
		return softmax_at(b, &x, last, n->out[0], e);
	for (int d = 0; d < rank; d++)
		whole[d] = view_size(&x.view, d);
	memcpy(dim, whole, sizeof dim);
	for (int d = axis + 1; d < rank; d++)
		dim[axis] *= whole[d];
	if (!view_reshape(&x.view, axis + 1, dim) || softmax_at(b, &x, axis, n->out[0], e) < 0 ||
	    !view_reshape(&n->out[0]->view, rank, whole))
		return err_set(e, "over axes %d and on of %s it is not supported", axis,
			       view_text(&n->in[0]->view));
	return 0;
}

int onnx_softmax(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int axis;

	if (onnx_axis(im_int(n, "axis", b->opset < 13 ? 1 : -1), x->view.rank, &axis, e) < 0)
		return -1;
	return b->opset < 13 ? softmax_flat(b, n, axis, e) : softmax_at(b, x, axis, n->out[0], e);
}

static const struct row {
	const char *op;
	enum hn_type type;
	const char *base;
	int before, after; /* activations around it; -1: none */
} rows[] = {
	/* clang-format off */
	{ "ReduceL1",        HN_REDUCE_SUM,  "reduce_sum",  ACT_ABS,    -1 },
	{ "ReduceL2",        HN_REDUCE_SUM,  "reduce_sum",  ACT_SQUARE, ACT_SQRT },
	{ "ReduceLogSum",    HN_REDUCE_SUM,  "reduce_sum",  -1,         ACT_LOG },
	{ "ReduceMax",       HN_REDUCE_MAX,  "reduce_max",  -1,         -1 },
	{ "ReduceMean",      HN_REDUCE_MEAN, "reduce_mean", -1,         -1 },
	{ "ReduceMin",       HN_REDUCE_MIN,  "reduce_min",  -1,         -1 },
	{ "ReduceSum",       HN_REDUCE_SUM,  "reduce_sum",  -1,         -1 },
	{ "ReduceSumSquare", HN_REDUCE_SUM,  "reduce_sum",  ACT_SQUARE, -1 },
	/* clang-format on */
};

static int reduce_list(struct build *b, const struct im_node *n, int rank, bool reduce[LIMIT_RANK],
		       bool *none, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	size_t count;
	int axis;

	if (onnx_list(b, n, "axes", 1, axes, &count, e) < 0)
		return -1;
	*none = count == 0 && im_int(n, "noop_with_empty_axes", 0);
	for (int d = 0; d < rank; d++)
		reduce[d] = count == 0 && !*none;
	for (size_t i = 0; i < count; i++) {
		if (onnx_axis(axes[i], rank, &axis, e) < 0)
			return -1;
		if (reduce[axis])
			return err_set(e, "axis %d is there twice", axis);
		reduce[axis] = true;
	}
	return 0;
}

/* x is seen so that the dimensions are whole axes or the inner part of the features. */
static int reducible(struct build *b, struct im_value *x, const bool reduce[LIMIT_RANK],
		     struct onnx_over *o, struct err *e)
{
	struct err none = { 0 };

	if (onnx_over_free(&x->view, reduce, o))
		return 0;
	for (int d = 0; d < x->view.rank; d++)
		if (reduce[d] && x->view.dim[d].n && x->view.dim[d].at[0] == IM_BATCH)
			return err_set(e,
				       "reducing the batch (dimension %d of %s) is not supported",
				       d, view_text(&x->view));
	if (view_plain(b, x, &none) == 0 && onnx_over_free(&x->view, reduce, o))
		return 0;
	return onnx_over(b, x, reduce, o, e);
}

/* out = x reduced, each dimension kept with size 1. */
static int reduce_to(struct build *b, struct im_value *x, const struct onnx_over *o,
		     const bool reduce[LIMIT_RANK], const struct row *row, struct im_value *out)
{
	struct im_value mid = { .name = out->name, .nuse = 1 }, from = *x;
	int spatial;

	if (row->before >= 0) {
		build_activation(b, &from, &mid, (enum hn_act)row->before, NULL, NULL);
		from.view = mid.view;
		from.nuse = 1;
	}
	spatial = (from.view.base[0] > 1 ? 1 : 0) | (from.view.base[1] > 1 ? 2 : 0);
	if (o->bits == 0) {
		build_pass(out, &from);
	} else {
		const bool pool = row->type == HN_REDUCE_MEAN && o->bits == spatial;
		struct layer *l = build_after(b, pool ? HN_GLOBAL_AVGPOOL : row->type,
					      pool ? "avgpool" : row->base, &from.view);

		if (!pool) {
			l->p.reduce_axes = o->bits;
			l->p.softmax_groups = o->groups;
		}
		build_like(out, &from, l);
		view_drop(&out->view, reduce);
	}
	if (row->after < 0)
		return 0;
	mid.view = out->view;
	return build_activation(b, &mid, out, (enum hn_act)row->after, NULL, NULL);
}

int onnx_sum_over(struct build *b, struct im_value *x, const bool over[LIMIT_RANK],
		  struct im_value *out, struct err *e)
{
	static const struct row sum = { "ReduceSum", HN_REDUCE_SUM, "reduce_sum", -1, -1 };
	struct onnx_over o;

	return reducible(b, x, over, &o, e) < 0 ? -1 : reduce_to(b, x, &o, over, &sum, out);
}

int onnx_reduce(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	bool reduce[LIMIT_RANK], none;
	const struct row *row = rows;
	struct onnx_over o;

	while (strcmp(row->op, n->op) != 0)
		row++;
	if (reduce_list(b, n, x->view.rank, reduce, &none, e) < 0 ||
	    reducible(b, x, reduce, &o, e) < 0 || reduce_to(b, x, &o, reduce, row, n->out[0]) < 0)
		return -1;
	if (!none && !im_int(n, "keepdims", 1))
		for (int d = x->view.rank - 1; d >= 0; d--)
			if (reduce[d])
				view_squeeze(&n->out[0]->view, d);
	return 0;
}

int onnx_logsumexp(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	bool over[LIMIT_RANK], none;
	struct onnx_over o;

	if (reduce_list(b, n, x->view.rank, over, &none, e) < 0 || reducible(b, x, over, &o, e) < 0)
		return -1;
	if (o.bits == 0)
		return build_pass(n->out[0], x), 0;
	if (o.groups != 1)
		return err_set(e, "its input %s lies in a way that is not supported",
			       view_text(&x->view));
	onnx_log_sum(b, x, o.bits, n->out[0]);
	view_drop(&n->out[0]->view, over);
	if (!im_int(n, "keepdims", 1))
		for (int d = x->view.rank - 1; d >= 0; d--)
			if (over[d])
				view_squeeze(&n->out[0]->view, d);
	return 0;
}

int onnx_argmax(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value x, mid = { .name = n->name, .nuse = 1 };
	bool over[LIMIT_RANK] = { false };
	struct onnx_over o;
	int axis;

	if (onnx_axis(im_int(n, "axis", 0), n->in[0]->view.rank, &axis, e) < 0)
		return -1;
	if (im_int(n, "select_last_index", 0))
		return err_set(
		    e, "select_last_index is not supported: of equal values the first counts");
	over[axis] = true;
	if (onnx_over_features(b, n->in[0], over, false, &o, e) < 0)
		return -1;
	x = *n->in[0];
	if (strcmp(n->op, "ArgMin") == 0) {
		build_activation(b, &x, &mid, ACT_NEG, NULL, NULL);
		x.view = mid.view;
	}
	build_like(n->out[0], &x, build_after(b, HN_ARGMAX, "argmax", &x.view));
	view_drop(&n->out[0]->view, over);
	if (!im_int(n, "keepdims", 1))
		view_squeeze(&n->out[0]->view, axis);
	return 0;
}
