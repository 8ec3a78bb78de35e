/*
 * The door to libtar: header layout, checksum, and finishing a header.  Its number parsing stops at
 * 32 bits and its long-name reading trusts sizes, so sizes, names and types are read here.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "io/io_int.h"
#include <libtar.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = T_BLOCKSIZE,
	EXTENSION_MAX = 64 * 1024,
	OCTAL_DIGITS = 11
};

static const char truncated[] = "truncated bundle";

struct reader {
	const uint8_t *p;
	size_t n;
	size_t pos;
	char *name;    /* from an extension, for the next member; NULL: none */
	bool has_size; /* the same for its size */
	uint64_t size;
	size_t members;
};

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* An octal field, or GNU's base-256 (first bit set); -1 when it is neither. */
static int get_number(const char *field, size_t size, uint64_t *out)
{
	const unsigned char *f = (const unsigned char *)field;
	size_t i = 0;
	size_t digits = 0;
	uint64_t v = 0;

	if (f[0] & 0x80) {
		v = f[0] & 0x7f;
		for (i = 1; i < size; i++) {
			if (v >> 55)
				return -1;
			v = v << 8 | f[i];
		}
		*out = v;
		return 0;
	}
	while (i < size && f[i] == ' ')
		i++;
	for (; i < size && f[i] >= '0' && f[i] <= '7'; i++, digits++)
		v = v << 3 | (f[i] - '0'); /* at most 12 digits: 36 bits */
	while (i < size && (f[i] == ' ' || f[i] == '\0'))
		i++;
	*out = v;
	return digits && i == size ? 0 : -1;
}

static bool load_header(TAR *t, const uint8_t *block)
{
	uint64_t sum;

	memset(t, 0, sizeof *t);
	memcpy(&t->th_buf, block, BLOCK);
	return get_number(t->th_buf.chksum, sizeof t->th_buf.chksum, &sum) == 0 &&
	       (sum == (uint64_t)th_crc_calc(t) || sum == (uint64_t)th_signed_crc_calc(t));
}

bool tar_sniff(const void *data, size_t n)
{
	TAR t;

	return n >= BLOCK && (load_header(&t, data) || is_zero(data, BLOCK));
}

static int malformed_pax(struct err *e)
{
	return err_set(e, "damaged bundle: malformed pax header");
}

static bool key_is(const char *key, size_t n, const char *want)
{
	return n == strlen(want) && memcmp(key, want, n) == 0;
}

/* Of a pax extension, the path and the size matter here; times and owners do not. */
static int take_pax(struct reader *r, const char *key, size_t nkey, const char *value, size_t n,
		    struct err *e)
{
	char number[24] = "";

	if (nkey > 10 && memcmp(key, "GNU.sparse", 10) == 0)
		return err_set(e, "sparse members are not supported (pack without tar -S)");
	if (key_is(key, nkey, "path")) {
		if (memchr(value, '\0', n))
			return malformed_pax(e);
		free(r->name);
		r->name = xstrndup(value, n);
	} else if (key_is(key, nkey, "size")) {
		if (n == 0 || n > 18 || strspn(value, "0123456789") < n)
			return malformed_pax(e);
		memcpy(number, value, n);
		r->size = strtoull(number, NULL, 10);
		r->has_size = true;
	}
	return 0;
}

/* Records of the form "LEN KEY=VALUE\n", LEN counting all of it. */
static int read_pax(struct reader *r, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		size_t digits = 0;
		size_t len = 0;
		const char *key;
		const char *eq;

		while (digits < n && digits < 6 && p[digits] >= '0' && p[digits] <= '9')
			len = len * 10 + (size_t)(p[digits++] - '0');
		if (!digits || len > n || len < digits + 4 || p[digits] != ' ' ||
		    p[len - 1] != '\n')
			return malformed_pax(e);
		key = p + digits + 1;
		eq = memchr(key, '=', len - digits - 2);
		if (!eq)
			return malformed_pax(e);
		if (take_pax(r, key, (size_t)(eq - key), eq + 1, (size_t)(p + len - 2 - eq), e) < 0)
			return -1;
		p += len;
		n -= len;
	}
	return 0;
}

static int read_extension(struct reader *r, char type, const char *p, uint64_t size, struct err *e)
{
	if (size > EXTENSION_MAX)
		return err_set(e, "damaged bundle: header extension of %llu bytes",
			       (unsigned long long)size);
	if (type == 'x')
		return read_pax(r, p, size, e);
	if (type == GNU_LONGNAME_TYPE) {
		free(r->name);
		r->name = xstrndup(p, size);
	}
	return 0; /* global pax headers and long links say nothing about regular members */
}

