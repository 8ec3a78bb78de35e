/* GELU in the erf form: x (1 + Erf(x / sqrt 2)) / 2, in the orders that exporters write. */
#include "import/import.h"
#include <math.h>

static bool near(float a, double b)
{
	return fabs((double)a - b) <= 1e-6 * fabs(b);
}

/* Add(Erf(x / sqrt 2), 1): x. */
static struct im_value *one_plus_erf(const struct im_value *v)
{
	const struct im_node *add = im_only(v, "Add");
	const struct im_node *erf, *scale;
	struct im_value *in, *x;
	float one, s;

	if (!add || !(in = im_with_scalar(add, "Add", &one)) || one != 1.0f ||
	    !(erf = im_only(in, "Erf")) || erf->nin != 1)
		return NULL;
	if ((scale = im_only(erf->in[0], "Div")))
		return (x = im_with_scalar(scale, "Div", &s)) && near(s, sqrt(2.0)) ? x : NULL;
	if ((scale = im_only(erf->in[0], "Mul")))
		return (x = im_with_scalar(scale, "Mul", &s)) && near(s, sqrt(0.5)) ? x : NULL;
	return NULL;
}

/* v is x / 2 made for this use only. */
static struct im_value *half(const struct im_value *v)
{
	const struct im_node *n;
	struct im_value *x;
	float s;

	if ((n = im_only(v, "Mul")) && (x = im_with_scalar(n, "Mul", &s)) && s == 0.5f)
		return x;
	if ((n = im_only(v, "Div")) && (x = im_with_scalar(n, "Div", &s)) && s == 2.0f)
		return x;
	return NULL;
}

/* Mul(a, b) with a = x or x / 2 (as want_half says) and b = 1 + erf, or the half on b. */
static struct im_value *product(const struct im_node *n, bool want_half)
{
	for (size_t i = 0; n->nin == 2 && i < 2; i++) {
		struct im_value *a = n->in[i], *b = n->in[1 - i];
		struct im_value *x = one_plus_erf(b);

		if (!a || !b)
			continue;
		if (x && (want_half ? half(a) : a) == x)
			return x;
		if (want_half && (x = half(b)) && one_plus_erf(x) == a)
			return a;
	}
	return NULL;
}

bool pat_gelu(struct im_graph *g, struct im_node *n)
{
	const struct im_node *mul;
	struct im_value *v, *x;
	float s;

	if (strcmp(n->op, "Mul") == 0 && (x = product(n, true))) {
		im_become(g, n, "GELU", x, 0);
		return true;
	}
	if (!((v = im_with_scalar(n, "Mul", &s)) && s == 0.5f) &&
	    !((v = im_with_scalar(n, "Div", &s)) && s == 2.0f))
		return false;
	if (!(mul = im_only(v, "Mul")) || !(x = product(mul, false)))
		return false;
	im_become(g, n, "GELU", x, 0);
	return true;
}
