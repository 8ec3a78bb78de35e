/* zstd of a block of memory: caches.  Bundles are compressed as streams (io_int.h). */
#ifndef HN_IO_ZST_H
#define HN_IO_ZST_H

#include "base/err.h"
#include <stddef.h>

/* The most bytes that n may become. */
size_t zst_bound(size_t n);
/* Compresses n bytes into out, which holds zst_bound(n); returns their number. */
size_t zst_block(const void *data, size_t n, void *out);
/* The n bytes that a block of `len` was made of; damage is an error. */
int zst_unblock(const void *block, size_t len, void *out, size_t n, struct err *e);

#endif
