/*
 * What a layer with weights reads, summed over images and output positions: one number for each
 * weight of an output feature.  The mean of its sums of products is then a product of these means
 * with the weights, since convolutions are linear, and costs no convolution.
 */
#ifndef HN_QUANT_INPUT_SUMS_H
#define HN_QUANT_INPUT_SUMS_H

#include "quant/quant_int.h"

enum input_kind {
	INPUT_F32,
	INPUT_U8,
	INPUT_U16
};

struct input_sums {
	const struct qop *op; /* its geometry; borrowed */
	size_t taps, cin;     /* kernel positions; features of the input */
	size_t in_image;      /* values of an image of the input */
	double *at;           /* [taps][cin], over `positions` */
	double *added;        /* [cout] of the added input, or NULL */
	double positions;     /* output pixels of all images so far */
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
/* mean[cout] of sums of products with a kernel [taps][cin / groups][cout]. */
void input_sums_mean(const struct input_sums *s, const float *kernel, double *mean);

#endif
