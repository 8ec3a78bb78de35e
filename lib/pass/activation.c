/* A standalone activation goes into the layer before it, when that layer is linear and feeds only
 * it. */
#include "pass/edit.h"
#include "pass/passes.h"

/* Layers with a full output stage: those with weights, and elementwise ones. */
static bool takes_activation(const struct layer *l)
{
	return hn_is(l->type, HNF_ACT) &&
	       (hn_is(l->type, HNF_KERNEL) || hn_is(l->type, HNF_ELTWISE)) &&
	       l->p.activation == ACT_LINEAR;
}

static bool is_activation(const struct layer *l)
{
	return hn_is(l->type, HNF_ACT | HNF_ELTWISE) && l->nin == 1 &&
	       !hn_is(l->type, HNF_KERNEL) && !hn_is(l->type, HNF_BN);
}

int pass_fuse_activation(struct graph *g, struct tensors *w, const struct pass_opts *o,
			 struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];
		struct layer *from = l->nin ? l->in[0].layer : NULL;

		if (l->dead || !is_activation(l) || !takes_activation(from) ||
		    edit_consumer(from) != l)
			continue;
		edit_move_activation(w, l, from);
		edit_absorb(g, l, from);
	}
	return 0;
}
