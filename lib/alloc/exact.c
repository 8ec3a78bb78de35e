/*
 * The best partition of a small network: every run of layers that fits in a context is allocated by
 * itself, then dynamic programming over the cuts (sets of layers that read nothing outside them;
 * with many branches, only those along the order) finds the runs whose batch takes the least time.
 * Its terms do not add up to one number before the end (hn-machine(7), Contexts), so that all
 * partitions of the first layers are kept that no other one beats in every term.
 */
#include "alloc/exact.h"
#include <math.h>

/* A partition of the layers before a cut. */
struct label {
	double compute, fill, load; /* seconds; compute of a batch */
	int32_t contexts;
	size_t from;  /* where its last context begins */
	size_t label; /* at `from`, what comes before */
	double scale; /* of the thresholds of its last context */
};
struct labels {
	struct label *v;
	size_t n, cap;
};

enum {
	MAX_CUTS = 4096, /* twelve layers have no more */
	CUTS_OF_MANY = 256,
	FEW_LAYERS = 12,
	MOST_LAYERS = 14,
	MAX_UNITS = 32
};

struct exact {
	struct plan *p;
	struct cut_order order;
	/* Sets of layers that read nothing outside them, from none to all: where contexts may end.
	 */
	uint32_t cut[MAX_CUTS];
	size_t ncuts, most_cuts;
	uint32_t computing;
	bool divides;      /* a cut lies between layers that compute */
	bool outputs;      /* leave with the layer that they read, where there are many */
	struct labels *at; /* by cut */
	/* By cut: what the layers behind it take at the least, each term by itself. */
	struct label *rest;
	double limit; /* seconds of a batch that are known already */
	struct runs runs;
};

/* Bits of the layers that a layer reads, without inputs of the network. */
static uint32_t reads(const struct exact *x, size_t k)
{
	const struct layer *l = x->order.units[k]->l;
	uint32_t set = 0;

	for (size_t i = 0; i < l->nin; i++)
		if (l->in[i].layer->nin > 0)
			set |= UINT32_C(1) << x->order.at[l->in[i].layer->index];
	return set;
}

static bool add_cut(struct exact *x, uint32_t set)
{
	for (size_t i = x->ncuts; i-- > 0;)
		if (x->cut[i] == set)
			return true;
	if (x->ncuts == x->most_cuts)
		return false;
	x->cut[x->ncuts++] = set;
	return true;
}

/* Is it an output? */
static bool leaves(const struct exact *x, size_t k)
{
	return x->order.units[k]->l->type == HN_OUTPUT && reads(x, k) != 0;
}

/* A set of layers with the outputs that read them. */
static uint32_t with_outputs(const struct exact *x, uint32_t set)
{
	for (size_t k = 0; x->outputs && k < x->order.n; k++)
		if (leaves(x, k) && (reads(x, k) & ~set) == 0)
			set |= UINT32_C(1) << k;
	return set;
}

/* All cuts, fewer layers first; false when there are too many.  outputs: go with what they read. */
static bool all_cuts(struct exact *x, bool outputs)
{
	x->outputs = outputs;
	x->ncuts = 0;
	add_cut(x, 0);
	for (size_t i = 0; i < x->ncuts; i++)
		for (size_t k = 0; k < x->order.n; k++) {
			const uint32_t bit = UINT32_C(1) << k;

			if (!(x->cut[i] & bit) && (reads(x, k) & ~x->cut[i]) == 0 &&
			    !add_cut(x, with_outputs(x, x->cut[i] | bit)))
				return false;
		}
	return true;
}

/* Bits of the layers that compute, and how many they are. */
static size_t find_computing(struct exact *x)
{
	size_t n = 0;

	x->computing = 0;
	for (size_t k = 0; k < x->order.n; k++)
		if (!leaves(x, k)) {
			x->computing |= UINT32_C(1) << k;
			n++;
		}
	return n;
}

