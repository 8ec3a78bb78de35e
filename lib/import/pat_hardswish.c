/* Hard sigmoid, Clip(x + 3, 0, 6) / 6, and hard swish, x times that. */
#include "import/import.h"
#include <math.h>

static bool near(float a, double b)
{
	return fabs((double)a - b) <= 1e-6 * fabs(b);
}

/* Clip(Add(x, 3), 0, 6): x. */
static struct im_value *clipped(const struct im_value *v)
{
	const struct im_node *clip = im_only(v, "CLIP");
	const struct im_node *add;
	struct im_value *x;
	float lo, hi, three;

	if (clip) {
		lo = im_float(clip, "min", -INFINITY);
		hi = im_float(clip, "max", INFINITY);
	} else if ((clip = im_only(v, "Clip"))) {
		lo = im_float(clip, "min", -INFINITY);
		hi = im_float(clip, "max", INFINITY);
		if (clip->nin > 1 && clip->in[1] && !im_scalar(clip->in[1], &lo))
			return NULL;
		if (clip->nin > 2 && clip->in[2] && !im_scalar(clip->in[2], &hi))
			return NULL;
	} else {
		return NULL;
	}
	add = im_only(clip->in[0], "Add");
	if (lo != 0.0f || hi != 6.0f || !add || !(x = im_with_scalar(add, "Add", &three)) ||
	    three != 3.0f)
		return NULL;
	return x;
}

/* Div(v, 6) or Mul(v, 1/6): v. */
static struct im_value *sixth(const struct im_node *n)
{
	struct im_value *v;
	float s;

	if ((v = im_with_scalar(n, "Div", &s)))
		return s == 6.0f ? v : NULL;
	if ((v = im_with_scalar(n, "Mul", &s)))
		return near(s, 1.0 / 6) ? v : NULL;
	return NULL;
}

bool pat_hard_sigmoid(struct im_graph *g, struct im_node *n)
{
	struct im_value *v = sixth(n);
	struct im_value *x = v ? clipped(v) : NULL;

	if (!x)
		return false;
	im_become(g, n, "HardSigmoid", x, 2);
	im_attr_float(n, 0, "alpha", 1.0f / 6);
	im_attr_float(n, 1, "beta", 0.5f);
	return true;
}

static bool is_hard_sigmoid_of(const struct im_value *v, const struct im_value *x)
{
	const struct im_node *h = im_only(v, "HardSigmoid");

	return h && h->nin == 1 && h->in[0] == x && near(im_float(h, "alpha", 0.2f), 1.0 / 6) &&
	       im_float(h, "beta", 0.5f) == 0.5f;
}

/* Mul(x, HardSigmoid(x)); Mul(x, clip) / 6 in the two orders of division. */
bool pat_hardswish(struct im_graph *g, struct im_node *n)
{
	const struct im_node *mul;
	struct im_value *v;

	if (strcmp(n->op, "Mul") == 0 && n->nin == 2)
		for (size_t i = 0; i < 2; i++)
			if (n->in[i] && is_hard_sigmoid_of(n->in[1 - i], n->in[i])) {
				im_become(g, n, "HardSwish", n->in[i], 0);
				return true;
			}
	if (!(v = sixth(n)) || !(mul = im_only(v, "Mul")) || mul->nin != 2)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (mul->in[i] && clipped(mul->in[1 - i]) == mul->in[i]) {
			im_become(g, n, "HardSwish", mul->in[i], 0);
			return true;
		}
	return false;
}
