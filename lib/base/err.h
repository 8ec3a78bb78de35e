/*
 * Errors with context.  A leaf says what is wrong, each level on the way out puts in front what it
 * alone knows, the tool's main() prints the whole with die():
 *
 *	hn-quantize: m.har: layer 'conv3': kernel has 864 values, 2592 expected
 *
 * A library function takes a struct err *, fills it and returns -1 or NULL.
 */
#ifndef HN_BASE_ERR_H
#define HN_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ERR_MAX = 1024,
	QUOTE_MAX = 160
};

/* A message; empty (all zero) means no error yet. */
struct err {
	char msg[ERR_MAX];
};

/* Sets the message (the first one set stays, later calls are ignored); returns -1. */
int err_set(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Like err_set, followed by ": " and the text of errno. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the message; returns -1. */
int err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends a remedy in parentheses: " (try --end-node-names X)"; returns -1. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* True when a message has been set. */
bool err_is(const struct err *e);

/*
 * A name that came from a file, made safe to print: control characters and invalid UTF-8 become
 * '?', at most QUOTE_MAX bytes.  The result lives in one of 16 rotating thread-local buffers.
 */
const char *quote(const char *s);

/* Prints "tool: message" on stderr and exits 1.  For main() only. */
_Noreturn void die(const struct err *e);

/* An invariant of our own code is broken: prints file and line and aborts.  Never for bad input. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
