/* What tests of integer records share: counting checks, random codes, arrays of a record. */
#ifndef HN_TESTS_RECORD_H
#define HN_TESTS_RECORD_H

#include "base/rng.h"
#include "kernel/intk.h"

#include <stdio.h>
#include <string.h>

static int passed;
static int failed;

static void check(bool ok, const char *what)
{
	if (ok)
		passed++;
	else
		failed++;
	if (!ok)
		printf("FAILED: %s\n", what);
}

static inline int32_t pick(struct rng *r, int32_t lo, int32_t hi)
{
	return lo + (int32_t)(rng_u64(r) % (uint64_t)(hi - lo + 1));
}

static void set32(struct qarr_i32 *a, size_t n, const int32_t *v)
{
	a->v = xreallocarray(NULL, n, sizeof *a->v);
	a->n = n;
	memcpy(a->v, v, n * sizeof *v);
}

static void setf(struct qarr_f32 *a, size_t n)
{
	a->v = xreallocarray(NULL, n, sizeof *a->v);
	a->n = n;
	for (size_t i = 0; i < n; i++)
		a->v[i] = 1;
}

static uint8_t *random_codes(struct rng *r, size_t n)
{
	uint8_t *x = xmalloc(n);

	for (size_t i = 0; i < n; i++)
		x[i] = (uint8_t)rng_u64(r);
	return x;
}

#endif
