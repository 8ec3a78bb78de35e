/* The door to libzip. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/io_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum {
	CHUNK = 256 * 1024,
	HELD_BYTES = 1 << 20,
	ALIGN = 64,
	LOCAL_HEADER = 30,
	EXTRA_HEADER = 4,
	PAD_ID = 0xd935,       /* the extra field that Android's zipalign pads with */
	DEFLATE_RATIO = 1032,  /* deflate cannot do better */
	DOS_1980 = 1 << 5 | 1, /* 1 January 1980 */
};

/* An archive in memory.  `last` is where the latest read began: libzip does not tell where a
 * member's bytes lie, so the first read of a stored member shows it. */
struct memory {
	const struct buf *owner; /* of p; NULL: somebody else's */
	const uint8_t *p;
	size_t n;
	size_t pos;
	size_t last;
	zip_error_t error;
};

static zip_int64_t stat_size(void *data, zip_uint64_t size)
{
	zip_stat_t *st = data;

	zip_stat_init(st);
	st->size = size;
	st->valid = ZIP_STAT_SIZE;
	return sizeof *st;
}

static zip_int64_t memory_call(void *ctx, void *data, zip_uint64_t len, zip_source_cmd_t cmd)
{
	struct memory *m = ctx;
	zip_int64_t at;
	size_t k;

	if (cmd == ZIP_SOURCE_READ) {
		k = len < m->n - m->pos ? len : m->n - m->pos;
		if (k)
			buf_copy(m->owner, m->p + m->pos, k, data);
		m->last = m->pos;
		m->pos += k;
		return (zip_int64_t)k;
	}
	if (cmd == ZIP_SOURCE_SEEK) {
		at = zip_source_seek_compute_offset(m->pos, m->n, data, len, &m->error);
		if (at < 0)
			return -1;
		m->pos = (size_t)at;
		return 0;
	}
	if (cmd == ZIP_SOURCE_OPEN)
		m->pos = 0;
	return cmd == ZIP_SOURCE_OPEN || cmd == ZIP_SOURCE_CLOSE || cmd == ZIP_SOURCE_FREE ? 0
	       : cmd == ZIP_SOURCE_TELL     ? (zip_int64_t)m->pos
	       : cmd == ZIP_SOURCE_STAT     ? stat_size(data, m->n)
	       : cmd == ZIP_SOURCE_ERROR    ? zip_error_to_data(&m->error, data, len)
	       : cmd == ZIP_SOURCE_SUPPORTS ? ZIP_SOURCE_SUPPORTS_SEEKABLE
					    : -1;
}

/* The k bytes of a chunk are those of the archive from `at` on. */
static bool in_one_piece(const struct memory *m, size_t at, const uint8_t *chunk, size_t k)
{
	uint8_t *there = xmalloc(CHUNK);
	bool same;

	buf_copy(m->owner, m->p + at, k, there);
	same = memcmp(chunk, there, k) == 0;
	free(there);
	return same;
}

/* Reads the whole member: into `into`, or, when that is NULL, compares it with the archive's bytes
 * (libzip checks the CRC on the way) and returns their place. */
static const void *read_member(struct memory *m, zip_file_t *f, size_t size, uint8_t *into,
			       struct err *e)
{
	uint8_t *chunk = into ? NULL : xmalloc(CHUNK);
	size_t start = 0;
	size_t done = 0;

	while (!err_is(e)) {
		size_t want = into ? size - done : CHUNK;
		uint8_t end;
		zip_int64_t k = zip_fread(f,
					  !into  ? chunk
					  : want ? into + done
						 : &end,
					  want ? want : 1);

		if (k < 0)
			err_set(e, "damaged archive: %s", zip_file_strerror(f));
		if (k <= 0)
			break;
		if ((size_t)k > size - done)
			err_set(e, "damaged archive: more data than announced");
		if (!into && done == 0)
			start = m->last;
		if (!into && !err_is(e) &&
		    (start > m->n || (size_t)k > m->n - start - done ||
		     !in_one_piece(m, start + done, chunk, (size_t)k)))
			err_set(e, "damaged archive: member is not in one piece");
		done += (size_t)k;
	}
	free(chunk);
	if (!err_is(e) && done != size)
		err_set(e, "damaged archive: less data than announced");
	return err_is(e) ? NULL : into ? into : m->p + start;
}

