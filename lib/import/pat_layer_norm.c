/*
 * Mean and variance normalization spelled out: d / sqrt(mean(d d) + epsilon) with d = x - mean(x),
 * in the orders that exporters write.  Factors that follow are taken by the layer later.
 */
#include "import/import.h"

static bool is(const struct im_node *n, const char *op, size_t nin)
{
	if (!n || strcmp(n->op, op) != 0 || n->nin < nin)
		return false;
	for (size_t i = 0; i < nin; i++)
		if (!n->in[i])
			return false;
	return true;
}

static struct im_node *from(const struct im_value *v, const char *op, size_t nin)
{
	return v && is(v->from, op, nin) && !v->is_output ? v->from : NULL;
}

/* d = x - ReduceMean(x): the mean; NULL when it is not so. */
static const struct im_node *centred(const struct im_value *d)
{
	const struct im_node *sub = from(d, "Sub", 2);
	const struct im_node *mean = sub ? from(sub->in[1], "ReduceMean", 1) : NULL;

	return mean && mean->in[0] == sub->in[0] && im_int(mean, "keepdims", 1) ? mean : NULL;
}

/* The same difference, maybe computed a second time. */
static bool same_difference(const struct im_value *a, const struct im_value *b)
{
	const struct im_node *ma = centred(a), *mb = centred(b);
	size_t na, nb;
	const int64_t *xa, *xb;

	if (a == b)
		return true;
	if (!ma || !mb || ma->in[0] != mb->in[0])
		return false;
	xa = im_ints(ma, "axes", &na);
	xb = im_ints(mb, "axes", &nb);
	return na == nb && (na == 0 || memcmp(xa, xb, na * sizeof *xa) == 0);
}

/* v = d d: d, else NULL. */
static struct im_value *square_of(const struct im_value *v)
{
	const struct im_node *n;
	float two;

	if ((n = from(v, "SQUARE", 1)))
		return n->in[0];
	if ((n = from(v, "Pow", 2)) && im_scalar(n->in[1], &two) && two == 2)
		return n->in[0];
	if ((n = from(v, "Mul", 2)) && same_difference(n->in[0], n->in[1]))
		return n->in[0];
	return NULL;
}

/* v = mean(d d) over the axes of d's own mean, kept as dimensions: d. */
static struct im_value *variance_of(const struct im_value *v)
{
	const struct im_node *outer = from(v, "ReduceMean", 1), *inner;
	struct im_value *d = outer ? square_of(outer->in[0]) : NULL;
	size_t no, ni;
	const int64_t *ao, *ai;

	if (!d || !im_int(outer, "keepdims", 1) || !(inner = centred(d)))
		return NULL;
	ao = im_ints(outer, "axes", &no);
	ai = im_ints(inner, "axes", &ni);
	return no == ni && no && memcmp(ao, ai, no * sizeof *ao) == 0 ? d : NULL;
}

/* v = mean(d d) + epsilon: d. */
static struct im_value *with_epsilon(const struct im_value *v, float *epsilon)
{
	const struct im_node *add = v ? v->from : NULL;
	struct im_value *sum = im_with_scalar(add, "Add", epsilon);

	return sum && *epsilon >= 0 ? variance_of(sum) : NULL;
}

/* v = sqrt(mean(d d) + epsilon): d. */
static struct im_value *deviation(const struct im_value *v, float *epsilon)
{
	const struct im_node *n;
	float half;

	if ((n = from(v, "Sqrt", 1)))
		return with_epsilon(n->in[0], epsilon);
	if ((n = from(v, "Pow", 2)) && im_scalar(n->in[1], &half) && half == 0.5f)
		return with_epsilon(n->in[0], epsilon);
	return NULL;
}

/* v = 1 / sqrt(mean(d d) + epsilon): d. */
static struct im_value *inverse(const struct im_value *v, float *epsilon)
{
	const struct im_node *n;
	float c;

