/* Add, Sub, Mul, Div, Min, Max, Sum: with constants and between tensors. */
#include "base/limits.h"
#include "onnx/onnx_int.h"
#include <math.h>

static int tensors(struct build *b, struct im_value *out, struct im_value x, struct im_value y,
		   enum onnx_pair k, struct err *e);

static const struct {
	enum hn_type type;
	const char *base;
} rows[] = {
	[PAIR_ADD] = { HN_EW_ADD, "ew_add" },   [PAIR_SUB] = { HN_EW_SUB, "ew_sub" },
	[PAIR_MUL] = { HN_EW_MULT, "ew_mult" }, [PAIR_DIV] = { HN_EW_DIV, "ew_div" },
	[PAIR_MIN] = { HN_EW_MIN, "ew_min" },   [PAIR_MAX] = { HN_EW_MAX, "ew_max" },
};

/* Before opset 7 a smaller operand is placed at `axis`; its shape is then written out with ones. */
static int legacy_shape(struct build *b, const struct im_node *n, const struct im_view *x,
			struct tensor *t, struct err *e)
{
	const int64_t axis = im_int(n, "axis", x->rank - t->rank);

	if (b->opset >= 7 || !im_int(n, "broadcast", 0) || t->rank >= x->rank)
		return 0;
	if (axis < 0 || axis + t->rank > x->rank)
		return err_set(e, "axis %lld does not fit", (long long)axis);
	while (axis + t->rank < x->rank)
		t->dim[t->rank++] = 1;
	return 0;
}

/* A constant of higher rank gives the result leading ones. */
static void raise_rank(struct im_value *out, const struct tensor *t)
{
	while (out->view.rank < t->rank)
		view_unsqueeze(&out->view, 0);
}

static int affine(struct build *b, struct im_node *n, struct im_value *x, enum onnx_pair k,
		  bool const_first, float *vec, int64_t c)
{
	struct im_value *out = n->out[0];
	float *neg;

	switch (k) {
	case PAIR_ADD:
		return build_affine(b, x, out, NULL, vec);
	case PAIR_SUB:
		if (!const_first) {
			for (int64_t i = 0; i < c; i++)
				vec[i] = -vec[i];
			return build_affine(b, x, out, NULL, vec);
		}
		neg = xcalloc((size_t)c, sizeof *neg);
		for (int64_t i = 0; i < c; i++)
			neg[i] = -1;
		build_affine(b, x, out, neg, vec);
		free(neg);
		return 0;
	case PAIR_MUL:
		return build_affine(b, x, out, vec, NULL);
	case PAIR_DIV:
		if (!const_first) {
			for (int64_t i = 0; i < c; i++)
				vec[i] = 1 / vec[i];
			return build_affine(b, x, out, vec, NULL);
		}
		break;
	case PAIR_MIN:
	case PAIR_MAX:
		break;
	}
	return 1;
}

/* c / x = c * (1 / x): two layers. */
static int const_over(struct build *b, struct im_node *n, struct im_value *x, float *vec)
{
	struct im_value mid = { .name = n->name, .nuse = 1 };

	build_activation(b, x, &mid, ACT_INV_POS, NULL, NULL);
	mid.view.sole = false; /* a normalization cannot go before the activation */
	return build_affine(b, &mid, n->out[0], vec, NULL);
}

static int clip_with(struct build *b, struct im_node *n, struct im_value *x, enum onnx_pair k,
		     float s)
{
	struct hn_act_params p = { .lo = k == PAIR_MAX ? s : -INFINITY,
				   .hi = k == PAIR_MIN ? s : INFINITY };

	if (k == PAIR_MAX && s == 0)
		return build_activation(b, x, n->out[0], ACT_RELU, NULL, NULL);
	return build_activation(b, x, n->out[0], ACT_CLIP, &p, NULL);
}

