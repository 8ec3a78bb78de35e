/*
 * Streams between contexts: each part of a layer is one where it leaves its context, and one where
 * another context reads it.
 */
#include "alloc/alloc_int.h"

enum {
	STREAMS = TARGET_CHANNELS * TARGET_ENGINES, /* of one direction */
	CONFIG = 4 /* kept for the configuration; how many it takes is known to hn2hef */
};

/* Streams of one direction, and by context those that its layers send. */
struct count {
	int32_t n;
	int32_t *by;
};

/* Of what comes in, or else goes out; a tensor that several layers read is one stream. */
static void count(const struct allocation *a, int32_t context, bool in, struct count *c)
{
	uint64_t *seen = xcalloc(a->nlayers + 1, sizeof *seen);

	c->n = 0;
	memset(c->by, 0, (size_t)a->ncontexts * sizeof *c->by);
	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];
		const int32_t from = a->layers[ed->from].context, to = a->layers[ed->to].context;
		const uint64_t bit = 1ULL << (ed->port & 63);

		if (from == to || (in ? to : from) != context || (seen[ed->from] & bit))
			continue;
		seen[ed->from] |= bit;
		c->n++;
		c->by[from]++;
	}
	free(seen);
}

/* Those of the network's inputs, or else outputs, have their place in every context. */
static int32_t boundary(const struct plan *p, bool in)
{
	int32_t n = in ? CONFIG : 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->units[i].l->type == (in ? HN_INPUT : HN_OUTPUT);
	return n;
}

int32_t streams_over(const struct plan *p, const struct allocation *a, int32_t context,
		     struct err *e)
{
	struct count c = { 0, NULL };
	int32_t most = -1;

	if (a->ncontexts < 2)
		return -1;
	c.by = xcalloc((size_t)a->ncontexts, sizeof *c.by);

	for (int in = 0; in < 2 && most < 0; in++) {
		const int32_t room = STREAMS - boundary(p, in);

		count(a, context, in, &c);
		if (c.n <= room)
			continue;
		for (int32_t k = 0; k < a->ncontexts; k++)
			if (most < 0 || c.by[k] > c.by[most])
				most = k;
		err_set(e,
			"context_%d %s %d tensors or parts of them %s other contexts, %s has %d "
			"streams left for them",
			context, in ? "reads" : "sends", c.n, in ? "of" : "to", p->t->name,
			room > 0 ? room : 0);
	}
	free(c.by);
	return most;
}
