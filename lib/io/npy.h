/* numpy's .npy and .npz.  C order, little-endian; big-endian and Fortran order are converted or
 * refused. */
#ifndef HN_IO_NPY_H
#define HN_IO_NPY_H

#include "io/tensor.h"

/* Reads one array from memory; the tensor refers to owner's bytes (owner may be NULL: copies). */
int npy_parse(const void *data, size_t n, struct buf *owner, struct tensor *out, struct err *e);
/* Reads a .npy file by mapping it ("-": standard input).  A large set is thus not held in memory.
 */
int npy_read(const char *path, struct tensor *out, struct err *e);
/* Writes one array, 64-byte aligned header as numpy does. */
int npy_write(const char *path, const struct tensor *t, struct err *e);
/* The header numpy writes for t: magic, version 1.0, dict, padding to a multiple of 64. */
struct str;
void npy_header(const struct tensor *t, struct str *out);

/*
 * Reads all arrays of an .npz from memory, stored or deflated.  Stored entries refer to owner's
 * bytes when they are aligned there (ours are), else they are copied; CRCs are checked.
 */
struct tensors *npz_parse(const void *data, size_t n, struct buf *owner, struct err *e);
struct tensors *npz_read(const char *path, struct err *e);
/*
 * Writes an .npz: stored, in the set's order, fixed DOS time (1980-01-01), so that the same set
 * gives the same bytes.  npz_write_fd writes at the current offset of a seekable file and returns
 * its length in *n: weights go to disk without a second copy in memory.
 */
int npz_write(const char *path, const struct tensors *s, struct err *e);
int npz_write_fd(int fd, const struct tensors *s, uint64_t *n, struct err *e);

#endif
