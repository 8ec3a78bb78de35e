#include "base/mem.h"
#include "base/base_int.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_BLOCK = 64 * 1024,
	ARENA_ALIGN = 16,
	STR_FIRST = 64,
	VEC_FIRST = 8
};

static void *checked(void *p, size_t n)
{
	if (p)
		return p;
	fprintf(stderr, "%s: out of memory: %zu bytes\n", log_tool(), n);
	exit(1);
}

bool size_mul(size_t a, size_t b, size_t *out)
{
	if (b != 0 && a > SIZE_MAX / b)
		return false;
	*out = a * b;
	return true;
}

static size_t product(size_t n, size_t size)
{
	size_t bytes;

	if (!size_mul(n, size, &bytes))
		checked(NULL, SIZE_MAX);
	return bytes;
}

void *xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1), n);
}

void *xcalloc(size_t n, size_t size)
{
	size_t bytes = product(n, size);

	return checked(calloc(1, bytes ? bytes : 1), bytes);
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	size_t bytes = product(n, size);

	return checked(realloc(p, bytes ? bytes : 1), bytes);
}

void *xaligned(size_t n)
{
	size_t rounded = n > SIZE_MAX - 64 ? checked(NULL, n), 0 : (n + 63) / 64 * 64;

	return checked(aligned_alloc(64, rounded ? rounded : 64), n);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

/* Bytes of the formatted text, without the NUL. */
__attribute__((format(printf, 1, 0))) static size_t format_length(const char *fmt, va_list ap)
{
	va_list copy;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	return n < 0 ? 0 : (size_t)n;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	size_t n;
	char *p;

	va_start(ap, fmt);
	n = format_length(fmt, ap);
	p = xmalloc(n + 1);
	vsnprintf(p, n + 1, fmt, ap);
	va_end(ap);
	return p;
}

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->blocks;
	void *p;

	if (n > SIZE_MAX / 2)
		checked(NULL, n);
	n = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (!b || b->size - b->used < n) {
		size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;

		b = xcalloc(1, sizeof *b + size);
		b->size = size;
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += n;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	return arena_alloc(a, product(n, size));
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	size_t n;
	char *p;

	va_start(ap, fmt);
	n = format_length(fmt, ap);
	p = arena_alloc(a, n + 1);
	vsnprintf(p, n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_release(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->next;
		free(b);
	}
}

static void str_room(struct str *s, size_t n)
{
	size_t cap = s->cap ? s->cap : STR_FIRST;

	if (n >= SIZE_MAX / 4 || s->len >= SIZE_MAX / 4)
		checked(NULL, n);
	if (s->p && s->len + n < s->cap)
		return;
	while (cap <= s->len + n)
		cap *= 2;
	s->p = xreallocarray(s->p, cap, 1);
	s->cap = cap;
}

void str_add(struct str *s, const void *bytes, size_t n)
{
	str_room(s, n);
	if (n)
		memcpy(s->p + s->len, bytes, n);
	s->len += n;
	s->p[s->len] = '\0';
}

void str_puts(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_length(fmt, ap);
	str_room(s, n);
	vsnprintf(s->p + s->len, n + 1, fmt, ap);
	va_end(ap);
	s->len += n;
}

void str_release(struct str *s)
{
	free(s->p);
	*s = (struct str){ 0 };
}

void *vec_grow(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : VEC_FIRST;
	return xreallocarray(v, *cap, size);
}
