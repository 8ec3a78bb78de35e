/* Between exact.c and exact_runs.c: what runs of layers do in contexts of their own. */
#ifndef HN_ALLOC_EXACT_H
#define HN_ALLOC_EXACT_H

#include "alloc/alloc_int.h"

struct run {
	uint32_t layers; /* bits: places in the order; 0: an empty place of the table */
	bool fits, paced;
	struct pace pace;   /* when paced */
	double load, scale; /* seconds of its weights; of the thresholds */
	double least;       /* cycles per frame if nothing waits */
};
/* Those known so far, by their layers: cuts of parallel branches have runs in common. */
struct runs {
	struct plan *p;
	const struct cut_order *order;
	int64_t *lcus; /* by place in the order: of the smallest choice, 0: not known */
	struct run *v;
	size_t n, cap; /* cap: a power of two */
};
void runs_init(struct runs *x, struct plan *p, const struct cut_order *order);
void runs_release(struct runs *x);
/*
 * The run of these layers behind those before it; the contexts of all units change.  Counting its
 * pace takes the most time.
 */
struct run runs_get(struct runs *x, uint32_t before, uint32_t layers);
struct run runs_pace(struct runs *x, uint32_t before, uint32_t layers);
/* Network inputs go where they are read first. */
void exact_settle_sources(struct plan *p);

#endif
