#include "quant/code_cache.h"

#include "base/mem.h"
#include "base/outfile.h"
#include "io/zst.h"

#include <stdlib.h>
#include <unistd.h>

struct block {
	size_t at, len;
};

struct code_cache {
	int fd;
	bool compressed;
	struct block *block;
	size_t nblocks, end;
};

struct code_cache *cache_new(bool compressed, struct err *e)
{
	const int fd = temp_fd(e);
	struct code_cache *c;

	if (fd < 0)
		return NULL;
	c = xcalloc(1, sizeof *c);
	c->fd = fd;
	c->compressed = compressed;
	return c;
}

void cache_free(struct code_cache *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c->block);
	free(c);
}

int cache_put(struct code_cache *c, const void *data, size_t n, struct err *e)
{
	void *packed = c->compressed ? xmalloc(zst_bound(n)) : NULL;
	const size_t len = packed ? zst_block(data, n, packed) : n;
	const int rc = write_all(c->fd, packed ? packed : data, len,
				 "temporary file of layer results (TMPDIR says where)", e);

	free(packed);
	c->block = xreallocarray(c->block, c->nblocks + 1, sizeof *c->block);
	c->block[c->nblocks++] = (struct block){ c->end, len };
	c->end += len;
	return rc;
}

/* Signals may cut a read. */
static int read_at(int fd, void *out, size_t n, size_t at, struct err *e)
{
	char *p = out;

	while (n > 0) {
		const ssize_t got = pread(fd, p, n, (off_t)at);

		if (got <= 0)
			return err_sys(e, "cannot read the temporary file of layer results");
		p += got;
		at += (size_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int cache_get(const struct code_cache *c, size_t i, void *out, size_t n, struct err *e)
{
	const struct block *b = &c->block[i];
	void *packed;
	int rc;

	if (!c->compressed)
		return read_at(c->fd, out, n, b->at, e);
	packed = xmalloc(b->len);
	rc = read_at(c->fd, packed, b->len, b->at, e);
	if (rc == 0)
		rc = zst_unblock(packed, b->len, out, n, e);
	free(packed);
	return rc;
}
