/*
 * The best partition of a small network: every run of layers that fits in a context is allocated by
 * itself, then dynamic programming over the cuts finds the runs whose batch takes the least time.
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

struct exact {
	struct plan *p;
	struct cut_order order;
	struct labels *at; /* by cut: order.n + 1 */
};

/* What a run does in a context of its own. */
struct run {
	struct pace pace;
	double load, scale;
};

/* Layers before the run are in context 0, the run in 1, the others in 2. */
static void set_contexts(const struct exact *x, size_t begin, size_t end)
{
	struct plan *p = x->p;

	for (size_t i = 0; i < p->n; i++) {
		size_t at = x->order.at[i];
		int32_t c = at < begin ? 0 : at < end ? 1 : 2;

		p->units[i].context = p->units[i].last_context = c;
	}
}

/* Tensors of other contexts that the run reads, each once. */
static int32_t streams_into(const struct exact *x, size_t begin, size_t end)
{
	const struct unit **seen = xcalloc(x->p->n * 4 + 1, sizeof(struct unit *));
	int32_t streams = 0;

	for (size_t k = begin; k < end; k++) {
		const struct layer *l = x->order.units[k]->l;

		for (size_t i = 0; i < l->nin; i++) {
			const struct unit *from = &x->p->units[l->in[i].layer->index];
			bool old = x->order.at[l->in[i].layer->index] >= begin;

			for (int32_t s = 0; s < streams && !old; s++)
				old = seen[s] == from;
			if (!old && (size_t)streams < x->p->n * 4)
				seen[streams++] = from;
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

static bool evaluate(const struct exact *x, size_t begin, size_t end, struct run *r)
{
	static const double scales[] = { 1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0 };

	if (streams_into(x, begin, end) > x->p->t->max_inter_context_streams)
		return false;
	set_contexts(x, begin, end);
	for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
		r->scale = scales[i];
		if (try_run(x->p, r))
			return true;
	}
	return false;
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

/* The run from begin to end behind everything that is known at begin. */
static void extend(struct exact *x, size_t begin, size_t end)
{
	const double clock = x->p->t->clock_hz;
	const struct labels *before = &x->at[begin];
	struct run r;
	double idle;

	/* context_switch_param(mode=enabled) asks for several contexts. */
	if (x->p->mode == 1 && begin == 0 && end == x->order.n && end > 1)
		return;
	if (x->order.whole[end])
		return;
	if (!before->n || !evaluate(x, begin, end, &r))
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
	const struct labels *all = &x->at[x->order.n];
	size_t best = 0, end = x->order.n;

	for (size_t i = 1; i < all->n; i++)
		if (seconds_of(p, &all->v[i]) < seconds_of(p, &all->v[best]))
			best = i;
	p->ncontexts = all->v[best].contexts;
	p->context_scale = arena_array(&p->arena, (size_t)p->ncontexts, sizeof(double));
	while (end > 0) {
		const struct label *l = &x->at[end].v[best];

		p->context_scale[l->contexts - 1] = l->scale;
		for (size_t i = 0; i < p->n; i++)
			if (x->order.at[i] >= l->from && x->order.at[i] < end)
				p->units[i].context = p->units[i].last_context = l->contexts - 1;
		best = l->label;
		end = l->from;
	}
}

bool contexts_exact(struct plan *p)
{
	struct exact x = { .p = p };
	bool found;

	contexts_order(p, &x.order);
	x.at = xcalloc(x.order.n + 1, sizeof *x.at);
	offer(&x.at[0], (struct label){ 0 });
	for (size_t begin = 0; begin < x.order.n; begin++)
		for (size_t end = begin + 1; end <= x.order.n; end++)
			extend(&x, begin, end);
	found = x.order.n > 0 && x.at[x.order.n].n > 0;
	if (found)
		settle_best(&x);
	for (size_t i = 0; i <= x.order.n; i++)
		free(x.at[i].v);
	free(x.at);
	cut_order_release(&x.order);
	return found;
}
