/* Conv, ConvTranspose, BatchNormalization. */
#include "base/limits.h"
#include "onnx/onnx_deep.h"
#include "onnx/onnx_int.h"

static int set_bias(struct build *b, struct layer *l, const struct im_node *n, size_t i, int64_t c,
		    struct err *e)
{
	const struct tensor *t;
	float *v;

	if (i >= n->nin || !n->in[i])
		return 0;
	if (!(t = onnx_constant(n, i, "bias", e)))
		return -1;
	if (t->rank != 1 || t->dim[0] != c)
		return err_set(e, "its bias %s does not have %lld values", tensor_shape_text(t),
			       (long long)c);
	v = xcalloc((size_t)c, sizeof *v);
	for (int64_t k = 0; k < c; k++)
		v[k] = (float)tensor_get(t, (size_t)k);
	build_weight(b, l, "bias", v, c);
	free(v);
	return 0;
}

/*
 * The kernel with its dimensions in the order of `want`, as sizes: attribute kernel_layout tells
 * the order that it is stored in.
 */
static int kernel_of(const struct im_node *n, const char *want, struct tensor *w, struct err *e)
{
	const struct tensor *t = onnx_constant(n, 1, "kernel", e);
	const char *stored = im_string(n, "kernel_layout", NULL);

	if (!t)
		return -1;
	*w = *t;
	if (!stored)
		return 0;
	if (t->rank != 4)
		return err_set(e, "its kernel %s is not 2-D", tensor_shape_text(t));
	for (int i = 0; i < 4; i++)
		w->dim[i] = 1;
	for (int i = 0; i < 4; i++) {
		/* G and M are parts of O: a feature, and its outputs. */
		const char *at =
		    strchr(want, stored[i] == 'G' || stored[i] == 'M' ? 'O' : stored[i]);

		w->dim[at - want] *= t->dim[i];
	}
	return 0;
}

/* [kh][kw][i][o] of a layout that begins with the rows. */
static int kernel_first(const struct tensor *t, const char *stored, struct tensor *k, struct err *e)
{
	if (weight_first(t, stored[2] == 'O', k, e) < 0)
		return -1;
	if (stored[2] == 'G') {
		k->dim[3] *= k->dim[2];
		k->dim[2] = 1;
	}
	return 0;
}

/* The kernel of a convolution in the HN's order; dw: features by multiples of c, else c is 0. */
static int kernel_values(const struct im_node *n, int64_t c, struct tensor *k, struct err *e)
{
	const char *stored = im_string(n, "kernel_layout", NULL);
	const struct tensor *t = &n->in[1]->data;

	if (!stored)
		return c ? weight_dw(t, c, k, e) : weight_conv(t, k, e);
	if ((stored[0] == 'H' ? kernel_first(t, stored, k, e)
			      : weight_last(t, stored[0] == 'O', k, e)) < 0)
		return -1;
	if (c) {
		k->dim[3] /= c;
		k->dim[2] = c;
	}
	return 0;
}

/* Input and kernel agree in rank and features. */
static int check_kernel(const struct im_node *n, const struct im_value *x, const struct tensor *w,
			int64_t groups, int cin_at, struct err *e)
{
	const int64_t per = w->rank > 1 ? w->dim[cin_at] : 0;
	const int64_t takes = cin_at == 1 ? per * groups : per;
	size_t count;
	const int64_t *given = im_ints(n, "kernel_shape", &count);

	if (x->view.rank != w->rank || w->rank < 3 || w->rank > 4)
		return err_set(
		    e, "input %s and kernel %s: only 1-D and 2-D convolutions are supported",
		    view_text(&x->view), tensor_shape_text(w));
	for (int i = 0; i < w->rank; i++)
		if (w->dim[i] < 1 || w->dim[i] > (i < 2 ? LIMIT_FEATURES : LIMIT_KERNEL))
			return err_set(e, "its kernel %s is absurd", tensor_shape_text(w));
	if (groups < 1 || groups > LIMIT_FEATURES)
		return err_set(e, "group %lld is absurd", (long long)groups);
	if (takes != view_size(&x->view, 1) || w->dim[0] % groups != 0)
		return err_set(e, "input %s, kernel %s and group %lld do not go together",
			       view_text(&x->view), tensor_shape_text(w), (long long)groups);
	if (given && count != (size_t)(w->rank - 2))
		return err_set(e, "kernel_shape has %zu values, %d expected", count, w->rank - 2);
	for (size_t i = 0; given && i < count; i++)
		if (given[i] != w->dim[2 + i])
			return err_set(e, "kernel_shape says %lld where the kernel is %s",
				       (long long)given[i], tensor_shape_text(w));
	return 0;
}

