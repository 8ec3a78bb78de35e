/*
 * A cursor over foreign bytes.  A read past the end sets the error once ("truncated") and returns
 * zeros, so a reader checks once at the end of a group of reads.
 */
#ifndef HN_BASE_CURSOR_H
#define HN_BASE_CURSOR_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	struct err *e; /* borrowed */
	bool failed;   /* a read went past the end */
};

/* A cursor over n bytes; the bytes and e are borrowed. */
struct cursor cur_make(const void *data, size_t n, struct err *e);
/* Bytes that have not been read. */
size_t cur_left(const struct cursor *c);
/*
 * Numbers, little (le) or big (be) endian: zero after the end, with the error set.
 */
uint8_t cur_u8(struct cursor *c);
uint16_t cur_u16le(struct cursor *c);
uint32_t cur_u32le(struct cursor *c);
uint64_t cur_u64le(struct cursor *c);
uint32_t cur_u32be(struct cursor *c);
uint64_t cur_u64be(struct cursor *c);
int32_t cur_i32le(struct cursor *c);
float cur_f32le(struct cursor *c);
/* Pointer to the next n bytes, or NULL (error set). */
const void *cur_bytes(struct cursor *c, size_t n);

#endif
