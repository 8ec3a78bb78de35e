#include "base/mem.h"
#include "base/outfile.h"
#include "io/tensor.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SPOOL_CHUNK = 256 * 1024
};

struct buf {
	atomic_size_t refs;
	void *p;
	size_t n;
	void (*release)(void *p, size_t n, void *ctx);
	void *ctx;
	int fd; /* of the mapped file; -1: none */
};

struct buf *buf_wrap(void *p, size_t n, void (*release)(void *p, size_t n, void *ctx), void *ctx)
{
	struct buf *b = xmalloc(sizeof *b);

	*b = (struct buf){ .p = p, .n = n, .release = release, .ctx = ctx, .fd = -1 };
	atomic_init(&b->refs, 1);
	return b;
}

static void release_heap(void *p, size_t n, void *ctx)
{
	(void)n;
	(void)ctx;
	free(p);
}

static void release_map(void *p, size_t n, void *ctx)
{
	(void)ctx;
	munmap(p, n);
}

static void release_lead(void *p, size_t n, void *ctx)
{
	(void)p;
	(void)n;
	free(ctx);
}

struct buf *buf_new(size_t n)
{
	enum {
		ALIGN = 64
	};
	uint8_t *p;

	if (n > SIZE_MAX - ALIGN)
		return buf_wrap(xaligned(n), n, release_heap, NULL);
	/* calloc: the kernel's pages are zero already, large blocks need no pass over them. */
	p = xcalloc(1, n + ALIGN);
	return buf_wrap(p + (ALIGN - (uintptr_t)p % ALIGN) % ALIGN, n, release_lead, p);
}

struct buf *buf_ref(struct buf *b)
{
	if (b)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void buf_unref(struct buf *b)
{
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (b->release)
		b->release(b->p, b->n, b->ctx);
	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

void *buf_data(struct buf *b)
{
	return b->p;
}

size_t buf_size(const struct buf *b)
{
	return b->n;
}

void buf_copy(const struct buf *b, const void *p, size_t n, void *out)
{
	const size_t at = b ? (size_t)((const char *)p - (const char *)b->p) : 0;
	size_t done = 0;

	while (b && b->fd >= 0 && done < n) {
		ssize_t k = pread(b->fd, (char *)out + done, n - done, (off_t)(at + done));

		if (k <= 0 && errno != EINTR)
			break; /* the mapping will do, or say what is wrong */
		done += k > 0 ? (size_t)k : 0;
	}
	if (done < n)
		memcpy((char *)out + done, (const char *)p + done, n - done);
}

struct buf *buf_map_fd(int fd, struct err *e)
{
	struct stat st;
	struct buf *b;
	void *p;

	if (fstat(fd, &st) < 0) {
		err_sys(e, "fstat");
		return NULL;
	}
	if (st.st_size == 0)
		return buf_new(0);
	if ((uint64_t)st.st_size > SIZE_MAX) {
		err_set(e, "too large for this machine's memory");
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		err_sys(e, "mmap");
		return NULL;
	}
	b = buf_wrap(p, (size_t)st.st_size, release_map, NULL);
	b->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return b;
}

/* Copies a pipe into an unnamed file, so that it can be mapped. */
static int spool(int in, uint64_t max, struct err *e)
{
	int out = temp_fd(e);
	char *chunk = out < 0 ? NULL : xmalloc(SPOOL_CHUNK);
	uint64_t total = 0;

	while (out >= 0) {
		ssize_t k = read(in, chunk, SPOOL_CHUNK);

		if (k < 0 && errno == EINTR)
			continue;
		if (k == 0)
			break;
		total += k > 0 ? (uint64_t)k : 0;
		if (k < 0         ? err_sys(e, "read")
		    : total > max ? err_set(e, "larger than %llu bytes", (unsigned long long)max)
				  : write_all(out, chunk, (size_t)k, "temporary file", e)) {
			close(out);
			out = -1;
		}
	}
	free(chunk);
	return out;
}

static struct buf *map_or_spool(int fd, uint64_t max, struct err *e)
{
	struct stat st;
	struct buf *b = NULL;
	int copy;

	if (fstat(fd, &st) < 0) {
		err_sys(e, "fstat");
		return NULL;
	}
	if (S_ISDIR(st.st_mode)) {
		err_set(e, "Is a directory");
		return NULL;
	}
	/* Files that the kernel makes up, as in /proc, say they are empty. */
	if (S_ISREG(st.st_mode) && st.st_size > 0 && lseek(fd, 0, SEEK_CUR) == 0) {
		if ((uint64_t)st.st_size <= max)
			return buf_map_fd(fd, e);
		err_set(e, "larger than %llu bytes", (unsigned long long)max);
		return NULL;
	}
	copy = spool(fd, max, e);
	if (copy >= 0) {
		b = buf_map_fd(copy, e);
		close(copy);
	}
	return b;
}

struct buf *buf_read(const char *path, uint64_t max, struct err *e)
{
	bool std = strcmp(path, "-") == 0;
	const char *shown = std ? "standard input" : quote(path);
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct buf *b;

	if (fd < 0) {
		err_sys(e, "%s", shown);
		return NULL;
	}
	b = map_or_spool(fd, max, e);
	if (!b)
		err_in(e, "%s", shown);
	if (!std)
		close(fd);
	return b;
}
