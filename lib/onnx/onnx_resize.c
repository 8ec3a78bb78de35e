/* Resize and Upsample: nearest and linear. */
#include "base/limits.h"
#include "onnx/onnx_int.h"
#include <math.h>

enum {
	HALF_PIXELS,
	ALIGN_CORNERS,
	ASYMMETRIC
};
enum {
	FLOOR,
	ROUND_PREFER_FLOOR,
	CEIL,
	ROUND_PREFER_CEIL
};

struct sizes {
	bool by_scale;
	double scale[LIMIT_RANK];
	int64_t out[LIMIT_RANK];
};

/* In floats, as the scale is one: 12 times 7/12 is 7. */
static int64_t scaled(int64_t size, double scale)
{
	return (int64_t)floorf((float)size * (float)scale);
}

static int from_scales(const struct tensor *t, const struct im_view *v, struct sizes *s,
		       struct err *e)
{
	if (tensor_count(t) != (size_t)v->rank)
		return err_set(e, "it has %zu scales for %s", tensor_count(t), view_text(v));
	s->by_scale = true;
	for (int d = 0; d < v->rank; d++) {
		s->scale[d] = tensor_get(t, (size_t)d);
		if (!(s->scale[d] > 0) || s->scale[d] > LIMIT_KERNEL)
			return err_set(e, "scale %g is absurd", s->scale[d]);
		s->out[d] = scaled(view_size(v, d), s->scale[d]);
	}
	return 0;
}

static int attr_scales(const struct im_node *n, const struct im_view *v, struct sizes *s,
		       struct err *e)
{
	const struct im_attr *a = im_attr(n, "scales");
	const bool two = im_attr(n, "height_scale") && im_attr(n, "width_scale") && v->rank == 4;

	if (!two && (!a || a->kind != IM_FLOATS || a->n != (size_t)v->rank))
		return err_set(e, "it has no scales for %s", view_text(v));
	s->by_scale = true;
	for (int d = 0; d < v->rank; d++) {
		s->scale[d] = !two     ? (double)a->floats[d]
			      : d == 2 ? (double)im_float(n, "height_scale", 1)
			      : d == 3 ? (double)im_float(n, "width_scale", 1)
				       : 1;
		if (!(s->scale[d] > 0) || s->scale[d] > LIMIT_KERNEL)
			return err_set(e, "scale %g is absurd", s->scale[d]);
		s->out[d] = scaled(view_size(v, d), s->scale[d]);
	}
	return 0;
}

static const struct tensor *given(const struct im_node *n, size_t i)
{
	const struct im_value *v = i < n->nin ? n->in[i] : NULL;

	return v && v->is_const && tensor_count(&v->data) ? &v->data : NULL;
}

static int read_sizes(struct build *b, const struct im_node *n, const struct im_view *v,
		      struct sizes *s, struct err *e)
{
	const bool upsample = strcmp(n->op, "Upsample") == 0;
	const size_t at = upsample || b->opset < 11 ? 1 : 2;
	const struct tensor *t;

	for (size_t i = 1; i < n->nin; i++)
		if (n->in[i] && !n->in[i]->is_const)
			return err_set(e, "its sizes are computed from data");
	if (upsample && b->opset < 9)
		return attr_scales(n, v, s, e);
	if (at == 2 && (t = given(n, 3))) {
		if (tensor_count(t) != (size_t)v->rank)
			return err_set(e, "it has %zu sizes for %s", tensor_count(t), view_text(v));
		for (int d = 0; d < v->rank; d++)
			s->out[d] = tensor_get_int(t, (size_t)d);
		return 0;
	}
	t = given(n, at);
	return t ? from_scales(t, v, s, e) : err_set(e, "it has neither sizes nor scales");
}

/* How a nearest pixel is chosen. */
static int nearest(struct build *b, const struct im_node *n, struct layer *l, bool down,
		   struct err *e)
{
	static const char *const names[] = { "floor", "round_prefer_floor", "ceil",
					     "round_prefer_ceil" };
	const char *mode = im_string(n, "nearest_mode", "round_prefer_floor");
	const char *where = im_string(n, "coordinate_transformation_mode", "half_pixel");

	/* Before opset 11: the pixel before when enlarging, the one after when reducing. */
	if (b->opset < 11) {
		l->p.resize_nearest = down ? CEIL : FLOOR;
		return 0;
	}
	for (int i = 0; i < 4; i++)
		if (strcmp(mode, names[i]) == 0) {
			l->p.resize_nearest = i;
			if (strcmp(where, "tf_half_pixel_for_nn") == 0)
				l->p.resize_nearest = ROUND_PREFER_CEIL;
			return 0;
		}
	return err_set(e, "nearest_mode '%s' is unknown", quote(mode));
}

