/*
 * Private to quant/: one choice for every layer, so that the least noise is had for a cost.
 * Costs and noises of layers add; a layer's choice is one of its own list.
 */
#ifndef HN_QUANT_MIX_H
#define HN_QUANT_MIX_H

#include "quant/quant_int.h"

struct mix_choice {
	double cost, noise; /* both at least 0 */
};

struct mix_layer {
	const struct mix_choice *choice;
	size_t n; /* at least 1 */
};

/*
 * As a linear programme, where a layer may be a mixture of two choices.  Its optimum (Sinha and
 * Zoltners 1979: the multiple-choice knapsack) takes the steps between choices on each layer's
 * lower convex hull by the noise they save for their cost, until one does not fit; that layer alone
 * would be mixed.  It keeps the cheaper choice, and later steps that fit are taken still.  That may
 * be far from the best whole choices, where the step was a large one; so then a layer gets a better
 * choice and those pay that lose least for what they free, as long as the noise falls.  The same
 * from programmes of the first choices of each list only; the best of all is taken: with lists in
 * order of precision never worse than one precision for all that fits.
 * pick[n]: the choices; false, when even the cheapest, then in pick, cost more than budget.
 */
bool mix_linear(const struct mix_layer *l, size_t n, double budget, size_t *pick);

/*
 * All choices that no other is better than in both cost and noise (Nemhauser and Ullmann 1969:
 * layer by layer, what is worse than another so far is worse in the end).  Exact up to MIX_POINTS
 * of them; where a layer makes more, the range of costs is cut into so many equal parts and the
 * least noise of each goes on.
 */
enum {
	MIX_POINTS = 4096
};
struct mix_front;
struct mix_front *mix_front_new(const struct mix_layer *l, size_t n);
void mix_front_free(struct mix_front *f); /* NULL is fine */
/* The one of least noise within the budget, as mix_linear gives it. */
bool mix_front_pick(const struct mix_front *f, double budget, size_t *pick);

/* Sums of a pick. */
struct mix_choice mix_total(const struct mix_layer *l, size_t n, const size_t *pick);

/* ---- mix_search.c: mix_precision_search ---- */
int quant_mix(struct quant *q, struct err *e);

#endif
