/* Convolutions and pools: windows over rows and columns. */
#include "tf/tf_ops.h"

/* A node with the window's attributes. */
static int window(struct tf *t, const struct tf_oper *o, const char *op, size_t nin,
		  struct im_node **out, struct err *e)
{
	int64_t stride[2];

	if (tf_spatial(o, "strides", 1, stride, e) < 0)
		return -1;
	*out = tf_add(t, o, op, nin);
	(*out)->last = tf_last(o);
	(*out)->in[0] = o->in[0];
	im_put_ints(t->g, *out, "strides", stride, 2);
	return 0;
}

/* explicit_paddings: two for each dimension of the layout. */
static int explicit_pads(const struct tf_oper *o, int64_t pad[4], struct err *e)
{
	const size_t at = tf_last(o) ? 2 : 4, other = tf_last(o) ? 6 : 2;
	int64_t v[8];
	const size_t n = tf_attr_ints(o->n, "explicit_paddings", v, 8);

	if (n != 8)
		return err_set(e, "its explicit_paddings are %zu numbers, 8 expected", n);
	if (v[0] || v[1] || v[other] || v[other + 1])
		return err_set(e, "its explicit_paddings pad the batch or the features");
	for (int i = 0; i < 2; i++) {
		pad[i] = v[at + 2 * (size_t)i];
		pad[2 + i] = v[at + 2 * (size_t)i + 1];
	}
	return 0;
}

static int padding(struct tf *t, const struct tf_oper *o, struct im_node *n, struct err *e)
{
	const char *scheme = tf_attr_text(o->n, "padding", "");
	int64_t pad[4];

	if (strcmp(scheme, "SAME") == 0 || strcmp(scheme, "VALID") == 0) {
		im_put_text(n, "auto_pad", scheme[0] == 'S' ? "SAME_UPPER" : "VALID");
		return 0;
	}
	if (strcmp(scheme, "EXPLICIT") != 0)
		return err_set(e, "its padding '%s' is unknown", quote(scheme));
	if (explicit_pads(o, pad, e) < 0)
		return -1;
	im_put_ints(t->g, n, "pads", pad, 4);
	return 0;
}

static int check_rank(const struct tf_oper *o, size_t i, const char *what, int want, struct err *e)
{
	int64_t dim[LIMIT_RANK];
	int rank;

	if (tf_dims(o, i, &rank, dim, e) < 0)
		return -1;
	return rank == want ? 0
			    : err_set(e, "its %s has %d dimensions, %d expected", what, rank, want);
}

/* ---- dilation by batches ---- */
static bool is_op(const struct tf_item *it, const char *op)
{
	return it && strcmp(it->n->op, op) == 0;
}

static struct tf_item *input_item(const struct tf *t, const struct tf_item *it, size_t i)
{
	size_t port;

	return i < it->n->nin ? tf_item_of(t, it->n->in[i], &port) : NULL;
}

/* What alone reads it, through a node of this operator if there is one. */
static struct tf_item *only_reader(const struct tf_item *it, const char *through)
{
	for (int i = 0; i < 2; i++) {
		if (it->nuse != 1 || !it->reader)
			return NULL;
		it = it->reader;
		if (!is_op(it, through))
			break;
	}
	return (struct tf_item *)(uintptr_t)it;
}

/*
 * TensorFlow 1 dilates by moving every d-th pixel into a batch of its own, convolving, and moving
 * back.  Where nothing else is between, that is a convolution with a dilation.
 */
void tf_find_dilated(struct tf *t)
{
	for (size_t i = 0; i < t->nitem; i++) {
		struct tf_item *conv = &t->item[i], *before, *behind;

		if (!is_op(conv, "Conv2D") && !is_op(conv, "DepthwiseConv2dNative"))
			continue;
		before = input_item(t, conv, 0);
		if (is_op(before, "ExpandDims") && before->nuse == 1)
			before = input_item(t, before, 0);
		behind = only_reader(conv, "Squeeze");
		if (!is_op(before, "SpaceToBatchND") || before->nuse != 1 ||
		    !is_op(behind, "BatchToSpaceND") || before->dilated || behind->dilated ||
		    before->n->nin != 3 || behind->n->nin != 3 ||
		    strcmp(tf_attr_text(conv->n, "padding", ""), "VALID") != 0 ||
		    !tf_last(&(struct tf_oper){ .n = conv->n }))
			continue;
		conv->dilated = behind;
		before->dilated = behind->dilated = conv;
	}
}

int tf_to_batch(struct tf *t, const struct tf_oper *o, struct err *e)
{
	if (!o->item->dilated)
		return err_set(e, "it is supported around one convolution of padding VALID, as "
				  "TensorFlow 1 writes dilations");
	tf_unary(t, o, "Identity", o->in[0]);
	return 0;
}

/* Integers of input i of a node. */
static int node_list(struct tf *t, const struct tf_item *it, size_t i, size_t want,
		     int64_t out[LIMIT_RANK], struct err *e)
{
	const struct im_value *v = tf_value(t, it->n->in[i]);

	if (!v->is_const || tensor_count(&v->data) != want)
		return err_set(e, "its input '%s' is not %zu constants", quote(it->n->in[i]), want);
	for (size_t k = 0; k < want; k++)
		out[k] = tensor_get_int(&v->data, k);
	return 0;
}

