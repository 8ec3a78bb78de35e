/* compress_l3_weights: what weights take that are stored in few bits. */
#include "alloc/alloc_int.h"
#include "kernel/rice.h"
#include <math.h>

enum {
	WORD = 4 /* of each feature: bias and output stage, as they are */
};

static int larger_first(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? 1 : -(*x > *y);
}

bool unit_compress(struct plan *p, struct unit *u)
{
	const size_t c = (size_t)u->cost.features, n = u->q->kernel.n;

	if (!u->cost.macs || n == 0 || n % c != 0)
		return false;
	/* Which features a part or a subcluster has is open: it may be the largest ones. */
	u->packed = arena_array(&p->arena, c + 1, sizeof *u->packed);
	for (size_t i = 0; i < c; i++)
		u->packed[i + 1] = (int64_t)rice_bytes(u->q->kernel.v + i, n / c, c);
	qsort(u->packed + 1, c, sizeof *u->packed, larger_first);
	for (size_t i = 0; i < c; i++)
		u->packed[i + 1] += u->packed[i];
	return true;
}

int64_t unit_stored_bytes(const struct unit *u, int32_t features)
{
	const double share = (double)features / u->cost.features;

	if (u->packed)
		return u->packed[features] + (int64_t)WORD * features;
	return (int64_t)ceil((double)u->cost.weight_bytes * share);
}

double unit_load_bytes(const struct unit *u, int32_t features)
{
	const double all = u->packed ? (double)unit_stored_bytes(u, u->cost.features)
				     : (double)u->cost.weight_bytes;

	return u->cost.features > 0 ? all * features / u->cost.features : 0;
}