static int check_stat(const zip_stat_t *st, uint64_t *packed, size_t n, struct err *e)
{
	const zip_uint64_t need =
	    ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

	if ((st->valid & need) != need)
		return err_set(e, "damaged archive");
	if (strlen(st->name) > LIMIT_NAME)
		return err_set(e, "member name '%s' is too long", quote(st->name));
	if (st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE)
		return err_set(e, "compression method %d is not supported", st->comp_method);
	/* Members share no bytes, so together they fit the archive. */
	if (st->comp_size > n || *packed > n - st->comp_size)
		return err_set(e, "damaged archive: members overlap");
	*packed += st->comp_size;
	if (st->size > (zip_uint64_t)LIMIT_TENSOR_BYTES ||
	    st->size > st->comp_size * (st->comp_method == ZIP_CM_STORE ? 1 : DEFLATE_RATIO))
		return err_set(e, "damaged archive: member of %llu bytes packed in %llu",
			       (unsigned long long)st->size, (unsigned long long)st->comp_size);
	return 0;
}

static int one_member(struct memory *m, zip_file_t *f, const zip_stat_t *st, struct buf *owner,
		      zip_member_fn fn, void *ctx, struct err *e)
{
	bool stored = st->comp_method == ZIP_CM_STORE;
	struct buf *b = stored ? buf_ref(owner) : buf_new(st->size);
	struct zip_member z = { .name = st->name, .size = st->size, .owner = b };
	int rc = -1;

	z.data = read_member(m, f, st->size, stored ? NULL : buf_data(b), e);
	if (z.data)
		rc = fn(&z, ctx, e);
	buf_unref(b);
	return rc;
}

static int each(zip_t *za, struct memory *m, struct buf *owner, zip_member_fn fn, void *ctx,
		struct err *e)
{
	zip_int64_t n = zip_get_num_entries(za, 0);
	uint64_t packed = 0;

