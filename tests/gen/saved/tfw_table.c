/* Tables of variables: LevelDB's sorted table, CRC-32C, snappy, keys of parts. */
#include "tfw.h"
#include <stdlib.h>

enum {
	RESTART = 4 /* entries from one whole key to the next */
};

uint32_t tfw_crc(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;

	crc = ~crc;
	while (n--) {
		crc ^= *b++;
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

uint32_t tfw_mask(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* ---- snappy ---- */
static void literal(struct str *s, const uint8_t *p, size_t n)
{
	while (n) {
		const size_t k = n < 65536 ? n : 65536;
		uint8_t head[3] = { 61 << 2, (uint8_t)(k - 1), (uint8_t)((k - 1) >> 8) };

		if (k <= 60) {
			head[0] = (uint8_t)((k - 1) << 2);
			str_add(s, head, 1);
		} else {
			str_add(s, head, 3);
		}
		str_add(s, p, k);
		p += k;
		n -= k;
	}
}

void tfw_snappy(struct str *s, const uint8_t *p, size_t n)
{
	size_t from = 0, i = 0;

	pb_varint(s, n);
	while (i < n) {
		size_t best = 0, at = 0;

		/* The longest of what came within the last 300 bytes. */
		for (size_t back = 1; back <= i && back <= 300; back++) {
			size_t k = 0;

			while (i + k < n && k < 64 && p[i + k] == p[i + k - back])
				k++;
			if (k > best) {
				best = k;
				at = back;
			}
		}
		if (best < 4) {
			i++;
			continue;
		}
		literal(s, p + from, i - from);
		str_add(
		    s,
		    (uint8_t[3]){ (uint8_t)((best - 1) << 2 | 2), (uint8_t)at, (uint8_t)(at >> 8) },
		    3);
		i += best;
		from = i;
	}
	literal(s, p + from, n - from);
}

/* ---- table ---- */
struct block {
	struct str s;
	struct str last;
	uint32_t restart[4096];
	size_t nrestart, n;
};

void tfw_put(struct tfw_table *t, const void *key, size_t n, struct str *value)
{
	VEC_GROW(t->e, t->n, &t->cap);
	t->e[t->n] = (struct tfw_entry){ .value = *value };
	str_add(&t->e[t->n++].key, key, n);
	*value = (struct str){ 0 };
}

static int by_key(const void *a, const void *b)
{
	const struct tfw_entry *p = a, *q = b;
	const size_t n = p->key.len < q->key.len ? p->key.len : q->key.len;
	const int d = n ? memcmp(p->key.p, q->key.p, n) : 0;

	return d ? d : (p->key.len > q->key.len) - (p->key.len < q->key.len);
}

static void add(struct block *b, const struct str *key, const struct str *value)
{
	size_t shared = 0;

	if (b->n++ % RESTART == 0)
		b->restart[b->nrestart++] = (uint32_t)b->s.len;
	else
		while (shared < b->last.len && shared < key->len &&
		       b->last.p[shared] == key->p[shared])
			shared++;
	pb_varint(&b->s, shared);
	pb_varint(&b->s, key->len - shared);
	pb_varint(&b->s, value->len);
	str_add(&b->s, key->len ? key->p + shared : "", key->len - shared);
	str_add(&b->s, value->len ? value->p : "", value->len);
	b->last.len = 0;
	str_add(&b->last, key->len ? key->p : "", key->len);
}

/* Writes the block; handle: where it is. */
static void end(struct block *b, struct str *s, int snappy, int compression, struct str *handle)
{
	struct str raw = { 0 };
	uint8_t type = snappy ? 1 : 0;
	uint32_t n = (uint32_t)b->nrestart, crc;

	str_add(&b->s, b->restart, b->nrestart * 4);
	str_add(&b->s, &n, 4);
	if (snappy)
		tfw_snappy(&raw, (const uint8_t *)b->s.p, b->s.len);
	else
		str_add(&raw, b->s.p, b->s.len);
	if (compression >= 0)
		type = (uint8_t)compression;
	pb_varint(handle, s->len);
	pb_varint(handle, raw.len);
	str_add(&raw, &type, 1);
	crc = tfw_mask(tfw_crc(0, raw.p, raw.len));
	str_add(s, raw.p, raw.len);
	str_add(s, &crc, 4);
	str_release(&raw);
	str_release(&b->s);
	str_release(&b->last);
	memset(b, 0, sizeof *b);
}

void tfw_table_write(struct str *s, struct tfw_table *t, const struct tfw_table_opts *o)
{
	struct block *b = xcalloc(1, sizeof *b), *list = xcalloc(1, sizeof *list);
	struct block *meta = xcalloc(1, sizeof *meta);
	struct str footer = { 0 };
	const uint64_t magic = 0xdb4775248b80fb57;
	int compression = o->compression;

	if (!o->unsorted)
		qsort(t->e, t->n, sizeof *t->e, by_key);
	for (size_t i = 0; i < t->n; i++) {
		struct str handle = { 0 };

		add(b, &t->e[i].key, &t->e[i].value);
		if (i + 1 < t->n && b->s.len < o->block)
			continue;
		end(b, s, o->snappy, compression, &handle);
		compression = -1;
		add(list, &t->e[i].key, &handle);
		str_release(&handle);
	}
	end(meta, s, 0, -1, &footer);
	end(list, s, 0, -1, &footer);
	while (footer.len < 40)
		str_add(&footer, "", 1);
	str_add(&footer, &magic, 8);
	str_add(s, footer.p, footer.len);
	str_release(&footer);
	free(b);
	free(list);
	free(meta);
}

/* ---- keys of parts: bytes in the order of the values ---- */
static void ordered(struct str *s, int64_t v)
{
	/* One byte up to 63, two up to 8191: enough for tests. */
	if (v >= -64 && v < 64) {
		str_add(s, &(uint8_t){ (uint8_t)(0x80 ^ (uint8_t)v) }, 1);
	} else if (v >= -8192 && v < 8192) {
		const uint16_t w = (uint16_t)((uint16_t)v ^ 0xc000);

		str_add(s, (uint8_t[2]){ (uint8_t)(w >> 8), (uint8_t)w }, 2);
	} else {
		abort();
	}
}

void tfw_part_key(struct str *s, const char *name, size_t n, const int64_t (*extent)[2])
{
	str_add(s, "\0", 1); /* the number 0: no bytes */
	str_add(s, name, strlen(name));
	str_add(s, "\0\1", 2);
	str_add(s, (uint8_t[2]){ 1, (uint8_t)n }, 2);
	for (size_t i = 0; i < n; i++) {
		ordered(s, extent[i][0]);
		ordered(s, extent[i][1]);
	}
}