/*
 * A 1x1 convolution of a 1x1 map is a fully connected layer, as the real parser names it; but not
 * of a map that convolutions made so small (the last box predictors of an SSD are convolutions).
 */
static bool is_dense(const struct im_value *x, const struct im_window w[2], int64_t groups)
{
	return groups == 1 && !hn_is(x->view.layer->type, HNF_WINDOW | HNF_KERNEL) &&
	       x->view.base[0] == 1 && x->view.base[1] == 1 && w[0].kernel == 1 &&
	       w[1].kernel == 1 && w[0].out == 1 && w[1].out == 1 && w[0].begin == 0 &&
	       w[1].begin == 0;
}

static int fully_connected(struct build *b, struct im_node *n, struct im_value *x, const char *axes,
			   int64_t cout, struct err *e)
{
	const int64_t cin = x->view.base[2];
	struct tensor k;
	struct layer *l;

	if (kernel_values(n, 0, &k, e) < 0)
		return -1;
	k.rank = 2;
	k.dim[0] = cin;
	k.dim[1] = cout;
	onnx_spend(n, 1);
	l = build_after(b, HN_DENSE, "fc", &x->view);
	l->p.kernel[2] = (int32_t)cin;
	l->p.kernel[3] = (int32_t)cout;
	layer_set_weight(b->w, l, "kernel", k);
	build_out(n->out[0], l, 0, x->view.batch, (int64_t[]){ 1, 1, cout }, axes);
	return set_bias(b, l, n, 2, cout, e);
}

int onnx_conv(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	const int64_t groups = im_int(n, "group", 1);
	const char *axes;
	struct im_window win[2];
	struct tensor w, k;
	struct layer *l;
	int64_t cout, cin;
	bool depthwise;

	if (kernel_of(n, "OIHW", &w, e) < 0)
		return -1;
	if (w.rank == 5)
		return onnx_conv_deep(b, n, &w, e);
	if (check_kernel(n, x, &w, groups, 1, e) < 0)
		return -1;
	axes = view_std_axes(w.rank);
	if (view_want(b, x, axes, e) < 0 || onnx_windows(n, &x->view, &w, win, false, e) < 0)
		return -1;
	if (is_dense(x, win, groups))
		return fully_connected(b, n, x, axes, w.dim[0], e);
	cin = x->view.base[2];
	cout = w.dim[0];
	/* TensorFlow's with several outputs for a feature are grouped ones (guide, release notes).
	 */
	depthwise = groups > 1 && groups == cin && (cout == cin || !im_attr(n, "kernel_layout"));
	if (kernel_values(n, depthwise ? cin : 0, &k, e) < 0)
		return -1;
	onnx_spend(n, 1);
	l = onnx_window_layer(b, n, x, depthwise ? HN_DW : HN_CONV, depthwise ? "dw" : "conv", win,
			      0, e);
	if (!l) {
		tensor_release(&k);
		return -1;
	}
	for (int i = 0; i < 4; i++)
		l->p.kernel[i] = (int32_t)k.dim[i];
	l->p.groups = (int32_t)groups;
	layer_set_weight(b->w, l, "kernel", k);
	build_out(n->out[0], l, 0, x->view.batch, (int64_t[]){ win[0].out, win[1].out, cout },
		  axes);
	return set_bias(b, l, n, 2, cout, e);
}

