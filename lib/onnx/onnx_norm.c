/* LayerNormalization, InstanceNormalization, MeanVarianceNormalization, L2 normalization. */
#include "onnx/onnx_int.h"
#include <float.h>
#include <math.h>

enum {
	MEAN_VARIANCE,
	L2
};

/*
 * A normalised sequence that still lies in the rows and columns of a map becomes one of columns:
 * what follows (attention, the sum around it) then needs no moves of its own.
 */
static int settle(struct build *b, struct im_value *x, const bool over[LIMIT_RANK], struct err *e)
{
	const struct im_view *v = &x->view;

	for (int d = 0; d < v->rank; d++)
		if (!over[d] && v->dim[d].n > 1 &&
		    v->atom[v->dim[d].at[0]].axis != v->atom[v->dim[d].at[v->dim[d].n - 1]].axis)
			return view_plain(b, x, e);
	return 0;
}

/* out = x normalised over these dimensions. */
static int norm(struct build *b, struct im_value *x, const bool over[LIMIT_RANK], int variant,
		float epsilon, struct im_value *out, struct err *e)
{
	struct onnx_over o;
	struct layer *l;

	if (onnx_over(b, x, over, &o, e) < 0)
		return -1;
	if (o.bits == 0)
		return err_set(e, "it normalises single values of %s", view_text(&x->view));
	if (!(epsilon >= 0 && epsilon < INFINITY))
		return err_set(e, "its epsilon %g is not supported", (double)epsilon);
	l = build_after(b, HN_LAYER_NORM, "layer_normalization", &x->view);
	l->p.reduce_axes = o.bits;
	l->p.softmax_groups = o.groups;
	l->p.variant = variant;
	l->p.bn_epsilon = epsilon;
	build_like(out, x, l);
	return 0;
}

static bool all_are(const struct tensor *t, double v)
{
	for (size_t i = 0; i < tensor_count(t); i++)
		if (tensor_get(t, i) != v)
			return false;
	return true;
}

/* out = mid * scale + bias, either NULL; one that changes nothing makes no layer. */
static int affine(struct build *b, struct im_value *mid, const struct tensor *scale,
		  const struct tensor *bias, struct im_value *out, struct err *e)
{
	struct im_value scaled = { .name = out->name, .nuse = 1 };

	if (scale && !all_are(scale, 1)) {
		if (onnx_with_tensor(b, mid, scale, true, &scaled, e) < 0)
			return -1;
		mid = &scaled;
	}
	if (bias && !all_are(bias, 0))
		return onnx_with_tensor(b, mid, bias, false, out, e);
	build_pass(out, mid);
	return 0;
}

/* Input i when it is there: constant, of this many values at most; *t NULL when absent. */
static int factor(const struct im_node *n, size_t i, const char *what, const struct tensor **t,
		  struct err *e)
{
	*t = NULL;
	if (i >= n->nin || !n->in[i])
		return 0;
	*t = onnx_constant(n, i, what, e);
	return *t ? 0 : -1;
}

static int more_outputs(const struct im_node *n, struct err *e)
{
	for (size_t i = 1; i < n->nout; i++)
		if (n->out[i] && n->out[i]->nuse)
			return err_set(e, "its output %zu is used, only the first is supported", i);
	return 0;
}

int onnx_layer_norm(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value mid = { .name = n->name, .nuse = 1 };
	const struct tensor *scale, *bias;
	bool over[LIMIT_RANK] = { false };
	struct im_value *x = n->in[0];
	int axis;

	if (more_outputs(n, e) < 0 || factor(n, 1, "scale", &scale, e) < 0 ||
	    factor(n, 2, "bias", &bias, e) < 0 ||
	    onnx_axis(im_int(n, "axis", -1), x->view.rank, &axis, e) < 0)
		return -1;
	for (int d = axis; d < x->view.rank; d++)
		over[d] = true;
	if (settle(b, x, over, e) < 0 ||
	    norm(b, x, over, MEAN_VARIANCE, im_float(n, "epsilon", 1e-5f), &mid, e) < 0)
		return -1;
	return affine(b, &mid, scale, bias, n->out[0], e);
}

