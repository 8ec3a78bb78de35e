/* A deep copy of a graph. */
#include "hn/layer.h"
#include "hn/names.h"

static char *copy_text(struct graph *g, const char *s)
{
	return s ? arena_strdup(&g->arena, s) : NULL;
}

struct layer *graph_copy_layer(struct graph *g, const struct layer *from)
{
	struct layer *l = graph_add(g, from->type, from->name);

	l->p = from->p;
	l->p.conversion = copy_text(g, from->p.conversion);
	l->p.io_type = copy_text(g, from->p.io_type);
	l->out = xreallocarray(l->out, from->nout, sizeof *l->out);
	memcpy(l->out, from->out, from->nout * sizeof *l->out);
	l->nout = from->nout;
	for (size_t i = 0; i < from->noriginal; i++)
		layer_add_original(g, l, from->original_names[i]);
	l->quant.precision_mode = copy_text(g, from->quant.precision_mode);
	l->quant.bias_mode = copy_text(g, from->quant.bias_mode);
	l->quant.extra = json_deep_copy(from->quant.extra);
	l->unknown = json_deep_copy(from->unknown);
	l->unknown_params = json_deep_copy(from->unknown_params);
	l->compilation_params = json_deep_copy(from->compilation_params);
	return l;
}

static void clone_edges(struct graph *c, struct layer *to, const struct layer *from)
{
	for (size_t i = 0; i < from->nin; i++)
		layer_add_input(c, to, graph_find(c, from->in[i].layer->name), from->in[i].port);
	for (size_t i = 0; i < from->nsucc; i++) {
		VEC_GROW(to->succ, to->nsucc, &to->cap_succ);
		to->succ[to->nsucc++] = graph_find(c, from->succ[i]->name);
	}
}

struct graph *graph_clone(const struct graph *g)
{
	struct graph *c = graph_new(g->name);

	for (size_t i = 0; i < g->nlayers; i++)
		graph_copy_layer(c, g->layers[i]);
	for (size_t i = 0; i < g->nlayers; i++)
		clone_edges(c, c->layers[i], g->layers[i]);
	c->output_order = xcalloc(g->noutput_order, sizeof *c->output_order);
	for (size_t i = 0; i < g->noutput_order; i++)
		c->output_order[i] = copy_text(c, g->output_order[i]);
	c->noutput_order = g->noutput_order;
	c->unknown = json_deep_copy(g->unknown);
	c->unknown_net_params = json_deep_copy(g->unknown_net_params);
	return c;
}
