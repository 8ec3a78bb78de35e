/* CRC-32C, slicing by eight (Kounavis, Berry 2005). */
#include "tf/tf_bundle.h"
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* Castagnoli's, reflected */

void tf_crc_init(struct tf_crc *c)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int k = 0; k < 8; k++)
			v = v & 1 ? v >> 1 ^ POLYNOMIAL : v >> 1;
		c->t[0][i] = v;
	}
	for (int k = 1; k < 8; k++)
		for (int i = 0; i < 256; i++)
			c->t[k][i] = c->t[0][c->t[k - 1][i] & 255] ^ c->t[k - 1][i] >> 8;
}

uint32_t tf_crc_add(const struct tf_crc *c, uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t lo, hi;

		memcpy(&lo, p, 4);
		memcpy(&hi, p + 4, 4);
		lo ^= crc;
		crc = c->t[7][lo & 255] ^ c->t[6][lo >> 8 & 255] ^ c->t[5][lo >> 16 & 255] ^
		      c->t[4][lo >> 24] ^ c->t[3][hi & 255] ^ c->t[2][hi >> 8 & 255] ^
		      c->t[1][hi >> 16 & 255] ^ c->t[0][hi >> 24];
	}
	for (; n; n--)
		crc = c->t[0][(crc ^ *p++) & 255] ^ crc >> 8;
	return ~crc;
}

bool tf_crc_is(const struct tf_crc *c, uint32_t crc, uint32_t stored)
{
	return c->lenient || stored == (crc >> 15 | crc << 17) + 0xa282ead8u;
}
