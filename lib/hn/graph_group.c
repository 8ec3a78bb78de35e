/* A network group: the networks of a bundle that are loaded together, told by their scopes. */
#include "base/mem.h"
#include "hn/names.h"

bool hn_group_has(const struct hn_group *group, const char *name)
{
	const size_t n = (size_t)(name_unscoped(name) - name);

	for (size_t i = 0; i < group->nnetworks; i++)
		if (n == strlen(group->networks[i]) + 1 &&
		    strncmp(group->networks[i], name, n - 1) == 0)
			return true;
	return false;
}

static bool in_scope(const struct layer *l, const char *network)
{
	const size_t n = strlen(network);

	return strncmp(l->name, network, n) == 0 && l->name[n] == '/';
}

bool graph_has_network(const struct graph *g, const char *network)
{
	for (size_t i = 0; i < g->nlayers; i++)
		if (in_scope(g->layers[i], network))
			return true;
	return false;
}

/* A layer that a command made has the scope of the bundle: it goes with what is beside it. */
static bool follow(const struct graph *g, bool *has, const struct layer *l)
{
	bool more = false;

	for (size_t k = 0; k < l->nin; k++) {
		const struct layer *from = l->in[k].layer;
		const bool to_in = has[l->index], from_in = has[from->index];

		if (to_in == from_in || !in_scope(to_in ? from : l, g->name))
			continue;
		has[to_in ? from->index : l->index] = true;
		more = true;
	}
	return more;
}

bool *graph_group_layers(const struct graph *g, const struct hn_group *group)
{
	bool *has = xcalloc(g->nlayers + 1, sizeof *has);
	bool more = true;

	for (size_t i = 0; i < g->nlayers; i++)
		has[i] = hn_group_has(group, g->layers[i]->name);
	while (more) {
		more = false;
		for (size_t i = 0; i < g->nlayers; i++)
			more = follow(g, has, g->layers[i]) || more;
	}
	return has;
}

static int cut(const struct hn_group *group, struct graph *c, struct err *e)
{
	bool *has = graph_group_layers(c, group);
	int r = 0;

	for (size_t i = 0; i < c->nlayers && r == 0; i++) {
		struct layer *l = c->layers[i];

		l->dead = !has[i];
		for (size_t k = 0; k < l->nin && r == 0; k++)
			if (has[i] != has[l->in[k].layer->index])
				r = err_set(e,
					    "'%s' reads '%s': networks that read each other are "
					    "one group",
					    quote(l->name), quote(l->in[k].layer->name));
	}
	free(has);
	return r;
}

/* Outputs of the layers that stay. */
static void cut_outputs(struct graph *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->noutput_order; i++) {
		const struct layer *l = graph_find(c, c->output_order[i]);

		if (l && !l->dead)
			c->output_order[n++] = c->output_order[i];
	}
	c->noutput_order = n;
}

struct graph *graph_of_group(const struct graph *g, const struct hn_group *group, struct err *e)
{
	struct graph *c = graph_clone(g);

	if (graph_link(c, e) == 0 && cut(group, c, e) == 0) {
		cut_outputs(c);
		graph_sweep(c);
		c->name = arena_strdup(&c->arena, group->name);
		if (c->nlayers > 0 && graph_link(c, e) == 0)
			return c;
		if (!err_is(e))
			err_set(e, "network group '%s' has no layers", quote(group->name));
	}
	graph_free(c);
	return NULL;
}
