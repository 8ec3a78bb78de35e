#include "base/err.h"
#include "base/base_int.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	QUOTE_SLOTS = 16
};

__attribute__((format(printf, 2, 0))) static void put(struct err *e, const char *fmt, va_list ap)
{
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	if (!e->msg[0])
		memcpy(e->msg, "error", sizeof "error");
}

/* Adds text at the end, cut where the message is full. */
static void append(struct err *e, const char *text)
{
	size_t n = strlen(e->msg);
	size_t k = strnlen(text, sizeof e->msg - 1 - n);

	memcpy(e->msg + n, text, k);
	e->msg[n + k] = '\0';
}

int err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (err_is(e))
		return -1;
	va_start(ap, fmt);
	put(e, fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err_is(e))
		return -1;
	va_start(ap, fmt);
	put(e, fmt, ap);
	va_end(ap);
	append(e, ": ");
	append(e, strerror(saved));
	return -1;
}

int err_in(struct err *e, const char *fmt, ...)
{
	struct err outer;
	va_list ap;

	va_start(ap, fmt);
	put(&outer, fmt, ap);
	va_end(ap);
	append(&outer, ": ");
	append(&outer, e->msg);
	*e = outer;
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	struct err hint;
	va_list ap;

	va_start(ap, fmt);
	put(&hint, fmt, ap);
	va_end(ap);
	append(e, " (");
	append(e, hint.msg);
	append(e, ")");
	return -1;
}

bool err_is(const struct err *e)
{
	return e->msg[0] != '\0';
}

/* Length of the valid UTF-8 sequence at s, 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
	static const unsigned min[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	unsigned c = n < 2 ? *s : *s & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < min[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

const char *quote(const char *s)
{
	static _Thread_local char slots[QUOTE_SLOTS][QUOTE_MAX + 4];
	static _Thread_local unsigned next;
	char *out = slots[next++ % QUOTE_SLOTS];
	size_t n = 0;

	while (*s) {
		size_t k = utf8_length((const unsigned char *)s);
		bool bad = !k || (unsigned char)*s < 0x20 || *s == 0x7f ||
			   ((unsigned char)*s == 0xc2 && (unsigned char)s[1] < 0xa0);

		if (n + (k ? k : 1) > QUOTE_MAX) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (bad)
			out[n++] = '?';
		else
			memcpy(out + n, s, k);
		n += bad ? 0 : k;
		s += k ? k : 1;
	}
	out[n] = '\0';
	return out;
}

void die(const struct err *e)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", log_tool(), e->msg);
	exit(1);
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: bug at %s:%d: ", log_tool(), file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
