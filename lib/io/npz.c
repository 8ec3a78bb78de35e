#include "base/mem.h"
#include "base/outfile.h"
#include "io/io_int.h"
#include "io/npy.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int add_member(const struct zip_member *m, void *ctx, struct err *e)
{
	struct tensors *s = ctx;
	size_t n = strlen(m->name);
	struct tensor t;
	char *key;

	if (n < 5 || strcmp(m->name + n - 4, ".npy") != 0)
		return err_set(e, "member '%s' is not an array", quote(m->name));
	if (npy_parse(m->data, m->size, m->owner, &t, e) < 0)
		return err_in(e, "array '%s'", quote(m->name));
	key = xstrndup(m->name, n - 4);
	if (tensors_get(s, key)) {
		err_set(e, "array '%s' is there twice", quote(key));
		tensor_release(&t);
	} else {
		tensors_set(s, key, t);
	}
	free(key);
	return err_is(e) ? -1 : 0;
}

struct tensors *npz_parse(const void *data, size_t n, struct buf *owner, struct err *e)
{
	struct tensors *s = tensors_new();

	if (zip_each(data, n, owner, add_member, s, e) == 0)
		return s;
	tensors_free(s);
	return NULL;
}

struct tensors *npz_read(const char *path, struct err *e)
{
	struct buf *b = buf_read(path, LIMIT_MEMBER_BYTES, e);
	struct tensors *s;

	if (!b)
		return NULL;
	s = npz_parse(buf_data(b), buf_size(b), b, e);
	buf_unref(b);
	if (!s)
		err_in(e, "%s", quote(path));
	return s;
}

int npz_write_fd(int fd, const struct tensors *s, uint64_t *size, struct err *e)
{
	size_t n = tensors_count(s);
	struct zip_piece *v = xcalloc(n, sizeof *v);
	struct str *heads = xcalloc(n, sizeof *heads);
	int rc;

	for (size_t i = 0; i < n; i++) {
		const struct tensor *t = tensors_at(s, i);

		npy_header(t, &heads[i]);
		v[i] = (struct zip_piece){ .name = xasprintf("%s.npy", tensors_key(s, i)),
					   .head = heads[i].p,
					   .head_size = heads[i].len,
					   .body = t->data,
					   .body_size = tensor_bytes(t) };
	}
	rc = zip_put(fd, v, n, size, e);
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		str_release(&heads[i]);
	}
	free(v);
	free(heads);
	return rc;
}

/* A pipe cannot be written out of order, as an archive is: it goes through a temporary file. */
static int write_through_temp(struct outfile *o, const struct tensors *s, struct err *e)
{
	int fd = temp_fd(e);
	struct buf *b = NULL;
	uint64_t n;
	int rc = -1;

	if (fd >= 0 && npz_write_fd(fd, s, &n, e) == 0 && (b = buf_map_fd(fd, e)))
		rc = outfile_write(o, buf_data(b), buf_size(b), e);
	buf_unref(b);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Standard output may be open for appending, where positions have no meaning. */
static bool is_file(int fd)
{
	struct stat st;

	return fd != STDOUT_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int npz_write(const char *path, const struct tensors *s, struct err *e)
{
	struct outfile *o = outfile_open(path, OUT_BINARY, e);
	uint64_t n;

	if (!o)
		return -1;
	if ((is_file(outfile_fd(o)) ? npz_write_fd(outfile_fd(o), s, &n, e)
				    : write_through_temp(o, s, e)) == 0)
		return outfile_commit(o, e);
	outfile_abort(o);
	return -1;
}
