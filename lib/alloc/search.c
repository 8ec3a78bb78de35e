/*
 * Maximum-FPS search (guide, resources_param): the slowest layer of a context gets the next wider
 * choice, over and over, until that would exceed a threshold or nothing wider exists.
 */
#include "alloc/search_int.h"
#include <math.h>

/* However much the smallest choices take, the search has this share of a resource. */
static const double headroom = 0.1;

/* Layers that do not fit are merged until they take this share. */
static const double merged_fullest = 0.9;

/* Layers that are merged to widen the slowest one take this share of its time together. */
static const double merge_share = 0.8;

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
		if (!unit_in(&p->units[i], context) || !merge_leads(p, &p->units[i]))
			continue;
		cycles = merge_cycles(p, &p->units[i]);
		worst = cycles > worst ? cycles : worst;
	}
	return worst;
}

double price(const struct need *more, const struct need *now, const struct need *capacity)
{
	double sum = 0;
	int i;

	for (i = 0; i < RES_SC16; i++) /* those are counted already */
		sum += (double)(more->v[i] - now->v[i]) / (double)capacity->v[i];
	return sum;
}

bool within(const struct need *total, const struct need *before, const double allowed[RES_COUNT])
{
	int i;

	for (i = 0; i < RES_COUNT; i++)
		if (total->v[i] > before->v[i] && (double)total->v[i] > allowed[i])
			return false;
	return true;
}

bool search_need(const struct search *s, const struct unit *u, struct choice c, struct need *out)
{
	if (!merge_need(s->p, u, c, s->l2, out))
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

/* Merging frees controllers for so many more parts only. */
static bool may_part(const struct search *s, const struct need *total)
{
	int64_t more = total->v[RES_LCU] - s->total.v[RES_LCU];

	return more <= 0 || !s->merging || (double)(s->unmerged + more) <= s->most_unmerged;
}

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
	if (cost >= w->best_price || !within(&total, &s->total, s->allowed) || !may_part(s, &total))
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
		least.v[i] = i == RES_WEIGHTS || i == RES_SC16 ? 0 : parts;
	return price(&least, &w->now, &s->capacity);
}

/* Parts that a choice may have, as far as the script leaves it open. */
static int32_t most_parts(const struct plan *p, const struct unit *u, bool spatial)
{
	const int32_t most = unit_max_parts(u, spatial);

	if (!merge_alone(p, u))
		return 1;
	return u->fixed.parts || most < p->most_parts ? most : p->most_parts;
}

/* All choices with parts by features, or by columns, from few parts to many. */
static void consider_all(const struct search *s, struct wider *w, bool spatial)
{
	const struct target *t = s->p->t;
	const int32_t subclusters = unit_max_subclusters(s->p, w->u);
	const int modes = unit_modes(w->u);
	struct choice c = { .spatial = spatial };

	const int32_t parts = most_parts(s->p, w->u, spatial);

	for (c.parts = spatial ? 2 : 1; c.parts <= parts; c.parts++) {
		if (least_price(s, w, c.parts) >= w->best_price)
			return;
		for (c.mode = 0; c.mode < modes; c.mode++)
			for (c.apus = 1; c.apus <= t->apus_max_per_layer; c.apus++)
				for (c.subclusters = 1; c.subclusters <= subclusters;
				     c.subclusters++)
					consider(s, w, c);
	}
}

/* The cheapest choice of one layer that is faster than the present one and keeps the thresholds. */
static struct wider widest(const struct search *s, const struct unit *u)
{
	struct wider w = { .u = u, .best_price = HUGE_VAL };

	if (u->last_context > u->context) /* has its contexts to itself */
		return w;
	w.now_cycles = unit_cycles(s->p, u, u->choice);
	search_need(s, u, u->choice, &w.now);
	consider_all(s, &w, false);
	if (merge_alone(s->p, u) && unit_has_columns(s->p, u))
		consider_all(s, &w, true);
	return w;
}

/* The cheapest such choice of a layer, or of one that it is merged with; NULL: none. */
static struct unit *wider_of(const struct search *s, struct unit *u, struct wider *best)
{
	struct unit *found = NULL, *m = u;

	best->best_price = HUGE_VAL;
	do {
		const struct wider w = widest(s, m);

		if (w.best_price < best->best_price) {
			*best = w;
			found = m;
		}
		m = merge_next(s->p, m);
	} while (m != u);
	return found;
}

static bool widen(struct search *s, struct unit *u)
{
	struct wider w;
	struct unit *found = wider_of(s, u, &w);

	if (!found)
		return false;
	found->choice = w.best;
	s->unmerged += w.best_total.v[RES_LCU] - s->total.v[RES_LCU];
	s->total = w.best_total;
	return true;
}

