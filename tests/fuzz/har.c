/* Bundles: what is read is written, read and written again with the same bytes. */
#include "base/mem.h"
#include "base/outfile.h"
#include "hn/hn.h"
#include "io/bundle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	BLOCK = 512
};

/* Written in place, through the descriptor: no name, no fsync. */
static struct buf *written(struct bundle *b)
{
	struct err e = { 0 };
	int fd = temp_fd(&e);
	struct buf *bytes;
	char path[64];

	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	if (fd < 0 || bundle_write(b, path, COMPRESS_NONE, &e) < 0 || !(bytes = buf_map_fd(fd, &e)))
		BUG("not written: %s", e.msg);
	close(fd);
	return bytes;
}

static void look(struct bundle *b)
{
	struct err e = { 0 };

	graph_free(bundle_get_graph(b, "hn", &e));
	e = (struct err){ 0 };
	tensors_free(bundle_get_npz(b, "npz", &e));
	e = (struct err){ 0 };
	bundle_require(b, STATE_HAILO_MODEL, STATE_COMPILED, &e);
}

/* The size field, as far as it is octal. */
static size_t member_size(const uint8_t *field)
{
	size_t v = 0;

	for (size_t i = 0; i < 12 && field[i] >= '0' && field[i] <= '7'; i++)
		v = v * 8 + (size_t)(field[i] - '0');
	return v;
}

/*
 * A fuzzer does not guess checksums: sets each header's right one and puts the end mark behind, so
 * that what comes after these two checks is reached.
 */
static uint8_t *repaired(const uint8_t *data, size_t *size)
{
	size_t whole = (*size + BLOCK - 1) / BLOCK * BLOCK;
	uint8_t *p = xcalloc(whole + 2 * BLOCK, 1);

	memcpy(p, data, *size);
	*size = whole + 2 * BLOCK;
	for (size_t at = 0; at < whole && p[at];) {
		unsigned sum = 8 * ' ';
		size_t n = member_size(p + at + 124);

		for (size_t i = 0; i < BLOCK; i++)
			sum += i - 148 < 8 ? 0 : p[at + i];
		for (size_t i = 0; i < 8; i++)
			p[at + 148 + i] = (uint8_t)('0' + (sum >> (3 * (7 - i)) & 7));
		if (n > whole - at)
			break;
		at += BLOCK + (n + BLOCK - 1) / BLOCK * BLOCK;
	}
	return p;
}

static void try(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct bundle *b = bundle_parse(data, size, &e);
	struct buf *first, *second;

	if (!b) {
		if (!err_is(&e))
			BUG("an error without a message");
		return;
	}
	look(b);
	first = written(b);
	bundle_free(b);
	if (!(b = bundle_parse(buf_data(first), buf_size(first), &e)))
		BUG("what was written is not understood: %s", e.msg);
	second = written(b);
	bundle_free(b);
	if (buf_size(first) != buf_size(second) ||
	    memcmp(buf_data(first), buf_data(second), buf_size(first)) != 0)
		BUG("written differently the second time");
	buf_unref(first);
	buf_unref(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size;
	uint8_t *sound = repaired(data, &n);

	try(data, size);
	try(sound, n);
	free(sound);
	return 0;
}
