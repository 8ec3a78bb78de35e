/* CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, pools: windows over rows and columns. */
#include "tflite/tflite_int.h"

/* A node over NHWC with the window's attributes, bias among its inputs. */
static struct im_node *window(struct tfl *t, const struct tfl_oper *o, const char *op,
			      const int64_t stride[2])
{
	struct im_node *n = tfl_node(t, o, op, 3);

	n->last = true;
	im_put_ints(t->g, n, "strides", stride, 2);
	return n;
}

static void padding(struct im_node *n, int64_t scheme)
{
	im_put_text(n, "auto_pad", scheme == 0 ? "SAME_UPPER" : "VALID");
}

/* The kernel's operands: input, kernel, bias. */
static int operands(const struct tfl_oper *o, struct im_node *n, size_t x, size_t bias,
		    const char *layout)
{
	n->in[0] = o->in[x]->v;
	n->in[1] = o->in[1]->v;
	n->in[2] = o->nin > bias && o->in[bias] ? o->in[bias]->v : NULL;
	im_put_text(n, "kernel_layout", layout);
	return 0;
}

static int check_map(const struct tfl_tensor *x, const char *what, struct err *e)
{
	return x->rank == 4 ? 0 : err_set(e, "its %s has %d dimensions, 4 expected", what, x->rank);
}

int tfl_conv(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	enum {
		PADDING,
		STRIDE_W,
		STRIDE_H,
		ACTIVATION,
		DILATION_W,
		DILATION_H
	};
	const int64_t stride[2] = { fb_i32(&o->opt, STRIDE_H, 0), fb_i32(&o->opt, STRIDE_W, 0) };
	const int64_t dilation[2] = { fb_i32(&o->opt, DILATION_H, 1),
				      fb_i32(&o->opt, DILATION_W, 1) };
	int64_t per;
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0 || check_map(o->in[0], "input", e) < 0 ||
	    check_map(o->in[1], "kernel", e) < 0)
		return -1;
	per = o->in[1]->dim[3];
	n = window(t, o, "Conv", stride);
	operands(o, n, 0, 2, "OHWI");
	im_put_ints(t->g, n, "dilations", dilation, 2);
	padding(n, fb_i8(&o->opt, PADDING, 0));
	/* A kernel over fewer features than there are: groups. */
	if (per > 0 && o->in[0]->dim[3] > per && o->in[0]->dim[3] % per == 0)
		im_put_int(n, "group", o->in[0]->dim[3] / per);
	return tfl_activate(t, o, n, fb_i8(&o->opt, ACTIVATION, 0), e);
}

int tfl_depthwise(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	enum {
		PADDING,
		STRIDE_W,
		STRIDE_H,
		MULTIPLIER,
		ACTIVATION,
		DILATION_W,
		DILATION_H
	};
	const int64_t stride[2] = { fb_i32(&o->opt, STRIDE_H, 0), fb_i32(&o->opt, STRIDE_W, 0) };
	const int64_t dilation[2] = { fb_i32(&o->opt, DILATION_H, 1),
				      fb_i32(&o->opt, DILATION_W, 1) };
	struct im_node *n;

	if (tfl_needs(o, 2, e) < 0 || check_map(o->in[0], "input", e) < 0 ||
	    check_map(o->in[1], "kernel", e) < 0)
		return -1;
	if (o->in[0]->dim[3] < 1)
		return err_set(e, "the number of its features is open");
	n = window(t, o, "Conv", stride);
	operands(o, n, 0, 2, "IHWO");
	im_put_ints(t->g, n, "dilations", dilation, 2);
	padding(n, fb_i8(&o->opt, PADDING, 0));
	im_put_int(n, "group", o->in[0]->dim[3]);
	return tfl_activate(t, o, n, fb_i8(&o->opt, ACTIVATION, 0), e);
}

/*
 * The output's size is given; rows are cut as a convolution of that output would pad them.
 */
int tfl_transpose_conv(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	enum {
		PADDING,
		STRIDE_W,
		STRIDE_H,
		ACTIVATION
	};
	const int64_t stride[2] = { fb_i32(&o->opt, STRIDE_H, 0), fb_i32(&o->opt, STRIDE_W, 0) };
	int64_t pad[4] = { 0 }, more[2] = { 0 };
	struct im_node *n;

	if (tfl_needs(o, 3, e) < 0 || check_map(o->in[2], "input", e) < 0 ||
	    check_map(o->in[1], "kernel", e) < 0 || check_map(o->out[0], "output", e) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		const int64_t in = o->in[2]->dim[1 + i], out = o->out[0]->dim[1 + i];
		const int64_t cut = (in - 1) * stride[i] + o->in[1]->dim[1 + i] - out;

		if (in < 1 || out < 1)
			return err_set(e, "its rows or columns are open");
		pad[i] = cut > 0 ? cut / 2 : 0;
		pad[2 + i] = cut > 0 ? cut - pad[i] : 0;
		more[i] = cut < 0 ? -cut : 0;
		if (fb_i8(&o->opt, PADDING, 0) != 0 && cut > 0)
			return err_set(e, "padding VALID does not give %lld from %lld",
				       (long long)out, (long long)in);
	}
	n = window(t, o, "ConvTranspose", stride);
	operands(o, n, 2, 3, "OHWI");
	im_put_ints(t->g, n, "pads", pad, 4);
	im_put_ints(t->g, n, "output_padding", more, 2);
	return tfl_activate(t, o, n, fb_i8(&o->opt, ACTIVATION, 0), e);
}

int tfl_pool(struct tfl *t, const struct tfl_oper *o, struct err *e)
{
	enum {
		PADDING,
		STRIDE_W,
		STRIDE_H,
		FILTER_W,
		FILTER_H,
		ACTIVATION
	};
	const int64_t stride[2] = { fb_i32(&o->opt, STRIDE_H, 0), fb_i32(&o->opt, STRIDE_W, 0) };
	const int64_t size[2] = { fb_i32(&o->opt, FILTER_H, 0), fb_i32(&o->opt, FILTER_W, 0) };
	struct im_node *n;

	if (tfl_needs(o, 1, e) < 0)
		return -1;
	n = tfl_unary(t, o, o->op, o->in[0]->v);
	n->last = true;
	im_put_ints(t->g, n, "kernel_shape", size, 2);
	im_put_ints(t->g, n, "strides", stride, 2);
	padding(n, fb_i8(&o->opt, PADDING, 0));
	return tfl_activate(t, o, n, fb_i8(&o->opt, ACTIVATION, 0), e);
}
