/*
 * Maximum-FPS search (guide, resources_param): the slowest layer of a context gets the next wider
 * choice, over and over, until that would exceed a threshold or nothing wider exists.
 */
#include "alloc/alloc_int.h"
#include <math.h>

/* Thresholds leave the search this share of a resource when the minimum already exceeds them. */
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

static int32_t last_subclusters(const struct plan *p, const struct unit *u)
{
	return u->cost.macs ? p->t->max_subclusters_per_layer : 1;
}

/* The choice after c in a fixed order: subclusters, APUs, mode, parts by features, by columns;
 * false at the end. */
static bool next_choice(const struct plan *p, const struct unit *u, struct choice *c)
{
	if (++c->subclusters <= last_subclusters(p, u))
		return true;
	c->subclusters = 1;
	if (++c->apus <= p->t->apus_max_per_layer)
		return true;
	c->apus = 1;
	if (++c->mode < (u->cost.mode16 ? TARGET_MODES : 1))
		return true;
	c->mode = 0;
	if (++c->parts <= unit_max_parts(u, c->spatial))
		return true;
	if (c->spatial || !unit_has_columns(p, u))
		return false;
	c->spatial = true;
	c->parts = 2;
	return c->parts <= unit_max_parts(u, true);
}

/* The cheapest choice that is faster than the present one and keeps the thresholds. */
static bool widen(struct search *s, struct unit *u)
{
	const struct plan *p = s->p;
	const int64_t now_cycles = unit_cycles(p, u, u->choice);
	struct choice c = { .parts = 1, .subclusters = 1, .mode = 0, .apus = 1 };
	struct choice best = u->choice;
	struct need now, need, total;
	struct need best_total = s->total;
	double best_price = HUGE_VAL;
	double cost;

	if (u->last_context > u->context) /* has its contexts to itself */
		return false;
	unit_need(p, u, u->choice, s->l2, &now);
	do {
		if (!unit_allows(u, c) || unit_cycles(p, u, c) >= now_cycles ||
		    !unit_need(p, u, c, s->l2, &need))
			continue;
		total = need_add(need_add(s->total, now, -1), need, 1);
		cost = price(&need, &now, &s->capacity);
		if (cost >= best_price || !within(&total, &s->total, s->allowed))
			continue;
		best = c;
		best_price = cost;
		best_total = total;
	} while (next_choice(p, u, &c));
	if (best_price == HUGE_VAL)
		return false;
	u->choice = best;
	s->total = best_total;
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
			unit_need(p, &p->units[i], p->units[i].choice, s->l2, &need);
			s->total = need_add(s->total, need, 1);
		}
	for (r = 0; r < RES_COUNT; r++) {
		capacity = (double)s->capacity.v[r];
		minimum = (double)s->total.v[r];
		allowed = lim.util[r] * scale * capacity;
		if (!lim.given[r] && minimum > allowed)
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
