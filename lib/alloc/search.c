/*
 * Maximum-FPS search (guide, resources_param): the slowest layer of a context gets the next wider
 * choice, over and over, until that would exceed a threshold or nothing wider exists.
 */
#include "alloc/alloc_int.h"
#include <math.h>

/* However much the smallest choices take, the search has this share of a resource. */
static const double headroom = 0.1;

struct limits plan_limits(const struct plan *p, int32_t context, bool single)
{
	struct limits l = p->limits;
	const struct limits *own = NULL;
	int i;

	if (context >= 0 && (size_t)context < p->ncontext_limits)
		own = &p->context_limits[context];
	for (i = 0; i < RES_COUNT; i++) {
		if (own && own->given[i]) {
			l.util[i] = own->util[i];
			l.given[i] = true;
		}
		if (!l.given[i])
			l.util[i] = single ? p->t->util_single : p->t->util_multi;
	}
	return l;
}

int64_t context_interval(const struct plan *p, int32_t context)
{
	int64_t worst = 1;
	int64_t cycles;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (!unit_in(&p->units[i], context))
			continue;
		cycles = unit_cycles(p, &p->units[i], p->units[i].choice);
		worst = cycles > worst ? cycles : worst;
	}
	return worst;
}

/* Share of the device that a choice takes beyond `now`: the price of a step. */
static double price(const struct need *more, const struct need *now, const struct need *capacity)
{
	double sum = 0;
	int i;

	for (i = 0; i < RES_COUNT; i++)
		sum += (double)(more->v[i] - now->v[i]) / (double)capacity->v[i];
	return sum;
}

static bool within(const struct need *total, const struct need *before,
		   const double allowed[RES_COUNT])
{
	int i;

	for (i = 0; i < RES_COUNT; i++)
		if (total->v[i] > before->v[i] && (double)total->v[i] > allowed[i])
			return false;
	return true;
}

struct search {
	const struct plan *p;
	bool l2;
	struct need capacity, total;
	double allowed[RES_COUNT];
};

/*
 * Against the thresholds a divided layer counts a helper besides its parts: the concat that the
 * guide (5.4, defuse) puts behind them.  This machine needs none.
 */
static bool search_need(const struct search *s, const struct unit *u, struct choice c,
			struct need *out)
{
	if (!unit_need(s->p, u, c, s->l2, out))
		return false;
	if (c.parts > 1) {
		out->v[RES_LCU]++;
		out->v[RES_IA]++;
		out->v[RES_APU]++;
	}
	return true;
}

/* What widening a unit has found so far. */
struct wider {
	const struct unit *u;
	struct need now;
	int64_t now_cycles;
	struct choice best;
	struct need best_total;
	double best_price; /* HUGE_VAL: nothing yet */
};

/* A choice that is faster, cheaper than the best one, and within the thresholds is the best one. */
static void consider(const struct search *s, struct wider *w, struct choice c)
{
	struct need need, total;
	double cost;

	if (!unit_allows(w->u, c) || unit_cycles(s->p, w->u, c) >= w->now_cycles ||
	    !search_need(s, w->u, c, &need))
		return;
	cost = price(&need, &w->now, &s->capacity);
	total = need_add(need_add(s->total, w->now, -1), need, 1);
	if (cost >= w->best_price || !within(&total, &s->total, s->allowed))
		return;
	w->best = c;
	w->best_price = cost;
	w->best_total = total;
}

/* The least that so many parts cost: one of each resource but weights, each. */
static double least_price(const struct search *s, const struct wider *w, int32_t parts)
{
	struct need least = { { 0 } };

	for (int i = 0; i < RES_COUNT; i++)
		least.v[i] = i == RES_WEIGHTS ? 0 : parts;
	return price(&least, &w->now, &s->capacity);
}

