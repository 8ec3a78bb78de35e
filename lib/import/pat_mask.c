/*
 * A mask added before a softmax: what is far below the rest of its row need not be -inf or -1e9 to
 * vanish, and must not be where numbers have a range.
 */
#include "import/import.h"
#include <math.h>

static const double low = -1000; /* exp(low + any score seen in practice) is 0 in a float */

/* Does every row along the last dimension keep something, and is there anything to raise? */
static bool maskable(const struct tensor *t)
{
	const size_t n = t->rank ? (size_t)t->dim[t->rank - 1] : 1;
	bool any = false;

	for (size_t i = 0; i < tensor_count(t); i += n) {
		double most = -INFINITY;

		for (size_t k = 0; k < n; k++) {
			const double v = tensor_get(t, i + k);

			if (!(v < INFINITY))
				return false;
			most = v > most ? v : most;
			any |= v < low;
		}
		if (most < low / 2)
			return false;
	}
	return any;
}

static struct im_value *raised(struct im_graph *g, const struct im_value *mask)
{
	struct str name = { 0 };
	struct im_value *v;
	struct tensor t;

	str_printf(&name, "%s, at least %g", mask->name, low);
	v = im_value(g, name.p);
	str_release(&name);
	if (v->is_const)
		return v;
	t = tensor_new(DT_F32, mask->data.rank, mask->data.dim);
	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = (float)fmax(low, tensor_get(&mask->data, i));
	im_set_const(v, t);
	return v;
}

/* Where(keep, x, low) or Where(hide, low, x) with a constant that leaves something of each row. */
static bool leaves_some(const struct tensor *keep, bool when)
{
	const size_t n = keep->rank ? (size_t)keep->dim[keep->rank - 1] : 1;

	for (size_t i = 0; i < tensor_count(keep); i += n) {
		bool some = false;

		for (size_t k = 0; k < n; k++)
			some |= (tensor_get(keep, i + k) != 0) == when;
		if (!some)
			return false;
	}
	return tensor_count(keep) > 0;
}

static bool replace(struct im_graph *g, struct im_node *n, size_t i)
{
	struct im_value *old = n->in[i];

	n->in[i] = raised(g, old);
	n->in[i]->nuse++;
	old->nuse--;
	return true;
}

static bool chosen(struct im_graph *g, struct im_node *where)
{
	float v;

	if (where->nin != 3 || !where->in[0] || !where->in[0]->is_const)
		return false;
	for (size_t i = 1; i < 3; i++)
		if (im_scalar(where->in[i], &v) && (double)v < low && where->in[3 - i] &&
		    !where->in[3 - i]->is_const && leaves_some(&where->in[0]->data, i == 2))
			return replace(g, where, i);
	return false;
}

/* A softmax over what is the last dimension, as far as the node says. */
static bool over_last(const struct im_node *n)
{
	const int64_t axis = im_int(n, "axis", -1);

	return strcmp(n->op, "Softmax") == 0 && n->nin && (axis == -1 || axis >= 2);
}

bool pat_mask(struct im_graph *g, struct im_node *n)
{
	const bool softmax = over_last(n);
	struct im_node *add = softmax ? im_only(n->in[0], "Add") : NULL;
	struct im_node *where = softmax ? im_only(n->in[0], "Where") : NULL;

	if (where)
		return chosen(g, where);
	for (size_t i = 0; add && add->nin == 2 && i < 2; i++) {
		const struct im_value *mask = add->in[i];

		if (mask && mask->is_const && add->in[1 - i] && !add->in[1 - i]->is_const &&
		    maskable(&mask->data))
			return replace(g, add, i);
	}
	return false;
}
