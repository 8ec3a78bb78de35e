/* Pictures of another size: scaled, cut in the middle. */
#ifndef HN_IO_SCALE_H
#define HN_IO_SCALE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to an image before it is the network's input; all zeros: nothing. */
struct image_fit {
	size_t h, w;    /* scaled to this size; 0: not */
	size_t shorter; /* or scaled so that the shorter side has so many pixels; 0: not */
	bool crop;      /* then the middle of the network's size is cut out */
};

/* "256": the shorter side; "224x320": height and width.  Without error only such a text. */
int image_fit_parse(const char *text, struct image_fit *fit, struct err *e);
bool image_fit_any(const struct image_fit *fit);

/*
 * Bilinear: [h][w][c] to [oh][ow][c], pixel centres at half.  Where it shrinks, the two neighbours'
 * triangle grows with the step, so that every pixel has a part (what Pillow calls bilinear).
 */
void scale_f32(const float *in, size_t h, size_t w, size_t c, float *out, size_t oh, size_t ow);
/* The same for bytes, rounded half up. */
void scale_u8(const uint8_t *in, size_t h, size_t w, size_t c, uint8_t *out, size_t oh, size_t ow);

/*
 * An image of h x w x c bytes, fitted to oh x ow; the caller's memory.  Another size than that in
 * the end, or one too small to cut from, is an error that names both.
 */
int image_fit_apply(const struct image_fit *fit, const uint8_t *in, size_t h, size_t w, size_t c,
		    uint8_t *out, size_t oh, size_t ow, struct err *e);

#endif
