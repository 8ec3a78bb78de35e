/*
 * Runs of layers for the best partition of a small network (exact.c): each is allocated by itself
 * in a context of its own, once.
 */
#include "alloc/exact.h"

/* A network's input is where it is read first. */
void exact_settle_sources(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct unit *u = &p->units[i];

		if (u->l->nin > 0)
			continue;
		u->context = INT32_MAX;
		for (size_t k = 0; k < u->l->nsucc; k++) {
			const int32_t c = p->units[u->l->succ[k]->index].context;

			u->context = c < u->context ? c : u->context;
		}
		if (u->context == INT32_MAX)
			u->context = 0;
		u->last_context = u->context;
	}
}

/* Layers before the run are in context 0, the run in 1, the others in 2. */
static void set_contexts(const struct runs *x, uint32_t before, uint32_t run)
{
	for (size_t k = 0; k < x->order->n; k++) {
		const uint32_t bit = UINT32_C(1) << k;
		struct unit *u = x->order->units[k];

		u->context = u->last_context = before & bit ? 0 : run & bit ? 1 : 2;
	}
	exact_settle_sources(x->p);
}

/* Tensors of other contexts that the run reads, each once. */
static int32_t streams_into(const struct plan *p)
{
	bool *seen = xcalloc(p->n + 1, sizeof *seen);
	int32_t streams = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct layer *l = p->units[i].l;

		for (size_t k = 0; k < l->nin && p->units[i].context == 1; k++) {
			const size_t from = l->in[k].layer->index;

			streams += p->units[from].context != 1 && !seen[from];
			seen[from] = true;
		}
	}
	free(seen);
	return streams;
}

/* One try at the run with thresholds x scale; its pace is counted if it has to be. */
static bool try_run(struct plan *p, struct run *r, bool pace)
{
	struct err ignored = { 0 };
	struct allocation *a;
	bool ok;

	merge_reset(p);
	for (size_t i = 0; i < p->n; i++)
		if (unit_minimum(p, &p->units[i], false, &ignored) < 0)
			return false;
	search_context(p, 1, false, r->scale);
	if (!(a = phys_build(p, &ignored)))
		return false;
	ok = settle_context(p, a, 1);
	if (ok) {
		r->load = context_load_bytes(p, a, 1) / p->t->bandwidth;
		r->least = ideal_interval(p, a, 1);
		ok = !pace || pace_context(p, a, 1, &r->pace);
	}
	alloc_free(a);
	return ok;
}

/* The widest thresholds, from the run's own on, with which it fits. */
static void fit(struct plan *p, struct run *r, bool pace)
{
	static const double scales[] = { 1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0 };
	const double from = r->scale;

	r->fits = false;
	for (size_t i = 0; i < sizeof scales / sizeof scales[0] && !r->fits; i++) {
		if (scales[i] > from)
			continue;
		r->scale = scales[i];
		r->fits = try_run(p, r, pace);
	}
}

/* The smallest choices alone want more layer controllers than the device has. */
static bool exceeds(const struct runs *x, uint32_t layers)
{
	int64_t lcus = 0;

	for (size_t k = 0; k < x->order->n; k++)
		if (layers & UINT32_C(1) << k)
			lcus += x->lcus[k];
	return lcus > device_capacity(x->p->t).v[RES_LCU];
}

/* The place of a set in the table: its run, or room for it. */
static struct run *slot(const struct runs *x, uint32_t layers)
{
	size_t at = (layers * UINT32_C(2654435761) >> 12) & (x->cap - 1);

	while (x->v[at].layers && x->v[at].layers != layers)
		at = (at + 1) & (x->cap - 1);
	return &x->v[at];
}

/* Twice as many places; at the most half of them are taken. */
static void grow(struct runs *x)
{
	const struct runs old = *x;

	x->cap = old.cap ? 2 * old.cap : 64;
	x->v = xcalloc(x->cap, sizeof *x->v);
	for (size_t i = 0; i < old.cap; i++)
		if (old.v[i].layers)
			*slot(x, old.v[i].layers) = old.v[i];
	free(old.v);
}

void runs_init(struct runs *x, struct plan *p, const struct cut_order *order)
{
	*x = (struct runs){ .p = p, .order = order };
	x->lcus = xcalloc(order->n + 1, sizeof *x->lcus);
	merge_reset(p);
	for (size_t k = 0; k < order->n; k++) {
		struct unit *u = order->units[k];
		struct err ignored = { 0 };
		struct need need;

		/* Merged layers share one; what fits nowhere shows later. */
		if (merge_alone(p, u) && unit_minimum(p, u, false, &ignored) == 0 &&
		    unit_need(p, u, u->choice, false, &need))
			x->lcus[k] = need.v[RES_LCU];
	}
	grow(x);
}

void runs_release(struct runs *x)
{
	free(x->v);
	free(x->lcus);
}

struct run runs_get(struct runs *x, uint32_t before, uint32_t layers)
{
	struct run r = { .layers = layers, .scale = 1 };

	if (slot(x, layers)->layers)
		return *slot(x, layers);
	set_contexts(x, before, layers);
	if (!exceeds(x, layers) && streams_into(x->p) <= x->p->t->max_inter_context_streams)
		fit(x->p, &r, false);
	if (2 * ++x->n > x->cap)
		grow(x);
	*slot(x, layers) = r;
	return r;
}

struct run runs_pace(struct runs *x, uint32_t before, uint32_t layers)
{
	struct run r = runs_get(x, before, layers);

	if (!r.fits || r.paced)
		return r;
	set_contexts(x, before, layers);
	fit(x->p, &r, true);
	r.paced = true;
	*slot(x, layers) = r;
	return r;
}
