/* The emulator's memory plan: nothing that lives at one time overlaps, and memory is shared. */
#include "base/rng.h"
#include "emu/emu_int.h"

static int passed, failed;

static void check(bool ok, const char *what)
{
	ok ? passed++ : failed++;
	if (!ok)
		printf("failed: %s\n", what);
}

static void fill(struct value *v, size_t i, size_t bytes, size_t first, size_t last)
{
	v[i] = (struct value){ .bytes = bytes, .root = i, .first = first, .last = last };
}

static void chain_shares(void)
{
	struct value v[6];

	for (size_t i = 0; i < 6; i++)
		fill(v, i, 1000, i, i + 1);
	check(plan_memory(v, 6) <= 2 * 1024, "a chain needs two tensors");
	check(!plan_overlaps(v, 6), "a chain does not overlap");
}

static void skip_connection_stays(void)
{
	struct value v[4];

	fill(v, 0, 640, 0, 3);
	fill(v, 1, 640, 1, 2);
	fill(v, 2, 640, 2, 3);
	fill(v, 3, 640, 3, 4);
	check(plan_memory(v, 4) == 4 * 640 - 640,
	      "the first and the last share with the second only");
	check(!plan_overlaps(v, 4), "a skip connection does not overlap");
}

static void shared_and_external_take_nothing(void)
{
	struct value v[3];

	fill(v, 0, 128, 0, 2);
	fill(v, 1, 4096, 1, 2);
	fill(v, 2, 4096, 2, 2);
	v[1].root = 0;
	v[2].external = true;
	check(plan_memory(v, 3) == 128, "only values with memory of their own count");
}

static void overlap_is_seen(void)
{
	struct value v[2];

	fill(v, 0, 128, 0, 1);
	fill(v, 1, 128, 1, 2);
	v[1].offset = 64;
	check(plan_overlaps(v, 2), "an overlap is reported");
	v[1].offset = 128;
	check(!plan_overlaps(v, 2), "neighbours do not overlap");
}

static void random_plans_hold(void)
{
	struct value v[200];
	struct rng r;
	bool aligned = true;

	rng_init(&r, 7, "plan");
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < 200; i++) {
			const size_t first = rng_u64(&r) % 100;

			fill(v, i, rng_u64(&r) % 5000, first, first + rng_u64(&r) % 20);
		}
		plan_memory(v, 200);
		check(!plan_overlaps(v, 200), "a random plan does not overlap");
		for (size_t i = 0; i < 200; i++)
			aligned = aligned && v[i].offset % 64 == 0;
	}
	check(aligned, "offsets are multiples of 64");
}

int main(void)
{
	chain_shares();
	skip_connection_stays();
	shared_and_external_take_nothing();
	overlap_is_seen();
	random_plans_hold();
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0;
}
