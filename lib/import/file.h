/*
 * A model's bytes: mapped when they are in a file, so that large weights stay where they are and
 * leave memory one by one.
 */
#ifndef HN_IMPORT_FILE_H
#define HN_IMPORT_FILE_H

#include "io/tensor.h"

struct im_file {
	const char *path;
	int fd; /* -1: standard input, all in memory */
	const uint8_t *p;
	size_t n;
	struct buf *whole;
};

/* Opens path ("-": standard input); `what` the file should be, for the message of an empty one. */
int im_file_open(struct im_file *f, const char *path, const char *what, struct err *e);
void im_file_close(struct im_file *f);
/* n bytes at offset of the model, as a block of its own (large ones: a mapping of their own). */
struct buf *im_file_range(struct im_file *f, size_t offset, size_t n, const void **p,
			  struct err *e);
/* The same of an external data file, whose path is relative to the model's folder. */
struct buf *im_file_external(const struct im_file *f, const char *location, int64_t offset,
			     int64_t length, size_t n, const void **p, struct err *e);

#endif
