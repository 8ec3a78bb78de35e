/*
 * The variables of a SavedModel or checkpoint: PREFIX.index, a sorted table in LevelDB's format
 * that says where each tensor is, and PREFIX.data-?????-of-?????, their bytes.
 */
#ifndef HN_TF_TF_BUNDLE_H
#define HN_TF_TF_BUNDLE_H

#include "base/err.h"
#include "base/mem.h"
#include "io/tensor.h"

/* ---- checksums ---- */
/* Tables of CRC-32C (Castagnoli), eight bytes a step. */
struct tf_crc {
	uint32_t t[8][256];
	bool lenient; /* any checksum is right: a fuzzer does not find right ones */
};
void tf_crc_init(struct tf_crc *c);
/* Goes on from crc, 0 at the start. */
uint32_t tf_crc_add(const struct tf_crc *c, uint32_t crc, const void *data, size_t n);
/* Is it the checksum that is stored, masked, beside what it is of? */
bool tf_crc_is(const struct tf_crc *c, uint32_t crc, uint32_t stored);

/* ---- the sorted table ---- */
struct tf_item {
	const uint8_t *key, *value;
	size_t nkey, nvalue;
};
struct tf_table {
	struct tf_item *item; /* in order of keys */
	size_t n;
};
/*
 * Reads a table of n bytes, which stay where they are as long as the table is used; the rest is in
 * the arena.  The checksum of each block is checked.
 */
int tf_table_read(const uint8_t *p, size_t n, const struct tf_crc *crc, struct arena *a,
		  struct tf_table *t, struct err *e);
/* NULL when absent. */
const struct tf_item *tf_table_find(const struct tf_table *t, const void *key, size_t n);
/* A block that snappy compressed (door to snappy), in the arena: *size bytes; NULL: damaged. */
const uint8_t *tf_unsnappy(const uint8_t *p, size_t n, struct arena *a, size_t *size);

/* ---- the bundle ---- */
struct tf_bundle;
/* Opens PREFIX.index; NULL with e. */
struct tf_bundle *tf_bundle_open(const char *prefix, struct err *e);
/* A bundle of one shard in memory, which stays where it is, and whose checksums may be
 * wrong; for fuzzing. */
struct tf_bundle *tf_bundle_bytes(const void *index, size_t n, const void *data, size_t ndata,
				  struct err *e);
void tf_bundle_free(struct tf_bundle *b); /* NULL is fine; tensors stay */

/* Is there a tensor of this key? */
bool tf_bundle_has(const struct tf_bundle *b, const char *key);

/* The part of a tensor: n extents, one for each dimension; none: all of it. */
struct tf_part {
	int n;
	int64_t start[LIMIT_RANK];
	int64_t length[LIMIT_RANK]; /* -1: the whole dimension */
};
/* Reads "4 6 0,2:-", a shape and the extents of a part; "" is all of a tensor. */
int tf_part_parse(const char *text, struct tf_part *out, struct err *e);
/*
 * The tensor of this key, or a part of it (NULL: all): a mapping of its own where it is large and
 * in one piece.  Its checksum is checked.  bfloat16 becomes float32.  1: there is no such key; -1:
 * damaged, or of a type that is no number.  On entry *t is nothing; 0 gives the caller a reference.
 */
int tf_bundle_get(struct tf_bundle *b, const char *key, const struct tf_part *part,
		  struct tensor *t, struct err *e);
/* The bytes of the single string of this key, n of them, in the bundle's arena; NULL with e, or
 * without e when there is no such key. */
const uint8_t *tf_bundle_string(struct tf_bundle *b, const char *key, size_t *n, struct err *e);

#endif
