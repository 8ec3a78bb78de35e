/* The whole run: one context if the network fits in one, else several; narrower until all is
 * placed. */
#include "alloc/alloc_int.h"
#include "base/log.h"
#include <math.h>

void alloc_free(struct allocation *a)
{
	if (!a)
		return;
	arena_release(&a->arena);
	free(a);
}

/* Where a context does not fit: the buffer that takes the most, if that may be why. */
static void hint_buffer(const struct plan *p, const struct allocation *a, struct err *e)
{
	const struct alloc_edge *ed = spill_largest(p, a);
	int64_t cuts = ed ? ceil_div((int64_t)ed->rows * ed->row_bytes, p->t->l3_cut_bytes) : 0;

	/* What is at most a quarter of a cluster is not the reason. */
	if (4 * cuts > p->t->l3_cuts)
		err_hint(e,
			 "the buffer from '%s' to '%s' takes %lld of the %d L3 cuts of a cluster",
			 quote(a->layers[ed->from].name), quote(a->layers[ed->to].name),
			 (long long)cuts, p->t->l3_cuts);
}

/* Clusters and L4 of a context. */
static bool settle_places(const struct plan *p, struct allocation *a, int32_t c, struct err *e)
{
	if (place_context(p, a, c, e) < 0) {
		hint_buffer(p, a, e);
		return false;
	}
	return place_l4(p, a, c, e) == 0;
}

/* Rows, cuts and clusters of all contexts; false when a context does not fit. */
static bool settle(const struct plan *p, struct allocation *a, const struct flow *f, double pace,
		   struct err *e)
{
	bool fits = true;
	int32_t c;

	for (c = 0; c < a->ncontexts; c++)
		rows_size(p, a, f, c, pace * ideal_interval(p, a, c));
	if (rows_force(p, a, e) < 0)
		return false;
	rows_cuts(p, a);
	for (c = 0; c < a->ncontexts; c++) {
		struct err why = { 0 };
		bool ok = settle_places(p, a, c, &why);

		if (p->misfit)
			p->misfit[c] = !ok;
		if (!ok && fits)
			*e = why;
		fits = fits && ok;
	}
	return fits;
}

bool settle_context(const struct plan *p, struct allocation *a, int32_t context)
{
	struct err ignored = { 0 };
	struct flow f;

	flow_init(&f, p, a);
	rows_size(p, a, &f, context, ideal_interval(p, a, context));
	flow_release(&f, a);
	rows_cuts(p, a);
	return place_context(p, a, context, &ignored) == 0 &&
	       place_l4(p, a, context, &ignored) == 0;
}

/* Smallest choices, then the search; `single`: L2 holds weights. */
static int choose(struct plan *p, bool single, double scale, struct err *e)
{
	size_t i;
	int32_t c;

	merge_reset(p);
	for (i = 0; i < p->n; i++)
		if (unit_minimum(p, &p->units[i], single, e) < 0)
			return -1;
	for (c = 0; c < p->ncontexts; c++)
		search_context(p, c, single,
			       scale * (p->context_scale ? p->context_scale[c] : 1) *
				   (p->narrower ? p->narrower[c] : 1));
	return 0;
}

/* Relays that one try may add. */
enum {
	MAX_SPILLS = 64
};

/* One try with everything chosen. */
static struct allocation *build(struct plan *p, double pace, struct err *e)
{
	struct allocation *a = NULL;

	for (int k = 0; k <= MAX_SPILLS; k++) {
		struct flow f;
		bool ok, more;

		*e = (struct err){ 0 };
		if (!(a = phys_build(p, e)))
			return NULL;
		flow_init(&f, p, a);
		ok = settle(p, a, &f, pace, e);
		flow_release(&f, a);
		if (ok)
			return a;
		more = p->spill && spill(p, a);
		alloc_free(a);
		if (!more)
			break;
	}
	return NULL;
}

/* One try with everything fixed; NULL with the reason. */
static struct allocation *attempt(struct plan *p, double scale, double pace, struct err *e)
{
	struct allocation *a = NULL;

	if (choose(p, p->ncontexts == 1, scale, e) < 0)
		return NULL;
	p->nrelays = p->script_relays;
	if (p->reshapes) {
		reshapes_add(p);
		a = build(p, pace, e);
		p->nrelays = p->script_relays;
	}
	return a ? a : build(p, pace, e);
}

static bool stopped(const struct plan *p)
{
	return p->stop && *p->stop;
}

static int no_time(struct err *e)
{
	return err_set(e, "the search was ended before it had found a placement");
}

