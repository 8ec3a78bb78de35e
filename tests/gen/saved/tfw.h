/*
 * Writes TensorFlow's files for tests: protobuf messages, tables of variables.  Nothing here is
 * shared with the readers.
 */
#ifndef HN_TESTS_TFW_H
#define HN_TESTS_TFW_H

#include "base/mem.h"
#include <stdint.h>
#include <string.h>

/* ---- protobuf ---- */
void pb_varint(struct str *s, uint64_t v);
void pb_int(struct str *s, int field, int64_t v);
void pb_float(struct str *s, int field, float v);
void pb_fixed32(struct str *s, int field, uint32_t v);
void pb_bytes(struct str *s, int field, const void *p, size_t n);
void pb_text(struct str *s, int field, const char *text);
/* A message that has been written into m; m is empty afterwards. */
void pb_put(struct str *s, int field, struct str *m);

/* ---- types and tensors ---- */
struct tfw_type {
	const char *name;
	int number;
	size_t size; /* bytes of an element, 0: strings */
};
const struct tfw_type *tfw_type(const char *name); /* NULL: none */
struct tfw_tensor {
	const struct tfw_type *type;
	int rank;
	int64_t dim[8];
	char **word; /* values as text, n of them: the last one repeats; "step:A:B" is A, A+B ... */
	size_t n;
};
size_t tfw_count(const struct tfw_tensor *t);
/* The elements' bytes, little-endian. */
void tfw_elements(struct str *s, const struct tfw_tensor *t);
/* A TensorShapeProto; -1 is an open dimension. */
void tfw_shape(struct str *s, int rank, const int64_t *dim);
/* A TensorProto; typed: values in the type's own field, as few as there are. */
void tfw_tensor(struct str *s, const struct tfw_tensor *t, int typed);

/* ---- nodes ---- */
/* Appends attr { key value } to a NodeDef; v is emptied. */
void tfw_attr(struct str *node, const char *key, struct str *v);
void tfw_attr_type(struct str *node, const char *key, int number);
void tfw_attr_text(struct str *node, const char *key, const char *text);
void tfw_attr_shape(struct str *node, const char *key, int rank, const int64_t *dim);
void tfw_attr_function(struct str *node, const char *key, const char *name);
/* The beginning of a NodeDef; inputs with commas between, "" or "-": none. */
void tfw_node(struct str *node, const char *name, const char *op, const char *inputs);
/* A node that holds a tensor; strings too. */
void tfw_const(struct str *graph, int field, const char *name, const struct tfw_tensor *t,
	       int typed);
void tfw_const_texts(struct str *graph, int field, const char *name, const char *const *text,
		     size_t n);

/* ---- tables of variables ---- */
struct tfw_entry {
	struct str key, value;
};
struct tfw_table {
	struct tfw_entry *e;
	size_t n, cap;
};
struct tfw_table_opts {
	int snappy;
	size_t block;    /* bytes after which a block ends */
	int compression; /* a number for the type of the first block, -1: the right one */
	int unsorted;    /* the keys stay in the order that they came in */
};
void tfw_put(struct tfw_table *t, const void *key, size_t n, struct str *value);
/* The whole file; sorts the entries. */
void tfw_table_write(struct str *s, struct tfw_table *t, const struct tfw_table_opts *o);
uint32_t tfw_crc(uint32_t crc, const void *p, size_t n); /* CRC-32C, 0 at the start */
uint32_t tfw_mask(uint32_t crc);
void tfw_snappy(struct str *s, const uint8_t *p, size_t n);
/* The key of a part of a tensor: (start, length) of each of n dimensions; length -1: all. */
void tfw_part_key(struct str *s, const char *name, size_t n, const int64_t (*extent)[2]);

#endif
