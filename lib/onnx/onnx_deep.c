/* Convolution and concatenation of volumes. */
#include "onnx/onnx_deep.h"
#include "base/limits.h"

static const int turn[LIMIT_RANK] = { 0, 2, 1, 3, 4 };

/* Rows and columns as they are, dimensions 1 and 2 in the features, dimension 2 first if asked. */
static int lay(struct build *b, struct im_value *x, bool depth_first, struct err *e)
{
	int r;

	if (depth_first)
		view_transpose(&x->view, turn);
	r = view_want(b, x, "BCCHW", e);
	if (depth_first)
		view_transpose(&x->view, turn);
	return r;
}

static bool is_depth_first(const struct im_view *v)
{
	struct im_view t = *v;

	if (view_is_free(v, "BCCHW"))
		return false;
	view_transpose(&t, turn);
	return view_is_free(&t, "BCCHW");
}

int onnx_deep(struct build *b, struct im_value *x, struct onnx_deep *deep, struct err *e)
{
	deep->depth_first = is_depth_first(&x->view);
	if (lay(b, x, deep->depth_first, e) < 0)
		return -1;
	deep->c = view_size(&x->view, 1);
	deep->d = view_size(&x->view, 2);
	deep->flat = *x;
	view_init(&deep->flat.view, x->view.layer, x->view.port, x->view.batch, x->view.base,
		  "BCHW");
	deep->flat.view.sole = x->view.sole;
	return 0;
}

static void lay_out(struct im_value *out, struct layer *l, int64_t batch, const int64_t cdhw[4],
		    bool depth_first)
{
	const int64_t c = cdhw[0], d = cdhw[1];
	const int64_t size[5] = { batch, depth_first ? d : c, depth_first ? c : d, cdhw[2],
				  cdhw[3] };

	view_lay(&out->view, l, 0, batch, size, "BCCHW");
	if (depth_first)
		view_transpose(&out->view, turn);
	out->done = true;
}

void onnx_deep_out(const struct onnx_deep *deep, struct im_value *out, struct layer *l,
		   const int64_t cdhw[4])
{
	lay_out(out, l, deep->flat.view.batch, cdhw, deep->depth_first);
}

/* Feature of channel c (of channels) at depth d (of depths). */
static int64_t feature(bool depth_first, int64_t c, int64_t channels, int64_t d, int64_t depths)
{
	return depth_first ? d * channels + c : c * depths + d;
}

float *onnx_deep_vector(const struct onnx_deep *deep, const float *v)
{
	float *f = xcalloc((size_t)(deep->c * deep->d), sizeof *f);

	for (int64_t c = 0; c < deep->c; c++)
		for (int64_t d = 0; d < deep->d; d++)
			f[feature(deep->depth_first, c, deep->c, d, deep->d)] = v[c];
	return f;
}

static int check_kernel(const struct tensor *w, const struct onnx_deep *deep, int64_t groups,
			struct err *e)
{
	for (int i = 0; i < 5; i++)
		if (w->dim[i] < 1 || w->dim[i] > (i < 2 ? LIMIT_FEATURES : LIMIT_KERNEL))
			return err_set(e, "its kernel %s is absurd", tensor_shape_text(w));
	if (groups < 1 || groups > LIMIT_FEATURES || w->dim[1] * groups != deep->c ||
	    w->dim[0] % groups != 0)
		return err_set(e, "its kernel %s and group %lld do not fit %lld channels",
			       tensor_shape_text(w), (long long)groups, (long long)deep->c);
	return 0;
}

/*
 * [kh][kw][c d][o d']: every depth of the result takes the depths that the kernel covers there, the
 * rest of the matrix is zero.
 */
static struct tensor band(const struct tensor *w, const struct onnx_deep *deep, int64_t groups,
			  const struct im_window *depth)
{
	const int64_t o = w->dim[0], per = w->dim[1], kd = w->dim[2];
	const int64_t area = w->dim[3] * w->dim[4];
	const int64_t nin = deep->c * deep->d, nout = o * depth->out;
	struct tensor t = tensor_new(DT_F32, 4, (int64_t[]){ w->dim[3], w->dim[4], nin, nout });
	float *to = tensor_data(&t);

	for (int64_t i = 0; i < o * per * kd * depth->out; i++) {
		const int64_t at = i % depth->out, k = i / depth->out % kd;
		const int64_t ci = i / depth->out / kd % per, co = i / depth->out / kd / per;
		const int64_t d = at * depth->stride - depth->begin + k * depth->dilation;
		const int64_t c = co / (o / groups) * per + ci;
		const int64_t from = ((co * per + ci) * kd + k) * area;
		int64_t cell;

		if (d < 0 || d >= deep->d)
			continue;
		cell = feature(deep->depth_first, c, deep->c, d, deep->d) * nout +
		       feature(deep->depth_first, co, o, at, depth->out);
		for (int64_t p = 0; p < area; p++)
			to[p * nin * nout + cell] = (float)tensor_get(w, (size_t)(from + p));
	}
	return t;
}

