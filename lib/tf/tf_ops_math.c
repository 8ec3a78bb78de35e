/* Elementwise operators, reductions, normalizations, resizing. */
#include "tf/tf_ops.h"

/* The row's ONNX operator with the same inputs in the same order. */
int tf_same(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	n = tf_add(t, o, o->op, o->nin);
	memcpy(n->in, o->in, o->nin * sizeof(struct im_value *));
	return 0;
}

int tf_relu6(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0)
		return -1;
	n = tf_unary(t, o, "CLIP", o->in[0]);
	im_put_float(n, "min", 0);
	im_put_float(n, "max", 6);
	return 0;
}

int tf_leaky(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 1, e) < 0)
		return -1;
	im_put_float(tf_unary(t, o, "LeakyRelu", o->in[0]), "alpha",
		     tf_attr_float(o->n, "alpha", 0.2f));
	return 0;
}

int tf_rsqrt(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 1, e) < 0)
		return -1;
	tf_unary(t, o, "Reciprocal", tf_step(t, o, tf_unary(t, o, "Sqrt", o->in[0])));
	return 0;
}

int tf_squared_difference(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 2, e) < 0)
		return -1;
	tf_unary(t, o, "SQUARE", tf_step(t, o, tf_pair(t, o, "Sub", o->in[0], o->in[1])));
	return 0;
}

/* Of integers, as shapes are computed with, which are not negative. */
int tf_floor_div(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const int type = tf_attr_type(o->n, "T");
	struct im_node *n;

	if (tf_needs(o, 2, e) < 0)
		return -1;
	n = tf_pair(t, o, "Div", o->in[0], o->in[1]);
	if (type != TF_INT32 && type != TF_INT64)
		tf_unary(t, o, "Floor", tf_step(t, o, n));
	return 0;
}

int tf_not_equal(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 2, e) < 0)
		return -1;
	tf_unary(t, o, "Not", tf_step(t, o, tf_pair(t, o, "Equal", o->in[0], o->in[1])));
	return 0;
}

/* Softmax, LogSoftmax: over the last dimension. */
int tf_softmax(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (tf_needs(o, 1, e) < 0)
		return -1;
	im_put_int(tf_unary(t, o, o->op, o->in[0]), "axis", -1);
	return 0;
}

int tf_reduce(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	struct im_node *n;
	size_t count;

	if (tf_needs(o, 2, e) < 0 || tf_list(o, 1, "axis", axes, &count, e) < 0)
		return -1;
	if (count == 0) { /* over nothing */
		tf_unary(t, o, "Identity", o->in[0]);
		return 0;
	}
	n = tf_unary(t, o, o->op, o->in[0]);
	im_put_ints(t->g, n, "axes", axes, count);
	im_put_int(n, "keepdims",
		   tf_attr_bool(o->n, "keep_dims", tf_attr_bool(o->n, "keepdims", false)));
	return 0;
}

/* ArgMax, ArgMin: the dimension goes away. */
int tf_arg(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_node *n;
	int64_t axis;

	if (tf_needs(o, 2, e) < 0 || tf_number(o, 1, "axis", &axis, e) < 0)
		return -1;
	n = tf_unary(t, o, o->op, o->in[0]);
	im_put_int(n, "axis", axis);
	im_put_int(n, "keepdims", 0);
	return 0;
}

int tf_cast(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const int type = tf_attr_type(o->n, "DstT");
	const int64_t to = tf_onnx_type(type);

	if (tf_needs(o, 1, e) < 0)
		return -1;
	if (to == 0)
		return err_set(e, "a cast to type %d is not supported", type);
	im_put_int(tf_unary(t, o, "Cast", o->in[0]), "to", to);
	return 0;
}

/* Batch and features of x before the rows and columns that input 1 gives. */
static struct im_value *sizes(struct tf *t, const struct tf_oper *o, const int64_t *dim)
{
	const int64_t front[2] = { dim[0] > 0 ? dim[0] : 1, dim[3] };
	struct im_node *n = tf_pair(t, o, "Concat", tf_const_ints(t, o, front, 2), o->in[1]);

	im_put_int(n, "axis", 0);
	return tf_step(t, o, n);
}

int tf_resize(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const bool linear = strcmp(o->op, "linear") == 0;
	const bool corners = tf_attr_bool(o->n, "align_corners", false);
	const bool half = tf_attr_bool(o->n, "half_pixel_centers", false);
	int64_t dim[LIMIT_RANK];
	struct im_value *size;
	struct im_node *n;
	int rank;

	if (tf_needs(o, 2, e) < 0 || tf_dims(o, 0, &rank, dim, e) < 0)
		return -1;
	if (rank != 4)
		return err_set(e, "its input has %d dimensions, 4 expected", rank);
	if (corners && half)
		return err_set(e, "align_corners and half_pixel_centers exclude each other");
	size = sizes(t, o, dim);
	n = tf_add(t, o, "Resize", 4);
	n->last = true;
	n->in[0] = o->in[0];
	n->in[3] = size;
	im_put_text(n, "mode", o->op);
	/* A nearest pixel is that below; with corners aligned the rounded one. */
	im_put_text(n, "nearest_mode", corners ? "round_prefer_ceil" : "floor");
	im_put_text(n, "coordinate_transformation_mode",
		    corners  ? "align_corners"
		    : !half  ? "asymmetric"
		    : linear ? "half_pixel"
			     : "tf_half_pixel_for_nn");
	return 0;
}

/* OneHot(indices, depth, on, off): ONNX has both values in one list. */
int tf_one_hot(struct tf *t, const struct tf_oper *o, struct err *e)
{
	struct im_value *off, *on;
	struct im_node *n;

	if (tf_needs(o, 4, e) < 0)
		return -1;
	on = tf_along(t, o, "Unsqueeze", o->in[2], 0);
	off = tf_along(t, o, "Unsqueeze", o->in[3], 0);
	n = tf_pair(t, o, "Concat", off, on);
	im_put_int(n, "axis", 0);
	on = tf_step(t, o, n);
	n = tf_add(t, o, "OneHot", 3);
	n->in[0] = o->in[0];
	n->in[1] = o->in[1];
	n->in[2] = on;
	im_put_int(n, "axis", tf_attr_int(o->n, "axis", -1));
	return 0;
}
