/* A standalone activation goes into the layer before it, when that layer is linear, or both clip,
 * and feeds only it. */
#include "pass/edit.h"
#include "pass/passes.h"
#include <math.h>

/* Layers with a full output stage: those with weights, and elementwise ones. */
static bool has_output_stage(const struct layer *l)
{
	return hn_is(l->type, HNF_ACT) &&
	       (hn_is(l->type, HNF_KERNEL) || hn_is(l->type, HNF_ELTWISE));
}

static bool is_activation(const struct layer *l)
{
	return hn_is(l->type, HNF_ACT | HNF_ELTWISE) && l->nin == 1 &&
	       !hn_is(l->type, HNF_KERNEL) && !hn_is(l->type, HNF_BN);
}

/* Bounds of the clip family. */
static struct hn_act_params bounds(const struct layer *l)
{
	const enum hn_act a = l->p.activation;
	struct hn_act_params p = { 0, 0, -INFINITY, INFINITY };

	if (a == ACT_CLIP)
		p = l->p.act;
	if (a == ACT_RELU || a == ACT_RELU6)
		p.lo = 0;
	if (a == ACT_RELU6)
		p.hi = 6;
	return p;
}

/* A clip behind a clip is one clip (exporters write relu6 as relu and clip). */
static bool joins_clip(const struct layer *l, const struct layer *from)
{
	return hn_act_is_clip(l->p.activation) && hn_act_is_clip(from->p.activation);
}

static float inside(float x, const struct hn_act_params *p)
{
	return x < p->lo ? p->lo : x > p->hi ? p->hi : x;
}

static void join_clip(struct layer *l, const struct layer *from)
{
	const struct hn_act_params first = bounds(from), then = bounds(l);
	const float lo = inside(first.lo, &then), hi = inside(first.hi, &then);

	l->p.act.lo = lo;
	l->p.act.hi = hi;
	l->p.activation = lo == 0 && hi == 6       ? ACT_RELU6
			  : lo == 0 && isinf(hi)   ? ACT_RELU
			  : isinf(lo) && isinf(hi) ? ACT_LINEAR
						   : ACT_CLIP;
}

int pass_fuse_activation(struct graph *g, struct tensors *w, const struct pass_opts *o,
			 struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];
		struct layer *from = l->nin ? l->in[0].layer : NULL;

		if (!is_activation(l) || !has_output_stage(from) || edit_consumer(from) != l ||
		    from->p.conversion)
			continue;
		if (joins_clip(l, from))
			join_clip(l, from);
		else if (from->p.activation != ACT_LINEAR)
			continue;
		edit_move_activation(w, l, from);
		edit_absorb(g, l, from);
	}
	return 0;
}
