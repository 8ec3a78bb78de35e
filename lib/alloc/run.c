/* The whole run: one context if the network fits in one, else several. */
#include "alloc/alloc_int.h"
#include "base/log.h"

void alloc_free(struct allocation *a)
{
	if (!a)
		return;
	arena_release(&a->arena);
	free(a);
}

/* One context that is full or whose buffers hold frames up, or several if these are faster. */
static struct allocation *faster(struct plan *p, struct allocation *one)
{
	struct err ignored = { 0 };
	struct allocation *several = several_contexts(p, &ignored);

	return attempt_faster(p, one, several);
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

	if (a || attempt_stopped(p) || (p->ddr_cuts < 0 && p->l4_cuts < 0))
		return a;
	log_debug("without buffers in L4 and external memory: %s", e->msg);
	p->spill = true;
	if ((a = allocate_inside(p, &why)) != NULL)
		*e = (struct err){ 0 };
	return a;
}

/*
 * With choices that take less power, if the result is not slower and does take less; the state of
 * the plan is that of a run from the beginning.
 */
static struct allocation *allocate_for_power(struct plan *p, struct err *e)
{
	struct allocation *a = allocate(p, e), *b;
	const size_t tries = p->ntries;
	struct err ignored = { 0 };

	if (!a || !p->for_power)
		return a;
	p->save_power = true;
	p->spill = p->held_up = p->merge_fits = false;
	b = allocate(p, &ignored);
	p->ntries = tries;
	if (!b)
		return a;
	if (attempt_rate(p, b) < (1 - 1e-3) * attempt_rate(p, a) ||
	    frame_joules(b, p->t) >= frame_joules(a, p->t)) {
		alloc_free(b);
		return a;
	}
	alloc_free(a);
	return b;
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

static void keep_removed(struct allocation *a, const struct alloc_removed *r)
{
	if (!r || !r->n)
		return;
	a->removed.v = arena_array(&a->arena, r->n, sizeof *a->removed.v);
	for (; a->removed.n < r->n; a->removed.n++)
		a->removed.v[a->removed.n] = arena_strdup(&a->arena, r->v[a->removed.n]);
}

struct allocation *alloc_run(const struct graph *g, const struct qmodel *m,
			     const struct alloc_opts *o, struct err *e)
{
	struct plan p = { .g = g, .m = m, .t = o->target, .script = o->script, .stop = o->stop };
	struct allocation *a = NULL;

	if ((!o->script || alls_check(o->script, e) == 0) && units_make(&p, e) == 0 &&
	    settings_read(&p, e) == 0 && directives_read(&p, e) == 0)
		a = allocate_for_power(&p, e);
	if (a) {
		keep_removed(a, o->removed);
		measure(&p, a);
		take_tries(&p, a);
		wanted_check(&p, a);
	}
	free(p.tries);
	arena_release(&p.arena);
	return a;
}