/* What the layers take now, and the controllers they would take unmerged. */
static void count(struct search *s)
{
	const struct plan *p = s->p;
	struct need need;

	s->total = (struct need){ { 0 } };
	s->unmerged = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct unit *u = &p->units[i];

		if (u->context != s->context)
			continue;
		s->unmerged += u->cost.outside ? 0 : u->choice.parts + (u->choice.parts > 1);
		s->total = need_add(s->total, relays_need(u), 1);
		if (!merge_leads(p, u))
			continue;
		search_need(s, u, u->choice, &need);
		s->total = need_add(s->total, need, 1);
	}
}

/* ---- merging ---- */

/* Merges layers until `r` takes at most `most`, where that can be without a slower network. */
static void merge_down(struct search *s, enum resource r, double most)
{
	int64_t interval = context_interval(s->p, s->context);

	while ((double)s->total.v[r] > most && merge_cheapest(s->p, s->context, s->l2, interval))
		count(s);
}

bool search_could_widen(const struct search *s, struct unit *u, unsigned free)
{
	struct search more = *s;
	struct wider w;

	for (int r = 0; r < RES_COUNT; r++)
		if (free & (1u << r))
			more.allowed[r] = HUGE_VAL;
	return wider_of(&more, u, &w) != NULL;
}

/*
 * Merges cheap layers until the slowest one can be widened; false, with everything as before, when
 * that does not help.
 */
static bool make_room(struct search *s, struct unit *u)
{
	const int64_t most = (int64_t)(merge_share * (double)context_interval(s->p, s->context));
	int32_t *next;
	bool done = false;

	if (!s->merging || !search_could_widen(s, u, ~0u))
		return false;
	next = xcalloc(s->p->n, sizeof *next);
	for (size_t i = 0; i < s->p->n; i++)
		next[i] = s->p->units[i].next;
	while (!done && merge_cheapest(s->p, s->context, s->l2, most)) {
		count(s);
		done = widen(s, u);
	}
	for (size_t i = 0; i < s->p->n && !done; i++)
		s->p->units[i].next = next[i];
	count(s);
	free(next);
	return done;
}

/* ---- the search ---- */

/* Controllers, aligners and APUs are shared when even the smallest choices want too many. */
static void merge_needed(struct search *s, bool single)
{
	static const enum resource shared[] = { RES_LCU, RES_IA, RES_APU };

	for (size_t i = 0; i < sizeof shared / sizeof shared[0] && merge_auto(s->p, single); i++) {
		const enum resource r = shared[i];

		if (s->total.v[r] > s->capacity.v[r])
			merge_down(s, r, merged_fullest * (double)s->capacity.v[r]);
	}
}

static void search_begin(struct search *s, bool single, double scale)
{
	const struct plan *p = s->p;
	struct limits lim = plan_limits(p, s->context, single);
	double allowed, capacity, minimum;
	int r;

	s->capacity = device_capacity(p->t);
	s->merging = merge_for_room(p, single);
	count(s);
	merge_needed(s, single);
	for (r = 0; r < RES_COUNT; r++) {
		capacity = (double)s->capacity.v[r];
		minimum = (double)s->total.v[r];
		allowed = lim.util[r] * scale * capacity;
		if (!lim.given[r] && minimum + headroom * scale * capacity > allowed)
			allowed = minimum + headroom * scale * capacity;
		s->allowed[r] = allowed < capacity ? allowed : capacity;
	}
	s->most_unmerged = (p->most_control > 0 ? p->most_control : p->t->util_control_max) *
			   (double)s->capacity.v[RES_LCU];
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
		if (!unit_in(u, context) || !merge_leads(p, u))
			continue;
		cycles = merge_cycles(p, u);
		if (cycles > worst_cycles) {
			worst = u;
			worst_cycles = cycles;
		}
	}
	return (double)worst_cycles > target ? worst : NULL;
}

static void reach_own_rate(struct search *s, struct unit *u)
{
	while (u->min_fps > 0 && (double)merge_cycles(s->p, u) * u->min_fps > s->p->t->clock_hz)
		if (!widen(s, u))
			return;
}

void search_context(struct plan *p, int32_t context, bool single, double scale)
{
	struct search s = { .p = p, .context = context, .l2 = single };
	struct unit *u;
	size_t i;

	search_begin(&s, single, scale);
	for (i = 0; i < p->n; i++)
		if (p->units[i].context == context) {
			p->units[i].halt = NULL;
			reach_own_rate(&s, &p->units[i]);
		}
	while ((u = slowest(p, context)) != NULL && !u->cost.outside)
		if (!widen(&s, u) && !make_room(&s, u))
			break;
	if (u && p->fps > 0)
		u->halt = halt_reason(&s, u);
	if (s.merging && p->merge_util > 0)
		merge_down(&s, RES_LCU, p->merge_util * (double)s.capacity.v[RES_LCU]);
	for (i = 0; i < p->n; i++)
		if (p->units[i].context == context && p->units[i].match != MATCH_NONE)
			narrow(&s, &p->units[i], (double)context_interval(p, context));
	if (p->save_power)
		save_power(&s);
}
