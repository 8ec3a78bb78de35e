/* Clip: Min(Max(x, lo), hi) or Max(Min(x, hi), lo) with scalars, Clip(Relu(x), lo, hi). */
#include "import/import.h"
#include <math.h>

/* op(inner(x, a), b), either input order. */
static struct im_value *two(const struct im_node *n, const char *op, const char *inner, float *a,
			    float *b)
{
	if (strcmp(n->op, op) != 0 || n->nin != 2)
		return NULL;
	for (size_t i = 0; i < 2; i++) {
		const struct im_node *m = im_only(n->in[i], inner);

		if (!m || m->nin != 2 || !im_scalar(n->in[1 - i], b))
			continue;
		for (size_t k = 0; k < 2; k++)
			if (m->in[k] && !m->in[k]->is_const && im_scalar(m->in[1 - k], a))
				return m->in[k];
	}
	return NULL;
}

/* A bound as an attribute, a constant input, or absent. */
static bool bound(const struct im_node *n, const char *name, size_t i, float *v)
{
	*v = im_float(n, name, *v);
	return i >= n->nin || !n->in[i] || im_scalar(n->in[i], v);
}

/* Exporters write a ReLU6 as both. */
static struct im_value *over_relu(const struct im_node *n, float *lo, float *hi)
{
	const struct im_node *m =
	    strcmp(n->op, "Clip") == 0 && n->nin ? im_only(n->in[0], "Relu") : NULL;

	*lo = -INFINITY;
	*hi = INFINITY;
	if (!m || !bound(n, "min", 1, lo) || !bound(n, "max", 2, hi))
		return NULL;
	*lo = *lo > 0 ? *lo : 0;
	return m->in[0];
}

bool pat_clip(struct im_graph *g, struct im_node *n)
{
	struct im_value *x;
	float lo, hi;

	if (!(x = two(n, "Min", "Max", &lo, &hi)) && !(x = two(n, "Max", "Min", &hi, &lo)) &&
	    !(x = over_relu(n, &lo, &hi)))
		return false;
	if (!(lo <= hi))
		return false;
	im_become(g, n, "CLIP", x, 2);
	im_attr_float(n, 0, "min", lo);
	im_attr_float(n, 1, "max", hi);
	return true;
}
