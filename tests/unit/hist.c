/* Histograms: bins against their edges, quantiles against sorted values, sums of parts. */
#include "quant/hist.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	N = 20000
};

static int passed, failed;

static void check(bool ok, const char *what, double got, double want)
{
	if (ok)
		passed++;
	else
		printf("not as expected: %s: %.9g, %.9g wanted\n", what, got, want);
	failed += !ok;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Every value lies between the edges of its bin, whose width is 1/32 of it at most. */
static void test_bins(void)
{
	struct rng r;
	bool ok = true;

	rng_init(&r, 1, "bins");
	for (int i = 0; i < N; i++) {
		const float x = (float)(rng_normal(&r) * pow(2, 60 * rng_uniform(&r) - 30));
		const int32_t bin = hist_bin(x);
		double lo, hi;

		hist_edges(bin, &lo, &hi);
		ok = ok && fabs((double)x) >= lo && fabs((double)x) < hi && (hi - lo) * 32 <= lo &&
		     (bin < 0) == (x < 0);
	}
	check(ok, "edges of bins", 0, 0);
	check(hist_bin(0.0f) == 0 && hist_bin(-0.0f) == 0 && hist_bin(1e-30f) == 0, "zeros", 0, 0);
	check(hist_bin(1e30f) == hist_bins() && hist_bin(-1e30f) == -hist_bins(), "huge values",
	      hist_bin(1e30f), hist_bins());
}

/* Two features, the second multiplied by a factor, against all their values in order. */
static void test_quantiles(double factor, double shift, const char *what)
{
	const double part[] = { 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999 };
	const double factors[2] = { 1, factor };
	double *all = xreallocarray(NULL, N, sizeof *all);
	struct hist h[2] = { { 0 }, { 0 } };
	struct rng r;

	rng_init(&r, 2, what);
	for (int i = 0; i < N; i++) {
		const float x = (float)(rng_normal(&r) + shift);

		hist_values(&h[i % 2], 1, &x);
		all[i] = (double)x * factors[i % 2];
	}
	qsort(all, N, sizeof *all, compare);
	for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
		const double want = all[(size_t)(part[k] * N)];
		const double got = hist_quantile(h, factors, 2, part[k], all[0], all[N - 1]);

		/* A bin, and what counts as 0. */
		check(fabs(got - want) <= fabs(want) / 32 + fmax(-all[0], all[N - 1]) / 256, what,
		      got, want);
	}
	check(hist_quantile(h, factors, 2, 0, all[0], all[N - 1]) == all[0], what, 0, all[0]);
	check(hist_quantile(h, factors, 2, 1, all[0], all[N - 1]) == all[N - 1], what, 0,
	      all[N - 1]);
	hist_release(&h[0]);
	hist_release(&h[1]);
	free(all);
}

struct copy {
	struct hist *to;
};

static void add(int32_t bin, uint64_t n, void *ctx)
{
	struct copy *c = ctx;

	hist_add(c->to, bin, n);
}

struct list {
	int32_t bin[4096];
	uint64_t count[4096];
	size_t n;
};

static void append(int32_t bin, uint64_t n, void *ctx)
{
	struct list *l = ctx;

	l->bin[l->n] = bin;
	l->count[l->n++] = n;
}

/* Parts of growing and shrinking size, summed in either order, are the whole. */
static void test_sums(void)
{
	static struct list whole, forth, back;
	struct hist h = { 0 }, a = { 0 }, b = { 0 }, ab = { 0 }, ba = { 0 };
	struct rng r;
	uint64_t total = 0;

	rng_init(&r, 3, "sums");
	for (int i = 0; i < N; i++) {
		const float x = (float)(rng_normal(&r) * (i < N / 3 ? 1e-4 : 3));

		hist_add(&h, hist_bin(x), 1);
		hist_add(i < N / 2 ? &a : &b, hist_bin(x), 1);
	}
	hist_each(&a, add, &(struct copy){ &ab });
	hist_each(&b, add, &(struct copy){ &ab });
	hist_each(&b, add, &(struct copy){ &ba });
	hist_each(&a, add, &(struct copy){ &ba });
	hist_each(&h, append, &whole);
	hist_each(&ab, append, &forth);
	hist_each(&ba, append, &back);
	check(memcmp(&whole, &forth, sizeof whole) == 0, "parts in order", (double)forth.n,
	      (double)whole.n);
	check(memcmp(&whole, &back, sizeof whole) == 0, "parts the other way round", (double)back.n,
	      (double)whole.n);
	for (size_t i = 0; i < whole.n; i++)
		total += whole.count[i];
	check(total == N, "no value is lost", (double)total, N);
	/* 1e-4 is more than 8 octaves below 3. */
	check(h.zero > N / 4, "small values count as 0", (double)h.zero, N / 3);
	check(h.nblocks <= 2 * (HIST_DEPTH + 1), "octaves are bounded", h.nblocks,
	      2 * (HIST_DEPTH + 1));
	hist_release(&h);
	hist_release(&a);
	hist_release(&b);
	hist_release(&ab);
	hist_release(&ba);
}

int main(void)
{
	test_bins();
	test_quantiles(1, 0, "normal values");
	test_quantiles(20, 0, "features of different size");
	test_quantiles(0.5, 3, "values above zero");
	test_sums();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
