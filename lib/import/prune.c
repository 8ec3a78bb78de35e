/* Layers that were made but lead nowhere: steps of an unrolled sequence that no output needs. */
#include "import/build.h"

static bool is_alive(const char *key, void *ctx)
{
	const char *weight = strrchr(key, '/');
	char *name = weight ? xstrndup(key, (size_t)(weight - key)) : NULL;
	const struct layer *l = name ? graph_find(ctx, name) : NULL;

	free(name);
	return !l || !l->dead;
}

void build_prune(struct build *b)
{
	struct graph *g = b->g;
	size_t dead = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		g->layers[i]->user = NULL;
	/* In the order of making, users come after what they use. */
	for (size_t i = g->nlayers; i-- > 0;) {
		struct layer *l = g->layers[i];

		l->dead = l->type != HN_OUTPUT && l->type != HN_INPUT && !l->user;
		dead += l->dead;
		for (size_t k = 0; !l->dead && k < l->nin; k++)
			l->in[k].layer->user = l;
	}
	for (size_t i = 0; i < g->nlayers; i++)
		g->layers[i]->user = NULL;
	if (dead == 0)
		return;
	tensors_filter(b->w, is_alive, g);
	graph_sweep(g);
}