	if ((n = from(v, "Reciprocal", 1)))
		return deviation(n->in[0], epsilon);
	if ((n = from(v, "RSQRT", 1)))
		return with_epsilon(n->in[0], epsilon);
	if ((n = from(v, "Div", 2)) && im_scalar(n->in[0], &c) && c == 1)
		return deviation(n->in[1], epsilon);
	if ((n = from(v, "Pow", 2)) && im_scalar(n->in[1], &c) && c == -0.5f)
		return with_epsilon(n->in[0], epsilon);
	return NULL;
}

/* n becomes the normalization of what `mean` averages; scale and bias are constants or NULL. */
static bool become(struct im_graph *g, struct im_node *n, const struct im_node *mean, float epsilon,
		   struct im_value *scale, struct im_value *bias)
{
	struct im_value *in[3] = { mean->in[0], scale, bias };
	size_t count;
	const int64_t *axes = im_ints(mean, "axes", &count);

	if (!axes)
		return false;
	for (size_t i = 1; i < 3; i++)
		if (in[i])
			in[i]->nuse++;
	im_become(g, n, "LAYERNORM", in[0], 2);
	im_attr_float(n, 0, "epsilon", epsilon);
	n->attr[1] = (struct im_attr){ .name = "axes", .kind = IM_INTS, .ints = axes, .n = count };
	if (scale || bias) {
		n->in = arena_array(&g->arena, 3, sizeof(struct im_value *));
		memcpy(n->in, in, sizeof in);
		n->nin = 3;
	}
	return true;
}

/* The factor of x beside v in a product, NULL when v is none of its operands. */
static struct im_value *beside(const struct im_node *mul, const struct im_value *v)
{
	return mul->in[0] == v ? mul->in[1] : mul->in[1] == v ? mul->in[0] : NULL;
}

/* x s + (bias - mean s), with s = scale / sqrt(mean(d d) + epsilon): as Keras computes it. */
static bool moments(struct im_graph *g, struct im_node *n, const struct im_node *xs,
		    const struct im_node *rest)
{
	const struct im_node *ms = from(rest->in[1], "Mul", 2);

	if (!ms || !rest->in[0]->is_const)
		return false;
	for (size_t i = 0; i < 2; i++) {
		const struct im_node *s = from(xs->in[i], "Mul", 2), *mean;
		struct im_value *scale = NULL;
		const struct im_value *m;
		float epsilon;
		const struct im_value *d = inverse(xs->in[i], &epsilon);

		for (size_t k = 0; !d && s && k < 2; k++)
			if (s->in[1 - k]->is_const && (d = inverse(s->in[k], &epsilon)))
				scale = s->in[1 - k];
		if (!d || !(m = beside(ms, xs->in[i])) || !(mean = centred(d)) || m->from != mean ||
		    mean->in[0] != xs->in[1 - i])
			continue;
		return become(g, n, mean, epsilon, scale, rest->in[0]);
	}
	return false;
}

bool pat_layer_norm(struct im_graph *g, struct im_node *n)
{
	float epsilon;

	if (is(n, "Div", 2)) {
		const struct im_value *d = deviation(n->in[1], &epsilon);

		if (d && same_difference(d, n->in[0]))
			return become(g, n, centred(d), epsilon, NULL, NULL);
	}
	for (size_t i = 0; is(n, "Mul", 2) && i < 2; i++) {
		const struct im_value *d = inverse(n->in[i], &epsilon);

		if (d && same_difference(d, n->in[1 - i]))
			return become(g, n, centred(d), epsilon, NULL, NULL);
	}
	for (size_t i = 0; is(n, "Add", 2) && i < 2; i++) {
		const struct im_node *xs = from(n->in[i], "Mul", 2);
		const struct im_node *rest = from(n->in[1 - i], "Sub", 2);

		if (xs && rest && moments(g, n, xs, rest))
			return true;
	}
	return false;
}
