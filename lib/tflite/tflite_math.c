/* Elementwise operators, reductions, normalizations, resizing. */
#include "base/limits.h"
#include "tflite/tflite_int.h"
#include <math.h>

/* The row's ONNX operator with the same inputs in the same order. */
int tfl_same(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	n = tfl_node(t, o, o->op, o->nin);
	for (size_t i = 0; i < o->nin; i++)
		n->in[i] = o->in[i] ? o->in[i]->v : NULL;
	return 0;
}

/* ADD, SUB, MUL, DIV: the first option is the activation. */
int tfl_binary(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	if (tfl_needs(o, 2, e) < 0 || tfl_same(t, o, e) < 0)
		return -1;
	return tfl_activate(t, o, t->g->node[t->g->nnode - 1], fb_i8(&o->opt, 0, 0), e);
}

/* RELU6 and its like. */
int tfl_clip(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const bool six = strcmp(o->kind, "RELU6") == 0;
	const bool both = strcmp(o->kind, "RELU_N1_TO_1") == 0;
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	n = tfl_unary(t, o, "CLIP", o->in[0]->v);
	im_put_float(n, "min", both ? -1 : 0);
	im_put_float(n, "max", six ? 6 : 1);
	return 0;
}

int tfl_leaky(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	if (tfl_needs(o, 1, e) < 0)
		return -1;
	im_put_float(tfl_unary(t, o, "LeakyRelu", o->in[0]->v), "alpha", fb_f32(&o->opt, 0, 0));
	return 0;
}

int tfl_gelu(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	if (tfl_needs(o, 1, e) < 0)
		return -1;
	tfl_unary(t, o, fb_u8(&o->opt, 0, 0) ? "GELU_TANH" : "GELU", o->in[0]->v);
	return 0;
}

int tfl_rsqrt(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	if (tfl_needs(o, 1, e) < 0)
		return -1;
	tfl_unary(t, o, "Reciprocal", tfl_step(t, o, tfl_unary(t, o, "Sqrt", o->in[0]->v)));
	return 0;
}

int tfl_squared_difference(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0)
		return -1;
	n = tfl_node(t, o, "Sub", 2);
	n->in[0] = o->in[0]->v;
	n->in[1] = o->in[1]->v;
	tfl_unary(t, o, "SQUARE", tfl_step(t, o, n));
	return 0;
}

int tfl_softmax(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const float beta = fb_f32(&o->opt, 0, 0);
	struct tensor scale;
	struct im_value *x;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	x = o->in[0]->v;
	if (!isfinite(beta))
		return err_set(e, "its beta is not finite");
	if (beta != 1) {
		struct im_node *n = tfl_node(t, o, "Mul", 2);

		scale = tensor_new(DT_F32, 0, NULL);
		*(float *)tensor_data(&scale) = beta;
		n->in[0] = x;
		n->in[1] = tfl_const(t, o, scale);
		x = tfl_step(t, o, n);
	}
	im_put_int(tfl_unary(t, o, "Softmax", x), "axis", -1);
	return 0;
}

int tfl_l2_norm(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	n = tfl_unary(t, o, "LpNormalization", o->in[0]->v);
	im_put_int(n, "axis", -1);
	im_put_float(n, "epsilon", 1e-6f); /* the least length */
	return tfl_activate(t, o, n, fb_i8(&o->opt, 0, 0), e);
}

int tfl_reduce(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	int64_t axes[LIMIT_RANK];
	struct im_node *n;
	size_t count;

	if (tfl_needs(o, 1, e) < 0 || tfl_list(o, 1, "axis", axes, &count, e) < 0)
		return -1;
	n = tfl_unary(t, o, o->op, o->in[0]->v);
	im_put_ints(t->g, n, "axes", axes, count);
	im_put_int(n, "keepdims", fb_u8(&o->opt, 0, 0) != 0);
	return 0;
}

