/*
 * One layer's arity and the bounds of its parameters: what the shape rules and every later stage
 * rely on, so that no product of dimensions overflows and no index leaves its array.
 */
#include "base/limits.h"
#include "hn/layer.h"
#include <math.h>

static int in_range(const char *what, int64_t v, int64_t lo, int64_t hi, struct err *e)
{
	if (v < lo || v > hi)
		return err_set(e, "its %s is %lld, %lld to %lld expected", what, (long long)v,
			       (long long)lo, (long long)hi);
	return 0;
}

static int all_in_range(const char *what, const int32_t *v, size_t n, int64_t lo, int64_t hi,
			struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (in_range(what, v[i], lo, hi, e) < 0)
			return -1;
	return 0;
}

static int check_arity(const struct layer *l, struct err *e)
{
	const bool added = hn_is(l->type, HNF_ADD) && l->p.elementwise_add;
	size_t min, max;

	hn_type_inputs(l->type, &min, &max);
	min += added;
	max += added && max != SIZE_MAX;
	if (l->nin < min || l->nin > max)
		return err_set(e, "it has %zu inputs, %zu expected", l->nin,
			       l->nin < min ? min : max);
	for (size_t i = 0; i < l->nin; i++) {
		const struct layer *from = l->in[i].layer;

		if (from->type == HN_OUTPUT)
			return err_set(e, "its input '%s' is an output layer", quote(from->name));
		if (l->in[i].port < 0 || (size_t)l->in[i].port >= from->nout)
			return err_set(e, "its input '%s' has no output port %d", quote(from->name),
				       l->in[i].port);
	}
	return 0;
}

static int check_window(const struct layer *l, struct err *e)
{
	const struct hn_params *p = &l->p;

	if (all_in_range("kernel size", p->kernel, 2, 1, LIMIT_KERNEL, e) < 0 ||
	    all_in_range("stride", p->stride, 2, 1, LIMIT_KERNEL, e) < 0 ||
	    all_in_range("dilation", p->dilation, 2, 1, LIMIT_KERNEL, e) < 0)
		return -1;
	if ((unsigned)p->padding > PAD_DECONV)
		return err_set(e, "its padding is unknown");
	if (p->padding == PAD_DECONV && l->type != HN_DECONV)
		return err_set(e, "its padding DECONV belongs to deconv layers");
	if (l->type != HN_DECONV)
		return 0;
	if (all_in_range("output padding", p->output_pad, 2, 0, LIMIT_KERNEL * LIMIT_KERNEL, e) < 0)
		return -1;
	return all_in_range("crop", p->deconv_crop, 4, 0, LIMIT_KERNEL * LIMIT_KERNEL, e);
}

static int check_kernel(const struct layer *l, struct err *e)
{
	const struct hn_params *p = &l->p;

	if (in_range("number of kernel input features", p->kernel[2], 1,
		     l->type == HN_DENSE ? INT32_MAX : LIMIT_FEATURES, e) < 0 ||
	    in_range("number of kernel output features", p->kernel[3], 1, LIMIT_FEATURES, e) < 0)
		return -1;
	if (p->conversion && (p->kernel[0] != 1 || p->kernel[1] != 1 || p->kernel[2] != 3 ||
			      p->kernel[3] != 3 || p->activation != ACT_LINEAR))
		return err_set(e, "a color conversion is linear, of one pixel and three features");
	return in_range("number of groups", p->groups, 1, LIMIT_FEATURES, e);
}

/* Activation and batch norm. */
static int check_output_stage(const struct layer *l, struct err *e)
{
	const struct hn_params *p = &l->p;

	if ((unsigned)p->activation >= ACT_COUNT)
		return err_set(e, "its activation is unknown");
	if (!hn_is(l->type, HNF_ACT) && p->activation != ACT_LINEAR)
		return err_set(e, "its type takes no activation");
	if (isnan(p->act.lo) || isnan(p->act.hi) || !(p->act.lo <= p->act.hi))
		return err_set(e, "its activation's bounds are not in order");
	if (!isfinite(p->act.alpha) || !isfinite(p->act.beta))
		return err_set(e, "its activation has a parameter that is not finite");
	if ((hn_is(l->type, HNF_BN) || l->type == HN_LAYER_NORM) &&
	    !(p->bn_epsilon >= 0 && p->bn_epsilon < INFINITY))
		return err_set(e, "its epsilon is not a positive number");
	return 0;
}

