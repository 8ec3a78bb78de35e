/*
 * Choices under a budget against every assignment there is: the Pareto front must find the best,
 * the linear programme must be within the one step that it rounds.
 */
#include "quant/mix.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>

enum {
	LAYERS = 7,
	CHOICES = 3,
	ALL = 2187 /* CHOICES to the power of LAYERS */
};

static int failed, passed;
static double runs, exact; /* of mix_linear */

static void check(bool ok, const char *what, double got, double expected)
{
	passed += ok;
	failed += !ok;
	if (!ok)
		printf("not as expected: %s: %g, %g expected\n", what, got, expected);
}

struct network {
	struct mix_choice choice[LAYERS][CHOICES];
	struct mix_layer layer[LAYERS];
	struct mix_choice all[ALL];
};

static void enumerate(struct network *n)
{
	for (int a = 0; a < ALL; a++) {
		n->all[a] = (struct mix_choice){ 0, 0 };
		for (int i = 0, rest = a; i < LAYERS; i++, rest /= CHOICES) {
			n->all[a].cost += n->choice[i][rest % CHOICES].cost;
			n->all[a].noise += n->choice[i][rest % CHOICES].noise;
		}
	}
}

/* Costs are whole, so that sums of them are exact in any order. */
static void make(struct network *n, uint64_t seed)
{
	struct rng r;

	rng_init(&r, seed, "mix");
	for (int i = 0; i < LAYERS; i++) {
		for (int k = 0; k < CHOICES; k++) {
			n->choice[i][k].cost = floor(1 + 1000 * fabs(rng_normal(&r)));
			n->choice[i][k].noise = fabs(rng_normal(&r));
		}
		n->layer[i] = (struct mix_layer){ n->choice[i], CHOICES };
	}
	enumerate(n);
}

/* The least noise of all assignments within a budget; infinite: there is none. */
static double best(const struct network *n, double budget)
{
	double least = INFINITY;

	for (int a = 0; a < ALL; a++)
		if (n->all[a].cost <= budget)
			least = fmin(least, n->all[a].noise);
	return least;
}

/* The most that one layer's choice can change. */
static double widest(const struct network *n)
{
	double most = 0;

	for (int i = 0; i < LAYERS; i++)
		for (int k = 0; k < CHOICES; k++)
			for (int j = 0; j < CHOICES; j++)
				most = fmax(most, n->choice[i][k].noise - n->choice[i][j].noise);
	return most;
}

static void compare(uint64_t seed)
{
	static struct network n;
	struct mix_front *f;
	size_t pick[LAYERS];

	make(&n, seed);
	f = mix_front_new(n.layer, LAYERS);
	for (double budget = 0; budget < 12000; budget += 97) {
		const double want = best(&n, budget);
		struct mix_choice got;

		check(mix_front_pick(f, budget, pick) == isfinite(want), "a front's point", 0,
		      want);
		check(mix_linear(n.layer, LAYERS, budget, pick) == isfinite(want),
		      "a linear choice", 0, want);
		if (!isfinite(want))
			continue;
		got = mix_total(n.layer, LAYERS, pick);
		check(got.cost <= budget, "linear cost", got.cost, budget);
		check(got.noise >= want - 1e-9 && got.noise <= want + widest(&n), "linear noise",
		      got.noise, want);
		runs++;
		exact += got.noise <= want + 1e-9;
		mix_front_pick(f, budget, pick);
		got = mix_total(n.layer, LAYERS, pick);
		check(got.cost <= budget, "pareto cost", got.cost, budget);
		check(fabs(got.noise - want) < 1e-9, "pareto noise", got.noise, want);
	}
	mix_front_free(f);
}

