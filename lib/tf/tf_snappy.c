/* The door to snappy. */
#include "tf/tf_bundle.h"
#include <snappy-c.h>

enum {
	MOST = 64 /* bytes that the shortest element of the format, of two bytes, can stand for */
};

const uint8_t *tf_unsnappy(const uint8_t *p, size_t n, struct arena *a, size_t *size)
{
	char *out;

	if (snappy_uncompressed_length((const char *)p, n, size) != SNAPPY_OK || *size / MOST > n)
		return NULL;
	out = arena_alloc(a, *size ? *size : 1);
	if (snappy_uncompress((const char *)p, n, out, size) != SNAPPY_OK)
		return NULL;
	return (const uint8_t *)out;
}
