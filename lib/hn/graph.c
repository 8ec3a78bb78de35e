/* The graph's life: creation, look-up, edits.  Ordering is in order.c. */
#include "hn/layer.h"
#include "hn/names.h"

struct graph *graph_new(const char *name)
{
	struct graph *g = xcalloc(1, sizeof *g);

	g->name = arena_strdup(&g->arena, name);
	g->names = names_new();
	return g;
}

static void release_layer(struct layer *l)
{
	free(l->in);
	free(l->succ);
	free(l->out);
	free(l->original_names);
	json_decref(l->quant.extra);
	json_decref(l->unknown);
	json_decref(l->unknown_params);
	json_decref(l->compilation_params);
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nlayers; i++)
		release_layer(g->layers[i]);
	free(g->layers);
	free(g->output_order);
	json_decref(g->unknown);
	json_decref(g->unknown_net_params);
	names_free(g->names);
	arena_release(&g->arena);
	free(g);
}

static char *scoped(struct graph *g, const char *name)
{
	if (strchr(name, '/'))
		return arena_strdup(&g->arena, name);
	return arena_printf(&g->arena, "%s/%s", g->name, name);
}

struct layer *graph_add(struct graph *g, enum hn_type t, const char *name)
{
	struct layer *l = arena_alloc(&g->arena, sizeof *l);

	l->type = t;
	l->name = scoped(g, name);
	params_default(&l->p);
	shape_ports(l, 1);
	l->index = g->nlayers;
	VEC_GROW(g->layers, g->nlayers, &g->cap_layers);
	g->layers[g->nlayers++] = l;
	names_add(g->names, l);
	return l;
}

char *graph_new_name(struct graph *g, const char *base)
{
	char *name;

	do
		name =
		    arena_printf(&g->arena, "%s/%s%u", g->name, base, names_next(g->names, base));
	while (graph_find(g, name));
	return name;
}

struct layer *graph_find(const struct graph *g, const char *name)
{
	return names_find(g->names, g, name);
}

void graph_rename(struct graph *g, struct layer *l, const char *name)
{
	l->name = scoped(g, name);
	names_spoil(g->names);
}

void layer_add_input(struct graph *g, struct layer *l, struct layer *from, int port)
{
	(void)g;
	VEC_GROW(l->in, l->nin, &l->cap_in);
	l->in[l->nin++] = (struct hn_input){ from, port };
}

void layer_add_original(struct graph *g, struct layer *l, const char *name)
{
	l->original_names = xreallocarray(l->original_names, l->noriginal + 1, sizeof(char *));
	l->original_names[l->noriginal++] = arena_strdup(&g->arena, name);
}

/* output_order names the producers that feed output layers, once for each that they feed. */
static void rename_output(struct graph *g, const struct layer *output, const struct layer *from,
			  char *to)
{
	size_t earlier = 0;

	for (size_t i = 0; g->layers[i] != output; i++)
		earlier += g->layers[i]->type == HN_OUTPUT && g->layers[i]->in[0].layer == from;
	for (size_t i = 0; i < g->noutput_order; i++)
		if (strcmp(g->output_order[i], from->name) == 0 && earlier-- == 0) {
			g->output_order[i] = to;
			return;
		}
}

void graph_redirect(struct graph *g, struct layer *l, size_t i, struct layer *to, int port)
{
	if (l->type == HN_OUTPUT)
		rename_output(g, l, l->in[i].layer, to->name);
	l->in[i] = (struct hn_input){ to, port };
}

void graph_replace_uses(struct graph *g, struct layer *from, int port, struct layer *to,
			int to_port)
{
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		for (size_t k = 0; l != to && k < l->nin; k++)
			if (l->in[k].layer == from && l->in[k].port == port)
				graph_redirect(g, l, k, to, to_port);
	}
}

void graph_sweep(struct graph *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (l->dead)
			release_layer(l);
		else
			g->layers[n++] = l;
	}
	if (n == g->nlayers)
		return;
	g->nlayers = n;
	names_spoil(g->names);
}

void graph_remove(struct graph *g, struct layer *l)
{
	l->dead = true;
	graph_sweep(g);
}

size_t graph_inputs(const struct graph *g, struct layer **out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++) {
		if (g->layers[i]->type != HN_INPUT)
			continue;
		if (n < max)
			out[n] = g->layers[i];
		n++;
	}
	return n;
}
