#include "io/image.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "io/io_int.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	FILE_MAX = 1 << 28, /* bytes of one image file */
	PIXEL_MAX = 1 << 28 /* bytes of one image before it is fitted */
};

bool image_named(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 ||
		       strcasecmp(dot, ".jpeg") == 0);
}

int pixels_differ(const struct pixels *p, size_t h, size_t w, struct err *e)
{
	return err_set(e, "image is %zu pixels high and %zu wide, the network's input %zu and %zu",
		       h, w, p->h, p->w);
}

/* How a format is read. */
struct format {
	bool (*sniff)(const void *data, size_t n);
	int (*size)(const void *data, size_t n, size_t *h, size_t *w, struct err *e);
	int (*decode)(const void *data, size_t n, const struct pixels *p, struct err *e);
};
static const struct format formats[] = {
	/* clang-format off */
	{ png_sniff,  png_size,  png_decode },
	{ jpeg_sniff, jpeg_size, jpeg_decode },
	/* clang-format on */
};

/* An image of any size, made the size that is wanted. */
static int decode_fitted(const struct format *f, const void *data, size_t n, const struct pixels *p,
			 struct err *e)
{
	struct pixels whole = { .c = p->c };
	int rc;

	if (f->size(data, n, &whole.h, &whole.w, e) < 0)
		return -1;
	if (whole.h < 1 || whole.w < 1 || whole.h > PIXEL_MAX / p->c / whole.w)
		return err_set(e, "image is %zu pixels high and %zu wide: too large", whole.h,
			       whole.w);
	whole.out = xreallocarray(NULL, whole.h * whole.w, p->c);
	rc = f->decode(data, n, &whole, e);
	if (rc == 0)
		rc = image_fit_apply(p->fit, whole.out, whole.h, whole.w, p->c, p->out, p->h, p->w,
				     e);
	free(whole.out);
	return rc;
}

static int decode(const void *data, size_t n, const struct pixels *p, struct err *e)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (formats[i].sniff(data, n))
			return p->fit ? decode_fitted(&formats[i], data, n, p, e)
				      : formats[i].decode(data, n, p, e);
	return err_set(e, "neither PNG nor JPEG");
}

static int decode_file(const char *path, const struct pixels *p, struct err *e)
{
	struct buf *f = buf_read(path, FILE_MAX, e);
	int rc;

	if (!f)
		return -1;
	rc = decode(buf_data(f), buf_size(f), p, e);
	buf_unref(f);
	return rc < 0 ? err_in(e, "%s", quote(path)) : 0;
}

struct names {
	char **v;
	size_t n;
	size_t cap;
};

static void free_names(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(const char *dir, struct names *l, struct err *e)
{
	DIR *d = opendir(dir);
	const struct dirent *f;

	if (!d)
		return err_sys(e, "%s", quote(dir));
	while ((f = readdir(d)))
		if (image_named(f->d_name)) {
			VEC_GROW(l->v, l->n, &l->cap);
			l->v[l->n++] = xasprintf("%s/%s", dir, f->d_name);
		}
	closedir(d);
	if (!l->n)
		return err_set(e, "%s: the folder holds no .png or .jpg image", quote(dir));
	qsort(l->v, l->n, sizeof *l->v, compare);
	return 0;
}

/* Decodes one by one and appends to the file. */
static int decode_all(const struct names *l, size_t n, const struct pixels *p, int fd,
		      struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (decode_file(l->v[i], p, e) < 0 ||
		    write_all(fd, p->out, p->h * p->w * p->c, "temporary file", e) < 0)
			return -1;
	return 0;
}

static int make(const struct names *l, size_t n, const struct pixels *size, struct tensor *out,
		struct err *e)
{
	struct pixels p = *size;
	size_t bytes = p.h * p.w * p.c;
	int fd =
	    n > (size_t)LIMIT_TENSOR_BYTES / bytes ? err_set(e, "too many images") : temp_fd(e);
	struct buf *b = NULL;

	if (fd < 0)
		return -1;
	p.out = xmalloc(bytes);
	if (decode_all(l, n, &p, fd, e) == 0)
		b = buf_map_fd(fd, e);
	free(p.out);
	close(fd);
	if (!b)
		return -1;
	*out = (struct tensor){ .dtype = DT_U8,
				.rank = 4,
				.dim = { (int64_t)n, (int64_t)p.h, (int64_t)p.w, (int64_t)p.c },
				.data = buf_data(b),
				.owner = b };
	return 0;
}

static int check_size(int64_t h, int64_t w, int64_t c, const struct image_fit *fit,
		      struct pixels *p, struct err *e)
{
	*p = (struct pixels){ (size_t)h, (size_t)w, (size_t)c, NULL, fit };
	if (c != 1 && c != 3)
		return err_set(e, "images have 1 or 3 features, the network's input has %lld",
			       (long long)c);
	if (h < 1 || w < 1 || h > LIMIT_DIM || w > LIMIT_DIM || h * w * c > LIMIT_ACTIVATION)
		return err_set(e, "the network's input is no image");
	return 0;
}

int image_folder(const char *dir, size_t max, int64_t h, int64_t w, int64_t c,
		 const struct image_fit *fit, struct tensor *out, struct err *e)
{
	struct names l = { 0 };
	struct pixels p;
	int rc = -1;

	if (check_size(h, w, c, fit, &p, e) == 0 && list(dir, &l, e) == 0)
		rc = make(&l, l.n < max ? l.n : max, &p, out, e);
	free_names(&l);
	return rc;
}

int image_read(const char *path, int64_t h, int64_t w, int64_t c, const struct image_fit *fit,
	       struct tensor *out, struct err *e)
{
	struct names one = { 0 };
	struct pixels p;
	int rc;

	if (check_size(h, w, c, fit, &p, e) < 0)
		return -1;
	VEC_GROW(one.v, one.n, &one.cap);
	one.v[one.n++] = xstrdup(path);
	rc = make(&one, 1, &p, out, e);
	free_names(&one);
	return rc;
}
