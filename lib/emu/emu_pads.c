/* external_pad layers that a window can do without. */
#include "emu/emu_int.h"
#include <math.h>

/* The layer computes the same from the pad's input with its own window over the border. */
static bool takes_pad(const struct layer *l, const struct layer *pad)
{
	const float value = pad->p.pad_value;
	const int32_t *own = l->p.pad;

	if (l->in[0].layer != pad || !hn_is(l->type, HNF_WINDOW))
		return false;
	if (l->type == HN_MAXPOOL)
		return value == -INFINITY;
	if (l->type == HN_AVGPOOL)
		return value == 0 && !l->p.ceil_mode && !own[0] && !own[1] && !own[2] && !own[3];
	return value == 0 && l->type != HN_DECONV;
}

static void absorb(struct layer *l, const struct layer *pad)
{
	for (int i = 0; i < 4; i++)
		l->p.pad[i] += pad->p.pad[i];
	l->p.count_include_pad = true;
	l->in[0] = pad->in[0];
}

int emu_absorb_pads(struct graph *g, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *pad = g->layers[i];

		if (pad->type != HN_EXTERNAL_PAD || pad->nsucc != 1 ||
		    !takes_pad(pad->succ[0], pad))
			continue;
		absorb(pad->succ[0], pad);
		pad->user = pad; /* marked: it has no use left */
		n++;
	}
	for (size_t i = g->nlayers; n > 0 && i-- > 0;)
		if (g->layers[i]->type == HN_EXTERNAL_PAD && g->layers[i]->user == g->layers[i])
			graph_remove(g, g->layers[i]);
	return n > 0 ? graph_link(g, e) : 0;
}
