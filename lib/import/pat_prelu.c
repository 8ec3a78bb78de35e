/*
 * PRelu (He et al. 2015) as TensorFlow's users spell it out: relu(x) - a relu(-x), or
 * relu(x) + a (x - |x|) / 2.
 */
#include "import/import.h"

/* Mul(c, v) with a constant: v, the constant in *c. */
static struct im_value *times(const struct im_value *v, struct im_value **c)
{
	const struct im_node *n = im_only(v, "Mul");

	for (int i = 0; n && n->nin == 2 && i < 2; i++)
		if (n->in[i] && n->in[1 - i] && n->in[i]->is_const && !n->in[1 - i]->is_const) {
			*c = n->in[i];
			return n->in[1 - i];
		}
	return NULL;
}

/* What is below 0 of x is v times *factor: x; NULL: v is nothing like it. */
static struct im_value *below(const struct im_value *v, float *factor)
{
	const struct im_node *n;

	if ((n = im_only(v, "Relu")) && (n = im_only(n->in[0], "Neg"))) {
		*factor = -1;
		return n->in[0];
	}
	if ((n = im_only(v, "Sub")) && n->nin == 2 && n->in[0]) {
		const struct im_node *abs = im_only(n->in[1], "Abs");

		*factor = 2;
		return abs && abs->in[0] == n->in[0] ? n->in[0] : NULL;
	}
	return NULL;
}

/* v is a constant (times a number) times what is below 0 of x: x. */
static struct im_value *slope_of(const struct im_value *v, struct im_value **c, float *factor)
{
	struct im_value *inner = times(v, c), *again = NULL, *x;
	float half, more;

	if (!inner)
		return NULL;
	if ((x = below(inner, factor)))
		return x;
	inner = times(inner, &again);
	if (!inner || !(x = below(inner, factor)))
		return NULL;
	if (im_scalar(again, &more)) {
		*factor *= more;
	} else if (im_scalar(*c, &half)) {
		*factor *= half;
		*c = again;
	} else {
		return NULL;
	}
	return x;
}

/* The constant times a number, as a new value. */
static struct im_value *scaled(struct im_graph *g, const struct im_node *n,
			       const struct im_value *c, float factor)
{
	struct tensor t = tensor_new(DT_F32, c->data.rank, c->data.dim);
	const char *name = arena_printf(&g->arena, "%.900s#slope", n->name);
	struct im_value *v;

	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = factor * (float)tensor_get(&c->data, i);
	while (im_find_value(g, name))
		name = arena_printf(&g->arena, "%.900s'", name);
	v = im_value(g, name);
	im_set_const(v, t);
	return v;
}

bool pat_prelu(struct im_graph *g, struct im_node *n)
{
	const bool minus = strcmp(n->op, "Sub") == 0;
	struct im_value *c, *x = NULL, *slope;
	float factor;

	if ((!minus && strcmp(n->op, "Add") != 0) || n->nin != 2)
		return false;
	for (int i = 0; !x && i < (minus ? 1 : 2); i++) {
		const struct im_node *relu = im_only(n->in[i], "Relu");

		x = relu ? slope_of(n->in[1 - i], &c, &factor) : NULL;
		if (x && relu->in[0] != x)
			x = NULL;
	}
	if (!x)
		return false;
	slope = scaled(g, n, c, minus ? -factor : factor);
	im_become(g, n, "PRelu", x, 0);
	n->in = arena_array(&g->arena, 2, sizeof(struct im_value *));
	n->in[0] = x;
	n->in[1] = slope;
	n->nin = 2;
	slope->nuse++;
	return true;
}
