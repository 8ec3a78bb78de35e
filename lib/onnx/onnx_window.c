/* Window attributes: strides, dilations, pads, auto_pad. */
#include "onnx/onnx_window.h"
#include "base/limits.h"

/* A list of `want` integers, or the default for each. */
static int values(const struct im_node *n, const char *name, size_t want, int64_t dflt,
		  int64_t *out, struct err *e)
{
	size_t count;
	const int64_t *v = im_ints(n, name, &count);

	for (size_t i = 0; i < want; i++)
		out[i] = dflt;
	if (!v)
		return 0;
	if (count != want)
		return err_set(e, "%s has %zu values, %zu expected", name, count, want);
	for (size_t i = 0; i < want; i++) {
		if (v[i] < 0 || v[i] > LIMIT_KERNEL)
			return err_set(e, "%s %lld is not in 0 to %d", name, (long long)v[i],
				       LIMIT_KERNEL);
		out[i] = v[i];
	}
	return 0;
}

/* The window along spatial dimension i of `axes`. */
static int window_at(const struct im_node *n, size_t axes, size_t i, int64_t in,
		     const struct tensor *kernel, struct im_window *w, struct err *e)
{
	int64_t k[3], s[3], d[3], p[6];

	if (values(n, "kernel_shape", axes, 0, k, e) < 0 ||
	    values(n, "strides", axes, 1, s, e) < 0 || values(n, "dilations", axes, 1, d, e) < 0 ||
	    values(n, "pads", 2 * axes, 0, p, e) < 0)
		return -1;
	*w = (struct im_window){
		.in = in, .stride = s[i], .dilation = d[i], .begin = p[i], .end = p[axes + i]
	};
	w->kernel = kernel ? kernel->dim[2 + i] : k[i];
	if (w->kernel < 1 || s[i] < 1 || d[i] < 1)
		return err_set(e, "kernel %lld, stride %lld or dilation %lld is not positive",
			       (long long)w->kernel, (long long)s[i], (long long)d[i]);
	return 0;
}

int onnx_window_attrs(const struct im_node *n, const struct im_view *x, const struct tensor *kernel,
		      struct im_window w[2], struct err *e)
{
	const size_t axes = (size_t)x->rank - 2;

	if (x->rank < 3 || x->rank > 5)
		return err_set(e, "its input %s is neither 1-D nor 2-D", view_text(x));
	w[0] = (struct im_window){
		.in = x->base[0], .kernel = 1, .stride = 1, .dilation = 1, .out = 1
	};
	for (size_t i = axes == 3 ? 1 : 0; i < axes; i++) {
		const size_t at = i + 2 - axes;

		if (window_at(n, axes, i, x->base[at], kernel, &w[at], e) < 0)
			return -1;
	}
	return 0;
}

static int auto_pad(const char *mode, struct im_window *w, struct err *e)
{
	const int64_t out = (w->in + w->stride - 1) / w->stride;
	const int64_t total = (out - 1) * w->stride + (w->kernel - 1) * w->dilation + 1 - w->in;

	if (strcmp(mode, "NOTSET") == 0 || mode[0] == '\0')
		return 0;
	w->begin = w->end = 0;
	if (strcmp(mode, "VALID") == 0)
		return 0;
	if (strcmp(mode, "SAME_UPPER") != 0 && strcmp(mode, "SAME_LOWER") != 0)
		return err_set(e, "auto_pad '%s' is unknown", quote(mode));
	if (total > 0) {
		w->begin = strcmp(mode, "SAME_UPPER") == 0 ? total / 2 : total - total / 2;
		w->end = total - w->begin;
	}
	return 0;
}

int onnx_windows(const struct im_node *n, const struct im_view *x, const struct tensor *kernel,
		 struct im_window w[2], bool ceil, struct err *e)
{
	const char *mode = im_string(n, "auto_pad", "NOTSET");

	if (onnx_window_attrs(n, x, kernel, w, e) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (auto_pad(mode, &w[i], e) < 0 || window_out(&w[i], ceil, e) < 0)
			return -1;
	return 0;
}

int onnx_depth_window(const struct im_node *n, int64_t depth, const struct tensor *kernel,
		      struct im_window *w, bool ceil, struct err *e)
{
	if (window_at(n, 3, 0, depth, kernel, w, e) < 0 ||
	    auto_pad(im_string(n, "auto_pad", "NOTSET"), w, e) < 0)
		return -1;
	return window_out(w, ceil, e);
}

/*
 * x is zero padding made for this layer only: its rows count as the layer's own when a scheme fits
 * then. True: x's view is that before the padding, the padding layer is gone.
 */
static bool take_padding(struct build *b, struct im_value *x, struct im_window w[2],
			 float pad_value, enum hn_padding *scheme)
{
	struct layer *p = x->view.layer;
	struct im_window sum[2] = { w[0], w[1] };
	int64_t pad[4];

	if (p->type != HN_EXTERNAL_PAD || !x->view.sole || x->nuse != 1 ||
	    p->p.pad_value != pad_value)
		return false;
	for (int i = 0; i < 2; i++) {
		sum[i].in -= p->p.pad[2 * i] + p->p.pad[2 * i + 1];
		sum[i].begin += p->p.pad[2 * i];
		sum[i].end += p->p.pad[2 * i + 1];
	}
	if (window_scheme(sum, scheme, pad) != 0)
		return false;
	x->view.layer = p->in[0].layer;
	x->view.port = p->in[0].port;
	for (int i = 0; i < 2; i++) {
		x->view.base[i] = sum[i].in;
		w[i] = sum[i];
	}
	for (size_t i = 0; i < p->noriginal; i++) {
		const char **names =
		    arena_array(&b->ir->arena, b->node->norigin + 1, sizeof(char *));

		names[0] = arena_strdup(&b->ir->arena, p->original_names[i]);
		memcpy(names + 1, b->node->origin, b->node->norigin * sizeof(char *));
		b->node->origin = names;
		b->node->norigin++;
	}
	graph_remove(b->g, p);
	return true;
}

struct layer *onnx_window_layer(struct build *b, struct im_node *n, struct im_value *x,
				enum hn_type t, const char *base, struct im_window w[2],
				float pad_value, struct err *e)
{
	enum hn_padding scheme;
	struct im_view from;
	int64_t pad[4];
	struct layer *l;

	(void)n;
	(void)e;
	if (t == HN_AVGPOOL || !take_padding(b, x, w, pad_value, &scheme)) {
		from = x->view;
		if (window_scheme(w, &scheme, pad) != 0) {
			l = build_after(b, HN_EXTERNAL_PAD, "external_pad", &x->view);
			for (int i = 0; i < 4; i++)
				l->p.pad[i] = (int32_t)pad[i];
			l->p.pad_value = pad_value;
			from.layer = l;
			from.port = 0;
		}
	} else {
		from = x->view;
	}
	l = build_after(b, t, base, &from);
	l->p.padding = scheme;
	for (int i = 0; i < 2; i++) {
		l->p.kernel[i] = (int32_t)w[i].kernel;
		l->p.stride[i] = (int32_t)w[i].stride;
		l->p.dilation[i] = (int32_t)w[i].dilation;
	}
	return l;
}