static int pixels_mode(struct build *b, const struct im_node *n, int32_t *mode, struct err *e)
{
	const char *s = im_string(n, "coordinate_transformation_mode", "half_pixel");
	const bool is_nearest = strcmp(im_string(n, "mode", "nearest"), "nearest") == 0;
	const char *rounding = im_string(n, "nearest_mode", "round_prefer_floor");

	*mode = HALF_PIXELS;
	if (b->opset < 11 || strcmp(s, "asymmetric") == 0)
		*mode = ASYMMETRIC;
	else if (strcmp(s, "align_corners") == 0)
		*mode = ALIGN_CORNERS;
	else if (strcmp(s, "tf_half_pixel_for_nn") == 0 &&
		 (!is_nearest || strcmp(rounding, "floor") != 0))
		return err_set(e, "tf_half_pixel_for_nn is supported with nearest_mode floor only");
	else if (strcmp(s, "tf_half_pixel_for_nn") != 0 && strcmp(s, "half_pixel") != 0 &&
		 strcmp(s, "pytorch_half_pixel") != 0)
		return err_set(e,
			       "coordinate_transformation_mode '%s' is not supported (half_pixel, "
			       "align_corners and asymmetric are)",
			       quote(s));
	return 0;
}

/* Output rows and columns, and scales where they do not follow from the sizes. */
static int spatial(const struct im_view *v, const struct sizes *s, int64_t out[3], double scale[2],
		   struct err *e)
{
	out[0] = 1;
	out[2] = v->base[2];
	scale[0] = scale[1] = 0;
	for (int d = 0; d < v->rank; d++) {
		const int64_t in = view_size(v, d);
		const int i = d - v->rank + 2;

		if (d < 2 && s->out[d] != in)
			return err_set(e, "resizing batch or features (%s) is not supported",
				       view_text(v));
		if (s->out[d] < 1 || s->out[d] > LIMIT_DIM)
			return err_set(e, "its result would have %lld rows or columns",
				       (long long)s->out[d]);
		if (d < 2)
			continue;
		out[i] = s->out[d];
		if (s->by_scale && (double)s->out[d] != (double)in * s->scale[d])
			scale[i] = s->scale[d];
	}
	return 0;
}

/* pytorch_half_pixel takes the first pixel where one is wanted. */
static struct im_view first_pixels(struct build *b, const struct im_node *n, struct im_view v,
				   const int64_t out[3])
{
	const char *s = im_string(n, "coordinate_transformation_mode", "half_pixel");

	for (int i = 0; b->opset >= 11 && strcmp(s, "pytorch_half_pixel") == 0 && i < 2; i++)
		if (out[i] == 1 && v.base[i] != 1) {
			v.layer = build_slice(b, &v, i, 0, 1, 1);
			v.port = 0;
			v.base[i] = 1;
		}
	return v;
}

/* One feature becomes many, all else stays. */
static bool is_repeat(const struct im_view *v, const struct sizes *s)
{
	for (int d = 0; d < v->rank; d++)
		if (d != 1 && s->out[d] != view_size(v, d))
			return false;
	return view_size(v, 1) == 1 && s->out[1] > 1;
}

int onnx_resize(struct build *b, struct im_node *n, struct err *e)
{
	const char *method = im_string(n, "mode", "nearest");
	const bool linear = strcmp(method, "linear") == 0 || strcmp(method, "bilinear") == 0;
	struct im_value *x = n->in[0];
	struct im_view from;
	struct sizes s = { 0 };
	int64_t out[3];
	double scale[2];
	bool down, up;
	const char *axes;
	struct layer *l;

	if (!linear && strcmp(method, "nearest") != 0)
		return err_set(e, "mode '%s' is not supported, only 'nearest' and 'linear'",
			       quote(method));
	if (x->view.rank < 3 || x->view.rank > 4)
		return err_set(e, "its input %s is neither 1-D nor 2-D", view_text(&x->view));
	axes = view_std_axes(x->view.rank);
	if (view_want(b, x, axes, e) < 0 || read_sizes(b, n, &x->view, &s, e) < 0)
		return -1;
	if (!linear && is_repeat(&x->view, &s)) {
		build_pass(n->out[0], x);
		return onnx_repeat_dim(b, &n->out[0]->view, 1, s.out[1], e);
	}
	if (spatial(&x->view, &s, out, scale, e) < 0)
		return -1;
	up = out[0] > x->view.base[0] || out[1] > x->view.base[1];
	down = out[0] < x->view.base[0] || out[1] < x->view.base[1];
	if (!linear && b->opset < 11 && up && down)
		return err_set(e, "enlarging one axis and reducing the other is not supported "
				  "before opset 11");
	from = first_pixels(b, n, x->view, out);
	l = build_after(b, HN_RESIZE, "resize", &from);
	l->p.variant = linear;
	for (int i = 0; i < 2; i++) {
		l->p.resize_out[i] = (int32_t)out[i];
		l->p.resize_scale[i] = from.base[i] == x->view.base[i] ? (float)scale[i] : 0;
	}
	build_out(n->out[0], l, 0, x->view.batch, out, axes);
	if (pixels_mode(b, n, &l->p.resize_mode, e) < 0)
		return -1;
	return linear ? 0 : nearest(b, n, l, down, e);
}