static int set_bias(struct build *b, struct layer *l, const struct im_node *n,
		    const struct onnx_deep *result, struct err *e)
{
	const struct tensor *t;
	float *v, *f;

	if (n->nin < 3 || !n->in[2])
		return 0;
	if (!(t = onnx_constant(n, 2, "bias", e)))
		return -1;
	if (t->rank != 1 || t->dim[0] != result->c)
		return err_set(e, "its bias %s does not have %lld values", tensor_shape_text(t),
			       (long long)result->c);
	if (onnx_row_vector(t, result->c, 1, &v, e) < 0)
		return -1;
	f = onnx_deep_vector(result, v);
	build_weight(b, l, "bias", f, result->c * result->d);
	free(v);
	free(f);
	return 0;
}

int onnx_conv_deep(struct build *b, struct im_node *n, const struct tensor *w, struct err *e)
{
	const int64_t groups = im_int(n, "group", 1);
	struct onnx_deep deep, result;
	struct im_window win[2], depth;
	double bytes;
	struct layer *l;
	struct tensor k;

	if (w->rank != 5 || n->in[0]->view.rank != 5)
		return err_set(e, "input %s and kernel %s do not go together",
			       view_text(&n->in[0]->view), tensor_shape_text(w));
	if (onnx_deep(b, n->in[0], &deep, e) < 0 || check_kernel(w, &deep, groups, e) < 0 ||
	    onnx_windows(n, &n->in[0]->view, w, win, false, e) < 0 ||
	    onnx_depth_window(n, deep.d, w, &depth, false, e) < 0)
		return -1;
	result = deep;
	result.c = w->dim[0];
	result.d = depth.out;
	bytes = 4.0 * (double)(w->dim[3] * w->dim[4]) * (double)(deep.c * deep.d) *
		(double)result.c * (double)result.d;
	if (bytes > (double)b->fold_left || result.c * result.d > LIMIT_FEATURES)
		return err_set(
		    e,
		    "over a depth of %lld its kernel %s becomes one of %.0f MB, which is "
		    "too large",
		    (long long)deep.d, tensor_shape_text(w), bytes / 1e6);
	b->fold_left -= (size_t)bytes;
	k = band(w, &deep, groups, &depth);
	onnx_spend(n, 1);
	l = onnx_window_layer(b, n, &deep.flat, HN_CONV, "conv", win, 0, e);
	if (!l) {
		tensor_release(&k);
		return -1;
	}
	for (int i = 0; i < 4; i++)
		l->p.kernel[i] = (int32_t)k.dim[i];
	layer_set_weight(b->w, l, "kernel", k);
	onnx_deep_out(&deep, n->out[0], l,
		      (int64_t[]){ result.c, result.d, win[0].out, win[1].out });
	return set_bias(b, l, n, &result, e);
}

int onnx_concat_deep(struct build *b, struct im_value *in, size_t count, int axis,
		     struct im_value *out, struct err *e)
{
	static const int place[5] = { 0, 2, 2, 0, 1 };
	const bool depth_first = axis == 2;
	int64_t cdhw[4], sum = 0;
	struct layer *l;

	if (axis == 0)
		return err_set(e, "a concatenation along the batch (axis 0 of %s) is not supported",
			       view_text(&in[0].view));
	for (size_t i = 0; i < count; i++) {
		if (lay(b, &in[i], depth_first, e) < 0)
			return -1;
		sum += view_size(&in[i].view, axis);
	}
	l = build_layer(b, HN_CONCAT, "concat");
	l->p.concat_axis = place[axis] + 1;
	for (size_t i = 0; i < count; i++)
		layer_add_input(b->g, l, in[i].view.layer, in[i].view.port);
	for (int d = 1; d < 5; d++)
		cdhw[d - 1] = d == axis ? sum : view_size(&in[0].view, d);
	lay_out(out, l, in[0].view.batch, cdhw, depth_first);
	return 0;
}
