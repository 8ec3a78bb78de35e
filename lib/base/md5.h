/* MD5 (RFC 1321): a check against damage, as old file formats ask for; no protection. */
#ifndef HN_BASE_MD5_H
#define HN_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

enum {
	MD5_SIZE = 16
};
/* The digest of n bytes. */
void md5(const void *data, size_t n, uint8_t out[MD5_SIZE]);

#endif
