/* Configuration words: an 8-byte header {words - 1, first line} and the words, padded to 8 bytes.
 */
#include "base/cursor.h"
#include "isa/records.h"

static void u32(struct str *s, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
	str_add(s, b, 4);
}

void isa_ccw_write(const struct isa_image *im, size_t offset, size_t size, struct str *out)
{
	while (size) {
		size_t n = size < 4 * (size_t)ISA_CCW_WORDS ? size : 4 * (size_t)ISA_CCW_WORDS;

		u32(out, (uint32_t)(n / 4 - 1));
		u32(out, (uint32_t)(offset / ISA_LINE));
		str_add(out, im->bytes.p + offset, n);
		offset += n;
		size -= n;
	}
}

int isa_ccw_load(const void *ccws, size_t n, size_t max, struct str *image, struct err *e)
{
	struct cursor c = cur_make(ccws, n, e);

	if (n % ISA_LINE)
		return err_set(e, "configuration words end in %zu odd bytes", n % ISA_LINE);
	while (cur_left(&c)) {
		size_t words = (size_t)cur_u32le(&c) + 1;
		size_t offset = (size_t)cur_u32le(&c) * ISA_LINE;
		size_t size = (4 * words + ISA_LINE - 1) / ISA_LINE * ISA_LINE;
		const void *data;

		if (words == 1 && offset == 0)
			continue; /* eight zero bytes do nothing */
		if (size > cur_left(&c))
			return err_set(e, "a configuration write of %zu words, %zu bytes left",
				       words, cur_left(&c));
		if (offset != image->len)
			return err_set(e, "a configuration write at byte %zu, %zu expected", offset,
				       image->len);
		if (size > max - image->len)
			return err_set(e, "configuration writes exceed %zu bytes", max);
		data = cur_bytes(&c, size);
		str_add(image, data, size);
	}
	return 0;
}
