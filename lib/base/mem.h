/*
 * Allocation that cannot fail visibly: out of memory prints a line and exits 1.  Sizes that come
 * from a file are limited (base/limits.h) before they get here.
 */
#ifndef HN_BASE_MEM_H
#define HN_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t n);              /* n bytes, not initialised; n = 0 gives a valid pointer */
void *xcalloc(size_t n, size_t size); /* zeroed, multiplication checked */
void *xreallocarray(void *p, size_t n, size_t size); /* realloc, multiplication checked */
void *xaligned(size_t n); /* 64-byte aligned, not initialised, free() releases it */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

/* printf into a new string, the caller frees it. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* *out = a * b; false (and *out untouched) on overflow. */
bool size_mul(size_t a, size_t b, size_t *out);

/*
 * Arena: many small objects, freed at once.  Memory is zeroed.  Pointers stay valid until
 * arena_release.
 */
struct arena {
	struct arena_block *blocks;
};
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_release(struct arena *a);

/* Growing string of bytes; always NUL-terminated at p[len] once anything was added. */
struct str {
	char *p;
	size_t len;
	size_t cap;
};
void str_add(struct str *s, const void *bytes, size_t n);
void str_puts(struct str *s, const char *text);
void str_printf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_release(struct str *s);

/* Makes room for one more element of a growing array: v = VEC_GROW(v, n, &cap) before v[n++] = x.
 */
void *vec_grow(void *v, size_t n, size_t *cap, size_t size);
#define VEC_GROW(v, n, cap) ((v) = vec_grow((v), (n), (cap), sizeof *(v)))

#endif
