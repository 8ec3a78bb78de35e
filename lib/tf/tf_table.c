/*
 * LevelDB's sorted table: blocks of entries whose keys leave out what they share with the key
 * before; one block lists the others.  github.com/google/leveldb, doc/table_format.md.
 */
#include "base/cursor.h"
#include "tf/tf_bundle.h"
#include <string.h>

enum {
	FOOTER = 48,
	TRAILER = 5, /* compression, checksum */
	NONE = 0,
	SNAPPY = 1,
	KEY_MAX = 4 * LIMIT_NAME /* a name with its escapes, and the extents of a part */
};
#define MAGIC         0xdb4775248b80fb57
#define KEYS_BYTE_MAX ((size_t)1 << 28) /* of all keys: a million long ones */

struct reader {
	const uint8_t *p;
	size_t n; /* without the footer */
	const struct tf_crc *crc;
	struct arena *a;
	struct tf_table *t;
	size_t cap, keys;
	struct err *e;
};

/* What is done with an entry of a block. */
typedef int (*entry_fn)(struct reader *r, const struct tf_item *x);

static bool varint(struct cursor *c, uint64_t *v)
{
	*v = 0;
	for (int shift = 0; shift < 64; shift += 7) {
		const uint8_t b = cur_u8(c);

		*v |= (uint64_t)(b & 127) << shift;
		if (!(b & 128))
			return !c->failed;
	}
	return false;
}

/* The bytes of a block, *n of them. */
static const uint8_t *block(struct reader *r, uint64_t at, uint64_t size, size_t *n)
{
	const uint8_t *p, *q;
	uint32_t stored;

	if (at > r->n || size > r->n - at || r->n - at - size < TRAILER) {
		err_set(r->e, "damaged: block at byte %llu is outside of the file",
			(unsigned long long)at);
		return NULL;
	}
	p = r->p + at;
	memcpy(&stored, p + size + 1, sizeof stored);
	if (!tf_crc_is(r->crc, tf_crc_add(r->crc, 0, p, (size_t)size + 1), stored)) {
		err_set(r->e, "damaged: block at byte %llu does not have its checksum",
			(unsigned long long)at);
		return NULL;
	}
	*n = (size_t)size;
	if (p[size] == NONE)
		return p;
	if (p[size] != SNAPPY) {
		err_set(r->e, "block at byte %llu has compression %d, none or snappy expected",
			(unsigned long long)at, p[size]);
		return NULL;
	}
	q = tf_unsnappy(p, (size_t)size, r->a, n);
	if (!q)
		err_set(r->e, "damaged: block at byte %llu does not decompress",
			(unsigned long long)at);
	return q;
}

/* The next entry's key on top of the one before: *key has *nkey bytes, room for KEY_MAX. */
static bool next_entry(struct cursor *c, uint8_t *key, size_t *nkey, struct tf_item *x)
{
	uint64_t shared, own, nvalue;
	const void *p;

	if (!varint(c, &shared) || !varint(c, &own) || !varint(c, &nvalue) || shared > *nkey ||
	    own > KEY_MAX - shared || nvalue > SIZE_MAX / 2 || !(p = cur_bytes(c, (size_t)own)))
		return false;
	memcpy(key + shared, p, (size_t)own);
	*nkey = (size_t)(shared + own);
	*x = (struct tf_item){ .key = key, .nkey = *nkey, .nvalue = (size_t)nvalue };
	x->value = cur_bytes(c, x->nvalue);
	return x->value != NULL;
}

/* A block ends with the places of its entries that hold whole keys, and their count. */
static int walk(struct reader *r, uint64_t at, uint64_t size, entry_fn entry)
{
	struct err lost = { 0 };
	uint8_t key[KEY_MAX];
	size_t n = 0, nkey = 0;
	const uint8_t *p = block(r, at, size, &n);
	uint32_t places = 0;
	struct cursor c;

	if (!p)
		return -1;
	if (n >= 4)
		memcpy(&places, p + n - 4, sizeof places);
	if (n < 4 || places > (n - 4) / 4)
		return err_set(r->e, "damaged: block at byte %llu is cut", (unsigned long long)at);
	c = cur_make(p, n - 4 - 4 * (size_t)places, &lost);
	while (cur_left(&c)) {
		struct tf_item x;

		if (!next_entry(&c, key, &nkey, &x))
			return err_set(r->e,
				       "damaged: block at byte %llu has an entry that is not "
				       "one",
				       (unsigned long long)at);
		if (entry(r, &x) < 0)
			return -1;
	}
	return 0;
}

