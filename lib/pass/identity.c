/* Layers that compute nothing are removed. */
#include "pass/edit.h"
#include "pass/passes.h"

static bool all_are(const struct tensor *t, float v)
{
	const size_t n = t ? tensor_count(t) : 0;

	for (size_t i = 0; i < n; i++)
		if ((float)tensor_get(t, i) != v)
			return false;
	return true;
}

/* The values stay where they are: moves by nothing, at the same shape. */
static bool moves_nothing(const struct layer *l)
{
	const struct hn_shape *in = layer_in_shape(l, 0);

	if (l->nout != 1 || !hn_shape_equal(in, &l->out[0]) || in->rank != l->out[0].rank)
		return false;
	if (l->type == HN_FEATURE_SHUFFLE)
		return l->p.shuffle_groups == 1 || l->p.shuffle_groups == in->c;
	if (l->type == HN_FORMAT_CONVERSION && hn_conversion_transposes(l->p.conversion))
		return l->p.transpose[0] == 0 && l->p.transpose[1] == 1;
	return l->type != HN_SHORTCUT;
}

static bool is_identity(const struct tensors *w, const struct layer *l)
{
	if (l->nin != 1 || l->pinned)
		return false;
	if (hn_is(l->type, HNF_MOVE))
		return moves_nothing(l);
	if (!hn_is(l->type, HNF_ACT | HNF_ELTWISE) || l->p.activation != ACT_LINEAR)
		return false;
	if (hn_is(l->type, HNF_KERNEL))
		return all_are(layer_weight(w, l, "kernel"), 1) &&
		       all_are(layer_weight(w, l, "bias"), 0);
	return !hn_is(l->type, HNF_BN);
}

/* Something must stay between an input and an output. */
static bool is_needed(const struct layer *l)
{
	if (!hn_is(l->in[0].layer->type, HNF_IO))
		return false;
	for (size_t i = 0; i < l->nsucc; i++)
		if (hn_is(l->succ[i]->type, HNF_IO))
			return true;
	return false;
}

int pass_remove_identity(struct graph *g, struct tensors *w, const struct pass_opts *o,
			 struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		/* Port 0 only: a part of a splitter has no name to hand its own names to. */
		if (!is_identity(w, l) || is_needed(l) || l->in[0].port != 0 ||
		    l->in[0].layer->nout != 1)
			continue;
		edit_absorb(g, l, l->in[0].layer);
	}
	return 0;
}
