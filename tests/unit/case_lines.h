/* The cases of tests/cases/shapes.jsonl, one JSON object a line. */
#ifndef HN_TESTS_CASE_LINES_H
#define HN_TESTS_CASE_LINES_H

#include "base/mem.h"
#include "base/outfile.h"

#include <string.h>

/*
 * Calls fn for every case, its text ended by a NUL.  self: argv[0]; the repository is above the
 * build folder that holds the program.  Exits when the file cannot be read.
 */
static inline void each_case(const char *self, void (*fn)(const char *line, size_t n))
{
	const char *cut = strstr(self, "build/");
	char *path = xasprintf("%.*stests/cases/shapes.jsonl", cut ? (int)(cut - self) : 0, self);
	struct err e = { 0 };
	size_t n;
	char *text = read_file(path, 1 << 20, &n, &e);

	if (!text)
		die(&e);
	for (char *p = text; p < text + n;) {
		char *end = memchr(p, '\n', (size_t)(text + n - p));

		if (!end)
			break;
		*end = '\0';
		if (*p == '{')
			fn(p, (size_t)(end - p));
		p = end + 1;
	}
	free(text);
	free(path);
}

#endif
