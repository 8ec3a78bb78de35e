/* The door to zstd. */
#include "io/zst.h"
#include "io/io_int.h"
#include <stdlib.h>
#include <zstd.h>

enum {
	LEVEL = 3
};

int zst_unpack(const void *data, size_t n, int fd, uint64_t max, struct err *e)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	size_t cap = ZSTD_DStreamOutSize();
	void *chunk = xmalloc(cap);
	ZSTD_inBuffer in = { data, n, 0 };
	size_t more = 1; /* 0 at the end of a frame */
	bool full = false;

	if (!z)
		BUG("ZSTD_createDStream");
	while (!err_is(e) && (in.pos < in.size || (full && more))) {
		ZSTD_outBuffer out = { chunk, cap, 0 };

		more = ZSTD_decompressStream(z, &out, &in);
		full = out.pos == out.size;
		if (ZSTD_isError(more))
			err_set(e, "damaged zstd data: %s", ZSTD_getErrorName(more));
		else if (out.pos > max)
			err_set(e, "zstd: unpacked data too large");
		else
			write_all(fd, chunk, out.pos, "temporary file", e);
		max -= out.pos < max ? out.pos : max;
	}
	if (!err_is(e) && more)
		err_set(e, "truncated bundle (zstd data ends early)");
	free(chunk);
	ZSTD_freeDStream(z);
	return err_is(e) ? -1 : 0;
}

static int zst_put(struct sink *s, const void *p, size_t n, bool last, struct err *e)
{
	size_t cap = ZSTD_CStreamOutSize();
	void *chunk = xmalloc(cap);
	ZSTD_inBuffer in = { p, n, 0 };
	size_t more;

	do {
		ZSTD_outBuffer out = { chunk, cap, 0 };

		more =
		    ZSTD_compressStream2(s->state, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(more))
			err_set(e, "zstd: %s", ZSTD_getErrorName(more));
		else
			outfile_write(s->out, chunk, out.pos, e);
	} while (!err_is(e) && (in.pos < in.size || (last && more)));
	free(chunk);
	return err_is(e) ? -1 : 0;
}

static void zst_release(struct sink *s)
{
	ZSTD_freeCCtx(s->state);
}

struct sink zst_sink(struct outfile *out)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();

	if (!z || ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1)))
		BUG("zstd does not start");
	return (struct sink){ .out = out, .state = z, .put = zst_put, .release = zst_release };
}

size_t zst_bound(size_t n)
{
	return ZSTD_compressBound(n);
}

size_t zst_block(const void *data, size_t n, void *out)
{
	size_t len = ZSTD_compress(out, ZSTD_compressBound(n), data, n, 1);

	if (ZSTD_isError(len))
		BUG("zstd: %s", ZSTD_getErrorName(len));
	return len;
}

int zst_unblock(const void *block, size_t len, void *out, size_t n, struct err *e)
{
	size_t got = ZSTD_decompress(out, n, block, len);

	if (ZSTD_isError(got) || got != n)
		return err_set(e, "damaged zstd block");
	return 0;
}
