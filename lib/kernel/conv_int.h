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
/*
 * Windows of output pixels [p, p + npix), counted over all images, as rows of taps * cin codes of
 * the input's width: cin features from in_first + first on.  Padding is the zero point.
 */
void conv_gather(const struct qop *q, const void *codes, size_t first, size_t cin, size_t p,
		 size_t npix, void *a);
/* True when the windows are the input itself: dense, and 1x1 with stride 1. */
bool conv_is_direct(const struct qop *q, size_t taps, size_t cin);
/* The input position that reaches output position `at` through kernel position k of a transposed
 * convolution; -1: none. */
int64_t deconv_source(int64_t at, int32_t k, int32_t dilation, int32_t stride, int32_t size);
int depthwise_piece(size_t piece, void *ctx, struct err *e);
int deconv_piece(size_t piece, void *ctx, struct err *e);

#endif
