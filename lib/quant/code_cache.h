/* Codes of one tensor for the whole calibration set, on disk: batches written once, read often. */
#ifndef HN_QUANT_CODE_CACHE_H
#define HN_QUANT_CODE_CACHE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct code_cache;

/* An unnamed file in TMPDIR; compressed: its blocks through zstd. */
struct code_cache *cache_new(bool compressed, struct err *e);
/* Frees it and the disk's space; NULL is fine. */
void cache_free(struct code_cache *c);
/* Appends a block of n bytes. */
int cache_put(struct code_cache *c, const void *data, size_t n, struct err *e);
/* Block i, which had n bytes. */
int cache_get(const struct code_cache *c, size_t i, void *out, size_t n, struct err *e);

#endif
