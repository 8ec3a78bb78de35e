/* A bundle from bytes: what they are is seen from their beginning, not from a file's name. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/bundle_int.h"
#include "io/io_int.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char metadata_end[] = ".metadata.json";

/* Members in the order they came; the network's name is known only after the metadata. */
struct found {
	char *file;
	const void *data;
	size_t n;
};

struct listing {
	struct found *v;
	size_t n;
	size_t cap;
	size_t metadata; /* index + 1 of the metadata, 0: not seen */
};

static int add(const char *name, const void *data, size_t n, void *ctx, struct err *e)
{
	struct listing *l = ctx;
	size_t end = sizeof metadata_end - 1;
	size_t len = strlen(name);

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].file, name) == 0)
			return err_set(e, "member '%s' is there twice", quote(name));
	if (len > end && strcmp(name + len - end, metadata_end) == 0) {
		if (l->metadata)
			return err_set(e, "two networks in one bundle: '%s' and '%s'",
				       quote(l->v[l->metadata - 1].file), quote(name));
		l->metadata = l->n + 1;
	}
	VEC_GROW(l->v, l->n, &l->cap);
	l->v[l->n++] = (struct found){ xstrdup(name), data, n };
	return 0;
}

/* Replaces the metadata by the file's. */
static int take_metadata(struct bundle *b, const char *file, const void *data, size_t n,
			 struct err *e)
{
	json_t *j = json_parse(data, n, e);
	const char *state;
	const json_t *hn;

	if (!j)
		return err_in(e, "%s", quote(file));
	json_decref(b->metadata);
	b->metadata = j;
	hn = json_object_get(j, "hn");
	if (!json_is_object(j))
		err_set(e, "not an object");
	else if (hn && !json_is_string(hn))
		err_set(e, "key 'hn' must be a string");
	else if (json_need_string(j, "state", &state, e) == 0)
		state_from_name(state, &b->state, e);
	return err_is(e) ? err_in(e, "%s", quote(file)) : 0;
}

int bundle_add_file(struct bundle *b, const char *file, struct buf *buf, struct err *e)
{
	size_t n = strlen(b->name);
	int rc = tar_check_name(file, e);

	if (rc == 0 && strncmp(file, b->name, n) == 0 && strcmp(file + n, metadata_end) == 0) {
		rc = take_metadata(b, file, buf_data(buf), buf_size(buf), e);
	} else if (rc == 0) {
		bundle_store(b, file, buf, buf_data(buf), buf_size(buf));
		return 0;
	}
	buf_unref(buf);
	return rc;
}

static struct bundle *assemble(const struct listing *l, struct buf *owner, struct err *e)
{
	const struct found *meta;
	struct bundle *b;
	char *name;

	if (!l->metadata) {
		err_set(e, "not a bundle: no member NETWORK%s", metadata_end);
		return NULL;
	}
	meta = &l->v[l->metadata - 1];
	name = xstrndup(meta->file, strlen(meta->file) - (sizeof metadata_end - 1));
	if (!name_is_legal(name)) {
		err_set(e, "network name '%s' is not legal", quote(name));
		free(name);
		return NULL;
	}
	b = bundle_new(name);
	free(name);
	if (take_metadata(b, meta->file, meta->data, meta->n, e) < 0) {
		bundle_free(b);
		return NULL;
	}
	for (size_t i = 0; i < l->n; i++)
		if (i != l->metadata - 1)
			bundle_store(b, l->v[i].file, buf_ref(owner), l->v[i].data, l->v[i].n);
	return b;
}

static struct bundle *from_tar(struct buf *in, struct err *e)
{
	struct listing l = { 0 };
	struct bundle *b = NULL;

	if (tar_each(buf_data(in), buf_size(in), add, &l, e) == 0)
		b = assemble(&l, in, e);
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i].file);
	free(l.v);
	return b;
}

/* A bare HN names its network itself; its state is that of a parsed model. */
static struct bundle *from_json(struct buf *in, struct err *e)
{
	json_t *j = json_parse(buf_data(in), buf_size(in), e);
	const char *name;
	struct bundle *b = NULL;

	if (!j)
		return NULL;
	if (json_need_string(j, "name", &name, e) < 0)
		err_in(e, "HN JSON");
	else if (!name_is_legal(name))
		err_set(e, "HN JSON: network name '%s' is not legal", quote(name));
	else {
		b = bundle_new(name);
		bundle_set_state(b, STATE_HAILO_MODEL);
		bundle_put_buf(b, "hn", buf_ref(in), buf_size(in));
	}
	json_decref(j);
	return b;
}

typedef int (*unpack_fn)(const void *data, size_t n, int fd, uint64_t max, struct err *e);

static struct buf *unpack(struct buf *in, unpack_fn fn, struct err *e)
{
	int fd = temp_fd(e);
	struct buf *out = NULL;

	if (fd < 0)
		return NULL;
	if (fn(buf_data(in), buf_size(in), fd, LIMIT_MEMBER_BYTES, e) == 0)
		out = buf_map_fd(fd, e);
	close(fd);
	return out;
}

static unpack_fn packed_with(const unsigned char *p, size_t n)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b };
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };

	return n >= sizeof gzip && memcmp(p, gzip, sizeof gzip) == 0   ? gz_unpack
	       : n >= sizeof zstd && memcmp(p, zstd, sizeof zstd) == 0 ? zst_unpack
								       : NULL;
}

static struct bundle *from_plain(struct buf *in, struct err *e)
{
	const unsigned char *p = buf_data(in);
	size_t n = buf_size(in);

	if (n == 0)
		err_set(e, "empty input (truncated bundle)");
	else if (p[0] == '{')
		return from_json(in, e);
	else if (tar_sniff(p, n))
		return from_tar(in, e);
	else if (n < TAR_BLOCK)
		err_set(e, "truncated bundle (only %zu bytes)", n);
	else
		err_set(e, "not a bundle (tar, gzip, zstd or HN JSON expected)");
	return NULL;
}

static struct bundle *from_buf(struct buf *in, struct err *e)
{
	unpack_fn fn = packed_with(buf_data(in), buf_size(in));
	struct buf *plain = fn ? unpack(in, fn, e) : buf_ref(in);
	struct bundle *b = plain ? from_plain(plain, e) : NULL;

	buf_unref(plain);
	return b;
}

static int add_weights(struct bundle *b, const char *path, bool bare, struct err *e)
{
	struct buf *w;

	if (!bare)
		return err_set(
		    e, "a weights file goes only with bare HN JSON; this bundle has its own");
	w = buf_read(path, LIMIT_MEMBER_BYTES, e);
	if (!w)
		return -1;
	bundle_put_buf(b, "npz", w, buf_size(w));
	return 0;
}

struct bundle *bundle_read(const char *path, const char *weights_npz, struct err *e)
{
	struct buf *in = buf_read(path, LIMIT_MEMBER_BYTES, e);
	struct bundle *b;
	bool bare;

	if (!in)
		return NULL;
	bare = buf_size(in) && *(const char *)buf_data(in) == '{';
	b = from_buf(in, e);
	buf_unref(in);
	if (!b) {
		err_in(e, "%s", strcmp(path, "-") == 0 ? "standard input" : quote(path));
	} else if (weights_npz && add_weights(b, weights_npz, bare, e) < 0) {
		bundle_free(b);
		b = NULL;
	}
	return b;
}

struct bundle *bundle_parse(const void *data, size_t n, struct err *e)
{
	struct buf *in = buf_new(n);
	struct bundle *b;

	if (n)
		memcpy(buf_data(in), data, n);
	b = from_buf(in, e);
	buf_unref(in);
	return b;
}
