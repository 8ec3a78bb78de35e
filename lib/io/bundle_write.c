#include "base/mem.h"
#include "base/outfile.h"
#include "io/bundle_int.h"
#include "io/io_int.h"
#include <stdlib.h>

static int plain_put(struct sink *s, const void *p, size_t n, bool last, struct err *e)
{
	(void)last;
	return outfile_write(s->out, p, n, e);
}

static void plain_release(struct sink *s)
{
	(void)s;
}

static struct sink sink_for(enum compression z, struct outfile *o)
{
	struct sink plain = { .out = o, .put = plain_put, .release = plain_release };

	return z == COMPRESS_GZIP ? gz_sink(o) : z == COMPRESS_ZSTD ? zst_sink(o) : plain;
}

bool bundle_at(const struct bundle *b, size_t i, const char **file, const void **data, uint64_t *n)
{
	if (i == 0) {
		/* The name lives as long as the text: it stands behind it. */
		const struct str *s = bundle_metadata_text(b);
		size_t len = s->len;

		str_printf(b->metadata_text, "%c%s.metadata.json", 0, b->name);
		*file = b->metadata_text->p + len + 1;
		*data = b->metadata_text->p;
		*n = len;
		return true;
	}
	if (i > b->n)
		return false;
	*file = b->v[i - 1].file;
	*data = b->v[i - 1].data;
	*n = b->v[i - 1].n;
	return true;
}

static int put_member(struct sink *s, const char *file, const void *data, uint64_t n, struct err *e)
{
	static const char zeros[TAR_BLOCK];
	struct str head = { 0 };
	int rc;

	tar_put_head(file, n, &head);
	rc = s->put(s, head.p, head.len, false, e);
	if (rc == 0)
		rc = s->put(s, data, n, false, e);
	if (rc == 0)
		rc = s->put(s, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK, false, e);
	str_release(&head);
	return rc;
}

static int put_all(const struct bundle *b, struct sink *s, struct err *e)
{
	static const char end[2 * TAR_BLOCK];
	const char *file;
	const void *data;
	uint64_t n;

	for (size_t i = 0; bundle_at(b, i, &file, &data, &n); i++)
		if (put_member(s, file, data, n, e) < 0)
			return -1;
	return s->put(s, end, sizeof end, true, e);
}

int bundle_write(struct bundle *b, const char *path, enum compression z, struct err *e)
{
	struct outfile *o = outfile_open(path, OUT_BINARY, e);
	struct sink s;
	int rc;

	if (!o)
		return -1;
	s = sink_for(z, o);
	rc = put_all(b, &s, e);
	s.release(&s);
	if (rc == 0)
		return outfile_commit(o, e);
	outfile_abort(o);
	return -1;
}
