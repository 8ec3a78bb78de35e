/* One try: choices, and whether they fit; narrower and narrower until they do. */
#include "alloc/alloc_int.h"
#include "base/log.h"

/* Smallest choices, then the search; `single`: L2 holds weights. */
static int choose(struct plan *p, bool single, struct err *e)
{
	size_t i;
	int32_t c;

	merge_reset(p);
	for (i = 0; i < p->n; i++)
		if (unit_minimum(p, &p->units[i], single, e) < 0)
			return -1;
	for (c = 0; c < p->ncontexts; c++)
		search_context(p, c, single,
			       (p->context_scale ? p->context_scale[c] : 1) *
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
static struct allocation *attempt(struct plan *p, double pace, struct err *e)
{
	struct allocation *a = NULL;

	if (choose(p, p->ncontexts == 1, e) < 0)
		return NULL;
	p->nrelays = p->script_relays;
	if (p->muxer || p->reshapes) {
		if (p->muxer)
			muxes_add(p);
		if (p->reshapes)
			reshapes_add(p);
		a = build(p, pace, e);
		p->nrelays = p->script_relays;
	}
	return a ? a : build(p, pace, e);
}

bool attempt_stopped(const struct plan *p)
{
	return p->stop && *p->stop;
}

int attempt_no_time(struct err *e)
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
struct allocation *attempt_narrowing(struct plan *p, struct err *e)
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
		if (attempt_stopped(p)) {
			attempt_no_time(&last);
			break;
		}
		make_narrower(p, steps[i].scale, steps[i].pace > 1 || steps[i].scale <= 0);
		a = attempt(p, steps[i].pace, &last);
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

/*
 * One try, or narrower and narrower ones, with thresholds of `util` where the script has none; 0:
 * the usual ones.
 */
struct allocation *attempt_at(struct plan *p, double util, bool narrower, struct err *e)
{
	struct limits given = p->limits;
	struct allocation *a;
	int r;

	for (r = 0; r < RES_COUNT && util > 0; r++)
		if (!given.given[r]) {
			p->limits.util[r] = util;
			p->limits.given[r] = true;
		}
	a = narrower ? attempt_narrowing(p, e) : attempt(p, 1, e);
	p->limits = given;
	return a;
}

/* What has been tried, for the table. */
void attempt_record(struct plan *p, double fill, double util, const struct allocation *a,
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

double attempt_rate(const struct plan *p, struct allocation *a)
{
	measure(p, a);
	return a->fps;
}

/* The faster of two, either of which may be NULL; the other one is freed. */
struct allocation *attempt_faster(struct plan *p, struct allocation *a, struct allocation *b)
{
	if (!a || !b)
		return a ? a : b;
	if (attempt_rate(p, b) > attempt_rate(p, a)) {
		alloc_free(a);
		return b;
	}
	alloc_free(b);
	return a;
}
