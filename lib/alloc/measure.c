/* What an allocation is expected to do: intervals, batch time, rate, latency. */
#include "alloc/alloc_int.h"
#include "base/log.h"

/* An output of a mux that is not its first: it is part of the first one's transfers. */
static bool shares_stream(const struct allocation *a, const struct alloc_edge *ed)
{
	return a->layers[ed->from].kind == ALLOC_MUX && ed->port > 0;
}

/* Seconds of a frame in which the link carries an edge's tensor. */
static double edge_seconds(const struct plan *p, const struct allocation *a,
			   const struct alloc_edge *ed)
{
	const double bytes = frame_bytes(a, ed);

	if (ed->kind == EDGE_BOUNDARY)
		return bytes / target_boundary(p->t) +
		       (shares_stream(a, ed) ? 0 : p->t->boundary_transfer_s);
	/* What is kept in external memory goes out and comes back. */
	return (ed->kind == EDGE_DDR ? 2 : 1) * bytes / p->t->bandwidth;
}

/* Of all tensors of a context that cross the link, once each. */
static double link_seconds(const struct plan *p, const struct allocation *a, int32_t context)
{
	size_t *list = xcalloc(a->nedges + 1, sizeof *list);
	const size_t n = link_edges(a, context, list);
	double seconds = 0;

	for (size_t i = 0; i < n; i++)
		seconds += edge_seconds(p, a, &a->edges[list[i]]);
	free(list);
	return seconds;
}

double ideal_interval(const struct plan *p, const struct allocation *a, int32_t context)
{
	double link = link_seconds(p, a, context) * p->t->clock_hz;
	double slowest = (double)context_interval(p, context);

	for (size_t i = 0; i < a->nlayers; i++) {
		const struct alloc_layer *l = &a->layers[i];
		double cycles = (double)l->row_cycles * l->rows;

		if (alloc_is_relay(a, i) && l->context == context && cycles > slowest)
			slowest = cycles;
	}
	return slowest > link ? slowest : link;
}

/* The units' choices may be those of a later try: the layers count. */
double context_load_bytes(const struct plan *p, const struct allocation *a, int32_t context)
{
	double bytes = 0;

	for (size_t i = 0; i < a->nlayers; i++) {
		const struct alloc_layer *l = &a->layers[i];
		const struct unit *u;

		if (alloc_is_relay(a, i))
			continue;
		u = phys_unit(p, a, i);
		if (context < 0 || l->context == context)
			bytes += unit_load_bytes(u, l->feature_to - l->feature_from);
	}
	return bytes;
}

static void warn_stuck(const struct allocation *a)
{
	const struct alloc_edge *ed = &a->edges[a->stuck];

	log_warn("the buffer of %d rows from '%s' to '%s' is too small: the network will stall",
		 ed->rows, quote(a->layers[ed->from].name), quote(a->layers[ed->to].name));
}

/* Rate and latency from what each context does. */
static void take_rates(const struct plan *p, const struct pace *paces, struct allocation *a)
{
	const struct switching s = { .clock_hz = p->t->clock_hz,
				     .load_s = alloc_load_bytes(a) / p->t->bandwidth,
				     .per_context_s = p->t->per_context_s,
				     .fixed_s = p->t->fixed_s_per_batch };

	for (int32_t c = 0; c < a->ncontexts; c++) {
		a->interval[c] = (double)paces[c].interval;
		a->fill[c] = (double)paces[c].latency;
	}
	if (a->ncontexts == 1) {
		a->fps = p->t->clock_hz / a->interval[0];
		a->latency_s = a->fill[0] / p->t->clock_hz;
		return;
	}
	a->fps = p->batch / batch_seconds(paces, a->ncontexts, p->batch, &s);
	a->latency_s = batch_seconds(paces, a->ncontexts, 1, &s);
}

/* Rates with the buffers as they are. */
void measure(const struct plan *p, struct allocation *a)
{
	struct pace *paces = xcalloc((size_t)a->ncontexts, sizeof *paces);
	int32_t stuck = -1;

	a->interval = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->interval);
	a->fill = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->fill);
	a->load = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->load);
	for (int32_t c = 0; c < a->ncontexts; c++)
		a->load[c] = context_load_bytes(p, a, c);
	a->batch = p->batch;
	a->no_ecc = p->no_ecc;
	a->no_power = p->no_power;
	a->stuck = -1;
	a->bottleneck = alloc_slowest(a, -1);
	a->bound = lower_bound(p, a->ncontexts > 1);
	if (pace_contexts(p, a, paces, &stuck)) {
		take_rates(p, paces, a);
	} else {
		a->stuck = stuck;
		warn_stuck(a);
	}
	free(paces);
}
