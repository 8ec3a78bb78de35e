/* MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool. */
#include "base/limits.h"
#include "onnx/onnx_deep.h"
#include <math.h>

static bool same_windows(const struct im_window w[2])
{
	enum hn_padding p;
	int64_t pad[4];

	return window_scheme(w, &p, pad) == 0;
}

/* Does the last window stay inside the padded input? */
static bool inside(const struct im_window *w)
{
	return (w->out - 1) * w->stride + (w->kernel - 1) * w->dilation + 1 <=
	       w->in + w->begin + w->end;
}

static struct layer *average(struct build *b, struct im_node *n, struct im_value *x,
			     struct im_window w[2], bool ceil, struct err *e)
{
	const bool padded = w[0].begin || w[0].end || w[1].begin || w[1].end;
	const bool include = padded && im_int(n, "count_include_pad", 0) != 0;
	struct layer *l;

	if (same_windows(w) && (!include || (inside(&w[0]) && inside(&w[1])))) {
		l = onnx_window_layer(b, n, x, HN_AVGPOOL, "avgpool", w, 0, e);
		if (l)
			l->p.count_include_pad = include;
		return l;
	}
	if (padded && !include) {
		err_set(e,
			"padding %lld,%lld,%lld,%lld that does not count in the average is not "
			"supported",
			(long long)w[0].begin, (long long)w[1].begin, (long long)w[0].end,
			(long long)w[1].end);
		return NULL;
	}
	/* Zeros that count are a layer of their own; partial windows at the end stay with the pool.
	 */
	if (padded) {
		struct im_view from = x->view;

		from.layer = build_after(b, HN_EXTERNAL_PAD, "external_pad", &x->view);
		from.port = 0;
		for (int i = 0; i < 2; i++) {
			from.layer->p.pad[2 * i] = (int32_t)w[i].begin;
			from.layer->p.pad[2 * i + 1] = (int32_t)w[i].end;
		}
		l = build_after(b, HN_AVGPOOL, "avgpool", &from);
	} else {
		l = build_after(b, HN_AVGPOOL, "avgpool", &x->view);
	}
	l->p.padding = PAD_VALID;
	l->p.ceil_mode = ceil && !(inside(&w[0]) && inside(&w[1]));
	for (int i = 0; i < 2; i++) {
		l->p.kernel[i] = (int32_t)w[i].kernel;
		l->p.stride[i] = (int32_t)w[i].stride;
	}
	return l;
}

/* Windows over rows and columns of a volume; along the depth there may be none. */
static int deep_windows(struct build *b, struct im_node *n, struct onnx_deep *deep,
			struct im_window w[2], bool ceil, struct err *e)
{
	struct im_window depth;

	if (onnx_deep(b, n->in[0], deep, e) < 0 ||
	    onnx_windows(n, &n->in[0]->view, NULL, w, ceil, e) < 0 ||
	    onnx_depth_window(n, deep->d, NULL, &depth, ceil, e) < 0)
		return -1;
	if (depth.kernel != 1 || depth.stride != 1 || depth.begin || depth.end)
		return err_set(e, "a pool along the depth is not supported");
	return 0;
}

int onnx_pool(struct build *b, struct im_node *n, struct err *e)
{
	const bool is_max = n->op[0] == 'M';
	const bool ceil = im_int(n, "ceil_mode", 0) != 0;
	struct im_value *x = n->in[0];
	const bool is_deep = x->view.rank == 5;
	struct onnx_deep deep;
	struct im_window w[2];
	struct layer *l;
	const char *axes = view_std_axes(x->view.rank);

	if (n->nout > 1 && n->out[1] && n->out[1]->nuse)
		return err_set(e, "its second output (indices) is not supported");
	if (x->view.rank < 3 || x->view.rank > 5)
		return err_set(e, "its input %s is neither 1-D nor 2-D", view_text(&x->view));
	if (is_deep
		? deep_windows(b, n, &deep, w, ceil, e) < 0
		: view_want(b, x, axes, e) < 0 || onnx_windows(n, &x->view, NULL, w, ceil, e) < 0)
		return -1;
	if (is_deep)
		x = &deep.flat;
	if (!is_max && (w[0].dilation != 1 || w[1].dilation != 1))
		return err_set(e, "dilations of an average pool are not supported");
	/* A window that lies in the padding alone has no value. */
	for (int i = 0; i < 2; i++)
		if (w[i].begin > (w[i].kernel - 1) * w[i].dilation ||
		    w[i].end > (w[i].kernel - 1) * w[i].dilation)
			return err_set(e, "its padding %lld is not below its kernel of %lld",
				       (long long)(w[i].begin > w[i].end ? w[i].begin : w[i].end),
				       (long long)w[i].kernel);
	l = is_max ? onnx_window_layer(b, n, x, HN_MAXPOOL, "maxpool", w, -INFINITY, e)
		   : average(b, n, x, w, ceil, e);
	if (!l)
		return -1;
	if (is_deep)
		onnx_deep_out(&deep, n->out[0], l,
			      (int64_t[]){ deep.c, deep.d, w[0].out, w[1].out });
	else
		build_out(n->out[0], l, 0, x->view.batch,
			  (int64_t[]){ w[0].out, w[1].out, x->view.base[2] }, axes);
	return 0;
}

/* The pool of a whole volume is a reduction. */
static int deep_global(struct build *b, const struct im_node *n, bool is_max, struct err *e)
{
	static const int64_t axes[3] = { 2, 3, 4 };
	struct im_attr a = { .name = "axes", .kind = IM_INTS, .ints = axes, .n = 3 };
	struct im_node reduce = *n;

	reduce.op = is_max ? "ReduceMax" : "ReduceMean";
	reduce.attr = &a;
	reduce.nattr = 1;
	return onnx_reduce(b, &reduce, e);
}

int onnx_global_pool(struct build *b, struct im_node *n, struct err *e)
{
	const bool is_max = strcmp(n->op, "GlobalMaxPool") == 0;
	struct im_value *x = n->in[0];
	struct layer *l;
	const char *axes;

	if (x->view.rank == 5)
		return deep_global(b, n, is_max, e);
	if (x->view.rank < 3 || x->view.rank > 4)
		return err_set(e, "its input %s is neither 1-D nor 2-D", view_text(&x->view));
	axes = view_std_axes(x->view.rank);
	if (view_want(b, x, axes, e) < 0)
		return -1;
	if (is_max && (x->view.base[0] > LIMIT_KERNEL || x->view.base[1] > LIMIT_KERNEL))
		return err_set(e, "its input %s has more than %d rows or columns",
			       view_text(&x->view), LIMIT_KERNEL);
	l = build_after(b, is_max ? HN_MAXPOOL : HN_GLOBAL_AVGPOOL, is_max ? "maxpool" : "avgpool",
			&x->view);
	for (int i = 0; is_max && i < 2; i++)
		l->p.kernel[i] = (int32_t)x->view.base[i];
	build_out(n->out[0], l, 0, x->view.batch, (int64_t[]){ 1, 1, x->view.base[2] }, axes);
	return 0;
}