/* Those along the order, where layers that stay together do not end one. */
static void cuts_in_order(struct exact *x)
{
	x->ncuts = 0;
	for (size_t k = 0; k <= x->order.n; k++)
		if (k == 0 || !x->order.whole[k])
			add_cut(x, (uint32_t)((UINT64_C(1) << k) - 1));
}

static bool stay_together(const struct exact *x)
{
	bool together = x->p->nrelays > 0;

	for (size_t k = 1; k < x->order.n; k++)
		together = together || x->order.whole[k];
	return together;
}

/* Cuts of all kinds, where there are not too many, and layers that stay together are none. */
static void find_cuts(struct exact *x, size_t layers)
{
	const bool together = stay_together(x);

	x->most_cuts = CUTS_OF_MANY;
	if (!together && all_cuts(x, false))
		return;
	x->most_cuts = layers <= FEW_LAYERS ? MAX_CUTS : CUTS_OF_MANY;
	if (together || !all_cuts(x, true))
		cuts_in_order(x);
}

static bool beats(const struct label *a, const struct label *b)
{
	return a->compute <= b->compute && a->fill <= b->fill && a->load <= b->load &&
	       a->contexts <= b->contexts;
}

static void offer(struct labels *l, struct label new)
{
	for (size_t i = 0; i < l->n; i++)
		if (beats(&l->v[i], &new))
			return;
	/* Labels that the new one beats stay: others refer to places in the list. */
	VEC_GROW(l->v, l->n, &l->cap);
	l->v[l->n++] = new;
}

/* Is there a cut between layers that compute? */
static bool layers_divide(const struct exact *x)
{
	for (size_t i = 0; i < x->ncuts; i++)
		if ((x->cut[i] & x->computing) && (x->computing & ~x->cut[i]))
			return true;
	return false;
}

/* May layers be a context? */
static bool is_run(const struct exact *x, size_t begin, size_t end)
{
	const uint32_t layers = x->cut[end] & ~x->cut[begin];

	if ((x->cut[begin] & ~x->cut[end]) != 0 || !(layers & x->computing))
		return false;
	/* context_switch_param(mode=enabled) asks for several contexts. */
	return x->p->mode != 1 || !x->divides || (x->computing & ~layers);
}

static double seconds_of(const struct plan *p, const struct label *l)
{
	double idle = l->load > l->fill ? l->load : l->fill;
	double least = l->contexts * p->t->per_context_s;

	return l->compute + (idle > least ? idle : least);
}

/* A label and a run behind it, of so many cycles per frame. */
static struct label behind(const struct exact *x, const struct label *l, const struct run *r,
			   double interval)
{
	struct label new = *l;

	new.compute += x->p->batch *interval / x->p->t->clock_hz;
	new.load += r->load;
	new.contexts++;
	return new;
}

/* Can no partition that begins so be faster than what is known?  Rates are exact to thousandths. */
static bool hopeless(const struct exact *x, const struct label *l, size_t end)
{
	struct label all = *l;

	all.compute += x->rest[end].compute;
	all.load += x->rest[end].load;
	all.contexts += x->rest[end].contexts;
	return 0.995 * seconds_of(x->p, &all) > x->limit;
}

/* The run from begin to end behind everything that is known at begin. */
static void extend(struct exact *x, size_t begin, size_t end)
{
	const uint32_t layers = x->cut[end] & ~x->cut[begin];
	const double clock = x->p->t->clock_hz;
	const struct labels *before = &x->at[begin];
	struct run r = runs_get(&x->runs, x->cut[begin], layers);

	for (size_t i = 0; i < before->n && r.fits; i++) {
		const double least = r.paced ? (double)r.pace.interval : r.least;
		struct label l = behind(x, &before->v[i], &r, least);

		if (l.contexts > x->p->t->max_contexts || hopeless(x, &l, end))
			continue;
		r = runs_pace(&x->runs, x->cut[begin], layers);
		l = behind(x, &before->v[i], &r, (double)r.pace.interval);
		if (r.pace.latency > r.pace.interval)
			l.fill += (double)(r.pace.latency - r.pace.interval) / clock;
		l.from = begin;
		l.label = i;
		l.scale = r.scale;
		if (r.fits)
			offer(&x->at[end], l);
	}
}

