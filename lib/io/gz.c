/* The door to zlib. */
#include "io/crc.h"
#include "io/io_int.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	CHUNK = 256 * 1024,
	GZIP = 16 + MAX_WBITS,
	PIECE = 1 << 30
};

/* Writes what one inflate call gave; -1 when there is too much of it. */
static int flush(z_stream *z, unsigned char *chunk, int fd, uint64_t *room, struct err *e)
{
	size_t n = CHUNK - z->avail_out;

	if (n > *room)
		return err_set(e, "gzip: unpacked data too large");
	*room -= n;
	z->next_out = chunk;
	z->avail_out = CHUNK;
	return n ? write_all(fd, chunk, n, "temporary file", e) : 0;
}

/* gzip files may be joined: after the end of one stream the next begins. */
static int inflate_all(z_stream *z, const unsigned char *p, size_t n, int fd, uint64_t max,
		       struct err *e)
{
	unsigned char *chunk = xmalloc(CHUNK);
	size_t left = n;
	int rc = Z_OK;

	z->next_out = chunk;
	z->avail_out = CHUNK;
	while (!err_is(e) && (left || z->avail_in)) {
		if (!z->avail_in) {
			z->next_in =
			    (unsigned char *)(uintptr_t)(p + (n - left)); /* zlib only reads it */
			z->avail_in = left < PIECE ? (unsigned)left : PIECE;
			left -= z->avail_in;
		}
		if (rc == Z_STREAM_END)
			inflateReset(z);
		rc = inflate(z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			err_set(e, "damaged gzip data: %s", z->msg ? z->msg : "unknown error");
		else
			flush(z, chunk, fd, &max, e);
	}
	/* What is left inside zlib when the input has ended. */
	while (!err_is(e) && rc == Z_OK) {
		rc = inflate(z, Z_NO_FLUSH);
		flush(z, chunk, fd, &max, e);
	}
	free(chunk);
	if (!err_is(e) && rc != Z_STREAM_END)
		err_set(e, "truncated bundle (gzip data ends early)");
	return err_is(e) ? -1 : 0;
}

int gz_unpack(const void *data, size_t n, int fd, uint64_t max, struct err *e)
{
	z_stream z = { .zalloc = Z_NULL };
	int rc;

	if (inflateInit2(&z, GZIP) != Z_OK)
		return err_set(e, "zlib does not start");
	rc = inflate_all(&z, data, n, fd, max, e);
	inflateEnd(&z);
	return rc;
}

static int gz_put(struct sink *s, const void *p, size_t n, bool last, struct err *e)
{
	z_stream *z = s->state;
	unsigned char *chunk = xmalloc(CHUNK);
	const unsigned char *from = p;
	int rc = Z_OK;

	do {
		z->next_in = (unsigned char *)(uintptr_t)from;
		z->avail_in = n < PIECE ? (unsigned)n : PIECE;
		from += z->avail_in;
		n -= z->avail_in;
		do {
			z->next_out = chunk;
			z->avail_out = CHUNK;
			rc = deflate(z, last && !n ? Z_FINISH : Z_NO_FLUSH);
			if (outfile_write(s->out, chunk, CHUNK - z->avail_out, e) < 0)
				break;
		} while (z->avail_out == 0 && rc != Z_STREAM_END);
	} while (n && !err_is(e));
	free(chunk);
	if (!err_is(e) && rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		err_set(e, "zlib: %s", z->msg ? z->msg : "unknown error");
	return err_is(e) ? -1 : 0;
}

static void gz_release(struct sink *s)
{
	deflateEnd(s->state);
	free(s->state);
}

/* zlib's own gzip header has no time and no name: the same input gives the same bytes. */
struct sink gz_sink(struct outfile *out)
{
	z_stream *z = xcalloc(1, sizeof *z);

	if (deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		BUG("deflateInit2");
	return (struct sink){ .out = out, .state = z, .put = gz_put, .release = gz_release };
}

uint32_t crc32_of(const void *data, size_t n)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, n);
}
