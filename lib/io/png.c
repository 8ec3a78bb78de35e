/* The door to libpng, by its simplified interface. */
#include "io/io_int.h"
#include <png.h>
#include <string.h>

bool png_sniff(const void *data, size_t n)
{
	static const unsigned char magic[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

	return n >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

int png_size(const void *data, size_t n, size_t *h, size_t *w, struct err *e)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_memory(&image, data, n))
		return err_set(e, "damaged PNG: %s", image.message);
	*h = image.height;
	*w = image.width;
	png_image_free(&image);
	return 0;
}

int png_decode(const void *data, size_t n, const struct pixels *p, struct err *e)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	int rc = -1;

	if (!png_image_begin_read_from_memory(&image, data, n))
		return err_set(e, "damaged PNG: %s", image.message);
	/* Known before a pixel is decoded: a small file cannot ask for a large picture. */
	if (image.height != p->h || image.width != p->w) {
		rc = pixels_differ(p, image.height, image.width, e);
	} else {
		image.format = p->c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
		image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
		/* What is transparent shows the buffer: black. */
		memset(p->out, 0, p->h * p->w * p->c);
		if (png_image_finish_read(&image, NULL, p->out, 0, NULL))
			rc = 0;
		else
			err_set(e, "damaged PNG: %s", image.message);
	}
	png_image_free(&image);
	return rc;
}
