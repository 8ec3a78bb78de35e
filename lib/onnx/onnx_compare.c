/*
 * Greater, GreaterOrEqual, Less, LessOrEqual, Equal: an activation of x, or of x - y.  What is true
 * is 1, what is false 0, so that Not, And, Or and Where are arithmetic.
 */
#include "onnx/onnx_int.h"
#include <math.h>

static const struct row {
	const char *op;
	enum hn_act act, swapped; /* a OP b; b OP a */
} rows[] = {
	{ "Equal", ACT_EQUAL, ACT_EQUAL },
	{ "Greater", ACT_GREATER, ACT_LESS },
	{ "GreaterOrEqual", ACT_GREATER_EQUAL, ACT_LESS_EQUAL },
	{ "Less", ACT_LESS, ACT_GREATER },
	{ "LessOrEqual", ACT_LESS_EQUAL, ACT_GREATER_EQUAL },
};

/* The number that a constant is everywhere; false when it varies. */
static bool uniform(const struct im_value *v, float *s)
{
	size_t n;

	if (!v->is_const || (n = tensor_count(&v->data)) == 0)
		return false;
	*s = (float)tensor_get(&v->data, 0);
	for (size_t i = 1; i < n; i++)
		if ((float)tensor_get(&v->data, i) != *s)
			return false;
	return true;
}

/* out = x k + add, the same for all features. */
static void line(struct build *b, struct im_value *x, struct im_value *out, float k, float add)
{
	const size_t c = (size_t)x->view.base[2];
	float *both = xcalloc(2 * c, sizeof *both);

	for (size_t i = 0; i < c; i++) {
		both[i] = k;
		both[c + i] = add;
	}
	build_affine(b, x, out, both, add != 0 ? both + c : NULL);
	free(both);
}

/* The shape of a constant of one value may still add dimensions or repeat x. */
static int same_shape(const struct im_value *x, const struct im_value *c, struct err *e)
{
	const int extra = c->data.rank - x->view.rank;

	for (int d = 0; d < c->data.rank; d++)
		if (c->data.dim[d] != 1 &&
		    (d < extra || c->data.dim[d] != view_size(&x->view, d - extra)))
			return err_set(e, "its constant %s repeats its input %s",
				       tensor_shape_text(&c->data), view_text(&x->view));
	return 0;
}

static void raise_rank(struct im_value *out, const struct im_value *c)
{
	while (c->is_const && out->view.rank < c->data.rank)
		view_unsqueeze(&out->view, 0);
}

static int with_number(struct build *b, struct im_node *n, struct im_value *x,
		       const struct im_value *c, enum hn_act act, float s, struct err *e)
{
	const struct hn_act_params p = { .alpha = s, .lo = -INFINITY, .hi = INFINITY };

	if (!isfinite(s))
		return err_set(e, "it compares with %g", (double)s);
	if (same_shape(x, c, e) < 0)
		return -1;
	build_activation(b, x, n->out[0], act, &p, NULL);
	raise_rank(n->out[0], c);
	return 0;
}

/* x - c, of a constant that varies. */
static int less_constant(struct build *b, struct im_value *x, const struct tensor *c,
			 struct im_value *out, struct err *e)
{
	struct tensor t = tensor_new(DT_F32, c->rank, c->dim);
	float *v = tensor_data(&t);
	int r;

	for (size_t i = 0; i < tensor_count(c); i++)
		v[i] = -(float)tensor_get(c, i);
	r = onnx_with_tensor(b, x, &t, false, out, e);
	tensor_release(&t);
	return r;
}

int onnx_compare(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value mid = { .name = n->name, .nuse = 1 };
	const struct row *row = rows;
	const bool swap = n->in[0]->is_const;
	struct im_value *x, *y;
	float s;

	while (strcmp(row->op, n->op) != 0)
		row++;
	if (n->nin != 2 || !n->in[1])
		return err_set(e, "it has %zu inputs, 2 expected", n->nin);
	x = n->in[swap];
	y = n->in[!swap];
	if (uniform(y, &s))
		return with_number(b, n, x, y, swap ? row->swapped : row->act, s, e);
	if ((y->is_const ? less_constant(b, x, &y->data, &mid, e)
			 : onnx_tensors(b, x, y, PAIR_SUB, &mid, e)) < 0)
		return -1;
	return build_activation(b, &mid, n->out[0], swap ? row->swapped : row->act, NULL, NULL);
}

