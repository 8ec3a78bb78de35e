/* What the files of the bundle share among themselves. */
#ifndef HN_IO_BUNDLE_INT_H
#define HN_IO_BUNDLE_INT_H

#include "io/bundle.h"

struct member {
	char *file; /* full name */
	const void *data;
	size_t n;
	struct buf *owner; /* of data, one reference */
	size_t rank;       /* place in the writing order */
};

/* Members are kept in writing order; the metadata are first and not among them. */
struct bundle {
	char *name;
	json_t *metadata;
	enum state state;
	struct str *metadata_text; /* made when asked for */
	struct member *v;
	size_t n;
	size_t cap;
};

/* Finds a member by its full name. */
struct member *bundle_find(const struct bundle *b, const char *file);
/* Adds or replaces a member; takes over the reference to owner. */
void bundle_store(struct bundle *b, const char *file, struct buf *owner, const void *data,
		  size_t n);
/* The metadata as written: "X.metadata.json". */
const struct str *bundle_metadata_text(const struct bundle *b);

#endif
