/* What an allocation is expected to do: intervals, batch time, rate, latency. */
#include "alloc/alloc_int.h"
#include "base/log.h"
#include <math.h>

/* Has what this edge carries been counted for the context: the same layer's output, into it or out?
 */
static bool counted(const struct allocation *a, size_t edge, int32_t context)
{
	const struct alloc_edge *ed = &a->edges[edge];
	const bool in = a->layers[ed->to].context == context;

	for (size_t i = edge; i-- > 0;) {
		const struct alloc_edge *d = &a->edges[i];

		if (d->from == ed->from && d->port == ed->port && d->kind == ed->kind &&
		    (a->layers[d->to].context == context) == in)
			return true;
	}
	return false;
}

/* Bytes that cross the link per frame in a context: boundary and inter-context tensors, once each.
 */
static double link_bytes(const struct allocation *a, int32_t context)
{
	const struct alloc_edge *ed;
	double bytes = 0;
	size_t i;

	for (i = 0; i < a->nedges; i++) {
		ed = &a->edges[i];
		if (ed->kind == EDGE_L3 || ed->kind == EDGE_DDR)
			continue;
		if (a->layers[ed->to].context != context &&
		    (ed->kind != EDGE_INTER_CONTEXT || a->layers[ed->from].context != context))
			continue;
		if (!counted(a, i, context))
			bytes += (double)a->layers[ed->from].rows * ed->row_bytes;
	}
	return bytes;
}

double ideal_interval(const struct plan *p, const struct allocation *a, int32_t context)
{
	double link = link_bytes(a, context) / p->t->bandwidth * p->t->clock_hz;
	double slowest = (double)context_interval(p, context);

	return slowest > link ? slowest : link;
}

/* Time of a batch, seconds (hn-machine(7)). */
static double batch_time(const struct plan *p, const struct allocation *a, int32_t batch)
{
	double compute = 0, fill = 0, weights = 0;
	double overhead;
	size_t i;
	int32_t c;

	for (i = 0; i < p->n; i++)
		weights += (double)p->units[i].cost.weight_bytes;
	for (c = 0; c < a->ncontexts; c++) {
		compute += batch * a->interval[c] / p->t->clock_hz;
		fill += a->fill[c] > a->interval[c] ? (a->fill[c] - a->interval[c]) / p->t->clock_hz
						    : 0;
	}
	overhead = weights / p->t->bandwidth;
	overhead = fmax(overhead, fmax(fill, a->ncontexts * p->t->per_context_s));
	return compute + overhead + p->t->fixed_s_per_batch;
}

/* Rates with the buffers as they are. */
void measure(const struct plan *p, struct allocation *a)
{
	struct flow f;
	size_t i, stuck = 0;
	double link, cycles, worst = -1, seconds;
	bool ok = true;
	int32_t c;

	a->interval = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->interval);
	a->fill = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->fill);
	a->batch = p->batch;
	a->stuck = -1;
	flow_init(&f, p, a);
	for (c = 0; c < a->ncontexts && ok; c++) {
		ok = pace_context(a, &f, c, &a->interval[c], &a->fill[c], &stuck);
		link = link_bytes(a, c) / p->t->bandwidth * p->t->clock_hz;
		a->interval[c] = a->interval[c] > link ? a->interval[c] : link;
	}
	flow_release(&f, a);
	for (i = 0; i < a->nlayers; i++) {
		cycles = (double)a->layers[i].row_cycles * a->layers[i].rows;
		if (cycles > worst) {
			worst = cycles;
			a->bottleneck = (int32_t)i;
		}
	}
	if (!ok) {
		a->stuck = (int32_t)stuck;
		log_warn(
		    "the buffer of %d rows from '%s' to '%s' is too small: the network will stall",
		    a->edges[stuck].rows, quote(a->layers[a->edges[stuck].from].name),
		    quote(a->layers[a->edges[stuck].to].name));
		return;
	}
	seconds = a->ncontexts == 1 ? a->interval[0] / p->t->clock_hz
				    : batch_time(p, a, p->batch) / p->batch;
	a->fps = 1 / seconds;
	a->latency_s = a->ncontexts == 1 ? a->fill[0] / p->t->clock_hz : batch_time(p, a, 1);
}
