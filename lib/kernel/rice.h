/*
 * 8-bit weights in few bits: each output feature by itself, a byte that says how, then its weights,
 * low bits first, padded to a byte.
 *
 *   0 to 7  Rice code k: z = 2 w, or -2 w - 1 below zero; z >> k ones, a zero, then k bits of z
 *   8       8 bits each
 *   9       4 bits each
 */
#ifndef HN_KERNEL_RICE_H
#define HN_KERNEL_RICE_H

#include "base/cursor.h"
#include "base/mem.h"

/* Bytes of one feature: n weights, `step` apart. */
size_t rice_bytes(const int8_t *w, size_t n, size_t step);
/* Appends them. */
void rice_put(const int8_t *w, size_t n, size_t step, struct str *out);
/* Reads them back; errors: an unknown way, a code of no weight, too few bytes. */
int rice_get(struct cursor *c, int8_t *w, size_t n, size_t step);

#endif