/* By hand. */
static void by_hand(void)
{
	static const struct mix_choice a[] = { { 1, 10 }, { 2, 4 }, { 4, 1 } };
	static const struct mix_choice b[] = { { 1, 8 }, { 2, 6 }, { 4, 0 } };
	const struct mix_layer l[] = { { a, 3 }, { b, 3 } };
	size_t pick[2] = { 0, 0 };

	/* steps: a 1 to 2 saves 6 for 1; b 1 to 4 saves 8 for 3 (2 lies above that line); a 2 to 4
	 * 3 for 2 */
	check(mix_linear(l, 2, 6, pick) && pick[0] == 1 && pick[1] == 2, "budget 6",
	      (double)pick[0], 1);
	check(mix_linear(l, 2, 5, pick) && pick[0] == 2 && pick[1] == 0, "budget 5",
	      (double)pick[0], 2);
	check(mix_linear(l, 2, 8, pick) && pick[0] == 2 && pick[1] == 2, "budget 8",
	      (double)pick[0], 2);
	check(mix_linear(l, 2, 2, pick) && pick[0] == 0 && pick[1] == 0, "budget 2",
	      (double)pick[0], 0);
	check(!mix_linear(l, 2, 1.9, pick), "budget 1.9", 1, 0);
}

/* Raising the important large layer needs two small ones to pay: all alike is the best. */
static void all_alike(void)
{
	static const struct mix_choice big[] = { { 40, 10 }, { 80, 1 }, { 320, 0.5 } };
	static const struct mix_choice one[] = { { 4, 30 }, { 8, 3 }, { 28, 0.5 } };
	static const struct mix_choice low[] = { { 20, 2.5 }, { 40, 0.5 }, { 160, 0.4 } };
	const struct mix_layer l[] = { { big, 3 }, { one, 3 }, { low, 3 } };
	size_t pick[3] = { 0, 0, 0 };

	check(mix_linear(l, 3, 128, pick) && mix_total(l, 3, pick).noise <= 1 + 3 + 0.5, "alike",
	      mix_total(l, 3, pick).noise, 4.5);
}

/* The small step saves more for its cost; the large one, which does not fit behind it, more. */
static void large_step(void)
{
	static const struct mix_choice a[] = { { 4, 10 }, { 8, 1 } };
	static const struct mix_choice b[] = { { 1, 4 }, { 2, 1 } };
	const struct mix_layer l[] = { { a, 2 }, { b, 2 } };
	size_t pick[2] = { 0, 0 };

	check(mix_linear(l, 2, 9, pick) && pick[0] == 1 && pick[1] == 0, "the large step",
	      (double)pick[0], 1);
	check(mix_linear(l, 2, 10, pick) && pick[0] == 1 && pick[1] == 1, "both", (double)pick[1],
	      1);
	check(mix_linear(l, 2, 8, pick) && pick[0] == 0 && pick[1] == 1, "the small one",
	      (double)pick[1], 1);
}

/* More points than are kept: still within a part's width of the best, and never over the budget. */
static void many(void)
{
	enum {
		N = 40
	};
	static struct mix_choice choice[N][2];
	struct mix_layer l[N];
	size_t pick[N];
	struct mix_front *f;
	struct rng r;

	rng_init(&r, 5, "many");
	for (int i = 0; i < N; i++) {
		choice[i][0] = (struct mix_choice){ 0, 1 + fabs(rng_normal(&r)) };
		choice[i][1] = (struct mix_choice){ floor(1e6 * fabs(rng_normal(&r))) + 1, 0 };
		l[i] = (struct mix_layer){ choice[i], 2 };
	}
	f = mix_front_new(l, N);
	for (double budget = 0; budget < 3e7; budget += 1e6) {
		double front, linear;

		check(mix_front_pick(f, budget, pick), "a point", 0, 1);
		front = mix_total(l, N, pick).noise;
		check(mix_total(l, N, pick).cost <= budget, "cost", mix_total(l, N, pick).cost,
		      budget);
		check(mix_linear(l, N, budget, pick), "a choice", 0, 1);
		linear = mix_total(l, N, pick).noise;
		check(front <= linear * 1.01 + 1e-9, "thinned front", front, linear);
	}
	mix_front_free(f);
}

int main(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		compare(seed);
	check(exact > 0.8 * runs, "linear choices that are the best", exact, runs);
	by_hand();
	large_step();
	all_alike();
	many();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
