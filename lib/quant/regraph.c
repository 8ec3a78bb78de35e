/* After a step took layers out of the graph, or put some in: q->info follows. */
#include "quant/quant_int.h"

#include <string.h>

void quant_mark_layers(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers; i++)
		q->g->layers[i]->user = &q->info[i];
}

int quant_relink(struct quant *q, struct err *e)
{
	struct qinfo *old = q->info;
	struct qinfo *now;

	/* Records of layers that go are released here, as nobody points to them afterwards. */
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (q->g->layers[i]->dead)
			quant_info_free(q->g->layers[i]->user);
	graph_sweep(q->g);
	now = xcalloc(q->g->nlayers, sizeof *now);
	if (graph_infer_shapes(q->g, e) < 0) {
		free(now);
		free(old);
		q->info = NULL;
		q->ninfo = 0;
		return -1;
	}
	for (size_t i = 0; i < q->g->nlayers; i++)
		now[i] = *(const struct qinfo *)q->g->layers[i]->user;
	for (size_t i = 0; i < q->g->nlayers; i++)
		q->g->layers[i]->user = NULL;
	free(old);
	free(q->ops); /* no records yet */
	q->info = now;
	q->ninfo = q->g->nlayers;
	q->ops = xcalloc(q->ninfo, sizeof *q->ops);
	return 0;
}
