/*
 * Colors and pixel formats of a network's input: the matrices of input_conversion (guide 5.3.3),
 * and calibration sets in the format that a modified network takes.
 */
#ifndef HN_PASS_COLOR_H
#define HN_PASS_COLOR_H

#include "io/tensor.h"

/*
 * A conversion of three features: out[o] = sum over i of in[i] * kernel[i][o] + bias[o], on values
 * from 0 to 255; Y, U (Cb), V (Cr) in this order.
 */
struct color {
	const char *name; /* conversion_type: "yuv601_to_rgb" */
	double kernel[3][3];
	double bias[3];
};
/* The conversion of this name; NULL when there is none. */
const struct color *color_find(const char *name);
/* The one that undoes it. */
struct color color_inverse(const struct color *c);

/* What a set of RGB images can become. */
enum pixel_format {
	PIXEL_YUV,  /* [n,h,w,3]: Y, U, V */
	PIXEL_BGR,  /* [n,h,w,3] */
	PIXEL_RGBX, /* [n,h,w,4], the fourth is 0 */
	PIXEL_YUY2, /* [n,h,w,2]: Y and, in turn, U or V of two pixels; w even */
	PIXEL_NV12, /* [n,h/2,w,3], the bytes of: Y plane, then U and V of 2x2 pixels in turn; h, w
		       even */
	PIXEL_NV21, /* the same with V before U */
	PIXEL_I420, /* Y plane, U plane, V plane */
	PIXEL_COUNT
};
/* "yuv", "bgr", "rgbx", "yuy2", "nv12", "nv21", "i420". */
const char *pixel_format_name(enum pixel_format f);

struct pixel_opts {
	enum pixel_format to;
	const struct color *to_rgb; /* what the network will apply; its inverse makes Y, U, V */
	bool mean; /* chroma of several pixels is their mean; else that of the first */
};
/*
 * Translates RGB images, [n,h,w,3] or [h,w,3], uint8 or float32 from 0 to 255, to a new tensor of
 * the same dtype; uint8 is rounded half up and saturated.
 */
int pixels_translate(const struct tensor *rgb, const struct pixel_opts *o, struct tensor *out,
		     struct err *e);

#endif
