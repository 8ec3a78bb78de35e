/* Private to search.c and narrow.c: the search of one context. */
#ifndef HN_ALLOC_SEARCH_INT_H
#define HN_ALLOC_SEARCH_INT_H

#include "alloc/alloc_int.h"

struct search {
	struct plan *p;
	int32_t context;
	bool l2, merging;
	struct need capacity, total;
	double allowed[RES_COUNT];
	int64_t unmerged; /* controllers without merging */
	double most_unmerged;
};

/* Share of the device that a choice takes beyond `now`: the price of a step. */
double price(const struct need *more, const struct need *now, const struct need *capacity);
/* Does what grows from `before` to `total` keep what is allowed? */
bool within(const struct need *total, const struct need *before, const double allowed[RES_COUNT]);
/*
 * Against the thresholds a divided layer counts a helper besides its parts: the concat that the
 * guide (5.4, defuse) puts behind them.  This machine needs none.
 */
bool search_need(const struct search *s, const struct unit *u, struct choice c, struct need *out);

/* Is there a wider choice of a layer, if the thresholds of some resources (1 << r) were not there?
 */
bool search_could_widen(const struct search *s, struct unit *u, unsigned free);

/* ---- wanted.c ---- */
/* Why no wider choice of the slowest layer was taken; in the plan's arena. */
const char *halt_reason(const struct search *s, struct unit *u);

/* ---- narrow.c: when the search has ended ---- */
/* resources_allocation_strategy=min_..._match_fps: the least that keeps up with the others. */
void narrow(struct search *s, struct unit *u, double interval);
/* performance_param(optimize_for_power): choices that take less power, none of them slower. */
void save_power(struct search *s);

#endif