	if (n > LIMIT_NPZ_MEMBERS)
		return err_set(e, "archive has more than %d members", LIMIT_NPZ_MEMBERS);
	for (zip_int64_t i = 0; i < n; i++) {
		zip_stat_t st;
		zip_file_t *f;
		int rc;

		if (zip_stat_index(za, (zip_uint64_t)i, 0, &st) < 0)
			return err_set(e, "damaged archive: %s", zip_strerror(za));
		if (check_stat(&st, &packed, m->n, e) < 0)
			return -1;
		f = zip_fopen_index(za, (zip_uint64_t)i, 0);
		if (!f)
			return err_set(e, "damaged archive: %s", zip_strerror(za));
		rc = one_member(m, f, &st, owner, fn, ctx, e);
		zip_fclose(f);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int zip_each(const void *data, size_t n, struct buf *owner, zip_member_fn fn, void *ctx,
	     struct err *e)
{
	struct memory m = { .owner = owner, .p = data, .n = n };
	zip_source_t *src;
	zip_t *za;
	int rc;

	if (n == 0) /* libzip takes it for an archive without members */
		return err_set(e, "not a sound zip archive: no bytes");
	zip_error_init(&m.error);
	src = zip_source_function_create(memory_call, &m, &m.error);
	if (!src)
		return err_set(e, "zip: %s", zip_error_strerror(&m.error));
	za = zip_open_from_source(src, ZIP_RDONLY | ZIP_CHECKCONS, &m.error);
	if (!za) {
		err_set(e, "not a sound zip archive: %s", zip_error_strerror(&m.error));
		zip_error_fini(&m.error);
		zip_source_free(src);
		return -1;
	}
	rc = each(za, &m, owner, fn, ctx, e);
	zip_discard(za);
	zip_error_fini(&m.error);
	return rc;
}

/*
 * An archive being written to fd, whose first byte is at file offset base.  libzip writes in pieces
 * of 8 KiB; they are gathered, a system call each is a tenth of a large network's time.
 */
struct target {
	int fd;
	off_t base;
	uint64_t pos;
	uint64_t size;
	uint8_t *held; /* HELD_BYTES; nheld bytes that belong at offset `at` */
	size_t nheld;
	uint64_t at;
	struct err *e;
	zip_error_t error;
};

static int target_put(struct target *t, const void *data, size_t n, uint64_t at)
{
	if (lseek(t->fd, t->base + (off_t)at, SEEK_SET) < 0)
		return err_sys(t->e, "cannot write the archive");
	return write_all(t->fd, data, n, "the archive", t->e);
}

static int target_flush(struct target *t)
{
	size_t n = t->nheld;

	t->nheld = 0;
	return n ? target_put(t, t->held, n, t->at) : 0;
}

static int target_write(struct target *t, const void *data, size_t n)
{
	if ((t->pos != t->at + t->nheld || n > HELD_BYTES - t->nheld) && target_flush(t) < 0)
		return -1;
	if (n > HELD_BYTES) {
		if (target_put(t, data, n, t->pos) < 0)
			return -1;
	} else {
		if (t->nheld == 0)
			t->at = t->pos;
		memcpy(t->held + t->nheld, data, n);
		t->nheld += n;
	}
	t->pos += n;
	if (t->pos > t->size)
		t->size = t->pos;
	return 0;
}

static zip_int64_t target_call(void *ctx, void *data, zip_uint64_t len, zip_source_cmd_t cmd)
{
	struct target *t = ctx;
	zip_int64_t at;

	if (cmd == ZIP_SOURCE_WRITE) {
		if (target_write(t, data, len) == 0)
			return (zip_int64_t)len;
		zip_error_set(&t->error, ZIP_ER_WRITE, errno);
		return -1;
	}
	if (cmd == ZIP_SOURCE_SEEK_WRITE) {
		at = zip_source_seek_compute_offset(t->pos, t->size, data, len, &t->error);
		if (at < 0)
			return -1;
		t->pos = (uint64_t)at;
		return 0;
	}
	if (cmd == ZIP_SOURCE_STAT) {
		zip_error_set(&t->error, ZIP_ER_READ,
			      ENOENT); /* nothing there yet: a new archive */
		return -1;
	}
	return cmd == ZIP_SOURCE_TELL_WRITE ? (zip_int64_t)t->pos
	       : cmd == ZIP_SOURCE_ERROR    ? zip_error_to_data(&t->error, data, len)
	       : cmd == ZIP_SOURCE_SUPPORTS ? ZIP_SOURCE_SUPPORTS_WRITABLE
	       : cmd == ZIP_SOURCE_READ     ? -1
					    : 0;
}

static int add_piece(zip_t *za, const struct zip_piece *p, uint64_t *offset, struct err *e)
{
	static const zip_uint8_t zeros[2 * ALIGN];
	const zip_buffer_fragment_t parts[] = {
		{ (zip_uint8_t *)(uintptr_t)p->head, p->head_size }, /* libzip only reads them */
		{ (zip_uint8_t *)(uintptr_t)p->body, p->body_size },
	};
	uint64_t at = *offset + LOCAL_HEADER + strlen(p->name);
	size_t pad = (ALIGN - at % ALIGN) % ALIGN;
	zip_source_t *src = zip_source_buffer_fragment(za, parts, 2, 0);
	zip_int64_t i = src ? zip_file_add(za, p->name, src, ZIP_FL_ENC_UTF_8) : -1;
	zip_uint64_t id = (zip_uint64_t)i;

	if (i < 0) {
		zip_source_free(src);
		return err_set(e, "zip: %s", zip_strerror(za));
	}
	if (pad && pad < EXTRA_HEADER)
		pad += ALIGN;
	if (zip_set_file_compression(za, id, ZIP_CM_STORE, 0) < 0 ||
	    zip_file_set_dostime(za, id, 0, DOS_1980, 0) < 0 ||
	    (pad && zip_file_extra_field_set(za, id, PAD_ID, 0, zeros,
					     (zip_uint16_t)(pad - EXTRA_HEADER), ZIP_FL_LOCAL) < 0))
		return err_set(e, "zip: %s", zip_strerror(za));
	*offset = at + pad + p->head_size + p->body_size;
	return 0;
}

static int put_all(zip_t *za, const struct zip_piece *v, size_t n, struct err *e)
{
	uint64_t offset = 0;

	for (size_t i = 0; i < n; i++)
		if (add_piece(za, &v[i], &offset, e) < 0) {
			zip_discard(za);
			return -1;
		}
	if (zip_close(za) == 0)
		return 0;
	err_set(e, "cannot write the archive: %s", zip_strerror(za));
	zip_discard(za);
	return -1;
}

int zip_put(int fd, const struct zip_piece *v, size_t n, uint64_t *size, struct err *e)
{
	/* libzip deletes an archive without members; numpy writes the end record alone. */
	static const char empty[22] = "PK\5\6";
	struct target t = { .fd = fd, .base = lseek(fd, 0, SEEK_CUR), .e = e };
	zip_source_t *src;
	zip_t *za;
	int rc;

	if (t.base < 0)
		return err_sys(e, "cannot write the archive");
	*size = sizeof empty;
	if (n == 0)
		return write_all(fd, empty, sizeof empty, "the archive", e);
	zip_error_init(&t.error);
	src = zip_source_function_create(target_call, &t, &t.error);
	za = src ? zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &t.error) : NULL;
	if (!za) {
		zip_source_free(src);
		return err_set(e, "zip: %s", zip_error_strerror(&t.error));
	}
	t.held = xmalloc(HELD_BYTES);
	rc = put_all(za, v, n, e);
	if (rc == 0)
		rc = target_flush(&t);
	free(t.held);
	zip_error_fini(&t.error);
	*size = t.size;
	if (rc == 0 && lseek(fd, t.base + (off_t)t.size, SEEK_SET) < 0)
		return err_sys(e, "cannot write the archive");
	return rc;
}