/* [c] as [c,1,1...]: it meets dimension 1. */
static int per_channel(struct tensor *t, const struct im_view *v, struct err *e)
{
	if (t->rank != 1 || t->dim[0] != view_size(v, 1))
		return err_set(e, "a vector of %s for %s", tensor_shape_text(t), view_text(v));
	while (t->rank < v->rank - 1)
		t->dim[t->rank++] = 1;
	return 0;
}

int onnx_instance_norm(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value mid = { .name = n->name, .nuse = 1 };
	const struct tensor *scale = onnx_constant(n, 1, "scale", e);
	const struct tensor *bias = scale ? onnx_constant(n, 2, "bias", e) : NULL;
	bool over[LIMIT_RANK] = { false };
	struct im_value *x = n->in[0];
	struct tensor s, t;

	if (!bias)
		return -1;
	if (x->view.rank < 3)
		return err_set(e, "its input %s has no rows", view_text(&x->view));
	s = *scale;
	t = *bias;
	if (per_channel(&s, &x->view, e) < 0 || per_channel(&t, &x->view, e) < 0)
		return -1;
	for (int d = 2; d < x->view.rank; d++)
		over[d] = true;
	if (norm(b, x, over, MEAN_VARIANCE, im_float(n, "epsilon", 1e-5f), &mid, e) < 0)
		return -1;
	return affine(b, &mid, &s, &t, n->out[0], e);
}

/* The attribute axes (or dflt), the batch among them only when it is one image. */
static int over_axes(const struct im_node *n, const int64_t *dflt, size_t ndflt,
		     const struct im_view *v, bool over[LIMIT_RANK], struct err *e)
{
	size_t count;
	const int64_t *axes = im_ints(n, "axes", &count);
	int axis;

	if (!axes) {
		axes = dflt;
		count = ndflt;
	}
	memset(over, 0, LIMIT_RANK * sizeof *over);
	for (size_t i = 0; i < count; i++) {
		if (onnx_axis(axes[i], v->rank, &axis, e) < 0)
			return -1;
		over[axis] = true;
	}
	return 0;
}

/* The operator, and LAYERNORM: what exporters spell out. */
int onnx_mean_variance(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value mid = { .name = n->name, .nuse = 1 };
	const struct tensor *scale, *bias;
	static const int64_t dflt[3] = { 0, 2, 3 };
	struct im_value *x = n->in[0];
	bool over[LIMIT_RANK];

	if (factor(n, 1, "scale", &scale, e) < 0 || factor(n, 2, "bias", &bias, e) < 0 ||
	    over_axes(n, dflt, 3, &x->view, over, e) < 0 || settle(b, x, over, e) < 0)
		return -1;
	if (norm(b, x, over, MEAN_VARIANCE, im_float(n, "epsilon", FLT_MIN), &mid, e) < 0)
		return -1;
	return affine(b, &mid, scale, bias, n->out[0], e);
}

/* A second input is the shape to which the length was repeated: it must be that of x. */
static int same_shape(const struct im_node *n, const struct im_view *v, struct err *e)
{
	const struct tensor *t;

	if (n->nin < 2)
		return 0;
	if (!(t = onnx_constant(n, 1, "shape", e)))
		return -1;
	if (tensor_count(t) > (size_t)v->rank)
		return err_set(e, "it repeats %s to more dimensions", view_text(v));
	for (size_t i = 0; i < tensor_count(t); i++) {
		const int64_t size = view_size(v, v->rank - (int)tensor_count(t) + (int)i);

		if (tensor_get_int(t, i) != size && tensor_get_int(t, i) != 1)
			return err_set(e, "it repeats the length of %s to another shape",
				       view_text(v));
	}
	return 0;
}

/* LpNormalization, and L2NORM: x / max(length, epsilon) spelled out. */
int onnx_l2_norm(struct build *b, struct im_node *n, struct err *e)
{
	const int64_t axis = im_int(n, "axis", -1);
	const float least = im_float(n, "epsilon", 0);
	struct im_value *x = n->in[0];
	bool over[LIMIT_RANK];

	if (im_int(n, "p", 2) != 2)
		return err_set(e, "only the euclidean length (p = 2) is supported");
	if (same_shape(n, &x->view, e) < 0 || over_axes(n, &axis, 1, &x->view, over, e) < 0)
		return -1;
	return norm(b, x, over, L2, least * least > FLT_MIN ? least * least : FLT_MIN, n->out[0],
		    e);
}
