/* A FlatBuffer writer for tests. */
#ifndef HN_TESTS_FBW_H
#define HN_TESTS_FBW_H

#include "base/mem.h"
#include <stdint.h>
#include <string.h>

/* ---- FlatBuffer: parts are written in order, references are filled in when theirs comes ---- */
static void align(struct str *s, size_t to)
{
	while (s->len % to)
		str_add(s, "", 1);
}

static void put32(struct str *s, uint32_t v)
{
	str_add(s, &v, 4);
}

/* The reference at `where` is to what is written next. */
static void here(struct str *s, size_t where)
{
	const uint32_t by = (uint32_t)(s->len - where);

	memcpy(s->p + where, &by, 4);
}

/* A table of n fields of four bytes; present[i] false: absent.  where[i]: place of field i. */
static void put_table(struct str *s, size_t n, const bool *present, const uint32_t *value,
		      size_t *where, size_t at)
{
	uint16_t head[2] = { (uint16_t)(4 + 2 * n), 4 };
	size_t vtable;

	for (size_t i = 0; i < n; i++)
		head[1] = (uint16_t)(head[1] + (present[i] ? 4 : 0));
	align(s, 4);
	vtable = s->len;
	str_add(s, head, 4);
	for (size_t i = 0, next = 4; i < n; i++) {
		const uint16_t off = present[i] ? (uint16_t)next : 0;

		next += present[i] ? 4 : 0;
		str_add(s, &off, 2);
	}
	align(s, 4);
	here(s, at);
	put32(s, (uint32_t)(s->len - vtable));
	for (size_t i = 0; i < n; i++) {
		where[i] = s->len;
		if (present[i])
			put32(s, value[i]);
	}
}

static void put_ints(struct str *s, size_t at, const int32_t *v, size_t n)
{
	align(s, 4);
	here(s, at);
	put32(s, (uint32_t)n);
	str_add(s, v, 4 * n);
}

static void put_text(struct str *s, size_t at, const char *text)
{
	align(s, 4);
	here(s, at);
	put32(s, (uint32_t)strlen(text));
	str_add(s, text, strlen(text) + 1);
}

/* A list of n references, whose places go to where. */
static void put_refs(struct str *s, size_t at, size_t n, size_t *where)
{
	align(s, 4);
	here(s, at);
	put32(s, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		where[i] = s->len;
		put32(s, 0);
	}
}

#endif
