#include "quant/mix.h"

#include <string.h>

/* From one choice of a layer to the next on its hull. */
struct step {
	size_t layer, to;
	size_t number; /* of the layer's steps */
	double cost, saved;
};

struct mix_choice mix_total(const struct mix_layer *l, size_t n, const size_t *pick)
{
	struct mix_choice sum = { 0, 0 };

	for (size_t i = 0; i < n; i++) {
		sum.cost += l[i].choice[pick[i]].cost;
		sum.noise += l[i].choice[pick[i]].noise;
	}
	return sum;
}

/* The cheapest; of equals the one of least noise, then the first. */
static size_t cheapest(const struct mix_layer *l)
{
	size_t best = 0;

	for (size_t i = 1; i < l->n; i++) {
		const struct mix_choice *c = &l->choice[i], *b = &l->choice[best];

		if (c->cost < b->cost || (c->cost <= b->cost && c->noise < b->noise))
			best = i;
	}
	return best;
}

/* The next of the hull behind choice `at`: the steepest, of equals the farthest. False: none. */
static bool next_of_hull(const struct mix_layer *l, size_t at, struct step *out)
{
	const struct mix_choice *from = &l->choice[at];
	bool found = false;

	for (size_t i = 0; i < l->n; i++) {
		const double cost = l->choice[i].cost - from->cost;
		const double saved = from->noise - l->choice[i].noise;

		if (cost <= 0 || saved <= 0)
			continue;
		if (found && (saved * out->cost < out->saved * cost ||
			      (saved * out->cost <= out->saved * cost && cost <= out->cost)))
			continue;
		found = true;
		out->to = i;
		out->cost = cost;
		out->saved = saved;
	}
	return found;
}

/* Most saved for the cost first; of equals in the order of layers and their steps. */
static int by_ratio(const void *pa, const void *pb)
{
	const struct step *a = pa, *b = pb;
	const double x = a->saved * b->cost, y = b->saved * a->cost;

	if (x < y || x > y)
		return x > y ? -1 : 1;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

static size_t all_steps(const struct mix_layer *l, size_t n, const size_t *pick, struct step *steps)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = pick[i], number = 0;
		struct step s = { .layer = i };

		for (; next_of_hull(&l[i], at, &s); at = s.to) {
			s.number = number++;
			steps[count++] = s;
		}
	}
	return count;
}

static void take_steps(const struct mix_layer *l, size_t n, double left, size_t *pick)
{
	size_t most = 1, count;
	struct step *steps;
	size_t *done = xcalloc(n + 1, sizeof *done);

	for (size_t i = 0; i < n; i++)
		most += l[i].n;
	steps = xcalloc(most, sizeof *steps);
	count = all_steps(l, n, pick, steps);
	qsort(steps, count, sizeof *steps, by_ratio);
	for (size_t k = 0; k < count; k++) {
		const struct step *s = &steps[k];

		if (done[s->layer] != s->number || s->cost > left)
			continue;
		pick[s->layer] = s->to;
		left -= s->cost;
		done[s->layer]++;
	}
	free(steps);
	free(done);
}

/* The cheaper choice of any layer but `but` that loses least for what it frees; false: none. */
static bool lower(const struct mix_layer *l, size_t n, size_t but, size_t *pick)
{
	struct step best = { .layer = n };

	for (size_t j = 0; j < n; j++)
		for (size_t m = 0; m < l[j].n && j != but; m++) {
			const struct mix_choice *now = &l[j].choice[pick[j]];
			const double freed = now->cost - l[j].choice[m].cost;
			const double lost = l[j].choice[m].noise - now->noise;

			if (freed <= 0 ||
			    (best.layer < n && lost * best.cost >= best.saved * freed))
				continue;
			best = (struct step){ j, m, 0, freed, lost };
		}
	if (best.layer < n)
		pick[best.layer] = best.to;
	return best.layer < n;
}

/* One layer gets a better choice, and others pay for it: the exchange that saves most. */
static bool exchange(const struct mix_layer *l, size_t n, double budget, size_t *pick)
{
	size_t *trial = xcalloc(n, sizeof *trial), *best = xcalloc(n, sizeof *best);
	double least = mix_total(l, n, pick).noise;
	bool found = false;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < l[i].n; k++) {
			bool fits = true;
			double noise;

			if (l[i].choice[k].noise >= l[i].choice[pick[i]].noise)
				continue;
			memcpy(trial, pick, n * sizeof *trial);
			trial[i] = k;
			while (fits && mix_total(l, n, trial).cost > budget)
				fits = lower(l, n, i, trial);
			noise = mix_total(l, n, trial).noise;
			if (!fits || noise >= least)
				continue;
			least = noise;
			found = true;
			memcpy(best, trial, n * sizeof *best);
		}
	if (found)
		memcpy(pick, best, n * sizeof *pick);
	free(trial);
	free(best);
	return found;
}

/* Of the first `most` choices of every layer, then exchanged with all. */
static bool solve(const struct mix_layer *l, size_t n, size_t most, double budget, size_t *pick)
{
	struct mix_layer *first = xcalloc(n + 1, sizeof *first);
	double left = budget;

	for (size_t i = 0; i < n; i++) {
		first[i] = (struct mix_layer){ l[i].choice, l[i].n < most ? l[i].n : most };
		pick[i] = cheapest(&first[i]);
	}
	left -= mix_total(l, n, pick).cost;
	if (left >= 0) {
		take_steps(first, n, left, pick);
		while (exchange(l, n, budget, pick))
			;
	}
	free(first);
	return left >= 0;
}

bool mix_linear(const struct mix_layer *l, size_t n, double budget, size_t *pick)
{
	size_t *trial = xcalloc(n + 1, sizeof *trial), most = 1;
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		most = l[i].n > most ? l[i].n : most;
		pick[i] = cheapest(&l[i]); /* what it takes at least */
	}
	for (; most > 0; most--) {
		if (!solve(l, n, most, budget, trial) ||
		    (found && mix_total(l, n, trial).noise >= mix_total(l, n, pick).noise))
			continue;
		found = true;
		memcpy(pick, trial, n * sizeof *pick);
	}
	free(trial);
	return found;
}
