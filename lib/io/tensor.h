/*
 * Tensors and sets of named tensors.  Data is shared and read-only once stored: changing a weight
 * makes a new block.  A tensor is a small value; copying it needs tensor_ref for the data.
 */
#ifndef HN_IO_TENSOR_H
#define HN_IO_TENSOR_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dtype {
	DT_F32,
	DT_F64,
	DT_U8,
	DT_I8,
	DT_U16,
	DT_I16,
	DT_U32,
	DT_I32,
	DT_U64,
	DT_I64,
	DT_BOOL,
	DT_F16,
	DT_COUNT
};

/* A reference-counted block or mapping.  release(p, n, ctx) runs when the last reference goes. */
struct buf;
struct buf *buf_new(size_t n); /* n bytes, 64-byte aligned, zeroed, one reference */
struct buf *buf_wrap(void *p, size_t n, void (*release)(void *p, size_t n, void *ctx), void *ctx);
struct buf *buf_ref(struct buf *b); /* NULL is fine */
void buf_unref(struct buf *b);      /* NULL is fine */
void *buf_data(struct buf *b);
size_t buf_size(const struct buf *b);
/*
 * A whole file, read-only ("-": standard input): mapped; a pipe is copied to an unnamed temporary
 * file first and that is mapped, so large input does not fill memory.  At most max bytes.
 */
struct buf *buf_read(const char *path, uint64_t max, struct err *e);
/*
 * Copies the n bytes at p, which lie inside b, to out.  Those of a mapped file are read from it, so
 * that a set larger than memory is looked through without its pages staying there.
 */
void buf_copy(const struct buf *b, const void *p, size_t n, void *out);
struct buf *buf_map_fd(int fd, struct err *e); /* maps the whole of an open regular file */

struct tensor {
	enum dtype dtype;
	int rank; /* 0 = scalar */
	int64_t dim[LIMIT_RANK];
	const void *data;  /* C order, aligned to the element; may be a mapping: read-only */
	struct buf *owner; /* one reference held by this value; NULL: static data */
};

/* Bytes of one element. */
size_t dtype_size(enum dtype t);
const char *dtype_name(enum dtype t); /* numpy's: "float32", "uint8" ... */

/* New zeroed tensor; data is writable through tensor_data until it is shared. */
struct tensor tensor_new(enum dtype t, int rank, const int64_t *dim);
void *tensor_data(struct tensor *t); /* writable pointer of a tensor from tensor_new */
struct tensor tensor_ref(const struct tensor *t);
void tensor_release(struct tensor *t);       /* leaves an empty value */
size_t tensor_count(const struct tensor *t); /* elements */
size_t tensor_bytes(const struct tensor *t);
/* "[1,3,224,224]" in a rotating thread-local buffer, for messages. */
const char *tensor_shape_text(const struct tensor *t);
/* Element i as a number, any dtype. */
double tensor_get(const struct tensor *t, size_t i);
/* The same as an integer: floats are rounded half away from zero, saturated; NaN is 0. */
int64_t tensor_get_int(const struct tensor *t, size_t i);
/* A new tensor of another dtype; floats are rounded half away from zero and saturated for integers.
 */
struct tensor tensor_convert(const struct tensor *t, enum dtype to);

/* An ordered set of named tensors: what an .npz holds.  Keys keep insertion order; look-up is
 * hashed. */
struct tensors;
struct tensors *tensors_new(void);
void tensors_free(struct tensors *s); /* NULL is fine */
size_t tensors_count(const struct tensors *s);
const char *tensors_key(const struct tensors *s, size_t i);
const struct tensor *tensors_at(const struct tensors *s, size_t i);
/* Borrowed pointer, NULL when absent. */
const struct tensor *tensors_get(const struct tensors *s, const char *key);
/* Key from a format: tensors_getf(p, "%s/kernel:0", layer->name). */
const struct tensor *tensors_getf(const struct tensors *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes over t's reference; an existing key is replaced in place. */
void tensors_set(struct tensors *s, const char *key, struct tensor t);
void tensors_setf(struct tensors *s, struct tensor t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void tensors_remove(struct tensors *s, const char *key);
/* Removes every key that `keep` does not want, in one pass. */
void tensors_filter(struct tensors *s, bool (*keep)(const char *key, void *ctx), void *ctx);
/* A new set that shares all data. */
struct tensors *tensors_copy(const struct tensors *s);

#endif