static int with_map(struct build *b, struct im_value *out, struct im_value *x,
		    const struct tensor *t, enum onnx_pair k, bool const_first, struct err *e)
{
	struct layer *c = build_const_map(b, &x->view, t, e);
	struct layer *l;

	if (!c)
		return -1;
	l = build_layer(b, rows[k].type, rows[k].base);
	if (const_first)
		layer_add_input(b->g, l, c, 0);
	layer_add_input(b->g, l, x->view.layer, x->view.port);
	if (!const_first)
		layer_add_input(b->g, l, c, 0);
	build_like(out, x, l);
	return 0;
}

int onnx_with_tensor(struct build *b, struct im_value *x, const struct tensor *t, bool times,
		     struct im_value *out, struct err *e)
{
	float *vec = NULL;
	int r = build_vector(&x->view, t, &vec, e);

	if (r == 0)
		r = build_affine(b, x, out, times ? vec : NULL, times ? NULL : vec);
	else if (r > 0)
		r = with_map(b, out, x, t, times ? PAIR_MUL : PAIR_ADD, false, e);
	free(vec);
	if (r == 0)
		raise_rank(out, t);
	return r;
}

/* A constant that repeats x along some dimension is an operand like any other. */
static bool repeats(const struct im_view *v, const struct tensor *t)
{
	for (int d = v->rank - 1, k = t->rank - 1; d >= 0 && k >= 0; d--, k--)
		if (view_size(v, d) == 1 && t->dim[k] > 1)
			return true;
	return false;
}

static int with_large(struct build *b, struct im_value *out, const struct im_value *x,
		      const struct tensor *t, enum onnx_pair k, bool const_first, struct err *e)
{
	struct im_value c = { .name = "", .is_const = true, .data = *t };

	/* Of the same rank, so that it lies like x. */
	while (c.data.rank < x->view.rank && c.data.rank < LIMIT_RANK) {
		memmove(c.data.dim + 1, c.data.dim, (size_t)c.data.rank++ * sizeof *c.data.dim);
		c.data.dim[0] = 1;
	}
	return const_first ? tensors(b, out, c, *x, k, e) : tensors(b, out, *x, c, k, e);
}

static int with_constant(struct build *b, struct im_node *n, struct im_value *x,
			 const struct im_value *c, enum onnx_pair k, bool const_first,
			 struct err *e)
{
	struct tensor t = c->data;
	float *vec = NULL;
	float s;
	int r;

	if (legacy_shape(b, n, &x->view, &t, e) < 0)
		return -1;
	if (repeats(&x->view, &t))
		return with_large(b, n->out[0], x, &t, k, const_first, e);
	if ((k == PAIR_MIN || k == PAIR_MAX) && im_scalar(c, &s)) {
		r = clip_with(b, n, x, k, s);
	} else if ((r = build_vector(&x->view, &t, &vec, e)) == 0) {
		r = k == PAIR_DIV && const_first ? const_over(b, n, x, vec)
		    : k == PAIR_MIN || k == PAIR_MAX
			? with_map(b, n->out[0], x, &t, k, const_first, e)
			: affine(b, n, x, k, const_first, vec, x->view.base[2]);
	} else if (r > 0) {
		r = with_map(b, n->out[0], x, &t, k, const_first, e);
	}
	free(vec);
	if (r == 0)
		raise_rank(n->out[0], &t);
	return r;
}

/* Letters of two plain views together; false when they contradict each other. */
static bool join_axes(const char *a, const char *b, char out[LIMIT_RANK + 1])
{
	size_t n = strlen(a);

	for (size_t i = 0; i <= n; i++) {
		if (a[i] != b[i] && a[i] != '1' && b[i] != '1')
			return false;
		out[i] = a[i] == '1' ? b[i] : a[i];
	}
	for (size_t i = 0; i < n; i++)
		if (out[i] != '1' && strchr(out + i + 1, out[i]))
			return false;
	return true;
}

