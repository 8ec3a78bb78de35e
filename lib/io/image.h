/* Folders of PNG and JPEG images as one array, for calibration and inference. */
#ifndef HN_IO_IMAGE_H
#define HN_IO_IMAGE_H

#include "io/scale.h"
#include "io/tensor.h"

/* True when the name ends like an image's: .png, .jpg, .jpeg, in either case. */
bool image_named(const char *name);

/*
 * The images of a folder, sorted by name, at most `max` of them, as uint8 [n,h,w,c]; c is 1 (gray)
 * or 3 (RGB).  Each must be h pixels high and w wide, or becomes so by `fit` (NULL: as it is). They
 * are decoded one by one into an unnamed temporary file that the array maps, so memory does not
 * grow with their number.
 */
int image_folder(const char *dir, size_t max, int64_t h, int64_t w, int64_t c,
		 const struct image_fit *fit, struct tensor *out, struct err *e);

/* One image file in the same way, as uint8 [1,h,w,c]. */
int image_read(const char *path, int64_t h, int64_t w, int64_t c, const struct image_fit *fit,
	       struct tensor *out, struct err *e);

#endif
