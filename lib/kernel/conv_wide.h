/* Private to kernel/: a convolution with 16-bit operands, shared by conv_wide.c and taps_wide.c. */
#ifndef HN_KERNEL_CONV_WIDE_H
#define HN_KERNEL_CONV_WIDE_H

#include "kernel/conv_int.h"

/* A prepared convolution: products of bytes for windows, or loops over taps. */
struct conv_wide {
	size_t taps, cin, cout, groups;
	int xbytes, wbytes;   /* of a code, of a weight */
	int64_t *bias;        /* cout; of products: less zero point times sum of weights */
	int8_t *w[2];         /* bytes of the weights: w[0] + 256 w[1]; NULL for loops over taps */
	int16_t **packed[2];  /* the same by group for the exact kernel, NULL with oneDNN */
	int32_t *tap_weights; /* whole weights, for loops over taps */
};

struct wide_job {
	const struct intk *k;
	const struct conv_wide *v;
	const void *in, *add;
	void *out;
	size_t total;   /* output pixels of all images */
	size_t pixels;  /* of a piece */
	size_t columns; /* output features of a piece, within a group */
	size_t column_pieces;
};

/* Bias, the added input and the output stage for features [from, from + n) of pixels [p, p + npix).
 */
void conv_wide_finish(const struct wide_job *j, size_t p, size_t npix, size_t from, size_t n,
		      int64_t *acc);
/* One output row of a depthwise or of a transposed convolution. */
int depthwise_wide_piece(size_t piece, void *ctx, struct err *e);
int deconv_wide_piece(size_t piece, void *ctx, struct err *e);

#endif
