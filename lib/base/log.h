/*
 * Messages for people on stderr: warnings always, information unless -q, detail with -v.  Progress
 * lines appear only when stderr is a terminal.
 */
#ifndef HN_BASE_LOG_H
#define HN_BASE_LOG_H

#include <stddef.h>

/*
 * The name in front of every message, and what is printed: -1 quiet, 0 normal, 1 verbose.
 * cli_parse calls it.
 */
void log_setup(const char *tool, int verbosity);

/* One line each: a warning, information, detail. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "what: 12/64" rewritten in place; done == total ends the line. */
void progress(const char *what, size_t done, size_t total);

#endif
