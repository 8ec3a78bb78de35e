/* The door to libjpeg-turbo. */
#include "io/io_int.h"
#include <turbojpeg.h>

bool jpeg_sniff(const void *data, size_t n)
{
	const unsigned char *p = data;

	return n >= 3 && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff;
}

int jpeg_size(const void *data, size_t n, size_t *h, size_t *w, struct err *e)
{
	tjhandle z = tjInitDecompress();
	int high = 0, wide = 0, sampling, space;
	int rc = 0;

	if (!z)
		return err_set(e, "libjpeg-turbo does not start");
	if (tjDecompressHeader3(z, data, n, &wide, &high, &sampling, &space) < 0)
		rc = err_set(e, "damaged JPEG: %s", tjGetErrorStr2(z));
	*h = (size_t)high;
	*w = (size_t)wide;
	tjDestroy(z);
	return rc;
}

static int decode(tjhandle z, const unsigned char *data, size_t n, const struct pixels *p,
		  struct err *e)
{
	const int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
	int w, h, sampling, space;

	if (tjDecompressHeader3(z, data, n, &w, &h, &sampling, &space) < 0)
		return err_set(e, "damaged JPEG: %s", tjGetErrorStr2(z));
	/* Known before a pixel is decoded: a small file cannot ask for a large picture. */
	if ((size_t)h != p->h || (size_t)w != p->w)
		return pixels_differ(p, (size_t)h, (size_t)w, e);
	if (tjDecompress2(z, data, n, p->out, w, 0, h, p->c == 1 ? TJPF_GRAY : TJPF_RGB, flags) < 0)
		return err_set(e, "damaged JPEG: %s", tjGetErrorStr2(z));
	return 0;
}

int jpeg_decode(const void *data, size_t n, const struct pixels *p, struct err *e)
{
	tjhandle z = tjInitDecompress();
	int rc;

	if (!z)
		return err_set(e, "libjpeg-turbo does not start");
	rc = decode(z, data, n, p, e);
	tjDestroy(z);
	return rc;
}