static int compare(const struct tf_item *a, const void *key, size_t n)
{
	const size_t both = a->nkey < n ? a->nkey : n;
	const int d = both ? memcmp(a->key, key, both) : 0;

	return d ? d : a->nkey < n ? -1 : a->nkey > n;
}

static int keep(struct reader *r, const struct tf_item *x)
{
	struct tf_table *t = r->t;
	uint8_t *key;

	if (t->n && compare(&t->item[t->n - 1], x->key, x->nkey) >= 0)
		return err_set(r->e, "damaged: its keys are out of order");
	r->keys += x->nkey + 1;
	if (r->keys > KEYS_BYTE_MAX)
		return err_set(r->e, "its keys have more than %zu bytes", KEYS_BYTE_MAX);
	VEC_GROW(t->item, t->n, &r->cap);
	t->item[t->n] = *x;
	key = arena_alloc(r->a, x->nkey + 1);
	if (x->nkey)
		memcpy(key, x->key, x->nkey);
	t->item[t->n++].key = key;
	return 0;
}

/* An entry of the list of blocks. */
static int follow(struct reader *r, const struct tf_item *x)
{
	struct err lost = { 0 };
	struct cursor c = cur_make(x->value, x->nvalue, &lost);
	const size_t before = r->t->n;
	uint64_t at, size;

	if (!varint(&c, &at) || !varint(&c, &size))
		return err_set(r->e, "damaged: its list of blocks is cut");
	if (walk(r, at, size, keep) < 0)
		return -1;
	/* A list of empty blocks would have no end. */
	return r->t->n > before
		   ? 0
		   : err_set(r->e, "damaged: block at byte %llu is empty", (unsigned long long)at);
}

int tf_table_read(const uint8_t *p, size_t n, const struct tf_crc *crc, struct arena *a,
		  struct tf_table *t, struct err *e)
{
	struct reader r = { .p = p, .crc = crc, .a = a, .t = t, .e = e };
	struct err lost = { 0 };
	uint64_t meta[2], list[2], magic;
	struct cursor c;
	int res;

	*t = (struct tf_table){ 0 };
	if (n < FOOTER)
		return err_set(e, "truncated: it has %zu bytes, at least %d expected", n, FOOTER);
	r.n = n - FOOTER;
	memcpy(&magic, p + n - sizeof magic, sizeof magic);
	if (magic != MAGIC)
		return err_set(e,
			       "not a table of variables, or truncated: it does not end like one");
	c = cur_make(p + r.n, FOOTER - sizeof magic, &lost);
	if (!varint(&c, &meta[0]) || !varint(&c, &meta[1]) || !varint(&c, &list[0]) ||
	    !varint(&c, &list[1]))
		return err_set(e, "damaged: its footer does not say where the list of blocks is");
	res = walk(&r, list[0], list[1], follow);
	/* Entries have grown on the heap; the arena keeps them. */
	if (res == 0 && t->n) {
		struct tf_item *grown = t->item;

		t->item = arena_array(a, t->n, sizeof *t->item);
		memcpy(t->item, grown, t->n * sizeof *grown);
		free(grown);
	} else {
		free(t->item);
		*t = (struct tf_table){ 0 };
	}
	return res;
}

const struct tf_item *tf_table_find(const struct tf_table *t, const void *key, size_t n)
{
	size_t from = 0, to = t->n;

	while (from < to) {
		const size_t mid = from + (to - from) / 2;
		const int d = compare(&t->item[mid], key, n);

		if (d == 0)
			return &t->item[mid];
		if (d < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}
