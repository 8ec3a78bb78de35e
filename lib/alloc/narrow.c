/* Choices that are changed when the search has ended: they take less of something, at its rate. */
#include "alloc/search_int.h"

/* What a choice has of that of which it should have the least, and then its price. */
static double scarce(const struct search *s, const struct unit *u, const struct need *need)
{
	const struct need none = { { 0 } };
	const int64_t first = need->v[u->match == MATCH_SCS ? RES_SC : RES_WEIGHTS];

	return (double)first + 1e-3 * price(need, &none, &s->capacity);
}

/* The choice with the least of it, among those of c's kind with parts that reach the target. */
static void scarcest(const struct search *s, const struct unit *u, struct choice c, double target,
		     struct choice *best, double *least)
{
	const int32_t most = unit_max_subclusters(s->p, u);
	struct need need;

	for (c.parts = c.spatial ? 2 : 1; c.parts <= unit_max_parts(u, c.spatial); c.parts++)
		for (c.subclusters = 1; c.subclusters <= most; c.subclusters++) {
			if (!unit_allows(u, c) || (double)unit_cycles(s->p, u, c) > target ||
			    !search_need(s, u, c, &need) || scarce(s, u, &need) >= *least)
				continue;
			*least = scarce(s, u, &need);
			*best = c;
		}
}

void narrow(struct search *s, struct unit *u, double interval)
{
	const double own = u->min_fps > 0 ? s->p->t->clock_hz / u->min_fps : interval;
	const double target = own < interval ? own : interval;
	struct choice c = { .apus = u->choice.apus }, best = u->choice;
	struct need now, need;
	double least;

	if (u->last_context > u->context || !merge_alone(s->p, u) ||
	    !search_need(s, u, u->choice, &now))
		return;
	least = scarce(s, u, &now);
	for (c.mode = 0; c.mode < unit_modes(u); c.mode++) {
		c.spatial = false;
		scarcest(s, u, c, target, &best, &least);
		c.spatial = true;
		if (unit_has_columns(s->p, u))
			scarcest(s, u, c, target, &best, &least);
	}
	search_need(s, u, best, &need);
	s->total = need_add(need_add(s->total, now, -1), need, 1);
	u->choice = best;
}

/* The choice of a layer that takes the least energy, and what it saves. */
struct saving {
	struct unit *u;
	struct choice best;
	double saved; /* 0: the present one is the best */
};

/* In one context a layer may be as slow as the slowest one; else it fills the next one, too. */
static double longest(const struct search *s, const struct unit *u, double interval)
{
	const double now = (double)unit_cycles(s->p, u, u->choice);
	const double own = u->min_fps > 0 ? s->p->t->clock_hz / u->min_fps : interval;

	if (!s->l2)
		return now;
	return own < interval ? own : interval;
}

static void consider_power(const struct search *s, struct choice c, double most, struct saving *v)
{
	const double now = unit_energy(s->p, v->u, v->u->choice, s->l2);
	const double then = unit_energy(s->p, v->u, c, s->l2);
	struct need need, old, total;

	/* Less than a millionth is no saving. */
	if (!unit_allows(v->u, c) || now - then <= v->saved + 1e-6 * now ||
	    (double)unit_cycles(s->p, v->u, c) > most || !search_need(s, v->u, c, &need) ||
	    !search_need(s, v->u, v->u->choice, &old))
		return;
	total = need_add(need_add(s->total, old, -1), need, 1);
	if (!within(&total, &s->total, s->allowed))
		return;
	v->saved = now - then;
	v->best = c;
}

/* More parts than the search made it do the same work, with more that is lost between them. */
static struct saving least_power(const struct search *s, struct unit *u, double interval)
{
	const struct target *t = s->p->t;
	const double most = longest(s, u, interval);
	struct saving v = { .u = u };
	struct choice c = u->choice;

	for (c.parts = 1; c.parts <= u->choice.parts; c.parts++)
		for (c.mode = 0; c.mode < unit_modes(u); c.mode++)
			for (c.apus = 1; c.apus <= t->apus_max_per_layer; c.apus++)
				for (c.subclusters = 1;
				     c.subclusters <= unit_max_subclusters(s->p, u);
				     c.subclusters++)
					consider_power(s, c, most, &v);
	return v;
}

static int by_saving(const void *a, const void *b)
{
	const struct saving *x = a, *y = b;

	if (x->saved != y->saved)
		return x->saved > y->saved ? -1 : 1;
	return x->u < y->u ? -1 : x->u > y->u;
}

/* The slowest layers stay: faster ones would only have more frames a second, and so more power. */
static bool may_change(const struct search *s, const struct unit *u, double interval)
{
	return (double)unit_cycles(s->p, u, u->choice) < interval && u->context == s->context &&
	       u->last_context == s->context && !u->cost.outside && u->match == MATCH_NONE &&
	       merge_alone(s->p, u);
}

/* The largest savings first: they have the room that there is. */
void save_power(struct search *s)
{
	const double interval = (double)context_interval(s->p, s->context);
	struct saving *v = xcalloc(s->p->n + 1, sizeof *v);
	struct need now, need;
	size_t n = 0;

	for (size_t i = 0; i < s->p->n; i++)
		if (may_change(s, &s->p->units[i], interval))
			v[n++] = least_power(s, &s->p->units[i], interval);
	if (n)
		qsort(v, n, sizeof *v, by_saving);
	for (size_t i = 0; i < n && v[i].saved > 0; i++) {
		struct unit *u = v[i].u;
		const struct saving again = least_power(s, u, interval);

		if (again.saved <= 0)
			continue;
		search_need(s, u, u->choice, &now);
		search_need(s, u, again.best, &need);
		s->total = need_add(need_add(s->total, now, -1), need, 1);
		u->choice = again.best;
	}
	free(v);
}
