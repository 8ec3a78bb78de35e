/* CRC-32 of zlib and PNG. */
#ifndef HN_IO_CRC_H
#define HN_IO_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes at once. */
uint32_t crc32_of(const void *data, size_t n);

#endif
