/* The door to xxhash. */
#include "base/rng.h"
#include <xxhash.h>

uint64_t hash_xxh3(const void *data, size_t n)
{
	return XXH3_64bits(data, n);
}
