/* Several networks in one group: parts of the programme, told by the scope of their layers. */
#include "hef/write.h"
#include "hn/names.h"

/* The part of a name before the layer's own. */
static size_t scope_size(const char *name)
{
	size_t n = (size_t)(name_unscoped(name) - name);

	return n ? n - 1 : 0;
}

uint32_t hef_network_of(const struct writer *w, const char *layer)
{
	size_t n = scope_size(layer);

	for (uint32_t i = 0; i < w->nnetworks; i++)
		if (strlen(w->networks[i]) == n && strncmp(w->networks[i], layer, n) == 0)
			return i;
	return 0;
}

static void add_scope(struct writer *w, const char *name)
{
	size_t n = scope_size(name);

	for (size_t i = 0; i < w->nnetworks; i++)
		if (strlen(w->networks[i]) == n && strncmp(w->networks[i], name, n) == 0)
			return;
	w->networks[w->nnetworks++] = arena_printf(&w->arena, "%.*s", (int)n, name);
}

static bool has_stream(const struct writer *w, uint32_t network, bool output)
{
	const struct isa_prog *p = w->p;

	for (size_t i = 0; i < p->nstreams; i++)
		if (p->streams[i].output == output &&
		    hef_network_of(w, p->layers[p->streams[i].layer].name) == network)
			return true;
	return false;
}

/* HailoRT runs each with a batch size of its own: none may wait for another. */
static bool independent(const struct writer *w)
{
	const struct isa_prog *p = w->p;

	for (uint32_t i = 0; i < w->nnetworks; i++)
		if (!has_stream(w, i, false) || !has_stream(w, i, true))
			return false;
	for (size_t i = 0; i < p->nedges; i++)
		if (hef_network_of(w, p->layers[p->edges[i].from].name) !=
		    hef_network_of(w, p->layers[p->edges[i].to].name))
			return false;
	return true;
}

void hef_plan_networks(struct writer *w)
{
	const struct isa_prog *p = w->p;

	w->networks = arena_array(&w->arena, p->nlayers + 1, sizeof *w->networks);
	for (size_t i = 0; i < p->nlayers; i++)
		add_scope(w, p->layers[i].name);
	if (w->nnetworks > 1 && independent(w))
		return;
	w->nnetworks = 1;
	w->networks[0] = p->net;
}
