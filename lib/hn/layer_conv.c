/* conv, dw, deconv, dense. */
#include "hn/layer.h"
#include "hn/window.h"

/* clang-format off */
const struct field fields_conv[] = {
	{ "kernel_shape", FIELD_INTS, PARAM(kernel), 4, FIELD_ALWAYS, NULL },
	FIELDS_WINDOW,
	{ "groups", FIELD_INT, PARAM(groups), 0, 0, NULL },
	FIELDS_BN,
	FIELDS_ACT,
	{ "hnt_color_conversion", FIELD_STRING, PARAM(conversion), 0, 0, NULL },
	FIELDS_END
};

const struct field fields_deconv[] = {
	{ "kernel_shape", FIELD_INTS, PARAM(kernel), 4, FIELD_ALWAYS, NULL },
	FIELDS_WINDOW,
	{ "groups", FIELD_INT, PARAM(groups), 0, 0, NULL },
	{ "hnt_crop", FIELD_INTS, PARAM(deconv_crop), 4, FIELD_EXPLICIT, NULL },
	{ "hnt_output_pad", FIELD_INTS, PARAM(output_pad), 2, FIELD_EXPLICIT, NULL },
	FIELDS_BN,
	FIELDS_ACT,
	FIELDS_END
};

const struct field fields_dense[] = {
	{ "kernel_shape", FIELD_INTS, PARAM(kernel[2]), 2, FIELD_ALWAYS, NULL },
	FIELDS_BN,
	FIELDS_ACT,
	FIELDS_END
};
/* clang-format on */

int shape_conv(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	struct hn_params *p = &l->p;
	int64_t h, w;

	if ((int64_t)p->kernel[2] * p->groups != in.c)
		return err_set(e, "its kernel takes %d features in %d groups, its input has %d",
			       p->kernel[2], p->groups, in.c);
	if (p->kernel[3] % p->groups != 0)
		return err_set(e, "its %d output features do not divide into %d groups",
			       p->kernel[3], p->groups);
	if (window_resolve(p, &in, false, &h, &w, e) < 0)
		return -1;
	return shape_set(l, h, w, p->kernel[3], in.rank == 2 ? 4 : in.rank, e);
}

int shape_dw(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	struct hn_params *p = &l->p;
	int64_t h, w;

	if (p->kernel[2] != in.c)
		return err_set(e, "its kernel has %d features, its input %d", p->kernel[2], in.c);
	p->groups = in.c;
	if (window_resolve(p, &in, false, &h, &w, e) < 0)
		return -1;
	return shape_set(l, h, w, (int64_t)in.c * p->kernel[3], in.rank == 2 ? 4 : in.rank, e);
}

/*
 * One axis of a deconvolution: the full output has (in - 1) stride + window rows; DECONV and both
 * SAME cut it to in * stride (the extra row is cut at the end), or add rows where the stride is
 * larger than the window.
 */
static int64_t deconv_axis(struct hn_params *p, int axis, int64_t in)
{
	const int64_t full = (in - 1) * p->stride[axis] + window_extent(p, axis);
	const int64_t excess = full - in * p->stride[axis];
	int32_t *crop = &p->deconv_crop[2 * axis];

	if (p->padding != PAD_VALID) {
		crop[0] = excess > 0 ? (int32_t)(excess / 2) : 0;
		crop[1] = excess > 0 ? (int32_t)(excess - excess / 2) : 0;
		p->output_pad[axis] = excess < 0 ? (int32_t)-excess : 0;
	}
	return full + p->output_pad[axis] - crop[0] - crop[1];
}

int shape_deconv(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	struct hn_params *p = &l->p;
	int64_t h, w;

	if ((int64_t)p->kernel[2] * p->groups != in.c)
		return err_set(e, "its kernel takes %d features in %d groups, its input has %d",
			       p->kernel[2], p->groups, in.c);
	if (p->kernel[3] % p->groups != 0)
		return err_set(e, "its %d output features do not divide into %d groups",
			       p->kernel[3], p->groups);
	h = deconv_axis(p, 0, in.h);
	w = deconv_axis(p, 1, in.w);
	return shape_set(l, h, w, p->kernel[3], in.rank == 2 ? 4 : in.rank, e);
}

int shape_dense(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);

	if ((size_t)l->p.kernel[2] != hn_shape_count(&in))
		return err_set(e, "its kernel takes %d values, its input %s has %zu",
			       l->p.kernel[2], hn_shape_text(&in), hn_shape_count(&in));
	return shape_set(l, 1, 1, l->p.kernel[3], 2, e);
}
