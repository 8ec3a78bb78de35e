/* The ordered set: an array of entries and an open-addressing index over their keys. */
#include "base/mem.h"
#include "base/rng.h"
#include "io/tensor.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *key;
	struct tensor t;
};

struct tensors {
	struct entry *v;
	size_t n;
	size_t cap;
	size_t *index; /* entry number + 1, 0 = free */
	size_t slots;  /* a power of two, at least twice n */
};

struct tensors *tensors_new(void)
{
	return xcalloc(1, sizeof(struct tensors));
}

void tensors_free(struct tensors *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].key);
		tensor_release(&s->v[i].t);
	}
	free(s->v);
	free(s->index);
	free(s);
}

size_t tensors_count(const struct tensors *s)
{
	return s->n;
}

const char *tensors_key(const struct tensors *s, size_t i)
{
	return i < s->n ? s->v[i].key : NULL;
}

const struct tensor *tensors_at(const struct tensors *s, size_t i)
{
	return i < s->n ? &s->v[i].t : NULL;
}

/* The slot that holds key or the free one where it belongs; the index must not be empty. */
static size_t find_slot(const struct tensors *s, const char *key)
{
	size_t i = hash_xxh3(key, strlen(key)) & (s->slots - 1);

	while (s->index[i] && strcmp(s->v[s->index[i] - 1].key, key) != 0)
		i = (i + 1) & (s->slots - 1);
	return i;
}

static void reindex(struct tensors *s, size_t slots)
{
	free(s->index);
	s->index = xcalloc(slots, sizeof *s->index);
	s->slots = slots;
	for (size_t i = 0; i < s->n; i++)
		s->index[find_slot(s, s->v[i].key)] = i + 1;
}

const struct tensor *tensors_get(const struct tensors *s, const char *key)
{
	size_t i = s->n ? s->index[find_slot(s, key)] : 0;

	return i ? &s->v[i - 1].t : NULL;
}

__attribute__((format(printf, 1, 0))) static char *format(const char *fmt, va_list ap)
{
	va_list copy;
	char *key;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n < 0)
		BUG("key format %s", fmt);
	key = xmalloc((size_t)n + 1);
	vsnprintf(key, (size_t)n + 1, fmt, ap);
	return key;
}

const struct tensor *tensors_getf(const struct tensors *s, const char *fmt, ...)
{
	const struct tensor *t;
	va_list ap;
	char *key;

	va_start(ap, fmt);
	key = format(fmt, ap);
	va_end(ap);
	t = tensors_get(s, key);
	free(key);
	return t;
}

void tensors_set(struct tensors *s, const char *key, struct tensor t)
{
	size_t slot;

	if (2 * (s->n + 1) > s->slots)
		reindex(s, s->slots ? s->slots * 2 : 64);
	slot = find_slot(s, key);
	if (s->index[slot]) {
		struct tensor *old = &s->v[s->index[slot] - 1].t;

		tensor_release(old);
		*old = t;
		return;
	}
	VEC_GROW(s->v, s->n, &s->cap);
	s->v[s->n] = (struct entry){ xstrdup(key), t };
	s->index[slot] = ++s->n;
}

void tensors_setf(struct tensors *s, struct tensor t, const char *fmt, ...)
{
	va_list ap;
	char *key;

	va_start(ap, fmt);
	key = format(fmt, ap);
	va_end(ap);
	tensors_set(s, key, t);
	free(key);
}

void tensors_remove(struct tensors *s, const char *key)
{
	size_t i = s->n ? s->index[find_slot(s, key)] : 0;

	if (!i)
		return;
	free(s->v[i - 1].key);
	tensor_release(&s->v[i - 1].t);
	memmove(&s->v[i - 1], &s->v[i], (s->n - i) * sizeof *s->v);
	s->n--;
	reindex(s, s->slots);
}

void tensors_filter(struct tensors *s, bool (*keep)(const char *key, void *ctx), void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (keep(s->v[i].key, ctx)) {
			s->v[n++] = s->v[i];
			continue;
		}
		free(s->v[i].key);
		tensor_release(&s->v[i].t);
	}
	if (n == s->n)
		return;
	s->n = n;
	reindex(s, s->slots);
}

struct tensors *tensors_copy(const struct tensors *s)
{
	struct tensors *out = tensors_new();

	for (size_t i = 0; i < s->n; i++)
		tensors_set(out, s->v[i].key, tensor_ref(&s->v[i].t));
	return out;
}