/* Contexts and scales along the best label, from the last run back. */
static void settle_best(struct exact *x)
{
	struct plan *p = x->p;
	const struct labels *all = &x->at[x->ncuts - 1];
	size_t best = 0, end = x->ncuts - 1;

	for (size_t i = 1; i < all->n; i++)
		if (seconds_of(p, &all->v[i]) < seconds_of(p, &all->v[best]))
			best = i;
	p->ncontexts = all->v[best].contexts;
	p->context_scale = arena_array(&p->arena, (size_t)p->ncontexts, sizeof(double));
	while (end > 0) {
		const struct label *l = &x->at[end].v[best];

		p->context_scale[l->contexts - 1] = l->scale;
		for (size_t k = 0; k < x->order.n; k++)
			if (x->cut[end] & ~x->cut[l->from] & UINT32_C(1) << k) {
				struct unit *u = x->order.units[k];

				u->context = u->last_context = l->contexts - 1;
			}
		best = l->label;
		end = l->from;
	}
	exact_settle_sources(p);
}

/* The least that the layers behind each cut take; false when the search has been stopped. */
static bool find_rest(struct exact *x)
{
	const struct label never = { .compute = HUGE_VAL,
				     .load = HUGE_VAL,
				     .contexts = INT32_MAX / 2 };

	for (size_t begin = x->ncuts - 1; begin-- > 0;) {
		struct label *rest = &x->rest[begin];

		*rest = never;
		for (size_t end = begin + 1; end < x->ncuts && !attempt_stopped(x->p); end++) {
			struct label l;
			struct run r;

			if (!is_run(x, begin, end))
				continue;
			r = runs_get(&x->runs, x->cut[begin], x->cut[end] & ~x->cut[begin]);
			if (!r.fits)
				continue;
			l = behind(x, &x->rest[end], &r, r.least);
			rest->compute = fmin(rest->compute, l.compute);
			rest->load = fmin(rest->load, l.load);
			if (l.contexts < rest->contexts)
				rest->contexts = l.contexts;
		}
	}
	return !attempt_stopped(x->p);
}

/* Labels of all cuts; false when there is none at the end, or the search has been stopped. */
static bool label_cuts(struct exact *x)
{
	offer(&x->at[0], (struct label){ 0 });
	for (size_t begin = 0; begin < x->ncuts; begin++)
		for (size_t end = begin + 1; end < x->ncuts; end++) {
			if (attempt_stopped(x->p))
				return false;
			if (x->at[begin].n > 0 && is_run(x, begin, end))
				extend(x, begin, end);
		}
	return x->at[x->ncuts - 1].n > 0;
}

bool contexts_exact(struct plan *p, double limit)
{
	struct exact x = { .p = p, .limit = limit };
	size_t layers = 0;
	bool found;

	contexts_order(p, &x.order);
	if (x.order.n <= MAX_UNITS)
		layers = find_computing(&x);
	if (layers == 0 || layers > MOST_LAYERS) {
		cut_order_release(&x.order);
		return false;
	}
	find_cuts(&x, layers);
	x.divides = layers_divide(&x);
	runs_init(&x.runs, p, &x.order);
	x.at = xcalloc(x.ncuts, sizeof *x.at);
	x.rest = xcalloc(x.ncuts, sizeof *x.rest);
	found = find_rest(&x) && label_cuts(&x);
	if (found)
		settle_best(&x);
	for (size_t i = 0; i < x.ncuts; i++)
		free(x.at[i].v);
	free(x.at);
	free(x.rest);
	runs_release(&x.runs);
	cut_order_release(&x.order);
	return found;
}