/* One axis of a transposed convolution: crop at both ends, rows added, output size. */
struct deconv {
	int64_t full, crop[2], add, out, same;
};

static int deconv_axis(const struct im_node *n, int i, int rank, int64_t in, int64_t kernel,
		       struct im_window *win, struct deconv *d, struct err *e)
{
	const char *auto_pad = im_string(n, "auto_pad", "NOTSET");
	const bool same = strncmp(auto_pad, "SAME_", 5) == 0;
	size_t nshape, nadd;
	const int64_t *shape = im_ints(n, "output_shape", &nshape);
	const int64_t *add = im_ints(n, "output_padding", &nadd);
	int64_t total;

	if (nadd && nadd != (size_t)(rank - 2))
		return err_set(e, "output_padding has %zu values, %d expected", nadd, rank - 2);
	*d = (struct deconv){ .add = add && (size_t)i < nadd ? add[i] : 0 };
	if (d->add < 0 || d->add > LIMIT_KERNEL)
		return err_set(e, "output_padding %lld is absurd", (long long)d->add);
	if (d->add && d->add >= win->stride && d->add >= win->dilation)
		return err_set(e, "output_padding %lld is below neither stride nor dilation",
			       (long long)d->add);
	d->full = (in - 1) * win->stride + (kernel - 1) * win->dilation + 1;
	d->same = in * win->stride;
	if (shape || same) {
		d->out = shape ? (nshape == (size_t)i + 1 || (size_t)i < nshape ? shape[i] : 0)
			       : d->same;
		if (d->out < 1 || d->out > LIMIT_DIM)
			return err_set(e, "output_shape %lld is absurd", (long long)d->out);
		total = d->full + d->add - d->out;
		if (total < 0) {
			d->add -= total;
			total = 0;
		}
		d->crop[0] = strcmp(auto_pad, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
		d->crop[1] = total - d->crop[0];
	} else {
		d->crop[0] = win->begin;
		d->crop[1] = win->end;
		d->out = d->full + d->add - d->crop[0] - d->crop[1];
	}
	if (d->out < 1 || d->out > LIMIT_DIM)
		return err_set(e, "its output would have %lld rows or columns", (long long)d->out);
	/* Rows added and cut at the same end cancel. */
	total = d->add < d->crop[1] ? d->add : d->crop[1];
	d->add -= total;
	d->crop[1] -= total;
	return 0;
}

/* The HN's DECONV scheme: in * stride, the extra row cut at the end. */
static bool is_deconv_scheme(const struct deconv *d)
{
	const int64_t excess = d->full - d->same;

	return d->out == d->same && d->add == 0 && excess >= 0 && d->crop[0] == excess / 2;
}

static int deconv_values(const struct im_node *n, const struct tensor *w, int64_t groups,
			 struct tensor *k, struct err *e)
{
	const char *stored = im_string(n, "kernel_layout", NULL);

