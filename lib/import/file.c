/* The model's bytes and external data: mapped, large weights one by one so that they can be
 * dropped. */
#include "import/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OWN_MAPPING = 1 << 18
}; /* bytes from which a weight gets a mapping of its own */

static void unmap(void *p, size_t n, void *ctx)
{
	(void)ctx;
	munmap(p, n);
}

/* n > 0 bytes at offset of fd; *p points to them. */
static struct buf *map(int fd, size_t offset, size_t n, const void **p, struct err *e)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t lead = offset % page;
	void *m = mmap(NULL, n + lead, PROT_READ, MAP_PRIVATE, fd, (off_t)(offset - lead));

	if (m == MAP_FAILED) {
		err_sys(e, "cannot map %zu bytes", n);
		return NULL;
	}
	*p = (const uint8_t *)m + lead;
	return buf_wrap(m, n + lead, unmap, NULL);
}

static int open_regular(const char *path, size_t *size, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set(e, "%s", strerror(errno));
	if (fstat(fd, &st) < 0) {
		err_sys(e, "cannot stat");
	} else if (!S_ISREG(st.st_mode)) {
		err_set(e, "not a regular file");
	} else {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

static void free_mem(void *p, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	free(p);
}

int im_file_open(struct im_file *f, const char *path, const char *what, struct err *e)
{
	const void *p = "";

	*f = (struct im_file){ .path = path, .fd = -1 };
	if (strcmp(path, "-") == 0) {
		void *all = read_file("-", (size_t)LIMIT_TENSOR_BYTES, &f->n, e);

		if (!all)
			return -1;
		f->whole = buf_wrap(all, f->n, free_mem, NULL);
		f->p = all;
	} else {
		f->fd = open_regular(path, &f->n, e);
		if (f->fd < 0)
			return -1;
		if (f->n)
			f->whole = map(f->fd, 0, f->n, &p, e);
		if (f->n && !f->whole)
			return -1;
		f->p = p;
	}
	if (f->n)
		return 0;
	im_file_close(f);
	return err_set(e, "empty file, %s expected", what);
}

void im_file_close(struct im_file *f)
{
	buf_unref(f->whole);
	if (f->fd >= 0)
		close(f->fd);
	f->whole = NULL;
	f->fd = -1;
}

struct buf *im_file_range(struct im_file *f, size_t offset, size_t n, const void **p, struct err *e)
{
	if (f->fd >= 0 && n >= OWN_MAPPING)
		return map(f->fd, offset, n, p, e);
	*p = f->p + offset;
	return buf_ref(f->whole);
}

/* A relative path without "..": external data stays in the model's folder. */
static bool stays_inside(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return false;
	for (const char *s = path; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
		if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
			return false;
	return true;
}

struct buf *im_file_external(const struct im_file *f, const char *location, int64_t offset,
			     int64_t length, size_t n, const void **p, struct err *e)
{
	const char *slash = strrchr(f->path, '/');
	struct buf *b = NULL;
	size_t size = 0;
	char *path;
	int fd;

	if (f->fd < 0) {
		err_set(e, "external data needs the model as a file, not on standard input");
		return NULL;
	}
	if (!stays_inside(location)) {
		err_set(e, "external data file '%s' is not inside the model's folder",
			quote(location));
		return NULL;
	}
	path = slash ? xasprintf("%.*s/%s", (int)(slash - f->path), f->path, location)
		     : xstrdup(location);
	fd = open_regular(path, &size, e);
	free(path);
	if (fd < 0) {
		err_in(e, "external data file '%s'", quote(location));
		return NULL;
	}
	if (offset < 0 || (uint64_t)offset > size || n > size - (size_t)offset ||
	    (length >= 0 && (uint64_t)length != n))
		err_set(e, "external data file '%s' has %zu bytes; %zu at offset %lld expected",
			quote(location), size, n, (long long)offset);
	else if (n)
		b = map(fd, (size_t)offset, n, p, e);
	close(fd);
	return b;
}
