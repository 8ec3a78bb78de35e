#include "base/mem.h"
#include "base/outfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_FIRST = 64 * 1024
};

/* Reads until the end or until more than max bytes came. */
static char *slurp(int fd, size_t first, size_t max, size_t *n, const char *shown, struct err *e)
{
	size_t cap = first ? first : READ_FIRST;
	char *p = xmalloc(cap);

	*n = 0;
	for (;;) {
		ssize_t k;

		if (*n == cap) {
			cap = cap < max / 2 ? cap * 2 : max + 1;
			p = xreallocarray(p, cap, 1);
		}
		k = read(fd, p + *n, cap - *n < (1u << 30) ? cap - *n : 1u << 30);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			err_sys(e, "%s", shown);
		if (k <= 0)
			break;
		*n += (size_t)k;
		if (*n > max) {
			err_set(e, "%s: larger than %zu bytes", shown, max);
			break;
		}
	}
	if (!err_is(e))
		return p;
	free(p);
	return NULL;
}

void *read_file(const char *path, size_t max, size_t *n, struct err *e)
{
	bool std = strcmp(path, "-") == 0;
	const char *shown = std ? "standard input" : quote(path);
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_sys(e, "%s", shown);
	else if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > max)
		err_set(e, "%s: larger than %zu bytes", shown, max);
	else
		/* One byte more than the file has, so that the end is seen without growing. */
		p = slurp(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 0, max, n, shown, e);
	if (fd >= 0 && !std)
		close(fd);
	return p;
}
