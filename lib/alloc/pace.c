/* An allocation as the networks of processes that its contexts are. */
#include "alloc/alloc_int.h"

void pace_source(const struct plan *p, const struct allocation *a, struct net_source *s)
{
	*s = (struct net_source){ .layers = xcalloc(a->nlayers + 1, sizeof *s->layers),
				  .nlayers = a->nlayers,
				  .edges = xcalloc(a->nedges + 1, sizeof *s->edges),
				  .nedges = a->nedges };
	for (size_t i = 0; i < a->nlayers; i++) {
		const struct alloc_layer *l = &a->layers[i];

		s->layers[i] = (struct net_layer){ .context = l->context,
						   .rows = l->rows,
						   .steps = phys_steps(p, a, i),
						   .cycles = l->row_cycles,
						   .link = phys_on_link(p, a, i),
						   .group = l->group };
	}
	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *d = &a->edges[i];

		s->edges[i] = (struct net_edge){ .from = d->from,
						 .to = d->to,
						 .port = d->port,
						 .rows = d->rows,
						 .link_cycles = link_cycles(
						     d->row_bytes, p->t->bandwidth, p->t->clock_hz),
						 .q = phys_kernel(p, a, d->to),
						 .input = (size_t)d->input };
	}
}

bool pace_context(const struct plan *p, const struct allocation *a, int32_t context,
		  struct pace *pace)
{
	struct net_source s;
	struct network n;
	bool ok;

	pace_source(p, a, &s);
	network_build(&n, &s, context);
	ok = network_pace(&n, pace);
	network_release(&n);
	free(s.layers);
	free(s.edges);
	return ok;
}

bool pace_contexts(const struct plan *p, const struct allocation *a, struct pace *paces,
		   int32_t *stuck)
{
	struct net_source s;
	bool ok = true;
	int32_t c;

	pace_source(p, a, &s);
	for (c = 0; c < a->ncontexts && ok; c++) {
		struct network n;

		network_build(&n, &s, c);
		ok = network_pace(&n, &paces[c]);
		if (!ok)
			*stuck = network_stuck(&n);
		network_release(&n);
	}
	free(s.layers);
	free(s.edges);
	return ok;
}
