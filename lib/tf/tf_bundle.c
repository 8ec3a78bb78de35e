/* The variables of a SavedModel or checkpoint: tensors by key. */
#include "base/cursor.h"
#include "tf/tf_bundle_int.h"
#include <string.h>
#include <unistd.h>

enum {
	SHARDS_MAX = 100000, /* the file names have five digits */
	CHUNK = 1 << 18      /* bytes that a checksum reads at once */
};

/* ---- opening ---- */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int header(struct tf_bundle *b, struct err *e)
{
	const struct tf_item *x = tf_table_find(&b->table, "", 0);
	Tf__BundleHeader *h;
	int r = 0;

	if (!x)
		return err_set(e, "damaged: it has no header");
	h = tf__bundle_header__unpack(NULL, x->nvalue, x->value);
	if (!h)
		return err_set(e, "damaged: its header does not decode");
	if (h->endianness != 0)
		r = err_set(e, "its numbers are big-endian, which is not supported");
	else if (h->num_shards < 1 || h->num_shards > SHARDS_MAX)
		r = err_set(e, "damaged: it names %d data files", h->num_shards);
	else
		b->nshard = (size_t)h->num_shards;
	tf__bundle_header__free_unpacked(h, NULL);
	if (r == 0)
		b->shard = arena_array(&b->arena, b->nshard, sizeof *b->shard);
	return r;
}

static int read_index(struct tf_bundle *b, struct err *e)
{
	if (tf_table_read(b->index.p, b->index.n, &b->crc, &b->arena, &b->table, e) < 0)
		return -1;
	return header(b, e);
}

struct tf_bundle *tf_bundle_open(const char *prefix, struct err *e)
{
	struct tf_bundle *b = xcalloc(1, sizeof *b);
	char *path;

	tf_crc_init(&b->crc);
	b->prefix = arena_strdup(&b->arena, prefix);
	path = arena_printf(&b->arena, "%s.index", prefix);
	b->index.fd = -1;
	if (im_file_open(&b->index, path, "the index of variables", e) == 0 &&
	    read_index(b, e) == 0)
		return b;
	err_in(e, "%s", quote(base_name(path)));
	tf_bundle_free(b);
	return NULL;
}

struct tf_bundle *tf_bundle_bytes(const void *index, size_t n, const void *data, size_t ndata,
				  struct err *e)
{
	struct tf_bundle *b = xcalloc(1, sizeof *b);

	tf_crc_init(&b->crc);
	b->crc.lenient = true;
	b->prefix = "";
	b->index = (struct im_file){ .path = "", .fd = -1, .p = index, .n = n };
	if (read_index(b, e) == 0) {
		for (size_t i = 0; i < b->nshard; i++)
			b->shard[i] =
			    (struct im_file){ .path = "data", .fd = -1, .p = data, .n = ndata };
		return b;
	}
	err_in(e, "index");
	tf_bundle_free(b);
	return NULL;
}

void tf_bundle_free(struct tf_bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; b->shard && i < b->nshard; i++)
		if (b->shard[i].path)
			im_file_close(&b->shard[i]);
	im_file_close(&b->index);
	arena_release(&b->arena);
	free(b);
}

static struct im_file *shard(struct tf_bundle *b, int i, struct err *e)
{
	struct im_file *f;
	char *path;

	if (i < 0 || (size_t)i >= b->nshard) {
		err_set(e, "damaged: its data file %d is not one of %zu", i, b->nshard);
		return NULL;
	}
	f = &b->shard[i];
	if (f->path)
		return f;
	path = arena_printf(&b->arena, "%s.data-%05d-of-%05zu", b->prefix, i, b->nshard);
	if (im_file_open(f, path, "values of variables", e) == 0)
		return f;
	f->path = NULL;
	err_in(e, "%s", quote(base_name(path)));
	return NULL;
}

/* ---- values ---- */
/* The bytes of an entry; *p points to them. */
static struct im_file *locate(struct tf_bundle *b, const Tf__BundleEntry *x, struct err *e)
{
	struct im_file *f = shard(b, x->shard_id, e);

	if (!f)
		return NULL;
	if (x->offset < 0 || x->size < 0 || (uint64_t)x->offset > f->n ||
	    (uint64_t)x->size > f->n - (uint64_t)x->offset) {
		err_set(e,
			"its %lld bytes from %lld on are outside of %s, which has %zu (truncated?)",
			(long long)x->size, (long long)x->offset, quote(base_name(f->path)), f->n);
		return NULL;
	}
	return f;
}

/* In pieces, so that large values do not come into memory for it. */
static int check_sum(const struct tf_bundle *b, const struct im_file *f, const Tf__BundleEntry *x,
		     struct err *e)
{
	uint8_t *chunk = f->fd >= 0 ? xmalloc(CHUNK) : NULL;
	size_t left = (size_t)x->size;
	off_t at = (off_t)x->offset;
	uint32_t crc = 0;
	int r = 0;

	if (!chunk)
		crc = tf_crc_add(&b->crc, 0, f->p + x->offset, left);
	while (chunk && left && r == 0) {
		const ssize_t n = pread(f->fd, chunk, left < CHUNK ? left : CHUNK, at);

		if (n <= 0)
			r = err_sys(e, "cannot read %s", quote(base_name(f->path)));
		crc = tf_crc_add(&b->crc, crc, chunk, n > 0 ? (size_t)n : 0);
		left -= n > 0 ? (size_t)n : 0;
		at += n;
	}
	free(chunk);
	if (r == 0 && x->has_crc32c && !tf_crc_is(&b->crc, crc, x->crc32c))
		r = err_set(e, "damaged: its bytes in %s do not have their checksum",
			    quote(base_name(f->path)));
	return r;
}