int tar_check_name(const char *name, struct err *e)
{
	if (name[0] == '/')
		return err_set(e, "member '%s': absolute path", quote(name));
	if (strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0 || strstr(name, "/../") ||
	    (strlen(name) > 3 && strcmp(name + strlen(name) - 3, "/..") == 0))
		return err_set(e, "member '%s': path leads out of the bundle", quote(name));
	if (strchr(name, '/'))
		return err_set(e, "member '%s': a bundle has no folders", quote(name));
	if (!*name || strcmp(name, ".") == 0 || strlen(name) > 255)
		return err_set(e, "member '%s': not a file name", quote(name));
	for (const char *s = name; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return err_set(e, "member '%s': control character in the name",
				       quote(name));
	return 0;
}

/* The member's name: from an extension, or from the header, whose prefix field would be a folder.
 */
static char *member_name(struct reader *r, const TAR *t)
{
	const struct tar_header *h = &t->th_buf;
	char *name = r->name;

	r->name = NULL;
	if (!name && memcmp(h->magic, TMAGIC, TMAGLEN) == 0 && h->prefix[0])
		name = xasprintf("%.*s/%.*s", (int)sizeof h->prefix, h->prefix, (int)sizeof h->name,
				 h->name);
	if (!name)
		name = xstrndup(h->name, sizeof h->name);
	/* tar -C DIR -cf X . writes "./" in front of each name. */
	if (strncmp(name, "./", 2) == 0 && name[2])
		memmove(name, name + 2, strlen(name + 2) + 1);
	return name;
}

static int read_member(struct reader *r, const TAR *t, uint64_t size, tar_member_fn fn, void *ctx,
		       struct err *e)
{
	char type = t->th_buf.typeflag;
	const uint8_t *data = r->p + r->pos;
	char *name;
	int rc;

	if (type == GNU_LONGNAME_TYPE || type == GNU_LONGLINK_TYPE || type == 'x' || type == 'g')
		return read_extension(r, type, (const char *)data, size, e);
	name = member_name(r, t);
	r->has_size = false;
	if (type == DIRTYPE && strcmp(name, "./") == 0)
		rc = 0;
	else if (type != REGTYPE && type != AREGTYPE && type != CONTTYPE)
		rc = err_set(e, "member '%s' is not a regular file", quote(name));
	else if (++r->members > LIMIT_MEMBERS)
		rc = err_set(e, "more than %d members", LIMIT_MEMBERS);
	else if (tar_check_name(name, e) < 0)
		rc = -1;
	else
		rc = fn(name, data, (size_t)size, ctx, e);
	free(name);
	return rc;
}

/* One header and its data; 1 at the end of the archive. */
static int read_next(struct reader *r, tar_member_fn fn, void *ctx, struct err *e)
{
	const uint8_t *block = r->p + r->pos;
	uint64_t size;
	size_t left;
	TAR t;

	if (r->n - r->pos < BLOCK)
		return err_set(e, "%s", truncated);
	if (is_zero(block, BLOCK)) {
		if (r->n - r->pos < 2 * BLOCK)
			return err_set(e, "%s", truncated);
		return is_zero(block, r->n - r->pos)
			   ? 1
			   : err_set(e, "data after the end of the bundle");
	}
	if (!load_header(&t, block))
		return err_set(e, "damaged bundle: wrong checksum of a member's header");
	if (get_number(t.th_buf.size, sizeof t.th_buf.size, &size) < 0)
		return err_set(e, "damaged bundle: malformed size");
	if (r->has_size && t.th_buf.typeflag != 'x')
		size = r->size;
	r->pos += BLOCK;
	left = r->n - r->pos;
	if (size > LIMIT_MEMBER_BYTES || size > left ||
	    (BLOCK - size % BLOCK) % BLOCK > left - size)
		return err_set(e, "%s", truncated);
	if (read_member(r, &t, size, fn, ctx, e) < 0)
		return -1;
	r->pos += (size_t)((size + BLOCK - 1) / BLOCK * BLOCK);
	return 0;
}

int tar_each(const void *data, size_t n, tar_member_fn fn, void *ctx, struct err *e)
{
	struct reader r = { .p = data, .n = n };
	int rc;

	do
		rc = read_next(&r, fn, ctx, e);
	while (rc == 0);
	free(r.name);
	return rc < 0 ? -1 : 0;
}

static void put_octal(char *field, size_t digits, uint64_t v)
{
	for (size_t i = digits; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
}

static void put_header(const char *name, size_t name_size, char type, uint64_t size,
		       struct str *out)
{
	TAR t = { .options = 0 };
	struct tar_header *h = &t.th_buf;

	memcpy(h->name, name, name_size < sizeof h->name ? name_size : sizeof h->name);
	put_octal(h->mode, 7, 0644);
	put_octal(h->uid, 7, 0);
	put_octal(h->gid, 7, 0);
	put_octal(h->mtime, OCTAL_DIGITS, 0);
	put_octal(h->size, OCTAL_DIGITS, size);
	if (size >> 33) { /* more than 11 octal digits: base-256 */
		h->size[0] = (char)0x80;
		for (int i = 11; i > 0; i--, size >>= 8)
			h->size[i] = (char)(size & 255);
	}
	h->typeflag = type;
	th_finish(&t);
	str_add(out, h, BLOCK);
}

void tar_put_head(const char *name, uint64_t size, struct str *out)
{
	size_t n = strlen(name);

	if (n > T_NAMELEN) {
		static const char link[] = "././@LongLink";
		static const char zeros[BLOCK];

		put_header(link, sizeof link, GNU_LONGNAME_TYPE, n + 1, out);
		str_add(out, name, n);
		str_add(out, zeros, BLOCK - n % BLOCK);
	}
	put_header(name, n, REGTYPE, size, out);
}