/* Volumes: channels and depth share the features, of which no part can be repeated. */
static int meet_deep(struct build *b, struct im_value *x, struct im_value *y, struct err *e)
{
	if (view_want(b, x, "BCCHW", e) < 0 || view_want(b, y, "BCCHW", e) < 0)
		return -1;
	for (int d = 1; d < 3; d++) {
		const int64_t sx = view_size(&x->view, d), sy = view_size(&y->view, d);

		if (sx != sy && (sx < sy ? x : y)->view.base[2] != 1)
			return err_set(e, "of volumes %s and %s a part of the features is repeated",
				       view_text(&x->view), view_text(&y->view));
	}
	return 0;
}

static int meet(struct build *b, struct im_value *x, struct im_value *y, char axes[LIMIT_RANK + 1],
		struct err *e)
{
	char ax[LIMIT_RANK + 1], ay[LIMIT_RANK + 1];
	const char *std = build_std_axes(b, x->view.rank);

	if (view_plain(b, x, e) < 0 || view_plain(b, y, e) < 0)
		return -1;
	view_axes(&x->view, ax);
	view_axes(&y->view, ay);
	if (!join_axes(ax, ay, axes)) {
		if (!std)
			return err_set(e, "its inputs %s and %s do not lie alike",
				       view_text(&x->view), view_text(&y->view));
		memcpy(axes, std, strlen(std) + 1);
	}
	return view_want(b, x, axes, e) < 0 || view_want(b, y, axes, e) < 0 ? -1 : 0;
}

/* out = x op y between computed tensors; x and y are copies whose views may change. */
static int tensors(struct build *b, struct im_value *out, struct im_value x, struct im_value y,
		   enum onnx_pair k, struct err *e)
{
	char axes[LIMIT_RANK + 1];
	int64_t base[3], size[LIMIT_RANK], batch;
	struct layer *l;
	bool alike, deep;

