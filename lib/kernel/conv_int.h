/* Private to kernel/: a convolution at work, shared by conv_int.c and taps_int.c. */
#ifndef HN_KERNEL_CONV_INT_H
#define HN_KERNEL_CONV_INT_H

#include "kernel/intk.h"

/* A prepared convolution. */
struct conv_int {
	size_t taps;      /* kernel positions */
	size_t cin, cout; /* features of one group's input; of the whole output */
	size_t groups;
	bool gemm, depthwise, deconv; /* exactly one */
	int64_t bound;                /* no input gives a larger magnitude */
	int32_t *bias;                /* cout; gemm: less zero point times sum of weights */
	int32_t *added;   /* accumulator value of each code of the added input, or NULL */
	int16_t **packed; /* weights of each group for the exact kernel, NULL with oneDNN */
};

/* One run of it. */
struct conv_job {
	const struct intk *k;
	const struct conv_int *v;
	const uint8_t *in;
	const uint8_t *add;
	uint8_t *out;
	size_t total;   /* output pixels of all images */
	size_t pixels;  /* of a piece */
	size_t columns; /* output features of a piece, within a group */
	size_t column_pieces;
	int64_t *peak; /* per piece, or NULL */
};

void conv_int_finish(const struct conv_job *j, size_t piece, size_t p, size_t npix, size_t from,
		     size_t n, int32_t *acc);
int depthwise_piece(size_t piece, void *ctx, struct err *e);
int deconv_piece(size_t piece, void *ctx, struct err *e);

#endif
