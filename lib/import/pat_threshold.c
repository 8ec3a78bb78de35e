/*
 * Threshold: x times the truth of x > t, or Where(x > t, x, 0).  Delta: what is not 0 becomes a
 * number.
 */
#include "import/import.h"
#include <math.h>

/* What a truth value is made from, through casts of it that nothing else uses. */
static const struct im_node *truth(const struct im_value *v)
{
	const struct im_node *n;

	while ((n = im_only(v, "Cast")) && n->nin == 1)
		v = n->in[0];
	return v && v->from && v->nuse == 1 && !v->is_output ? v->from : NULL;
}

/* v is x > t or x >= t; *t is the largest number that is not let through. */
static bool above(const struct im_value *v, const struct im_value *x, float *t)
{
	const struct im_node *n = truth(v);
	const bool equal = n && strcmp(n->op, "GreaterOrEqual") == 0;

	if (!n || (!equal && strcmp(n->op, "Greater") != 0) || n->nin != 2 || n->in[0] != x ||
	    !im_scalar(n->in[1], t) || !isfinite(*t))
		return false;
	if (equal)
		*t = nextafterf(*t, -INFINITY);
	return isfinite(*t);
}

/* Every value of the constant is 0. */
static bool zeros(const struct im_value *v)
{
	if (!v || !v->is_const)
		return false;
	for (size_t i = 0; i < tensor_count(&v->data); i++)
		if (tensor_get(&v->data, i) != 0)
			return false;
	return true;
}

bool pat_threshold(struct im_graph *g, struct im_node *n)
{
	struct im_value *x = NULL;
	float t;

	if (strcmp(n->op, "Mul") == 0 && n->nin == 2 && n->in[0] && n->in[1]) {
		for (int i = 0; !x && i < 2; i++)
			if (!n->in[i]->is_const && above(n->in[1 - i], n->in[i], &t))
				x = n->in[i];
	} else if (strcmp(n->op, "Where") == 0 && n->nin == 3 && n->in[1] && zeros(n->in[2]) &&
		   n->in[2]->data.rank <= 1 && above(n->in[0], n->in[1], &t)) {
		x = n->in[1];
	}
	if (!x)
		return false;
	im_become(g, n, "THRESHOLD", x, 1);
	im_attr_float(n, 0, "alpha", t);
	return true;
}

/* x == 0: x. */
static struct im_value *is_zero(const struct im_node *n)
{
	float s;

	for (int i = 0; n && strcmp(n->op, "Equal") == 0 && n->nin == 2 && i < 2; i++)
		if (n->in[i] && !n->in[i]->is_const && im_scalar(n->in[1 - i], &s) && s == 0)
			return n->in[i];
	return NULL;
}

/* sign(|x|), and a delta times a number: as Keras users write one. */
static struct im_value *signs(const struct im_node *n, float *s)
{
	const struct im_node *m = NULL;
	struct im_value *x;

	*s = 1;
	if (strcmp(n->op, "Sign") == 0 && n->nin == 1)
		return (m = im_only(n->in[0], "Abs")) ? m->in[0] : NULL;
	x = im_with_scalar(n, "Mul", s);
	if (!x || !(m = im_only(x, "DELTA")))
		return NULL;
	*s *= im_float(m, "alpha", 1);
	return isfinite(*s) ? m->in[0] : NULL;
}

bool pat_delta(struct im_graph *g, struct im_node *n)
{
	struct im_value *x = NULL;
	float s = 1;

	if (strcmp(n->op, "Not") == 0 && n->nin == 1)
		x = is_zero(truth(n->in[0]));
	else if (strcmp(n->op, "Where") == 0 && n->nin == 3 && im_scalar(n->in[2], &s) &&
		 isfinite(s) && zeros(n->in[1]) && n->in[1]->data.rank <= 1)
		x = is_zero(truth(n->in[0]));
	else
		x = signs(n, &s);
	if (!x)
		return false;
	im_become(g, n, "DELTA", x, 1);
	im_attr_float(n, 0, "alpha", s);
	return true;
}
