/*
 * Features in another order for nothing: the kernel that makes them is stored in that order.  Only
 * where nobody has seen the order so far.
 */
#include "import/build.h"

static bool cuts(const struct im_node *n)
{
	return strcmp(n->op, "Slice") == 0 || strcmp(n->op, "Gather") == 0 ||
	       strcmp(n->op, "Split") == 0;
}

/* All that use v are cuts of it, and none of them but this node has been made. */
static bool unseen(const struct build *b, const struct im_value *v)
{
	if (v->is_output)
		return false;
	for (size_t i = 0; i < b->ir->nnode; i++) {
		const struct im_node *n = b->ir->node[i];
		bool uses = false;

		for (size_t k = 0; k < n->nin; k++)
			uses |= n->in[k] == v;
		if (uses && (!cuts(n) || n->in[0] != v))
			return false;
		for (size_t k = 0; uses && n != b->node && k < n->nout; k++)
			if (n->out[k] && n->out[k]->done)
				return false;
	}
	return true;
}

static bool makes_features(const struct layer *l)
{
	return hn_is(l->type, HNF_KERNEL) && !hn_is(l->type, HNF_ELTWISE) && l->p.groups == 1 &&
	       !l->p.elementwise_add;
}

/* The last dimension of a weight, reordered. */
static void permute(struct build *b, struct layer *l, const char *key, const int32_t *from)
{
	const struct tensor *old = layer_weight(b->w, l, key);
	struct tensor t;
	int64_t c;

	if (!old || old->rank == 0)
		return;
	c = old->dim[old->rank - 1];
	t = tensor_new(DT_F32, old->rank, old->dim);
	for (size_t i = 0; i < tensor_count(old); i++)
		((float *)tensor_data(&t))[i] =
		    (float)tensor_get(old, i - i % (size_t)c + (size_t)from[i % (size_t)c]);
	layer_set_weight(b->w, l, key, t);
}

bool build_permute(struct build *b, const struct im_value *v, const int32_t *from)
{
	static const char *const keys[] = { "kernel", "bias",        "gamma",
					    "beta",   "moving_mean", "moving_variance",
					    "slope" };
	struct layer *l = v->view.layer;

	if (!v->view.sole || v->view.port != 0 || !makes_features(l) || !unseen(b, v))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		permute(b, l, keys[i], from);
	VEC_GROW(b->permuted, b->npermuted, &b->cap_permuted);
	b->permuted[b->npermuted++] = l;
	return true;
}