	if ((x.is_const && build_from_const(b, &x, NULL, e) < 0) ||
	    (y.is_const && build_from_const(b, &y, NULL, e) < 0))
		return -1;
	while (x.view.rank < y.view.rank)
		view_unsqueeze(&x.view, 0);
	while (y.view.rank < x.view.rank)
		view_unsqueeze(&y.view, 0);
	for (int d = 0; d < x.view.rank; d++)
		if (view_size(&x.view, d) != view_size(&y.view, d) && view_size(&x.view, d) != 1 &&
		    view_size(&y.view, d) != 1)
			return err_set(e, "its inputs %s and %s do not broadcast",
				       view_text(&x.view), view_text(&y.view));
	deep = x.view.rank == 5;
	for (int d = 0; d < x.view.rank; d++)
		size[d] = view_size(&x.view, d) > 1 ? view_size(&x.view, d) : view_size(&y.view, d);
	alike = view_same(&x.view, &y.view);
	if (!alike && (deep ? meet_deep(b, &x, &y, e) : meet(b, &x, &y, axes, e)) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		base[i] = x.view.base[i] > y.view.base[i] ? x.view.base[i] : y.view.base[i];
	batch = x.view.batch > y.view.batch ? x.view.batch : y.view.batch;
	l = build_layer(b, rows[k].type, rows[k].base);
	layer_add_input(b->g, l, x.view.layer, x.view.port);
	layer_add_input(b->g, l, y.view.layer, y.view.port);
	if (alike)
		build_like(out, &x, l);
	else if (deep)
		view_lay(&out->view, l, 0, batch, size, "BCCHW");
	else
		build_out(out, l, 0, batch, base, axes);
	out->done = true;
	return 0;
}

/* What is not plain comes to lie like the other operand, when that is and it can. */
static int follow(struct build *b, struct im_value *x, const struct im_value *y, struct err *e)
{
	char axes[LIMIT_RANK + 1], own[LIMIT_RANK + 1];

	if (view_axes(&x->view, own) || !view_axes(&y->view, axes) || x->view.rank != y->view.rank)
		return 0;
	for (int d = 0; axes[d]; d++)
		if (axes[d] == '1' && x->view.dim[d].n)
			return 0;
	return view_cost(&x->view, axes) >= 0 ? view_want(b, x, axes, e) : 0;
}

int onnx_tensors(struct build *b, const struct im_value *x, const struct im_value *y,
		 enum onnx_pair k, struct im_value *out, struct err *e)
{
	return tensors(b, out, *x, *y, k, e);
}

static int two_operands(struct build *b, struct im_node *n, enum onnx_pair k, struct err *e)
{
	struct im_value *x, *y;

	x = n->in[0];
	y = n->in[1];
	if (y->is_const && tensor_count(&y->data) && y->data.rank <= LIMIT_RANK)
		return with_constant(b, n, x, y, k, false, e);
	if (x->is_const && tensor_count(&x->data))
		return with_constant(b, n, y, x, k, true, e);
	/* Settled once, so that other consumers find it so. */
	if (!x->is_const && !y->is_const && !view_same(&x->view, &y->view) && x->view.rank != 5 &&
	    y->view.rank != 5 &&
	    (follow(b, x, y, e) < 0 || follow(b, y, x, e) < 0 || view_plain(b, x, e) < 0 ||
	     view_plain(b, y, e) < 0))
		return -1;
	return tensors(b, n->out[0], *x, *y, k, e);
}

/* The shape to which an operand was said to be repeated is that of the result. */
static int check_expanded(const struct im_node *n, struct err *e)
{
	const struct tensor *t = onnx_constant(n, 2, "shape", e);
	const struct im_view *v = &n->out[0]->view;

	if (!t)
		return -1;
	for (int i = 0; i < (int)tensor_count(t); i++) {
		const int d = v->rank - (int)tensor_count(t) + i;
		const int64_t size = tensor_get_int(t, (size_t)i);

		if (size != 1 && (d < 0 || view_size(v, d) != size))
			return err_set(e, "an operand is repeated to a shape that %s is not",
				       view_text(v));
	}
	return 0;
}

static int binary(struct build *b, struct im_node *n, enum onnx_pair k, struct err *e)
{
	const bool expanded = n->nin == 3 && im_int(n, "expanded", 0);

	if ((n->nin != 2 && !expanded) || !n->in[0] || !n->in[1])
		return err_set(e, "it has %zu inputs, 2 expected", n->nin);
	if (two_operands(b, n, k, e) < 0)
		return -1;
	return expanded ? check_expanded(n, e) : 0;
}

int onnx_add(struct build *b, struct im_node *n, struct err *e)
{
	return binary(b, n, PAIR_ADD, e);
}

int onnx_sub(struct build *b, struct im_node *n, struct err *e)
{
	return binary(b, n, PAIR_SUB, e);
}

int onnx_mul(struct build *b, struct im_node *n, struct err *e)
{
	return binary(b, n, PAIR_MUL, e);
}

int onnx_div(struct build *b, struct im_node *n, struct err *e)
{
	return binary(b, n, PAIR_DIV, e);
}

/* n-ary operators: a chain. */
static int chain(struct build *b, struct im_node *n, enum onnx_pair k, struct err *e)
{
	struct im_value acc = *n->in[0];
	const bool output = n->out[0]->is_output;

	if (n->nin == 1)
		return build_pass(n->out[0], n->in[0]), 0;
	for (size_t i = 1; i < n->nin; i++) {
		struct im_value next = { .name = n->name, .nuse = 1, .is_output = output };

		if (!n->in[i])
			return err_set(e, "input %zu is absent", i);
		if (tensors(b, &next, acc, *n->in[i], k, e) < 0)
			return -1;
		acc = next;
	}
	n->out[0]->view = acc.view;
	n->out[0]->done = true;
	return 0;
}

int onnx_minmax(struct build *b, struct im_node *n, struct err *e)
{
	const enum onnx_pair k = strcmp(n->op, "Min") == 0 ? PAIR_MIN : PAIR_MAX;

	return n->nin == 2 ? binary(b, n, k, e) : chain(b, n, k, e);
}

int onnx_sum(struct build *b, struct im_node *n, struct err *e)
{
	return n->nin == 2 ? binary(b, n, PAIR_ADD, e) : chain(b, n, PAIR_ADD, e);
}