/* Not, And, Or of truth values. */
int onnx_logic(struct build *b, struct im_node *n, struct err *e)
{
	if (strcmp(n->op, "Not") == 0)
		return line(b, n->in[0], n->out[0], -1, 1), 0;
	if (n->nin != 2 || !n->in[1])
		return err_set(e, "it has %zu inputs, 2 expected", n->nin);
	return onnx_tensors(b, n->in[0], n->in[1], strcmp(n->op, "And") == 0 ? PAIR_MUL : PAIR_MAX,
			    n->out[0], e);
}

/* out = x where c, the number s elsewhere: c (x - s) + s. */
static int where_number(struct build *b, struct im_value *c, struct im_value *x, float s,
			struct im_value *out, struct err *e)
{
	struct im_value from = *x, mid = { .name = out->name, .nuse = 1 };

	if (!isfinite(s))
		return err_set(e, "it chooses %g, which no integer stands for (use a finite value)",
			       (double)s);
	if (s == 0)
		return onnx_tensors(b, c, x, PAIR_MUL, out, e);
	line(b, x, &from, 1, -s);
	from.nuse = 1;
	if (onnx_tensors(b, c, &from, PAIR_MUL, &mid, e) < 0)
		return -1;
	line(b, &mid, out, 1, s);
	return 0;
}

/* The condition's opposite. */
static void opposite(struct build *b, struct im_value *c, struct im_value *out)
{
	*out = (struct im_value){ .name = c->name, .nuse = 1 };
	line(b, c, out, -1, 1);
}

/* c x + (1 - c) y */
static int where_tensors(struct build *b, struct im_value *c, struct im_value *x,
			 struct im_value *y, struct im_value *out, struct err *e)
{
	struct im_value no, a = { .name = out->name, .nuse = 1 }, o = a;

	opposite(b, c, &no);
	if (onnx_tensors(b, c, x, PAIR_MUL, &a, e) < 0 ||
	    onnx_tensors(b, &no, y, PAIR_MUL, &o, e) < 0)
		return -1;
	return onnx_tensors(b, &a, &o, PAIR_ADD, out, e);
}

/* A constant condition: x t + s (1 - t), for a tensor x and a number s. */
static int where_constant(struct build *b, const struct tensor *c, bool when, struct im_value *x,
			  float s, struct im_value *out, struct err *e)
{
	struct im_value mid = { .name = out->name, .nuse = 1 };
	struct tensor t, add;
	float *v, *w;
	int r;

	if (!isfinite(s))
		return err_set(e, "it chooses %g, which no integer stands for (use a finite value)",
			       (double)s);
	t = tensor_new(DT_F32, c->rank, c->dim);
	add = tensor_new(DT_F32, c->rank, c->dim);
	v = tensor_data(&t);
	w = tensor_data(&add);
	for (size_t i = 0; i < tensor_count(c); i++) {
		v[i] = (tensor_get(c, i) != 0) == when;
		w[i] = v[i] != 0 ? 0 : s;
	}
	r = onnx_with_tensor(b, x, &t, true, s == 0 ? out : &mid, e);
	if (r == 0 && s != 0)
		r = onnx_with_tensor(b, &mid, &add, false, out, e);
	tensor_release(&t);
	tensor_release(&add);
	return r;
}

int onnx_where(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *c = n->in[0], *x, *y, no;
	float s, t;

	if (n->nin != 3 || !n->in[1] || !n->in[2])
		return err_set(e, "it has %zu inputs, 3 expected", n->nin);
	x = n->in[1];
	y = n->in[2];
	if (c->is_const) {
		if (!x->is_const && uniform(y, &t))
			return where_constant(b, &c->data, true, x, t, n->out[0], e);
		if (!y->is_const && uniform(x, &s))
			return where_constant(b, &c->data, false, y, s, n->out[0], e);
		return err_set(e, "a constant choice between tensors is not supported");
	}
	if (uniform(x, &s) && uniform(y, &t)) {
		if (!isfinite(s) || !isfinite(t))
			return err_set(e, "it chooses a number that is not finite");
		if (same_shape(c, x, e) < 0 || same_shape(c, y, e) < 0)
			return -1;
		line(b, c, n->out[0], s - t, t);
		raise_rank(n->out[0], x);
		raise_rank(n->out[0], y);
		return 0;
	}
	if (!x->is_const && uniform(y, &t) && same_shape(x, y, e) == 0)
		return where_number(b, c, x, t, n->out[0], e);
	if (!y->is_const && uniform(x, &s) && same_shape(y, x, e) == 0) {
		opposite(b, c, &no);
		return where_number(b, &no, y, s, n->out[0], e);
	}
	return err_is(e) ? -1 : where_tensors(b, c, x, y, n->out[0], e);
}