/*
 * The contexts that did not fit become narrower, all of them when that was not the reason, or when
 * buffers change, too.
 */
static void make_narrower(struct plan *p, double scale, bool all)
{
	bool some = false;

	for (int32_t c = 0; c < p->ncontexts; c++)
		some = some || p->misfit[c];
	for (int32_t c = 0; c < p->ncontexts; c++)
		if (all || !some || p->misfit[c])
			p->narrower[c] = scale;
	memset(p->misfit, 0, (size_t)p->ncontexts * sizeof *p->misfit);
}

/* Narrower and narrower, then with smaller buffers. */
static struct allocation *attempts(struct plan *p, struct err *e)
{
	static const struct {
		double scale, pace;
	} steps[] = { { 1, 1 },   { 0.95, 1 }, { 0.9, 1 }, { 0.85, 1 },  { 0.8, 1 },
		      { 0.7, 1 }, { 0.6, 1 },  { 0.5, 1 }, { 0.8, 1.5 }, { 0.6, 2 },
		      { 0.5, 4 }, { 0.3, 16 }, { 0, 1 },   { 0, 1e3 } };
	struct allocation *a = NULL;
	struct err first = { 0 }, last = { 0 };
	size_t i;

	p->narrower = xcalloc((size_t)p->ncontexts, sizeof *p->narrower);
	p->misfit = xcalloc((size_t)p->ncontexts, sizeof *p->misfit);
	for (i = 0; i < sizeof steps / sizeof steps[0] && !a; i++) {
		if (i == 1)
			first = last;
		if (i > 0)
			log_debug("at %g of the thresholds: %s", steps[i - 1].scale, last.msg);
		last = (struct err){ 0 };
		if (stopped(p)) {
			no_time(&last);
			break;
		}
		make_narrower(p, steps[i].scale, steps[i].pace > 1 || steps[i].scale <= 0);
		a = attempt(p, 1, steps[i].pace, &last);
		p->held_up = steps[i].pace > 1;
	}
	free(p->narrower);
	free(p->misfit);
	p->narrower = NULL;
	p->misfit = NULL;
	if (!a) {
		err_set(e, "%s", last.msg);
		return NULL;
	}
	a->scale = steps[i - 1].scale;
	if (i > 1)
		a->lowered = arena_strdup(&a->arena, first.msg);
	return a;
}

/* What has been tried, for the table. */
static void record(struct plan *p, double fill, double util, const struct allocation *a,
		   const struct err *why)
{
	VEC_GROW(p->tries, p->ntries, &p->cap_tries);
	p->tries[p->ntries++] =
	    (struct alloc_try){ .fill = fill,
				.util = util,
				.contexts = a ? a->ncontexts : 0,
				.fps = a ? a->fps : 0,
				.why = a ? NULL : arena_strdup(&p->arena, why->msg) };
}

/* Where layers are merged it holds more of them, as many as the target allows. */
static double overfull(const struct plan *p, int r)
{
	const bool merging = merge_auto(p, true) && r != RES_SC && r != RES_WEIGHTS;

	return merging && p->t->util_control_max > 1 ? p->t->util_control_max : 1;
}

/* The device holds the smallest choices of all layers; else an error that names the resource. */
static int check_capacity(struct plan *p, struct err *e)
{
	struct need capacity = device_capacity(p->t);
	struct need total = { { 0 } };
	struct need need;
	int64_t window = 0;
	size_t i;
	int r;

	merge_reset(p);
	for (i = 0; i < p->n; i++) {
		if (unit_minimum(p, &p->units[i], true, e) < 0)
			return -1;
		window += p->units[i].cost.outside ? 0 : p->units[i].window_bytes;
	}
	for (i = 0; i < p->n; i++) {
		total = need_add(total, relays_need(&p->units[i]), 1);
		if (!merge_leads(p, &p->units[i]))
			continue;
		if (!merge_need(p, &p->units[i], p->units[i].choice, true, &need))
			return err_set(e, "the layers of '%s' do not fit in a cluster together",
				       quote(p->units[i].given_merged));
		total = need_add(total, need, 1);
	}
	total.v[RES_WEIGHTS] += window / p->t->l3_cut_bytes;
	for (r = 0; r < RES_COUNT; r++)
		if ((double)total.v[r] > overfull(p, r) * (double)capacity.v[r])
			return err_set(e, "one context needs at least %lld %s, %s has %lld",
				       (long long)total.v[r], resource_name((enum resource)r),
				       p->t->name, (long long)capacity.v[r]);
	for (r = 0; r < RES_COUNT && p->mode == 0 && !plan_is_fixed(p); r++) {
		if (p->limits.given[r] ||
		    (double)total.v[r] <= plan_fullest * (double)capacity.v[r])
			continue;
		p->merge_fits = overfull(p, r) > 1;
		if (!p->merge_fits)
			return err_set(e, "one context needs at least %lld of the %lld %s of %s",
				       (long long)total.v[r], (long long)capacity.v[r],
				       resource_name((enum resource)r), p->t->name);
	}
	return 0;
}