/* All choices with parts by features, or by columns, from few parts to many. */
static void consider_all(const struct search *s, struct wider *w, bool spatial)
{
	const struct target *t = s->p->t;
	const int32_t subclusters = w->u->cost.macs ? t->max_subclusters_per_layer : 1;
	const int modes = w->u->cost.mode16 ? TARGET_MODES : 1;
	struct choice c = { .spatial = spatial };

	for (c.parts = spatial ? 2 : 1; c.parts <= unit_max_parts(w->u, spatial); c.parts++) {
		if (least_price(s, w, c.parts) >= w->best_price)
			return;
		for (c.mode = 0; c.mode < modes; c.mode++)
			for (c.apus = 1; c.apus <= t->apus_max_per_layer; c.apus++)
				for (c.subclusters = 1; c.subclusters <= subclusters;
				     c.subclusters++)
					consider(s, w, c);
	}
}

/* The cheapest choice that is faster than the present one and keeps the thresholds. */
static bool widen(struct search *s, struct unit *u)
{
	struct wider w = { .u = u, .best_price = HUGE_VAL };

	if (u->last_context > u->context) /* has its contexts to itself */
		return false;
	w.now_cycles = unit_cycles(s->p, u, u->choice);
	search_need(s, u, u->choice, &w.now);
	consider_all(s, &w, false);
	if (unit_has_columns(s->p, u))
		consider_all(s, &w, true);
	if (w.best_price == HUGE_VAL)
		return false;
	u->choice = w.best;
	s->total = w.best_total;
	return true;
}

static void search_begin(struct search *s, int32_t context, bool single, double scale)
{
	const struct plan *p = s->p;
	struct limits lim = plan_limits(p, context, single);
	struct need need;
	double allowed, capacity, minimum;
	size_t i;
	int r;

	s->capacity = device_capacity(p->t);
	for (i = 0; i < p->n; i++)
		if (p->units[i].context == context) {
			search_need(s, &p->units[i], p->units[i].choice, &need);
			s->total = need_add(s->total, need, 1);
			s->total = need_add(s->total, relays_need(&p->units[i]), 1);
		}
	for (r = 0; r < RES_COUNT; r++) {
		capacity = (double)s->capacity.v[r];
		minimum = (double)s->total.v[r];
		allowed = lim.util[r] * scale * capacity;
		if (!lim.given[r] && minimum + headroom * scale * capacity > allowed)
			allowed = minimum + headroom * scale * capacity;
		s->allowed[r] = allowed < capacity ? allowed : capacity;
	}
}

/* The slowest unit of the context, or one below its own fps; NULL when the rate is reached. */
static struct unit *slowest(struct plan *p, int32_t context)
{
	double target = p->fps > 0 ? p->t->clock_hz / p->fps : 0;
	struct unit *worst = NULL;
	int64_t worst_cycles = 0;
	struct unit *u;
	int64_t cycles;
	size_t i;

	for (i = 0; i < p->n; i++) {
		u = &p->units[i];
		if (!unit_in(u, context))
			continue;
		cycles = unit_cycles(p, u, u->choice);
		if (cycles > worst_cycles) {
			worst = u;
			worst_cycles = cycles;
		}
	}
	return (double)worst_cycles > target ? worst : NULL;
}

static void reach_own_rate(struct search *s, struct unit *u)
{
	while (u->min_fps > 0 &&
	       (double)unit_cycles(s->p, u, u->choice) * u->min_fps > s->p->t->clock_hz)
		if (!widen(s, u))
			return;
}

void search_context(struct plan *p, int32_t context, bool single, double scale)
{
	struct search s = { .p = p, .l2 = single };
	struct unit *u;
	size_t i;

	search_begin(&s, context, single, scale);
	for (i = 0; i < p->n; i++)
		if (p->units[i].context == context)
			reach_own_rate(&s, &p->units[i]);
	while ((u = slowest(p, context)) != NULL && !u->cost.outside)
		if (!widen(&s, u))
			return;
}
