/* The bundle in memory; bundle_read.c and bundle_write.c know how it lies in a file. */
#include "io/bundle.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/bundle_int.h"
#include "io/npy.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char metadata_suffix[] = "metadata.json";

/* Writing order, after the metadata; what is not listed follows in the order it came. */
static const char *const order[] = {
	"hn",
	"native.hn",
	"fp.hn",
	"npz",
	"fpo.npz",
	"q.npz",
	"stats.npz",
	"alls",
	"auto.alls",
	"alloc.json",
	"nms.json",
	"modifications_meta_data.json",
	"original_model_meta.json",
	"original.onnx",
	"hef",
};

struct bundle *bundle_new(const char *name)
{
	struct bundle *b = xcalloc(1, sizeof *b);

	if (!name_is_legal(name))
		BUG("network name '%s'", quote(name));
	b->name = xstrdup(name);
	b->metadata_text = xcalloc(1, sizeof *b->metadata_text);
	b->metadata = json_pack("{s:s, s:o, s:s}", "state", state_name(STATE_UNINITIALIZED), "hn",
				json_sprintf("%s.hn", name), "sdk_version", "hntools " HN_VERSION);
	if (!b->metadata)
		BUG("json_pack");
	return b;
}

static void release_member(struct member *m)
{
	free(m->file);
	buf_unref(m->owner);
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		release_member(&b->v[i]);
	free(b->v);
	free(b->name);
	json_decref(b->metadata);
	str_release(b->metadata_text);
	free(b->metadata_text);
	free(b);
}

const char *bundle_name(const struct bundle *b)
{
	return b->name;
}

enum state bundle_state(const struct bundle *b)
{
	return b->state;
}

void bundle_set_state(struct bundle *b, enum state s)
{
	b->state = s;
	json_object_set_new(b->metadata, "state", json_string(state_name(s)));
}

json_t *bundle_metadata(struct bundle *b)
{
	return b->metadata;
}

const struct str *bundle_metadata_text(const struct bundle *b)
{
	b->metadata_text->len = 0;
	json_text(b->metadata, b->metadata_text);
	return b->metadata_text;
}

/* What follows "X." in a full name, NULL when it does not begin so. */
static const char *suffix_of(const struct bundle *b, const char *file)
{
	size_t n = strlen(b->name);

	return strncmp(file, b->name, n) == 0 && file[n] == '.' ? file + n + 1 : NULL;
}

static size_t rank_of(const struct bundle *b, const char *file)
{
	enum {
		KNOWN = sizeof order / sizeof *order
	};
	const char *suffix = suffix_of(b, file);
	size_t i = 0;

	while (i < KNOWN && (!suffix || strcmp(order[i], suffix) != 0))
		i++;
	return i;
}

struct member *bundle_find(const struct bundle *b, const char *file)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->v[i].file, file) == 0)
			return &b->v[i];
	return NULL;
}

void bundle_store(struct bundle *b, const char *file, struct buf *owner, const void *data, size_t n)
{
	struct member *old = bundle_find(b, file);
	struct member m = { .data = data, .n = n, .owner = owner, .rank = rank_of(b, file) };
	size_t i = b->n;

	if (old) {
		buf_unref(old->owner);
		m.file = old->file;
		*old = m;
		return;
	}
	m.file = xstrdup(file);
	VEC_GROW(b->v, b->n, &b->cap);
	while (i > 0 && b->v[i - 1].rank > m.rank)
		i--;
	memmove(&b->v[i + 1], &b->v[i], (b->n - i) * sizeof *b->v);
	b->v[i] = m;
	b->n++;
}

static struct member *find_suffix(const struct bundle *b, const char *suffix)
{
	for (size_t i = 0; i < b->n; i++) {
		const char *s = suffix_of(b, b->v[i].file);

		if (s && strcmp(s, suffix) == 0)
			return &b->v[i];
	}
	return NULL;
}

bool bundle_has(const struct bundle *b, const char *suffix)
{
	return find_suffix(b, suffix) || strcmp(suffix, metadata_suffix) == 0;
}

const void *bundle_get(const struct bundle *b, const char *suffix, size_t *n)
{
	const struct member *m = find_suffix(b, suffix);

	if (m) {
		*n = m->n;
		return m->data;
	}
	if (strcmp(suffix, metadata_suffix) == 0) {
		*n = bundle_metadata_text(b)->len;
		return b->metadata_text->p;
	}
	*n = 0;
	return NULL;
}

void bundle_put_buf(struct bundle *b, const char *suffix, struct buf *buf, size_t n)
{
	char *file = xasprintf("%s.%s", b->name, suffix);

	if (strcmp(suffix, metadata_suffix) == 0 || n > buf_size(buf))
		BUG("member %s of %zu bytes", suffix, n);
	bundle_store(b, file, buf, buf_data(buf), n);
	free(file);
}

void bundle_put(struct bundle *b, const char *suffix, const void *data, size_t n)
{
	struct buf *buf = buf_new(n);

	if (n)
		memcpy(buf_data(buf), data, n);
	bundle_put_buf(b, suffix, buf, n);
}

void bundle_remove(struct bundle *b, const char *suffix)
{
	struct member *m = find_suffix(b, suffix);

	if (!m)
		return;
	release_member(m);
	memmove(m, m + 1, (size_t)(b->v + b->n - (m + 1)) * sizeof *m);
	b->n--;
}

json_t *bundle_get_json(const struct bundle *b, const char *suffix, struct err *e)
{
	size_t n;
	const void *p = bundle_get(b, suffix, &n);
	json_t *j = NULL;

	if (!p)
		err_set(e, "no member '%s.%s'", b->name, suffix);
	else if (!(j = json_parse(p, n, e)))
		err_in(e, "%s.%s", b->name, suffix);
	return j;
}

void bundle_put_json(struct bundle *b, const char *suffix, const json_t *j)
{
	struct str s = { 0 };

	json_text(j, &s);
	bundle_put(b, suffix, s.p, s.len);
	str_release(&s);
}

struct tensors *bundle_get_npz(const struct bundle *b, const char *suffix, struct err *e)
{
	const struct member *m = find_suffix(b, suffix);
	struct tensors *s = NULL;

	if (!m)
		err_set(e, "no member '%s.%s'", b->name, suffix);
	else if (!(s = npz_parse(m->data, m->n, m->owner, e)))
		err_in(e, "%s.%s", b->name, suffix);
	return s;
}

int bundle_put_npz(struct bundle *b, const char *suffix, const struct tensors *s, struct err *e)
{
	int fd = temp_fd(e);
	struct buf *buf = NULL;
	uint64_t n = 0;

	if (fd < 0)
		return -1;
	if (npz_write_fd(fd, s, &n, e) == 0)
		buf = buf_map_fd(fd, e);
	close(fd);
	if (!buf)
		return err_in(e, "%s.%s", b->name, suffix);
	bundle_put_buf(b, suffix, buf, (size_t)n);
	return 0;
}