/*
 * One try, or narrower and narrower ones, with thresholds of `util` where the script has none; 0:
 * the usual ones.
 */
static struct allocation *attempt_at(struct plan *p, double util, bool narrower, struct err *e)
{
	struct limits given = p->limits;
	struct allocation *a;
	int r;

	for (r = 0; r < RES_COUNT && util > 0; r++)
		if (!given.given[r]) {
			p->limits.util[r] = util;
			p->limits.given[r] = true;
		}
	a = narrower ? attempts(p, e) : attempt(p, 1, 1, e);
	p->limits = given;
	return a;
}

/* All layers in one context; at the highest level with thresholds from the device's limits down. */
static struct allocation *one_context(struct plan *p, struct err *e)
{
	struct allocation *a = NULL;
	struct err last = { 0 };
	const size_t steps = (size_t)ceil((1 - p->t->util_single) / 0.05);
	size_t tries = 0;
	double util;
	size_t i;

	p->ncontexts = 1;
	for (i = 0; i < p->n; i++)
		p->units[i].context = p->units[i].last_context = 0;
	if (check_capacity(p, e) < 0) {
		record(p, 0, 0, NULL, e);
		return NULL;
	}
	for (util = 1; p->level == 2 && util > p->t->util_single && !a && !stopped(p);
	     util -= 0.05) {
		progress("thresholds", tries++, steps);
		last = (struct err){ 0 };
		a = attempt_at(p, util, false, &last);
		record(p, 0, util, a, &last);
	}
	if (tries)
		progress("thresholds", steps, steps);
	if (!a) {
		a = attempts(p, e);
		record(p, 0, 0, a, e);
	}
	return a;
}

static double rate_of(const struct plan *p, struct allocation *a)
{
	measure(p, a);
	return a->fps;
}

/* The faster of two, either of which may be NULL; the other one is freed. */
static struct allocation *faster_of(struct plan *p, struct allocation *a, struct allocation *b)
{
	if (!a || !b)
		return a ? a : b;
	if (rate_of(p, b) > rate_of(p, a)) {
		alloc_free(a);
		return b;
	}
	alloc_free(b);
	return a;
}

static bool any_merged(const struct allocation *a)
{
	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].group >= 0)
			return true;
	return false;
}

/* The search that merges is no better in every case than the one that does not. */
static struct allocation *single_context(struct plan *p, struct err *e)
{
	struct allocation *a = one_context(p, e), *b;
	struct err ignored = { 0 };
	const bool held_up = p->held_up;

	if (!a || p->level < 2 || p->merge_util > 0 || !any_merged(a))
		return a;
	p->merge_never = true;
	b = one_context(p, &ignored);
	p->merge_never = false;
	if (!b || rate_of(p, a) >= rate_of(p, b))
		p->held_up = held_up;
	return faster_of(p, a, b);
}

/*
 * Thresholds x these: fuller contexts are fewer, emptier ones have room for wide layers.  The last
 * are for networks whose contexts would read too many tensors, or that cannot be placed.
 */
static const double fills[] = { 1, 0.8, 0.64, 0.5, 0.4, 0.3, 1.2, 1.4, 1.7, 0.2, 0.1 };
/* Search thresholds beside the usual one, at the highest level. */
static const double utils[] = { 0, 0.75, 0.9 };
enum {
	FILLS = sizeof fills / sizeof fills[0],
	UTILS = sizeof utils / sizeof utils[0],
	FILLS_COMPARED = 6,
	EXACT_LAYERS = 16
};

/* Rates on a link of one lane where a usual one has four (assumed). */
static void measure_choice(struct plan *p, struct allocation *a)
{
	const struct target *t = p->t;
	struct target slow = *t;

	slow.bandwidth /= 4;
	if (p->low_bandwidth)
		p->t = &slow;
	measure(p, a);
	p->t = t;
}

/* The partition of one fill; NULL with the reason. */
static struct allocation *divided(struct plan *p, double fill, double util, struct err *e)
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

/* Thresholds of the script say where contexts end. */
static bool thresholds_given(const struct plan *p)
{
	bool given = p->ncontext_limits > 0;

	for (int r = 0; r < RES_COUNT; r++)
		given = given || p->limits.given[r] || p->partition.given[r];
	return given;
}

