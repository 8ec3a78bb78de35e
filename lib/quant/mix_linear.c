#include "quant/mix.h"

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

bool mix_linear(const struct mix_layer *l, size_t n, double budget, size_t *pick)
{
	size_t most = 0, count;
	double spent = 0;
	struct step *steps;
	size_t *done;

	for (size_t i = 0; i < n; i++) {
		pick[i] = cheapest(&l[i]);
		spent += l[i].choice[pick[i]].cost;
		most += l[i].n;
	}
	if (spent > budget)
		return false;
	steps = xcalloc(most + 1, sizeof *steps);
	done = xcalloc(n + 1, sizeof *done);
	count = all_steps(l, n, pick, steps);
	qsort(steps, count, sizeof *steps, by_ratio);
	for (size_t k = 0; k < count; k++) {
		const struct step *s = &steps[k];

		if (done[s->layer] != s->number || spent + s->cost > budget)
			continue;
		pick[s->layer] = s->to;
		spent += s->cost;
		done[s->layer]++;
	}
	free(steps);
	free(done);
	return true;
}
