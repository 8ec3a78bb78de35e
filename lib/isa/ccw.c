/*
 * Configuration words: an 8-byte header {words - 1, first line} and the words, padded to 8 bytes.
 * With the top bit of the header, the words are {bytes of the write, bytes of the block, a zstd
 * block, zeros}.
 */
#include "base/cursor.h"
#include "io/zst.h"
#include "isa/records.h"

enum {
	MOST = 4 * ISA_CCW_WORDS, /* bytes of a write */
	HEAD = 8,
	/* A packed write is never shorter than this part of it: it bounds what a file unpacks to.
	 */
	RATIO = 64
};
#define PACKED 0x80000000u

static void u32(struct str *s, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };
	str_add(s, b, 4);
}

static size_t lines(size_t n)
{
	return (n + ISA_LINE - 1) / ISA_LINE * ISA_LINE;
}

/* The packed form, when it is shorter. */
static bool pack(const void *data, size_t n, size_t line, struct str *out)
{
	uint8_t *block = xmalloc(zst_bound(n));
	static const uint8_t zeros[MOST / RATIO + ISA_LINE];
	size_t len = zst_block(data, n, block), room = lines(HEAD + len);

	if (room < lines(n / RATIO + 1))
		room = lines(n / RATIO + 1);
	if (room < n) {
		u32(out, PACKED | (uint32_t)(room / 4 - 1));
		u32(out, (uint32_t)line);
		u32(out, (uint32_t)n);
		u32(out, (uint32_t)len);
		str_add(out, block, len);
		str_add(out, zeros, room - HEAD - len);
	}
	free(block);
	return room < n;
}

size_t isa_ccw_write(const struct isa_image *im, size_t offset, size_t size, bool packed,
		     struct str *out)
{
	size_t n = size < MOST ? size : MOST;

	if (packed && pack(im->bytes.p + offset, n, offset / ISA_LINE, out))
		return n;
	u32(out, (uint32_t)(n / 4 - 1));
	u32(out, (uint32_t)(offset / ISA_LINE));
	str_add(out, im->bytes.p + offset, n);
	return n;
}

int isa_ccw_next(struct cursor *c, struct isa_ccw *w, struct err *e)
{
	uint32_t head = cur_u32le(c);
	size_t words = (size_t)(head & ~PACKED) + 1, left;

	*w = (struct isa_ccw){ .offset = (size_t)cur_u32le(c) * ISA_LINE,
			       .packed = head & PACKED,
			       .size = lines(4 * words) };
	w->unpacked = w->size;
	if (!w->packed && words == 1 && w->offset == 0) {
		w->size = w->unpacked = 0; /* eight zero bytes do nothing */
		return 0;
	}
	left = cur_left(c);
	if (w->size > left)
		return err_set(e, "a configuration write of %zu words, %zu bytes left", words,
			       left);
	w->data = cur_bytes(c, w->size);
	if (w->packed) {
		struct cursor in = cur_make(w->data, w->size, e);

		w->unpacked = cur_u32le(&in);
		w->block = cur_u32le(&in);
		if (w->size < HEAD || w->block > w->size - HEAD || w->unpacked > MOST ||
		    w->unpacked % ISA_LINE || !w->unpacked || w->unpacked / RATIO >= w->size)
			return err_set(e, "a packed write of %zu bytes holds %zu for %zu", w->size,
				       w->block, w->unpacked);
	}
	return 0;
}

static int append(const struct isa_ccw *w, struct str *image, struct err *e)
{
	void *data;
	int r;

	if (!w->packed) {
		str_add(image, w->data, w->size);
		return 0;
	}
	data = xmalloc(w->unpacked);
	r = zst_unblock((const uint8_t *)w->data + HEAD, w->block, data, w->unpacked, e);
	if (r == 0)
		str_add(image, data, w->unpacked);
	free(data);
	return r;
}

int isa_ccw_load(const void *ccws, size_t n, struct str *image, struct err *e)
{
	struct cursor c = cur_make(ccws, n, e);

	if (n % ISA_LINE)
		return err_set(e, "configuration words end in %zu odd bytes", n % ISA_LINE);
	while (cur_left(&c)) {
		struct isa_ccw w;

		if (isa_ccw_next(&c, &w, e) < 0)
			return -1;
		if (!w.size)
			continue;
		if (w.offset != image->len)
			return err_set(e, "a configuration write at byte %zu, %zu expected",
				       w.offset, image->len);
		if (append(&w, image, e) < 0)
			return -1;
	}
	return 0;
}

size_t isa_ccw_room(const void *ccws, size_t n)
{
	struct err ignored = { 0 };
	struct cursor c = cur_make(ccws, n, &ignored);
	size_t room = 0;

	while (cur_left(&c) && !err_is(&ignored)) {
		struct isa_ccw w;

		if (isa_ccw_next(&c, &w, &ignored) == 0)
			room += HEAD + w.unpacked;
	}
	return room;
}
