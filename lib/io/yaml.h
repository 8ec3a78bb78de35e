/* The door to libyaml, for one shape of file: names that map to small mappings of scalars. */
#ifndef HN_IO_YAML_H
#define HN_IO_YAML_H

#include "base/err.h"
#include <stddef.h>

/* One scalar: NAME: { KEY: VALUE }. */
struct yaml_entry {
	char *name, *key, *value;
	size_t line; /* of the value, from 1 */
};

/*
 * Reads a file of two levels, in order.  Anything else (lists, deeper mappings, aliases, several
 * documents, more than LIMIT_SCRIPT_BYTES) is an error with file and line.  yaml_pairs_free
 * releases *out.
 */
int yaml_read_pairs(const char *path, struct yaml_entry **out, size_t *n, struct err *e);
/* Releases entries; NULL is fine. */
void yaml_pairs_free(struct yaml_entry *v, size_t n);

#endif
