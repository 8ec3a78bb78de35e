/* Which layers are merged without being named in a script. */
#include "alloc/alloc_int.h"

bool plan_is_fixed(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct unit *u = &p->units[i];

		if (!u->cost.outside && (!u->fixed.parts || !u->fixed.subclusters))
			return false;
	}
	return true;
}

bool merge_for_room(const struct plan *p, bool single)
{
	const bool asked = p->level == 2 || p->merge_util > 0 || p->most_control > 1;

	return (single ? asked : p->merge_contexts) && !p->merge_never && !plan_is_fixed(p);
}

bool merge_auto(const struct plan *p, bool single)
{
	return merge_for_room(p, single) ||
	       (single && p->mode == 2 && !p->merge_never && !plan_is_fixed(p));
}

/* Rings of a context that may be merged, by cycles. */
struct candidate {
	struct unit *u;
	int64_t cycles;
};

static bool may_merge(const struct plan *p, const struct unit *u, int32_t context)
{
	return u->context == context && u->last_context == context && u->fixed.parts <= 1 &&
	       u->min_fps <= 0 && !merge_reason(u) && merge_leads(p, u);
}

static int by_cycles(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->cycles != y->cycles)
		return x->cycles < y->cycles ? -1 : 1;
	return x->u < y->u ? -1 : x->u > y->u;
}

static size_t candidates(const struct plan *p, int32_t context, struct candidate *c)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (may_merge(p, &p->units[i], context)) {
			c[n].u = &p->units[i];
			c[n++].cycles = merge_cycles(p, &p->units[i]);
		}
	if (n)
		qsort(c, n, sizeof *c, by_cycles);
	return n;
}

static int32_t members(const struct plan *p, const struct unit *u)
{
	int32_t n = 1;

	for (const struct unit *m = merge_next(p, u); m != u; m = merge_next(p, m))
		n++;
	return n;
}

/* One cluster holds both, and the script does not place them in two. */
static bool go_together(const struct plan *p, const struct unit *a, const struct unit *b, bool l2)
{
	struct need x, y, both;

	if (members(p, a) + members(p, b) > p->most_merged ||
	    (a->place[0] >= 0 && b->place[0] >= 0 && a->place[0] != b->place[0]) ||
	    !merge_need(p, a, a->choice, l2, &x) || !merge_need(p, b, b->choice, l2, &y))
		return false;
	both = merge_both(x, y);
	return fits_cluster(p->t, &both, merge_window(p, a) + merge_window(p, b));
}

bool merge_cheapest(struct plan *p, int32_t context, bool l2, int64_t most)
{
	struct candidate *c = xcalloc(p->n + 1, sizeof *c);
	const size_t n = candidates(p, context, c);
	bool done = false;

	for (size_t i = 0; i < n && !done; i++)
		for (size_t k = i + 1; k < n && c[i].cycles + c[k].cycles <= most && !done; k++)
			if (go_together(p, c[i].u, c[k].u, l2)) {
				merge_join(p, c[i].u, c[k].u);
				done = true;
			}
	free(c);
	return done;
}