static int check_move(const struct layer *l, struct err *e)
{
	const struct hn_params *p = &l->p;

	if (in_range("axis", p->concat_axis, 1, 3, e) < 0 ||
	    all_in_range("block size", p->block, 2, 1, LIMIT_KERNEL, e) < 0 ||
	    in_range("number of groups", p->shuffle_groups, 1, LIMIT_FEATURES, e) < 0 ||
	    in_range("variant", p->variant, 0, 3, e) < 0 ||
	    all_in_range("reshape", p->reshape, 3, 0, LIMIT_DIM, e) < 0 ||
	    all_in_range("transpose", p->transpose, 3, 0, 2, e) < 0)
		return -1;
	if (p->transpose[0] == p->transpose[1] || p->transpose[0] == p->transpose[2] ||
	    p->transpose[1] == p->transpose[2])
		return err_set(e, "its transpose is not a permutation");
	return 0;
}

static int check_split(const struct layer *l, struct err *e)
{
	const size_t max = sizeof l->p.split / sizeof l->p.split[0];

	if (in_range("number of parts", l->p.nsplit, 1, (int64_t)max, e) < 0)
		return -1;
	return all_in_range("part", l->p.split, (size_t)l->p.nsplit, 1, LIMIT_FEATURES, e);
}

static int check_external_pad(const struct layer *l, struct err *e)
{
	if (isnan(l->p.pad_value))
		return err_set(e, "its pad value is not a number");
	return all_in_range("padding", l->p.pad, 4, 0, LIMIT_KERNEL, e);
}

static int check_resize(const struct layer *l, struct err *e)
{
	const struct hn_params *p = &l->p;

	for (int i = 0; i < 2; i++) {
		if (!isfinite(p->resize_scale[i]) || p->resize_scale[i] < 0 ||
		    p->resize_scale[i] > LIMIT_KERNEL)
			return err_set(e, "its scale %g is out of range",
				       (double)p->resize_scale[i]);
		if (p->resize_out[i] == 0 && p->resize_scale[i] == 0)
			return err_set(e, "it has neither a size nor a scale");
	}
	if (in_range("method", p->variant, 0, 1, e) < 0 ||
	    in_range("pixels mode", p->resize_mode, 0, 2, e) < 0 ||
	    in_range("rounding", p->resize_nearest, 0, 3, e) < 0)
		return -1;
	return all_in_range("size", p->resize_out, 2, 0, LIMIT_DIM, e);
}

int layer_check(const struct layer *l, struct err *e)
{
	const enum hn_type t = l->type;

	if (check_arity(l, e) < 0)
		return -1;
	if (hn_is(t, HNF_WINDOW) && check_window(l, e) < 0)
		return -1;
	if (hn_is(t, HNF_KERNEL) && t != HN_NORMALIZATION && check_kernel(l, e) < 0)
		return -1;
	if (check_output_stage(l, e) < 0)
		return -1;
	if (hn_is(t, HNF_MOVE) && check_move(l, e) < 0)
		return -1;
	if (t == HN_FEATURE_SPLITTER)
		return check_split(l, e);
	if (t == HN_EXTERNAL_PAD)
		return check_external_pad(l, e);
	if (t == HN_RESIZE)
		return check_resize(l, e);
	if (t == HN_MATMUL && in_range("number of groups", l->p.groups, 1, LIMIT_FEATURES, e) < 0)
		return -1;
	if (in_range("reduce_axes", l->p.reduce_axes, 1, 7, e) < 0)
		return -1;
	return in_range("number of groups", l->p.softmax_groups, 1, LIMIT_FEATURES, e);
}
