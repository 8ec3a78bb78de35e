/*
 * What a layer with weights reads, summed over images and output positions: one number for each
 * weight of an output feature.  The mean of its sums of products is then a product of these means
 * with the weights, since convolutions are linear, and costs no convolution.  Every second
 * image has sums of its own, so that what one half says can be tried on the other.
 */
#ifndef HN_QUANT_INPUT_SUMS_H
#define HN_QUANT_INPUT_SUMS_H

#include "quant/quant_int.h"

/* Sets of images: the first, third and so on, the others, all. */
enum image_half {
	HALF_EVEN = 1,
	HALF_ODD = 2,
	HALF_BOTH = 3
};

enum input_kind {
	INPUT_F32,
	INPUT_U8,
	INPUT_U16
};

/* Is the image of this number in the set? */
bool half_has(enum image_half half, size_t image);

struct input_sums {
	const struct qop *op; /* its geometry; borrowed */
	size_t taps, cin;     /* kernel positions; features of the input */
	size_t in_image;      /* values of an image of the input */
	double *at;           /* [2][taps][cin] */
	double *added;        /* [2][cout] of the added input, or NULL */
	size_t images[2];     /* so far, of input 0 and of the added one */
};

/* A conv, dw, deconv, dense, normalization or batch_norm. */
void input_sums_init(struct input_sums *s, const struct qop *op);
void input_sums_release(struct input_sums *s);
/* n images of the layer's input 0, less zp; sums of codes are exact. */
int input_sums_add(struct input_sums *s, enum input_kind kind, const void *x, int32_t n, int32_t zp,
		   struct err *e);
/* n images of the added input, less zp. */
int input_sums_add_added(struct input_sums *s, enum input_kind kind, const void *x, int32_t n,
			 int32_t zp, struct err *e);
/*
 * Over the images of a set, of which there must be one: mean[cout] of sums of products with a
 * kernel [taps][cin / groups][cout], and of the added input times `added`.
 */
void input_sums_mean(const struct input_sums *s, enum image_half half, const float *kernel,
		     double added, double *mean);

#endif
