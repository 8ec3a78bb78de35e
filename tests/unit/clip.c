/* The limit of weights with the least square error, against every limit tried on every weight. */
#include "quant/clip.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>

enum {
	N = 3000
};

static int failed, passed;

static void check(bool ok, const char *what, double got, double expected)
{
	passed += ok;
	failed += !ok;
	if (!ok)
		printf("not as expected: %s: %g, %g expected\n", what, got, expected);
}

/* Mean square error of rounding to `levels` steps on either side, weight by weight. */
static double error(const float *w, size_t n, double limit, int levels)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double q = round((double)w[i] * levels / limit);

		q = q > levels ? levels : q < -levels ? -levels : q;
		sum += pow((double)w[i] - q * limit / levels, 2);
	}
	return sum / (double)n;
}

static double best_error(const float *w, size_t n, double top, int levels)
{
	double best = INFINITY;

	for (int k = 1; k <= 2000; k++)
		best = fmin(best, error(w, n, top * k / 2000, levels));
	return best;
}

/* power 1: normal; more: longer tails. */
static void sample(float *w, double power, const char *name)
{
	struct rng r;

	rng_init(&r, 1, name);
	for (size_t i = 0; i < N; i++) {
		const double x = rng_normal(&r);

		w[i] = (float)copysign(pow(fabs(x), power), x);
	}
}

static double largest(const float *w)
{
	double top = 0;

	for (size_t i = 0; i < N; i++)
		top = fmax(top, fabs((double)w[i]));
	return top;
}

static void run(double power, const char *name, double gain)
{
	float *w = xreallocarray(NULL, N, sizeof *w);
	double top, limit, at_top, best, got;

	sample(w, power, name);
	top = largest(w);
	limit = clip_mmse(w, N, 7);
	at_top = error(w, N, top, 7);
	best = best_error(w, N, top, 7);
	got = error(w, N, limit, 7);
	check(got <= 1.02 * best, name, got, best);
	check(at_top >= gain * got, "gain of clipping", at_top / got, gain);
	check(clip_mmse(w, N, 127) > 0.8 * top || power > 2, "8 bits hardly clip", limit, top);
	free(w);
}

int main(void)
{
	const float zero[4] = { 0 }, few[] = { 1, -2, 3, -4, 5, 6, -7 };

	run(1, "normal", 1.3);
	run(2, "long tails", 1.5);
	run(3, "very long tails", 1.5);
	check(clip_mmse(zero, 4, 7) == 0, "all zeros", clip_mmse(zero, 4, 7), 0);
	/* seven magnitudes that are the seven codes */
	check(clip_mmse(few, 7, 7) == 7, "codes already", clip_mmse(few, 7, 7), 7);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
