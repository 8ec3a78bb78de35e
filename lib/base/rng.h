/* Seeded random numbers (splitmix64 seeding xoshiro256**): the same on every machine. */
#ifndef HN_BASE_RNG_H
#define HN_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};
/* Seed from a number and a name (a layer's), so that results do not depend on call order. */
void rng_init(struct rng *r, uint64_t seed, const char *name);
uint64_t rng_u64(struct rng *r);
double rng_uniform(struct rng *r); /* [0, 1) */
double rng_normal(struct rng *r);  /* mean 0, deviation 1 */

/* XXH3-64 of n bytes, seed 0 (door to xxhash). */
uint64_t hash_xxh3(const void *data, size_t n);

#endif
