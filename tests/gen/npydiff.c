/*
 * npydiff [-1] A.npy B.npy [MAX]: prints the largest |a - b| divided by A's range (largest minus
 * smallest); exit 1 when shapes differ (-1: but for dimensions of size 1), or when it is above MAX.
 */
#include "base/num.h"
#include "base/outfile.h"
#include "io/npy.h"
#include <math.h>

static double difference(const struct tensor *a, const struct tensor *b)
{
	double lo = INFINITY, hi = -INFINITY, worst = 0;

	for (size_t i = 0; i < tensor_count(a); i++) {
		const double x = tensor_get(a, i);
		const double d = fabs(x - tensor_get(b, i));

		lo = x < lo ? x : lo;
		hi = x > hi ? x : hi;
		worst = d > worst || isnan(d) ? d : worst;
	}
	return hi > lo ? worst / (hi - lo) : worst;
}

/* Dimensions of size 1 go away. */
static void drop_ones(struct tensor *t)
{
	int rank = 0;

	for (int d = 0; d < t->rank; d++)
		if (t->dim[d] != 1)
			t->dim[rank++] = t->dim[d];
	t->rank = rank;
}

int main(int argc, char *argv[])
{
	struct err e = { 0 };
	struct tensor a, b;
	double max = INFINITY;
	const bool loose = argc > 1 && strcmp(argv[1], "-1") == 0;
	double d;

	argc -= loose;
	argv += loose;
	if (argc < 3) {
		fprintf(stderr, "usage: npydiff [-1] A.npy B.npy [MAX]\n");
		return 2;
	}
	if (npy_read(argv[1], &a, &e) < 0 || npy_read(argv[2], &b, &e) < 0 ||
	    (argc > 3 && num_double(argv[3], "MAX", &max, &e) < 0))
		die(&e);
	if (loose) {
		drop_ones(&a);
		drop_ones(&b);
	}
	if (a.rank != b.rank || memcmp(a.dim, b.dim, (size_t)a.rank * sizeof a.dim[0]) != 0) {
		printf("shapes %s and %s\n", tensor_shape_text(&a), tensor_shape_text(&b));
		return 1;
	}
	d = difference(&a, &b);
	printf("%.3g\n", d);
	tensor_release(&a);
	tensor_release(&b);
	return d <= max ? 0 : 1;
}
