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

bool pat_mask(struct im_graph *g, struct im_node *n)
{
	struct im_node *add =
	    strcmp(n->op, "Softmax") == 0 && n->nin ? im_only(n->in[0], "Add") : NULL;

	for (size_t i = 0; add && add->nin == 2 && i < 2; i++) {
		struct im_value *mask = add->in[i];

		if (!mask || !mask->is_const || !add->in[1 - i] || add->in[1 - i]->is_const ||
		    !maskable(&mask->data))
			continue;
		add->in[i] = raised(g, mask);
		add->in[i]->nuse++;
		mask->nuse--;
		return true;
	}
	return false;
}
