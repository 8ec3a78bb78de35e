/* performance_param(fps=...): what stood in the way of a rate that is not reached. */
#include "alloc/search_int.h"
#include "base/log.h"

/* A rate in whole cycles may be this much below the one that was asked for. */
static const double near_enough = 1e-3;

const char *halt_reason(const struct search *s, struct unit *u)
{
	struct str t = { 0 };
	const char *kept;
	int r = 0;

	while (r < RES_COUNT && !search_could_widen(s, u, 1u << r))
		r++;
	str_printf(&t, "'%s' ", quote(u->l->name));
	if (u->cost.outside)
		str_puts(&t, "takes what the boundary takes");
	else if (r < RES_COUNT)
		str_printf(&t, "needs more %s, and %lld of the %lld allowed ones are taken",
			   resource_name((enum resource)r), (long long)s->total.v[r],
			   (long long)s->allowed[r]);
	else if (search_could_widen(s, u, ~0u))
		str_puts(&t, "needs more of several resources than the thresholds allow");
	else
		str_puts(&t, "has all that a layer can use");
	kept = arena_strdup(&s->p->arena, t.p);
	str_release(&t);
	return kept;
}

void wanted_keep(const struct plan *p, struct allocation *a)
{
	if (p->fps <= 0)
		return;
	a->halt = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->halt);
	for (size_t i = 0; i < p->n; i++) {
		const struct unit *u = &p->units[i];

		if (u->halt && u->context >= 0 && u->context < a->ncontexts)
			a->halt[u->context] = arena_strdup(&a->arena, u->halt);
	}
}

static int32_t slowest_context(const struct allocation *a)
{
	int32_t slowest = 0;

	for (int32_t c = 1; c < a->ncontexts; c++)
		if (a->interval[c] > a->interval[slowest])
			slowest = c;
	return slowest;
}

static void put_reason(const struct allocation *a, struct str *t)
{
	const int32_t c = slowest_context(a);

	if (a->ncontexts > 1)
		str_printf(t, "%d contexts take turns, at batch %d", a->ncontexts, a->batch);
	else if (a->bound.link_s * a->fps > 1 - near_enough)
		str_puts(t, "the link carries no more frames");
	else if (!a->halt || !a->halt[c])
		str_puts(t, "buffers hold frames up");
	if (a->halt && a->halt[c] && t->len)
		str_puts(t, "; ");
	if (a->halt && a->halt[c])
		str_puts(t, a->halt[c]);
	if (a->lowered)
		str_printf(t, "; thresholds lowered to %.0f%%: %s", 100 * a->scale, a->lowered);
}

void wanted_check(const struct plan *p, struct allocation *a)
{
	const struct alls_stmt *st = p->fps_st;
	struct str t = { 0 };

	if (!st || a->stuck >= 0 || p->fps <= 0 || a->fps >= (1 - near_enough) * p->fps)
		return;
	put_reason(a, &t);
	a->wanted = p->fps;
	a->unmet = arena_strdup(&a->arena, t.p);
	log_warn("%s:%d:%d: %s: fps=%s is not reached, but %.2f: %s", quote(st->file), st->line,
		 st->column, st->command, alls_get(st, "fps")->text, a->fps, a->unmet);
	str_release(&t);
}