int tf_bundle_whole(struct tf_bundle *b, const Tf__BundleEntry *x, struct tensor *t, struct err *e)
{
	struct im_file *f = locate(b, x, e);
	const void *p;

	if (!f)
		return -1;
	if ((uint64_t)x->size != tensor_bytes(t))
		return err_set(e, "it has %lld bytes, %zu expected from shape %s",
			       (long long)x->size, tensor_bytes(t), tensor_shape_text(t));
	if (check_sum(b, f, x, e) < 0)
		return -1;
	if ((size_t)x->offset % dtype_size(t->dtype) == 0) {
		t->owner = im_file_range(f, (size_t)x->offset, (size_t)x->size, &p, e);
		t->data = p;
		return err_is(e) ? -1 : 0;
	}
	*t = tensor_new(t->dtype, t->rank, t->dim);
	memcpy(tensor_data(t), f->p + x->offset, (size_t)x->size);
	return 0;
}

Tf__BundleEntry *tf_bundle_entry(const struct tf_item *x, struct tensor *t, struct err *e)
{
	Tf__BundleEntry *b = tf__bundle_entry__unpack(NULL, x->nvalue, x->value);

	*t = (struct tensor){ .data = "" };
	if (!b) {
		err_set(e, "damaged: its entry does not decode");
		return NULL;
	}
	if (tf_dtype(b->dtype) < 0)
		err_set(e, "its element type %d (%s) is not supported", b->dtype,
			tf_type_name(b->dtype));
	t->dtype = (enum dtype)(tf_dtype(b->dtype) < 0 ? DT_F32 : tf_dtype(b->dtype));
	if (!err_is(e) && tf_shape(b->shape, t, e) == 0)
		return b;
	tf__bundle_entry__free_unpacked(b, NULL);
	return NULL;
}

static int get(struct tf_bundle *b, const char *key, const struct tf_item *item,
	       const struct tf_part *part, struct tensor *t, struct err *e)
{
	Tf__BundleEntry *x = tf_bundle_entry(item, t, e);
	struct tf_part want = part ? *part : (struct tf_part){ 0 };
	bool half;
	int r;

	if (!x)
		return -1;
	half = x->dtype == TF_BFLOAT16;
	if (x->n_slices > LIMIT_INPUTS)
		r = err_set(e, "it is in %zu parts, at most %d expected", x->n_slices,
			    LIMIT_INPUTS);
	else
		r = tf_part_fix(&want, t, e);
	if (r == 0 && x->n_slices) {
		r = tf_bundle_gather(b, key, x, &want, t, e);
	} else if (r == 0) {
		r = tf_bundle_whole(b, x, t, e);
		if (r == 0 && part && part->n)
			tf_bundle_cut(t, &want);
	}
	if (r == 0 && half)
		*t = tf_widen(t);
	tf__bundle_entry__free_unpacked(x, NULL);
	return r;
}

bool tf_bundle_has(const struct tf_bundle *b, const char *key)
{
	return key[0] && tf_table_find(&b->table, key, strlen(key));
}

int tf_bundle_get(struct tf_bundle *b, const char *key, const struct tf_part *part,
		  struct tensor *t, struct err *e)
{
	const struct tf_item *item = tf_table_find(&b->table, key, strlen(key));

	*t = (struct tensor){ .data = "" };
	if (!item || !key[0])
		return 1;
	if (get(b, key, item, part, t, e) == 0)
		return 0;
	tensor_release(t);
	return -1;
}

/* A length, the checksum of the length, the bytes; all three are under the entry's checksum. */
static const uint8_t *string(struct tf_bundle *b, const Tf__BundleEntry *x, size_t *n,
			     struct err *e)
{
	const struct im_file *f = locate(b, x, e);
	struct err lost = { 0 };
	struct cursor c;
	uint64_t len = 0;
	uint32_t crc, size;
	uint8_t byte = 128, *out;

	if (!f)
		return NULL;
	c = cur_make(f->p + x->offset, (size_t)x->size, &lost);
	for (int shift = 0; shift < 64 && byte & 128; shift += 7) {
		byte = cur_u8(&c);
		len |= (uint64_t)(byte & 127) << shift;
	}
	size = (uint32_t)len;
	crc = tf_crc_add(&b->crc, 0, &size, sizeof size);
	if (len != size || !tf_crc_is(&b->crc, crc, cur_u32le(&c)) || cur_left(&c) != len) {
		err_set(e, "damaged: its length does not fit");
		return NULL;
	}
	crc = tf_crc_add(&b->crc, crc, c.p - 4, (size_t)len + 4);
	if (!tf_crc_is(&b->crc, crc, x->crc32c)) {
		err_set(e, "damaged: its bytes in %s do not have their checksum",
			quote(base_name(f->path)));
		return NULL;
	}
	*n = (size_t)len;
	out = arena_alloc(&b->arena, *n + 1);
	return memcpy(out, c.p, *n);
}

const uint8_t *tf_bundle_string(struct tf_bundle *b, const char *key, size_t *n, struct err *e)
{
	const struct tf_item *item = tf_table_find(&b->table, key, strlen(key));
	const uint8_t *out = NULL;
	Tf__BundleEntry *x;

	if (!item)
		return NULL;
	x = tf__bundle_entry__unpack(NULL, item->nvalue, item->value);
	if (!x || x->dtype != TF_STRING || (x->shape && x->shape->n_dim))
		err_set(e, "damaged: it is not one string");
	else
		out = string(b, x, n, e);
	if (x)
		tf__bundle_entry__free_unpacked(x, NULL);
	return out;
}
