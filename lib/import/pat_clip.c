/* Clip: Min(Max(x, lo), hi) or Max(Min(x, hi), lo) with scalars. */
#include "import/import.h"

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

bool pat_clip(struct im_graph *g, struct im_node *n)
{
	struct im_value *x;
	float lo, hi;

	if (!(x = two(n, "Min", "Max", &lo, &hi)) && !(x = two(n, "Max", "Min", &hi, &lo)))
		return false;
	if (!(lo <= hi))
		return false;
	im_become(g, n, "CLIP", x, 2);
	im_attr_float(n, 0, "min", lo);
	im_attr_float(n, 1, "max", hi);
	return true;
}
