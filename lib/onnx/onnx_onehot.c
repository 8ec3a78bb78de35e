/*
 * OneHot (guide, table 2): a 1x1 convolution makes index - k for every k below the depth, and an
 * activation says where that is 0.
 */
#include "base/limits.h"
#include "onnx/onnx_int.h"
#include <math.h>

/* Operators that keep or choose values of their first input. */
static bool moves(const char *op)
{
	static const char *const ops[] = { "Cast",  "Flatten", "Gather",    "Identity", "Reshape",
					   "Slice", "Squeeze", "Transpose", "Unsqueeze" };

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (strcmp(ops[i], op) == 0)
			return true;
	return false;
}

bool onnx_is_whole(const struct im_value *v, bool *truth)
{
	static const char *const makes[] = { "ArgMax",         "ArgMin",      "OneHot", "And",
					     "Equal",          "Greater",     "Less",   "Not",
					     "GreaterOrEqual", "LessOrEqual", "Or",     "Sign" };
	enum {
		FAR = 64
	};

	for (int far = 0; v && v->from && far < FAR; far++) {
		const struct im_node *n = v->from;

		for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++)
			if (strcmp(makes[i], n->op) == 0)
				return *truth = i >= 3 && i < 11, true;
		if (!moves(n->op) || n->nin == 0)
			return false;
		v = n->in[0];
	}
	return false;
}

/* Does the value come from ArgMax or ArgMin, and so lie from 0 on? */
static bool from_argmax(const struct im_value *v)
{
	while (v && v->from && v->from->nin && moves(v->from->op))
		v = v->from->in[0];
	return v && v->from && strncmp(v->from->op, "Arg", 3) == 0;
}

/* y[k] = 1 where x + shift = k, of `depth` features. */
static void match(struct build *b, struct im_value *x, struct im_value *out, int64_t depth,
		  int64_t shift, const char *axes)
{
	struct layer *l = build_after(b, HN_CONV, "conv", &x->view);
	float *v = xcalloc((size_t)depth, sizeof *v);
	struct tensor k = tensor_new(DT_F32, 4, (const int64_t[]){ 1, 1, 1, depth });

	l->p.kernel[2] = 1;
	l->p.kernel[3] = (int32_t)depth;
	l->p.activation = ACT_EQUAL;
	for (int64_t i = 0; i < depth; i++) {
		((float *)tensor_data(&k))[i] = 1;
		v[i] = (float)(shift - i);
	}
	layer_set_weight(b->w, l, "kernel", k);
	build_weight(b, l, "bias", v, depth);
	free(v);
	build_out(out, l, 0, x->view.batch, (int64_t[]){ x->view.base[0], x->view.base[1], depth },
		  axes);
}

/* From 0 and 1 to the node's two values. */
static void on_off(struct build *b, struct im_value *mid, struct im_value *out, int64_t depth,
		   float off, float on)
{
	float *both = xcalloc(2 * (size_t)depth, sizeof *both);

	for (int64_t i = 0; i < depth; i++) {
		both[i] = on - off;
		both[depth + i] = off;
	}
	build_affine(b, mid, out, both, both + depth);
	free(both);
}

static int parameters(const struct im_node *n, int64_t *depth, float v[2], struct err *e)
{
	const struct tensor *d, *t;

	if (!(d = onnx_constant(n, 1, "depth", e)) || !(t = onnx_constant(n, 2, "values", e)))
		return -1;
	if (tensor_count(d) != 1 || tensor_count(t) != 2)
		return err_set(e, "its depth and values are not one number and two");
	*depth = tensor_get_int(d, 0);
	if (*depth < 1 || *depth > LIMIT_FEATURES)
		return err_set(e, "its depth %lld is absurd", (long long)*depth);
	v[0] = (float)tensor_get(t, 0);
	v[1] = (float)tensor_get(t, 1);
	return isfinite(v[0]) && isfinite(v[1]) ? 0 : err_set(e, "its values are not finite");
}

int onnx_onehot(struct build *b, struct im_node *n, struct err *e)
{
	static const char *const in_axes[4] = { NULL, "B", "BW", "BHW" };
	struct im_value *x = n->in[0], *out = n->out[0];
	struct im_value hit = { .name = n->name, .nuse = 1 }, low = hit, sum = hit;
	const int rank = x->view.rank;
	const bool positive = from_argmax(x);
	char axes[LIMIT_RANK + 1];
	int64_t depth = 1;
	float v[2] = { 0, 1 };
	int axis;

	if (rank < 1 || rank > 3)
		return err_set(e, "its input %s is not supported (1 to 3 dimensions are)",
			       view_text(&x->view));
	if (parameters(n, &depth, v, e) < 0 ||
	    onnx_axis(im_int(n, "axis", -1), rank + 1, &axis, e) < 0)
		return -1;
	if (axis == 0)
		return err_set(e, "an axis before the batch is not supported");
	if (view_want(b, x, in_axes[rank], e) < 0)
		return -1;
	memcpy(axes, in_axes[rank], (size_t)axis);
	axes[axis] = 'C';
	memcpy(axes + axis + 1, in_axes[rank] + axis, (size_t)(rank - axis) + 1);
	match(b, x, &hit, depth, 0, axes);
	if (!positive) {
		/* A negative index counts from the end. */
		match(b, x, &low, depth, depth, axes);
		if (onnx_tensors(b, &hit, &low, PAIR_ADD, &sum, e) < 0)
			return -1;
		hit = sum;
		hit.nuse = 1;
	}
	if (v[0] == 0 && v[1] == 1) {
		out->view = hit.view;
		out->done = true;
		return 0;
	}
	on_off(b, &hit, out, depth, v[0], v[1]);
	return 0;
}
