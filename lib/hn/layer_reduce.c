/* resize, softmax, argmax, reduce_*. */
#include "hn/layer.h"
#include <math.h>

/* clang-format off */
static const char *const methods[] = { "nearest_neighbor", "bilinear", NULL };
static const char *const pixels[] = { "half_pixels", "align_corners", "disabled", NULL };
static const char *const roundings[] = { "floor", "round_prefer_floor", "ceil",
	"round_prefer_ceil", NULL };

const struct field fields_resize[] = {
	{ "method", FIELD_NAME, PARAM(variant), 0, FIELD_ALWAYS, methods },
	{ "resize_bilinear_pixels_mode", FIELD_NAME, PARAM(resize_mode), 0, FIELD_ALWAYS, pixels },
	{ "resize_h_ratio_list", FIELD_RATIO, PARAM(resize_scale[0]), 0, 0, NULL },
	{ "resize_w_ratio_list", FIELD_RATIO, PARAM(resize_scale[1]), 1, 0, NULL },
	{ "hnt_size", FIELD_INTS, PARAM(resize_out), 2, 0, NULL },
	{ "hnt_scale", FIELD_FLOATS, PARAM(resize_scale), 2, 0, NULL },
	{ "hnt_nearest_rounding", FIELD_NAME, PARAM(resize_nearest), 0, 0, roundings },
	FIELDS_HOST,
	FIELDS_END
};

const struct field fields_softmax[] = {
	{ "groups", FIELD_INT, PARAM(softmax_groups), 0, 0, NULL },
	FIELDS_HOST,
	FIELDS_END
};

const struct field fields_argmax[] = {
	FIELDS_HOST,
	FIELDS_END
};

#define FIELDS_REDUCE                                                                              \
	{ "groups", FIELD_INT, PARAM(softmax_groups), 0, 0, NULL },                                \
	{ "reduce_axes", FIELD_AXES, PARAM(reduce_axes), 0, FIELD_ALWAYS, NULL }

const struct field fields_reduce[] = {
	FIELDS_REDUCE,
	FIELDS_ACT,
	FIELDS_END
};

const struct field fields_extreme[] = {
	FIELDS_REDUCE,
	FIELDS_END
};

static const char *const norms[] = { "mean_variance", "l2", NULL };

const struct field fields_layer_norm[] = {
	{ "groups", FIELD_INT, PARAM(softmax_groups), 0, 0, NULL },
	{ "reduce_axes", FIELD_AXES, PARAM(reduce_axes), 0, 0, NULL },
	{ "hnt_kind", FIELD_NAME, PARAM(variant), 0, 0, norms },
	{ "hnt_bn_epsilon", FIELD_FLOAT, PARAM(bn_epsilon), 0, 0, NULL },
	FIELDS_ACT,
	FIELDS_END
};
/* clang-format on */

static int64_t resized(const struct hn_params *p, int axis, int32_t in)
{
	if (p->resize_out[axis] > 0)
		return p->resize_out[axis];
	/* A scale that a float cannot hold exactly still gives the size it was made from. */
	return (int64_t)floor((double)in * (double)p->resize_scale[axis] * (1 + 1e-6));
}

/* Sizes follow from the scales when they are not given. */
int shape_resize(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int64_t h = resized(&l->p, 0, in.h);
	const int64_t w = resized(&l->p, 1, in.w);

	if (shape_set(l, h, w, in.c, 0, e) < 0)
		return -1;
	l->p.resize_out[0] = (int32_t)h;
	l->p.resize_out[1] = (int32_t)w;
	return 0;
}

static int check_groups(const struct layer *l, const struct hn_shape *in, struct err *e)
{
	if (in->c % l->p.softmax_groups != 0)
		return err_set(e, "%d features do not divide into %d groups", in->c,
			       l->p.softmax_groups);
	return 0;
}

int shape_softmax(struct layer *l, struct err *e)
{
	if (check_groups(l, layer_in_shape(l, 0), e) < 0)
		return -1;
	return shape_same(l, e);
}

int shape_argmax(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);

	return shape_set(l, in.h, in.w, 1, 0, e);
}

int shape_reduce(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int32_t axes = l->p.reduce_axes;

	if (check_groups(l, &in, e) < 0)
		return -1;
	return shape_set(l, axes & 1 ? 1 : in.h, axes & 2 ? 1 : in.w,
			 axes & 4 ? l->p.softmax_groups : in.c, 0, e);
}