	if (!stored)
		return weight_deconv(w, groups, k, e);
	return stored[0] == 'H' ? kernel_first(&n->in[1]->data, stored, k, e)
				: weight_last(&n->in[1]->data, true, k, e);
}

int onnx_conv_transpose(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	const int64_t groups = im_int(n, "group", 1);
	struct deconv d[2] = { { .full = 1, .out = 1, .same = 1 }, { 0 } };
	struct im_window win[2];
	struct layer *l;
	struct tensor w, k;
	const char *axes;
	int64_t cout;

	if (kernel_of(n, "IOHW", &w, e) < 0 || check_kernel(n, x, &w, groups, 0, e) < 0)
		return -1;
	axes = view_std_axes(w.rank);
	cout = w.dim[1] * groups;
	if (cout > LIMIT_FEATURES)
		return err_set(e, "its kernel %s is absurd", tensor_shape_text(&w));
	if (view_want(b, x, axes, e) < 0 || onnx_window_attrs(n, &x->view, &w, win, e) < 0)
		return -1;
	for (int i = w.rank == 4 ? 0 : 1; i < 2; i++)
		if (deconv_axis(n, w.rank == 4 ? i : 0, w.rank, x->view.base[i], win[i].kernel,
				&win[i], &d[i], e) < 0)
			return -1;
	if (deconv_values(n, &w, groups, &k, e) < 0)
		return -1;
	onnx_spend(n, 1);
	l = build_after(b, HN_DECONV, "deconv", &x->view);
	for (int i = 0; i < 4; i++)
		l->p.kernel[i] = (int32_t)k.dim[i];
	l->p.padding = is_deconv_scheme(&d[0]) && is_deconv_scheme(&d[1]) ? PAD_DECONV : PAD_VALID;
	for (int i = 0; i < 2; i++) {
		l->p.stride[i] = (int32_t)win[i].stride;
		l->p.dilation[i] = (int32_t)win[i].dilation;
		if (l->p.padding == PAD_DECONV)
			continue;
		l->p.deconv_crop[2 * i] = (int32_t)d[i].crop[0];
		l->p.deconv_crop[2 * i + 1] = (int32_t)d[i].crop[1];
		l->p.output_pad[i] = (int32_t)d[i].add;
	}
	l->p.groups = (int32_t)groups;
	layer_set_weight(b->w, l, "kernel", k);
	build_out(n->out[0], l, 0, x->view.batch, (int64_t[]){ d[0].out, d[1].out, cout }, axes);
	return set_bias(b, l, n, 2, cout, e);
}

int onnx_batch_norm(struct build *b, struct im_node *n, struct err *e)
{
	static const char *const names[4] = { "scale", "bias", "mean", "variance" };
	struct im_value *x = n->in[0];
	float *v[4] = { NULL };
	char axes[LIMIT_RANK + 1];
	struct onnx_deep deep = { .c = 0 };
	int64_t c;
	int r = 0;

	if (x->view.rank < 2 || x->view.rank > 5)
		return err_set(e, "its input %s has %d dimensions, 2 to 5 expected",
			       view_text(&x->view), x->view.rank);
	if (im_int(n, "training_mode", 0) || (b->opset < 14 && n->nout > 1 && n->out[1]))
		return err_set(e, "it is in training mode: export the model in eval mode");
	if (im_int(n, "spatial", 1) == 0)
		return err_set(e, "its statistics per position (spatial 0) are not supported");
	if (x->view.rank == 5) {
		if (onnx_deep(b, x, &deep, e) < 0)
			return -1;
	} else if ((!view_axes(&x->view, axes) || axes[1] != 'C') &&
		   view_want(b, x, view_std_axes(x->view.rank), e) < 0) {
		return -1;
	}
	c = deep.c ? deep.c : x->view.base[2];
	for (int i = 0; r == 0 && i < 4; i++) {
		const struct tensor *t = onnx_constant(n, (size_t)i + 1, names[i], e);

		if (!t)
			r = -1;
		else if (t->rank != 1 || t->dim[0] != c)
			r = err_set(e, "its %s %s does not have %lld values", names[i],
				    tensor_shape_text(t), (long long)c);
		else
			r = onnx_row_vector(t, c, 1, &v[i], e);
	}
	for (int i = 0; r == 0 && deep.c && i < 4; i++) {
		float *wide = onnx_deep_vector(&deep, v[i]);

		free(v[i]);
		v[i] = wide;
	}
	if (r == 0)
		r = build_batch_norm(b, x, n->out[0], x->view.base[2], v,
				     im_float(n, "epsilon", 1e-5f));
	for (int i = 0; i < 4; i++)
		free(v[i]);
	return r;
}
