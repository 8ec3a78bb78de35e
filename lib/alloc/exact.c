/*
 * The best partition of a small network: every run of layers that fits in a context is allocated by
 * itself, then dynamic programming over the cuts (sets of layers that read nothing outside them;
 * with many branches, only those along the order) finds the runs whose batch takes the least time.
 * Its terms do not add up to one number before the end (hn-machine(7), Contexts), so that all
 * partitions of the first layers are kept that no other one beats in every term.
 */
#include "alloc/alloc_int.h"

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
	MAX_CUTS = 64,
	MAX_UNITS = 32
};

/* What a run does in a context of its own. */
struct run {
	uint32_t layers; /* bits: places in the order */
	bool fits;
	struct pace pace;
	double load, scale;
};

struct exact {
	struct plan *p;
	struct cut_order order;
	/* Sets of layers that read nothing outside them, from none to all: where contexts may end.
	 */
	uint32_t cut[MAX_CUTS];
	size_t ncuts;
	struct labels *at; /* by cut */
	struct run *runs;  /* known so far: cuts of parallel branches have them in common */
	size_t nruns, cap_runs;
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
	if (x->ncuts == MAX_CUTS)
		return false;
	x->cut[x->ncuts++] = set;
	return true;
}

/* All cuts, fewer layers first; false when there are too many. */
static bool all_cuts(struct exact *x)
{
	add_cut(x, 0);
	for (size_t i = 0; i < x->ncuts; i++)
		for (size_t k = 0; k < x->order.n; k++) {
			const uint32_t bit = UINT32_C(1) << k;

			if (!(x->cut[i] & bit) && (reads(x, k) & ~x->cut[i]) == 0 &&
			    !add_cut(x, x->cut[i] | bit))
				return false;
		}
	return true;
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

/* A network's input is where it is read first. */
static void settle_sources(struct plan *p)
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
static void set_contexts(const struct exact *x, uint32_t before, uint32_t run)
{
	for (size_t k = 0; k < x->order.n; k++) {
		const uint32_t bit = UINT32_C(1) << k;
		struct unit *u = x->order.units[k];

		u->context = u->last_context = before & bit ? 0 : run & bit ? 1 : 2;
	}
	settle_sources(x->p);
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

/* One try at the run with thresholds x scale. */
static bool try_run(struct plan *p, struct run *r)
{
	struct err ignored = { 0 };
	struct allocation *a;
	bool ok = false;

	merge_reset(p);
	for (size_t i = 0; i < p->n; i++)
		if (unit_minimum(p, &p->units[i], false, &ignored) < 0)
			return false;
	search_context(p, 1, false, r->scale);
	if (!(a = phys_build(p, &ignored)))
		return false;
	if (settle_context(p, a, 1)) {
		r->load = context_load_bytes(p, a, 1) / p->t->bandwidth;
		ok = pace_context(p, a, 1, &r->pace);
	}
	alloc_free(a);
	return ok;
}

/* The run behind the layers before it. */
static struct run evaluate(struct exact *x, uint32_t before, uint32_t layers)
{
	static const double scales[] = { 1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0 };
	struct run r = { .layers = layers };

	for (size_t i = 0; i < x->nruns; i++)
		if (x->runs[i].layers == layers)
			return x->runs[i];
	set_contexts(x, before, layers);
	if (streams_into(x->p) <= x->p->t->max_inter_context_streams)
		for (size_t i = 0; i < sizeof scales / sizeof scales[0] && !r.fits; i++) {
			r.scale = scales[i];
			r.fits = try_run(x->p, &r);
		}
	VEC_GROW(x->runs, x->nruns, &x->cap_runs);
	x->runs[x->nruns++] = r;
	return r;
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

/* Is there more than one layer to divide, beside outputs? */
static bool has_several(const struct exact *x)
{
	size_t n = 0;

	for (size_t k = 0; k < x->order.n; k++)
		n += x->order.units[k]->l->type != HN_OUTPUT;
	return n > 1;
}

/* The run from begin to end behind everything that is known at begin. */
static void extend(struct exact *x, size_t begin, size_t end)
{
	const double clock = x->p->t->clock_hz;
	const struct labels *before = &x->at[begin];
	struct run r;
	double idle;

	/* context_switch_param(mode=enabled) asks for several contexts. */
	if (x->p->mode == 1 && begin == 0 && end == x->ncuts - 1 && has_several(x))
		return;
	if (!before->n || (x->cut[begin] & ~x->cut[end]) != 0)
		return;
	r = evaluate(x, x->cut[begin], x->cut[end] & ~x->cut[begin]);
	if (!r.fits)
		return;
	idle = r.pace.latency > r.pace.interval ? (double)(r.pace.latency - r.pace.interval) / clock
						: 0;
	for (size_t i = 0; i < before->n; i++) {
		struct label l = before->v[i];

		if (l.contexts >= x->p->t->max_contexts)
			continue;
		l.compute += x->p->batch * (double)r.pace.interval / clock;
		l.fill += idle;
		l.load += r.load;
		l.contexts++;
		l.from = begin;
		l.label = i;
		l.scale = r.scale;
		offer(&x->at[end], l);
	}
}

static double seconds_of(const struct plan *p, const struct label *l)
{
	double idle = l->load > l->fill ? l->load : l->fill;
	double least = l->contexts * p->t->per_context_s;

	return l->compute + (idle > least ? idle : least);
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
	settle_sources(p);
}

bool contexts_exact(struct plan *p)
{
	struct exact x = { .p = p };
	bool found;

	contexts_order(p, &x.order);
	if (x.order.n == 0 || x.order.n > MAX_UNITS) {
		cut_order_release(&x.order);
		return false;
	}
	if (stay_together(&x) || !all_cuts(&x))
		cuts_in_order(&x);
	x.at = xcalloc(x.ncuts, sizeof *x.at);
	offer(&x.at[0], (struct label){ 0 });
	for (size_t begin = 0; begin < x.ncuts; begin++)
		for (size_t end = begin + 1; end < x.ncuts; end++)
			extend(&x, begin, end);
	found = x.at[x.ncuts - 1].n > 0;
	if (found)
		settle_best(&x);
	for (size_t i = 0; i < x.ncuts; i++)
		free(x.at[i].v);
	free(x.at);
	free(x.runs);
	cut_order_release(&x.order);
	return found;
}