/* ARG_MAX, ARG_MIN: the dimension goes away. */
int tfl_arg(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	struct im_node *n;
	int64_t axis;

	if (tfl_needs(o, 1, e) < 0 || tfl_number(o, 1, "axis", &axis, e) < 0)
		return -1;
	n = tfl_unary(t, o, o->op, o->in[0]->v);
	im_put_int(n, "axis", axis);
	im_put_int(n, "keepdims", 0);
	return 0;
}

/* ONNX's number of a type; 0 when it has none here. */
static int64_t onnx_type(int64_t type)
{
	return type == TFL_FLOAT32   ? 1
	       : type == TFL_FLOAT16 ? 10
	       : type == TFL_FLOAT64 ? 11
	       : type == TFL_INT32   ? 6
	       : type == TFL_INT64   ? 7
	       : type == TFL_BOOL    ? 9
				     : 0;
}

int tfl_cast(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const int64_t to = onnx_type(o->out[0]->type);

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	if (to == 0)
		return err_set(e, "a cast to type %lld is not supported",
			       (long long)o->out[0]->type);
	/* Small lists of integers are kept in 64 bits. */
	im_put_int(tfl_unary(t, o, "Cast", o->in[0]->v), "to", to == 6 ? 7 : to);
	return 0;
}

/* Half precision is read as it is: constants stay where they lie in the file. */
int tfl_dequantize(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	if (tfl_needs(o, 1, e) < 0)
		return -1;
	if (o->in[0]->type != TFL_FLOAT16 && o->in[0]->type != TFL_FLOAT32)
		return err_set(e, "its input is of type %lld, half precision expected",
			       (long long)o->in[0]->type);
	if (o->in[0]->v->is_const && !o->out[0]->v->is_const && !o->out[0]->v->is_input)
		im_set_const(o->out[0]->v, tensor_ref(&o->in[0]->v->data));
	else
		im_put_int(tfl_unary(t, o, "Cast", o->in[0]->v), "to", 1);
	return 0;
}

/* Batch and features of x before the rows and columns that input 1 gives. */
static struct im_value *sizes(struct tfl *t, const struct tfl_oper *o)
{
	struct tensor front = tensor_new(DT_I64, 1, (int64_t[]){ 2 });
	struct im_node *n = tfl_node(t, o, "Concat", 2);

	((int64_t *)tensor_data(&front))[0] = o->in[0]->dim[0] > 0 ? o->in[0]->dim[0] : 1;
	((int64_t *)tensor_data(&front))[1] = o->in[0]->dim[3];
	n->in[0] = tfl_const(t, o, front);
	n->in[1] = o->in[1]->v;
	im_put_int(n, "axis", 0);
	return tfl_step(t, o, n);
}

int tfl_resize(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	const bool linear = strcmp(o->kind, "RESIZE_BILINEAR") == 0;
	const unsigned first = linear ? 2 : 0; /* the linear one has two old options before */
	const bool corners = fb_u8(&o->opt, first, 0) != 0;
	const bool half = fb_u8(&o->opt, first + 1, 0) != 0;
	struct im_value *size;
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0)
		return -1;
	if (o->in[0]->rank != 4)
		return err_set(e, "its input has %d dimensions, 4 expected", o->in[0]->rank);
	if (corners && half)
		return err_set(e, "align_corners and half_pixel_centers exclude each other");
	size = sizes(t, o);
	n = tfl_node(t, o, "Resize", 4);
	n->last = true;
	n->in[0] = o->in[0]->v;
	n->in[3] = size;
	im_put_text(n, "mode", linear ? "linear" : "nearest");
	/* A nearest pixel is that below; with corners aligned the rounded one. */
	im_put_text(n, "nearest_mode", corners ? "round_prefer_ceil" : "floor");
	im_put_text(n, "coordinate_transformation_mode",
		    corners  ? "align_corners"
		    : !half  ? "asymmetric"
		    : linear ? "half_pixel"
			     : "tf_half_pixel_for_nn");
	return 0;
}
