/* What the files of io share among themselves. */
#ifndef HN_IO_IO_INT_H
#define HN_IO_IO_INT_H

#include "io/tensor.h"
#include <stdint.h>

/* Half precision, as IEEE 754 says; to half rounds to nearest even and overflows to infinity. */
double half_to_double(uint16_t h);
uint16_t half_from_double(double v);

/* Zip archives (zip.c, the door to libzip).  One member: its bytes, inside owner or inflated. */
struct zip_member {
	const char *name; /* valid during the call */
	const void *data;
	size_t size;
	struct buf *owner; /* borrowed; NULL: the bytes end with the call */
};
typedef int (*zip_member_fn)(const struct zip_member *m, void *ctx, struct err *e);

/* Calls fn for every member in archive order; checks CRCs, sizes against what is there, overlaps. */
int zip_each(const void *data, size_t n, struct buf *owner, zip_member_fn fn, void *ctx,
    struct err *e);

/* One member to write: two pieces in a row, borrowed until zip_put returns. */
struct zip_piece {
	char *name;
	const void *head;
	size_t head_size;
	const void *body;
	size_t body_size;
};
/*
 * Writes a stored archive at the current offset of a seekable file; members are placed so that each
 * head starts at a multiple of 64 from that offset.  *size is the archive's length.
 */
int zip_put(int fd, const struct zip_piece *v, size_t n, uint64_t *size, struct err *e);

#endif
