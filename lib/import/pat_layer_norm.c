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

bool pat_layer_norm(struct im_graph *g, struct im_node *n)
{
	const struct im_node *mean = NULL;
	const int64_t *axes;
	size_t count;
	float epsilon;

	if (is(n, "Div", 2)) {
		const struct im_value *d = deviation(n->in[1], &epsilon);

		if (d && same_difference(d, n->in[0]))
			mean = centred(d);
	}
	for (size_t i = 0; !mean && is(n, "Mul", 2) && i < 2; i++) {
		const struct im_value *d = inverse(n->in[i], &epsilon);

		if (d && same_difference(d, n->in[1 - i]))
			mean = centred(d);
	}
	if (!mean || !(axes = im_ints(mean, "axes", &count)))
		return false;
	im_become(g, n, "LAYERNORM", mean->in[0], 2);
	im_attr_float(n, 0, "epsilon", epsilon);
	n->attr[1] = (struct im_attr){ .name = "axes", .kind = IM_INTS, .ints = axes, .n = count };
	return true;
}