/* Block and paddings before the convolution less the crops behind it. */
static int dilate(struct tf *t, const struct tf_oper *o, struct im_node *n, struct err *e)
{
	const struct tf_item *behind = o->item->dilated, *before = input_item(t, o->item, 0);
	int64_t dilation[2] = { 1, 1 }, pad[4] = { 0 }, block[LIMIT_RANK], p[LIMIT_RANK],
		c[LIMIT_RANK], again[LIMIT_RANK];
	size_t axes;

	if (is_op(before, "ExpandDims"))
		before = input_item(t, before, 0);
	axes = before == input_item(t, o->item, 0) ? 2 : 1;
	if (node_list(t, before, 1, axes, block, e) < 0 ||
	    node_list(t, before, 2, 2 * axes, p, e) < 0 ||
	    node_list(t, behind, 1, axes, again, e) < 0 ||
	    node_list(t, behind, 2, 2 * axes, c, e) < 0)
		return -1;
	for (size_t i = 0; i < axes; i++) {
		const size_t at = i + 2 - axes;

		if (block[i] != again[i])
			return err_set(e, "BatchToSpaceND behind it does not undo SpaceToBatchND");
		dilation[at] = block[i];
		pad[at] = p[2 * i] - c[2 * i];
		pad[2 + at] = p[2 * i + 1] - c[2 * i + 1];
		if (pad[at] < 0 || pad[2 + at] < 0)
			return err_set(e, "BatchToSpaceND behind it crops more than was padded");
	}
	im_put_ints(t->g, n, "dilations", dilation, 2);
	im_put_ints(t->g, n, "pads", pad, 4);
	return 0;
}

int tf_from_batch(struct tf *t, const struct tf_oper *o, struct err *e)
{
	return tf_to_batch(t, o, e);
}

/* ---- convolutions ---- */
static int convolve(struct tf *t, const struct tf_oper *o, const char *layout, int64_t groups,
		    struct err *e)
{
	int64_t dilation[2];
	struct im_node *n;

	if (tf_spatial(o, "dilations", 1, dilation, e) < 0 || window(t, o, "Conv", 3, &n, e) < 0)
		return -1;
	n->in[1] = o->in[1];
	im_put_text(n, "kernel_layout", layout);
	if (groups > 1)
		im_put_int(n, "group", groups);
	if (o->item->dilated)
		return dilate(t, o, n, e);
	im_put_ints(t->g, n, "dilations", dilation, 2);
	return padding(t, o, n, e);
}

/* Features of input 0; -1: not known. */
static int64_t features(const struct tf_oper *o)
{
	struct err ignored = { 0 };
	int64_t dim[LIMIT_RANK];
	int rank;

	if (tf_dims(o, 0, &rank, dim, &ignored) < 0 || rank != 4)
		return -1;
	return dim[tf_last(o) ? 3 : 1];
}

int tf_conv(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t dim[LIMIT_RANK], c;
	int rank;

	if (tf_needs(o, 2, e) < 0 || check_rank(o, 1, "kernel", 4, e) < 0 ||
	    tf_dims(o, 1, &rank, dim, e) < 0)
		return -1;
	/* A kernel over fewer features than there are: groups. */
	c = features(o);
	return convolve(t, o, "HWIO", c > dim[2] && dim[2] > 0 && c % dim[2] == 0 ? c / dim[2] : 1,
			e);
}

int tf_depthwise(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t dim[LIMIT_RANK];
	int rank;

	if (tf_needs(o, 2, e) < 0 || check_rank(o, 1, "kernel", 4, e) < 0 ||
	    tf_dims(o, 1, &rank, dim, e) < 0)
		return -1;
	/* Features by multiples of each. */
	return convolve(t, o, "HWGM", dim[2], e);
}

/* Rows, columns and depth: the kernel is turned to ONNX's order. */
int tf_conv3d(struct tf *t, const struct tf_oper *o, struct err *e)
{
	static const int64_t turned[5] = { 4, 3, 0, 1, 2 };
	const size_t at = tf_last(o) ? 1 : 2;
	int64_t stride[5] = { 1, 1, 1, 1, 1 }, dilation[5] = { 1, 1, 1, 1, 1 };
	const char *scheme = tf_attr_text(o->n, "padding", "");
	struct im_value *kernel;
	struct im_node *n;

	if (tf_needs(o, 2, e) < 0 || check_rank(o, 1, "kernel", 5, e) < 0)
		return -1;
	if (tf_attr_ints(o->n, "strides", stride, 5) != 5 ||
	    tf_attr_ints(o->n, "dilations", dilation, 5) % 5 != 0)
		return err_set(e, "its strides or dilations are not 5 numbers");
	kernel = tf_turned(t, o, o->in[1], turned, 5);
	n = tf_pair(t, o, "Conv", o->in[0], kernel);
	n->last = tf_last(o);
	im_put_ints(t->g, n, "strides", stride + at, 3);
	im_put_ints(t->g, n, "dilations", dilation + at, 3);
	im_put_text(n, "auto_pad", strcmp(scheme, "SAME") == 0 ? "SAME_UPPER" : "VALID");
	return 0;
}

