/* A network group: the networks of a bundle that are loaded together, told by their scopes. */
#include "base/mem.h"
#include "hn/names.h"

/* Does a full name belong to one of the group's networks? */
bool hn_group_has(const struct hn_group *group, const char *name)
{
	const size_t n = (size_t)(name_unscoped(name) - name);

	for (size_t i = 0; i < group->nnetworks; i++)
		if (n == strlen(group->networks[i]) + 1 &&
		    strncmp(group->networks[i], name, n - 1) == 0)
			return true;
	return false;
}

bool graph_has_network(const struct graph *g, const char *network)
{
	const size_t n = strlen(network);

	for (size_t i = 0; i < g->nlayers; i++)
		if (strncmp(g->layers[i]->name, network, n) == 0 && g->layers[i]->name[n] == '/')
			return true;
	return false;
}

static int cut(const struct hn_group *group, struct graph *c, struct err *e)
{
	for (size_t i = 0; i < c->nlayers; i++) {
		struct layer *l = c->layers[i];

		l->dead = !hn_group_has(group, l->name);
		for (size_t k = 0; k < l->nin; k++)
			if (l->dead == hn_group_has(group, l->in[k].layer->name))
				return err_set(e,
					       "'%s' reads '%s': networks that read each other are "
					       "one group",
					       quote(l->name), quote(l->in[k].layer->name));
	}
	return 0;
}

struct graph *graph_of_group(const struct graph *g, const struct hn_group *group, struct err *e)
{
	struct graph *c = graph_clone(g);
	size_t n = 0;

	if (cut(group, c, e) == 0) {
		graph_sweep(c);
		for (size_t i = 0; i < c->noutput_order; i++)
			if (hn_group_has(group, c->output_order[i]))
				c->output_order[n++] = c->output_order[i];
		c->noutput_order = n;
		c->name = arena_strdup(&c->arena, group->name);
		if (c->nlayers > 0 && graph_link(c, e) == 0)
			return c;
		if (!err_is(e))
			err_set(e, "network group '%s' has no layers", quote(group->name));
	}
	graph_free(c);
	return NULL;
}
