/* GELU, x (1 + Erf(x / sqrt 2)) / 2 or with tanh, in the orders that exporters write. */
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

/* v is x^3: x times x squared, or a power. */
static bool cube(const struct im_value *v, const struct im_value *x)
{
	const struct im_node *n, *square;
	float s;

	if ((n = im_only(v, "Pow")))
		return n->nin == 2 && n->in[0] == x && im_scalar(n->in[1], &s) && s == 3;
	if (!(n = im_only(v, "Mul")) || n->nin != 2)
		return false;
	for (int i = 0; i < 2; i++) {
		if (n->in[i] != x)
			continue;
		if ((square = im_only(n->in[1 - i], "SQUARE")) && square->in[0] == x)
			return true;
		if ((square = im_only(n->in[1 - i], "Pow")) && square->nin == 2 &&
		    square->in[0] == x && im_scalar(square->in[1], &s) && s == 2)
			return true;
	}
	return false;
}

/* v is Tanh(sqrt(2 / pi) (x + 0.044715 x^3)): x. */
static struct im_value *tanh_of_cubic(const struct im_value *v)
{
	const struct im_node *n = im_only(v, "Tanh");
	struct im_value *sum;
	float s;

	if (!n || n->nin != 1 || !(n = im_only(n->in[0], "Mul")) ||
	    !(sum = im_with_scalar(n, "Mul", &s)) || !near(s, sqrt(2 / 3.14159265358979323846)) ||
	    !(n = im_only(sum, "Add")) || n->nin != 2)
		return NULL;
	for (int i = 0; i < 2; i++) {
		const struct im_node *term = im_only(n->in[i], "Mul");
		struct im_value *x3 = term ? im_with_scalar(term, "Mul", &s) : NULL;

		if (x3 && near(s, 0.044715) && cube(x3, n->in[1 - i]))
			return n->in[1 - i];
	}
	return NULL;
}

/* v is 1 + the tanh above: x. */
static struct im_value *one_plus_tanh(const struct im_value *v)
{
	const struct im_node *n = im_only(v, "Add");
	struct im_value *t;
	float one;

	return n && (t = im_with_scalar(n, "Add", &one)) && one == 1 ? tanh_of_cubic(t) : NULL;
}

/* n is a product of x, one_plus_tanh(x) and 1/2, in any order; halves: the 1/2 is still to come. */
static struct im_value *tanh_product(const struct im_node *n, bool halves)
{
	for (int i = 0; n->nin == 2 && i < 2; i++) {
		struct im_value *a = n->in[i], *b = n->in[1 - i], *x;

		if (!a || !b)
			continue;
		if ((x = one_plus_tanh(b)) && (halves ? half(a) : a) == x)
			return x;
		if (halves && (x = half(b)) && one_plus_tanh(x) == a)
			return a;
	}
	return NULL;
}

/* GELU as 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel 2016. */
bool pat_gelu_tanh(struct im_graph *g, struct im_node *n)
{
	const struct im_node *mul;
	struct im_value *v, *x;
	float s;

	if (strcmp(n->op, "Mul") == 0 && (x = tanh_product(n, true))) {
		im_become(g, n, "GELU_TANH", x, 0);
		return true;
	}
	if (!((v = im_with_scalar(n, "Mul", &s)) && s == 0.5f) &&
	    !((v = im_with_scalar(n, "Div", &s)) && s == 2.0f))
		return false;
	if (!(mul = im_only(v, "Mul")) || !(x = tanh_product(mul, false)))
		return false;
	im_become(g, n, "GELU_TANH", x, 0);
	return true;
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