/* Small networks: the best partition there is. */
static struct allocation *divided_exactly(struct plan *p)
{
	struct err ignored = { 0 };
	struct allocation *a = NULL;

	if (p->level > 0 && p->n <= EXACT_LAYERS && !p->nbuffers && !thresholds_given(p) &&
	    contexts_exact(p) && (a = attempts(p, &ignored)) != NULL)
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

/* The fastest of the partitions compared; more are tried until there is one. */
static struct allocation *several_contexts(struct plan *p, struct err *e)
{
	const size_t tries = tries_of(p);
	struct allocation *best = divided_exactly(p);
	struct err last = { 0 };
	size_t k;

	if (best)
		record(p, 0, 0, best, NULL);

	for (k = 0; k < FILLS * UTILS && (k < tries || !best) && !stopped(p); k++) {
		struct allocation *a;

		if (k < tries)
			progress("partitions", k, tries);
		last = (struct err){ 0 };
		a = divided(p, fills[k % FILLS], utils[k / FILLS], &last);
		record(p, fills[k % FILLS], utils[k / FILLS], a, &last);
		if (a && best && a->fps <= best->fps) {
			alloc_free(a);
			continue;
		}
		if (a) {
			log_debug("%d contexts, %.1f FPS", a->ncontexts, a->fps);
			alloc_free(best);
			best = a;
		}
	}
	progress("partitions", tries, tries);
	if (!best && stopped(p))
		no_time(e);
	else if (!best)
		err_set(e, "%s", last.msg);
	return best;
}

/* The script's contexts: every layer in one, no edge back. */
static struct allocation *given_contexts(struct plan *p, struct err *e)
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
	return attempts(p, e);
}

/* One context that is full or whose buffers hold frames up, or several if these are faster. */
static struct allocation *faster(struct plan *p, struct allocation *one)
{
	struct err ignored = { 0 };
	struct allocation *several = several_contexts(p, &ignored);

	return faster_of(p, one, several);
}

/* With all buffers in L3. */
static struct allocation *allocate_inside(struct plan *p, struct err *e)
{
	struct allocation *a = NULL;
	struct err why = { 0 };

	if (p->contexts_given)
		return given_contexts(p, e);
	if (p->mode != 1 && (a = single_context(p, &why)) != NULL)
		return (p->held_up || p->merge_fits) && p->mode == 0 ? faster(p, a) : a;
	if (p->mode == 2) {
		err_set(e, "%s", why.msg);
		err_hint(e, "several contexts are switched off");
		return NULL;
	}
	if (err_is(&why))
		log_debug("single context: %s", why.msg);
	return several_contexts(p, e);
}

/* Large buffers elsewhere only where nothing else fits: they take the link, or L4. */
static struct allocation *allocate(struct plan *p, struct err *e)
{
	struct allocation *a = allocate_inside(p, e);
	struct err why = { 0 };

	if (a || stopped(p) || (p->ddr_cuts < 0 && p->l4_cuts < 0))
		return a;
	log_debug("without buffers in L4 and external memory: %s", e->msg);
	p->spill = true;
	if ((a = allocate_inside(p, &why)) != NULL)
		*e = (struct err){ 0 };
	return a;
}

/* The tries outlive the plan; those of one context have the rate that this has. */
static void take_tries(const struct plan *p, struct allocation *a)
{
	a->ntries = p->ntries;
	a->tries = arena_array(&a->arena, p->ntries + 1, sizeof *a->tries);
	for (size_t i = 0; i < p->ntries; i++) {
		a->tries[i] = p->tries[i];
		if (a->tries[i].why)
			a->tries[i].why = arena_strdup(&a->arena, p->tries[i].why);
		if (a->tries[i].contexts == 1 && a->tries[i].fps <= 0 && a->ncontexts == 1)
			a->tries[i].fps = a->fps;
	}
}

struct allocation *alloc_run(const struct graph *g, const struct qmodel *m,
			     const struct alloc_opts *o, struct err *e)
{
	struct plan p = { .g = g, .m = m, .t = o->target, .script = o->script, .stop = o->stop };
	struct allocation *a = NULL;

	if ((!o->script || alls_check(o->script, e) == 0) && units_make(&p, e) == 0 &&
	    settings_read(&p, e) == 0 && directives_read(&p, e) == 0)
		a = allocate(&p, e);
	if (a) {
		measure(&p, a);
		take_tries(&p, a);
	}
	free(p.tries);
	arena_release(&p.arena);
	return a;
}
