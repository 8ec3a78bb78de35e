/* Several contexts: the fastest of the partitions that are compared, or the one of the script. */
#include "alloc/alloc_int.h"
#include "base/log.h"

#include <math.h>

/*
 * Thresholds x these: fuller contexts are fewer, emptier ones have room for wide layers.  The last
 * are for networks whose contexts would read too many tensors, or that cannot be placed.
 */
static const double fills[] = { 1, 0.8, 0.64, 0.5, 0.4, 0.3, 1.2, 1.4, 1.7, 0.2, 0.1 };
/* context_switch_param(mode=enabled) divides networks, too, that are far smaller than a context. */
static const double small_fills[] = { 0.05, 0.02, 0.01, 0.005, 0.002, 0 };
/* Search thresholds beside the usual one, at the highest level. */
static const double utils[] = { 0, 0.75, 0.9 };
enum {
	FILLS = sizeof fills / sizeof fills[0],
	UTILS = sizeof utils / sizeof utils[0],
	SMALL_FILLS = sizeof small_fills / sizeof small_fills[0],
	FILLS_COMPARED = 6,
	L4_ROUNDS = 5
};

/*
 * The target with the link that the script has partitions compared on: one lane where a usual one
 * has four (assumed).
 */
static struct target compared_on(const struct plan *p)
{
	struct target t = *p->t;

	if (p->low_bandwidth)
		t.bandwidth /= 4;
	return t;
}

/* Rates on that link. */
static void measure_choice(struct plan *p, struct allocation *a)
{
	const struct target *t = p->t;
	const struct target link = compared_on(p);

	p->t = &link;
	measure(p, a);
	p->t = t;
}

/* The partition of one fill; NULL with the reason. */
static struct allocation *divided_once(struct plan *p, double fill, double util, struct err *e)
{
	struct allocation *a = NULL;

	merge_reset(p);
	for (size_t i = 0; i < p->n; i++)
		if (unit_minimum(p, &p->units[i], false, e) < 0)
			return NULL;
	if (contexts_divide(p, fill, e) == 0 && (a = attempt_at(p, util, true, e)) != NULL)
		measure_choice(p, a);
	return a;
}

/*
 * Buffers in L4 hold more than the windows that a partition counts where something behind them
 * waits: when a context has no room for them, those of the next partition keep as much free, and
 * twice as much each time that this was not enough.
 */
static struct allocation *divided(struct plan *p, double fill, double util, struct err *e)
{
	struct allocation *a = NULL;
	int64_t over = 0;

	p->l4_over = &over;
	for (int k = 0; k < L4_ROUNDS && !a && !attempt_stopped(p); k++) {
		if (k > 0 && (over == 0 || p->l4_spared >= p->t->l4_cuts))
			break;
		p->l4_spared += over > p->l4_spared ? over : p->l4_spared;
		over = 0;
		*e = (struct err){ 0 };
		a = divided_once(p, fill, util, e);
	}
	p->l4_over = NULL;
	p->l4_spared = 0;
	return a;
}

/* Thresholds of the script say where contexts end. */
static bool thresholds_given(const struct plan *p)
{
	bool given = p->ncontext_limits > 0;

	for (int r = 0; r < RES_COUNT; r++)
		given = given || p->limits.given[r] || p->partition.given[r];
	return given;
}

/* Small networks: the best partition there is, if it is not slower than the one that is known. */
static struct allocation *divided_exactly(struct plan *p, const struct allocation *known)
{
	const struct target *t = p->t;
	const struct target link = compared_on(p);
	const double limit =
	    known && known->fps > 0 ? p->batch / known->fps - t->fixed_s_per_batch : HUGE_VAL;
	struct err ignored = { 0 };
	struct allocation *a = NULL;
	bool found;