/* One axis of a transposed convolution: what is cut at both ends, or added at the last. */
static int deconv_axis(const struct tf_oper *o, int64_t in, int64_t out, int64_t extent,
		       int64_t stride, int64_t cut[2], int64_t *more, struct err *e)
{
	const int64_t total = (in - 1) * stride + extent - out;

	if (in < 1 || out < 1)
		return err_set(e, "its rows or columns are open");
	*more = total < 0 ? -total : 0;
	if (strcmp(tf_attr_text(o->n, "padding", ""), "EXPLICIT") == 0) {
		*more = cut[0] + cut[1] - total;
		return *more < 0 ? err_set(e, "its output of %lld does not follow from %lld",
					   (long long)out, (long long)in)
				 : 0;
	}
	if (total > 0 && strcmp(tf_attr_text(o->n, "padding", ""), "VALID") == 0)
		return err_set(e, "padding VALID does not give %lld from %lld", (long long)out,
			       (long long)in);
	cut[0] = total > 0 ? total / 2 : 0;
	cut[1] = total > 0 ? total - cut[0] : 0;
	return 0;
}

/* Conv2DBackpropInput(size of the output, kernel, x). */
int tf_deconv(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const size_t at = tf_last(o) ? 1 : 2;
	int64_t stride[2], dilation[2], size[LIMIT_RANK], x[LIMIT_RANK], w[LIMIT_RANK];
	int64_t pad[4] = { 0 }, more[2];
	int rank, wrank;
	struct im_node *n;
	size_t count;

	if (tf_needs(o, 3, e) < 0 || tf_list(o, 0, "output size", size, &count, e) < 0 ||
	    tf_dims(o, 2, &rank, x, e) < 0 || check_rank(o, 1, "kernel", 4, e) < 0 ||
	    tf_dims(o, 1, &wrank, w, e) < 0 || tf_spatial(o, "strides", 1, stride, e) < 0 ||
	    tf_spatial(o, "dilations", 1, dilation, e) < 0)
		return -1;
	if (count == 2) /* rows and columns alone */
		memcpy(size + at, (int64_t[]){ size[0], size[1] }, 2 * sizeof *size);
	else if (count != 4)
		return err_set(e, "its output size is %zu numbers, 4 expected", count);
	if (rank != 4)
		return err_set(e, "its input has %d dimensions, 4 expected", rank);
	if (strcmp(tf_attr_text(o->n, "padding", ""), "EXPLICIT") == 0 &&
	    explicit_pads(o, pad, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		int64_t cut[2] = { pad[i], pad[2 + i] };

		if (deconv_axis(o, x[at + i], size[at + i], (w[i] - 1) * dilation[i] + 1, stride[i],
				cut, &more[i], e) < 0)
			return -1;
		pad[i] = cut[0];
		pad[2 + i] = cut[1];
	}
	n = tf_pair(t, o, "ConvTranspose", o->in[2], o->in[1]);
	n->last = tf_last(o);
	im_put_text(n, "kernel_layout", "HWOI");
	im_put_ints(t->g, n, "strides", stride, 2);
	im_put_ints(t->g, n, "dilations", dilation, 2);
	im_put_ints(t->g, n, "pads", pad, 4);
	im_put_ints(t->g, n, "output_padding", more, 2);
	return 0;
}

/* ---- pools ---- */
int tf_pool(struct tf *t, const struct tf_oper *o, struct err *e)
{
	int64_t size[2];
	struct im_node *n;

	if (tf_needs(o, 1, e) < 0 || tf_spatial(o, "ksize", 1, size, e) < 0 ||
	    window(t, o, o->op, 1, &n, e) < 0)
		return -1;
	im_put_ints(t->g, n, "kernel_shape", size, 2);
	return padding(t, o, n, e);
}

/* MaxPoolV2: sizes and strides are inputs. */
int tf_pool_v2(struct tf *t, const struct tf_oper *o, struct err *e)
{
	const size_t at = tf_last(o) ? 1 : 2, other = tf_last(o) ? 3 : 1;
	int64_t size[LIMIT_RANK], stride[LIMIT_RANK];
	size_t n_size, n_stride;
	struct im_node *n;

	if (tf_needs(o, 3, e) < 0 || tf_list(o, 1, "ksize", size, &n_size, e) < 0 ||
	    tf_list(o, 2, "strides", stride, &n_stride, e) < 0)
		return -1;
	if (n_size != 4 || n_stride != 4 || size[0] != 1 || size[other] != 1 || stride[0] != 1 ||
	    stride[other] != 1)
		return err_set(e, "its windows are not over rows and columns");
	n = tf_unary(t, o, o->op, o->in[0]);
	n->last = tf_last(o);
	im_put_ints(t->g, n, "strides", stride + at, 2);
	im_put_ints(t->g, n, "kernel_shape", size + at, 2);
	return padding(t, o, n, e);
}
