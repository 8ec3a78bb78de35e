/*
 * Output that is written whole or not at all.  A file goes to a temporary name in the same folder
 * and is renamed at commit, after fsync; if the process ends otherwise (error, signal) the
 *temporary is removed.  "-" is standard output: bytes are collected by the caller and checked on
 *the way.
 *
 *	struct outfile *o = outfile_open(path, OUT_BINARY, &e);
 *	... outfile_write(o, p, n, &e) ...  or  outfile_fd(o)
 *	outfile_commit(o, &e);          (or outfile_abort(o), or exit)
 */
#ifndef HN_BASE_OUTFILE_H
#define HN_BASE_OUTFILE_H

#include "base/err.h"
#include <stddef.h>

enum out_kind {
	OUT_TEXT,
	OUT_BINARY /* refused when the output is a terminal */
};

/* Opens path ("-": standard output) for writing; devices and fifos are written in place. */
struct outfile *outfile_open(const char *path, enum out_kind kind, struct err *e);
/* Writes n bytes at once, unbuffered. */
int outfile_write(struct outfile *o, const void *p, size_t n, struct err *e);
int outfile_fd(const struct outfile *o); /* file descriptor to write to directly */
int outfile_commit(struct outfile *o,
		   struct err *e);     /* flushes, syncs, renames, frees o; -1 on failure */
void outfile_abort(struct outfile *o); /* removes the temporary, frees o; NULL is fine */

/* Whole file in one call (text or binary). */
int outfile_put(const char *path, enum out_kind kind, const void *p, size_t n, struct err *e);

/* Flushes and checks stdout at the end of a tool that printed text: -1 when the disk is full. */
int stdout_finish(struct err *e);

/* Reads a whole file ("-": standard input), at most max bytes, into a new buffer the caller frees.
 */
void *read_file(const char *path, size_t max, size_t *n, struct err *e);

/* Descriptor of an unnamed temporary file in TMPDIR (or /var/tmp), gone when it is closed. */
int temp_fd(struct err *e);

/* write(2) until everything is written; `what` is named in the message. */
int write_all(int fd, const void *p, size_t n, const char *what, struct err *e);

#endif