	if (p->level == 0 || p->nbuffers || thresholds_given(p))
		return NULL;
	p->t = &link;
	found = contexts_exact(p, limit);
	p->t = t;
	if (found && (a = attempt_narrowing(p, &ignored)) != NULL)
		measure_choice(p, a);
	p->context_scale = NULL;
	return a;
}

/* Level 0 takes the first one, level 1 the best of some, level 2 of all fills and thresholds. */
static size_t tries_of(const struct plan *p)
{
	static const size_t tries[] = { 1, FILLS_COMPARED, FILLS * UTILS };

	return tries[p->level];
}

/* Is it what is asked for, as far as that goes: several contexts where the script wants them? */
static bool is_asked_for(const struct plan *p, const struct allocation *a)
{
	return a && (p->mode != 1 || a->ncontexts > 1);
}

static bool is_better(const struct plan *p, const struct allocation *a,
		      const struct allocation *best)
{
	if (is_asked_for(p, a) != is_asked_for(p, best))
		return is_asked_for(p, a);
	return !best || a->fps > best->fps;
}

/* One more partition; *best becomes the better one. */
static void compare(struct plan *p, double fill, double util, struct allocation **best,
		    struct err *e)
{
	struct allocation *a;

	*e = (struct err){ 0 };
	a = divided(p, fill, util, e);
	attempt_record(p, fill, util, a, e);
	if (!a || !is_better(p, a, *best)) {
		alloc_free(a);
		return;
	}
	log_debug("%d contexts, %.1f FPS", a->ncontexts, a->fps);
	alloc_free(*best);
	*best = a;
}

/* The best partition of a small network, unless *best is better. */
static void compare_exact(struct plan *p, struct allocation **best)
{
	struct allocation *a = divided_exactly(p, is_asked_for(p, *best) ? *best : NULL);

	if (!a)
		return;
	attempt_record(p, 0, 0, a, NULL);
	if (*best && is_better(p, *best, a)) {
		alloc_free(a);
		return;
	}
	alloc_free(*best);
	*best = a;
}

/* The best of the partitions compared; more are tried until there is one. */
struct allocation *several_contexts(struct plan *p, struct err *e)
{
	const size_t tries = tries_of(p);
	struct allocation *best = NULL;
	struct err last = { 0 };
	size_t k;

	for (k = 0; k < FILLS * UTILS && (k < tries || !best) && !attempt_stopped(p); k++) {
		if (k < tries)
			progress("partitions", k, tries);
		compare(p, fills[k % FILLS], utils[k / FILLS], &best, &last);
	}
	if (!attempt_stopped(p))
		compare_exact(p, &best);
	for (k = 0; best && k < SMALL_FILLS && !is_asked_for(p, best) && !attempt_stopped(p); k++)
		compare(p, small_fills[k], 0, &best, &last);
	progress("partitions", tries, tries);
	if (!best && attempt_stopped(p))
		attempt_no_time(e);
	else if (!best)
		err_set(e, "%s", last.msg);
	return best;
}

/* The script's contexts: every layer in one, no edge back. */
struct allocation *given_contexts(struct plan *p, struct err *e)
{
	const struct unit *u;
	const struct unit *from;
	size_t i, k;

	if (p->ncontexts > p->t->max_contexts) {
		err_set(e, "the script has %d contexts, %s at most %d", p->ncontexts, p->t->name,
			p->t->max_contexts);
		return NULL;
	}
	for (i = 0; i < p->n; i++) {
		u = &p->units[i];
		if (u->context < 0) {
			err_set(e, "layer '%s' is in none of the script's contexts",
				quote(u->l->name));
			return NULL;
		}
		for (k = 0; k < u->l->nin; k++) {
			from = &p->units[u->l->in[k].layer->index];
			if (from->last_context > u->context) {
				err_set(
				    e,
				    "layer '%s' of context_%d reads '%s' of the later context_%d",
				    quote(u->l->name), u->context, quote(from->l->name),
				    from->last_context);
				return NULL;
			}
		}
	}
	return attempt_narrowing(p, e);
}
