/*
 * The door to jansson: only json.c and files that build JSON documents include <jansson.h> through
 * this header.  Key order is insertion order; floats print so that they read back the same.
 */
#ifndef HN_IO_JSON_H
#define HN_IO_JSON_H

#include "base/err.h"
#include "base/mem.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses n bytes; duplicate keys, excessive depth and trailing bytes are errors with line and
 * column. */
json_t *json_parse(const char *text, size_t n, struct err *e);
/* Two-space indented text with a final newline, deterministic, appended to out. */
void json_text(const json_t *j, struct str *out);
/* Typed look-ups that explain themselves: "key 'strides' must be an array of 4 integers". */
int json_need_string(const json_t *obj, const char *key, const char **out, struct err *e);
int json_get_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t dflt,
		 int64_t *out, struct err *e);
int json_get_double(const json_t *obj, const char *key, double dflt, double *out, struct err *e);
int json_get_bool(const json_t *obj, const char *key, bool dflt, bool *out, struct err *e);
/* An array of exactly n integers (n < 0: at most -n; *got tells how many). Absent key: *got = 0. */
int json_get_ints(const json_t *obj, const char *key, int n, int64_t min, int64_t max, int64_t *out,
		  int *got, struct err *e);

#endif
