/*
 * FlatBuffers, read only: tables with fields by number, vectors, strings.
 *
 * Every position is checked against the bytes that are there; what lies outside sets the error once
 * and reads as absent.  Parts may be shared, but what is looked at in all may not be much more than
 * the file has, so that a small file cannot stand for an endless one.
 */
#ifndef HN_TFLITE_FLATBUF_H
#define HN_TFLITE_FLATBUF_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fb {
	const uint8_t *p;
	size_t n;
	size_t left;   /* bytes that may still be looked at */
	struct err *e; /* borrowed; set: everything reads as absent */
};

/* A table; absent when at is 0. */
struct fb_table {
	struct fb *f;
	size_t at;     /* of the table */
	size_t vtable; /* of the places of its fields */
	size_t nfield;
	size_t size; /* of the table */
};

/* A vector; n is 0 when it is absent. */
struct fb_vector {
	struct fb *f;
	bool there;
	size_t at; /* of the first element */
	size_t n;
};

/* A reader over n bytes and its root table. */
struct fb fb_make(const void *p, size_t n, struct err *e);
struct fb_table fb_root(struct fb *f);
/* The four letters behind the root's offset are these. */
bool fb_is(const void *p, size_t n, const char id[4]);

/* Is the field there? */
bool fb_has(const struct fb_table *t, unsigned field);
/* Position of a field of so many bytes; 0 when it is absent. */
size_t fb_place(const struct fb_table *t, unsigned field, size_t size);
/* Scalars by field; dflt where the field is absent. */
int64_t fb_i8(const struct fb_table *t, unsigned field, int64_t dflt);
int64_t fb_u8(const struct fb_table *t, unsigned field, int64_t dflt);
int64_t fb_i32(const struct fb_table *t, unsigned field, int64_t dflt);
int64_t fb_u32(const struct fb_table *t, unsigned field, int64_t dflt);
uint64_t fb_u64(const struct fb_table *t, unsigned field, uint64_t dflt);
float fb_f32(const struct fb_table *t, unsigned field, float dflt);

/* A field that is a table. */
struct fb_table fb_table(const struct fb_table *t, unsigned field);
/* A vector of elements of so many bytes. */
struct fb_vector fb_vector(const struct fb_table *t, unsigned field, size_t size);
/* A string: *n bytes without the end mark, NULL when absent. */
const char *fb_string(const struct fb_table *t, unsigned field, size_t *n);

/* Element i < n of a vector of tables, of int. */
struct fb_table fb_table_at(const struct fb_vector *v, size_t i);
int32_t fb_i32_at(const struct fb_vector *v, size_t i);
/* The bytes of a vector of bytes. */
const uint8_t *fb_bytes(const struct fb_vector *v);

#endif
