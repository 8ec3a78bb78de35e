/* What both integer matmuls share: images one after the other, each in pieces.  Private to kernel/.
 */
#ifndef HN_KERNEL_MATMUL_JOB_H
#define HN_KERNEL_MATMUL_JOB_H

#include "kernel/intk.h"

enum {
	MATMUL_PIXELS = 64 /* columns of the first input in one piece */
};

/* The image at work.  Codes are counted from the start of each array, whatever their width. */
struct matmul_job {
	const struct intk *k;
	const void *a, *b;
	void *out;
	size_t image_a, image_b, image_out; /* first code of the image */
	struct qdim da, db, out_dim;
	size_t groups, inner, cols; /* K and N of one group */
	size_t blocks;              /* pieces of a row and group */
	size_t packed_each;         /* values of one packed matrix */
	int16_t *packed;            /* by row and group, `limbs` matrices each */
	void *bias;                 /* by row, of every output feature: - in_zp sum over k of y */
};

/* A piece of the product: pixels [from, from + npix) of row y and group g. */
struct matmul_piece {
	size_t part; /* y * groups + g */
	size_t y, g, from, npix;
};
struct matmul_piece matmul_piece(const struct matmul_job *j, size_t piece);
/* First code of the piece in the first input and in the output (of group 0). */
size_t matmul_piece_a(const struct matmul_job *j, const struct matmul_piece *p);
size_t matmul_piece_out(const struct matmul_job *j, const struct matmul_piece *p);

/* Code k, n of matrix `part` of the second input: the place of its first one, and the steps. */
struct matmul_source {
	size_t at, step_k, step_n;
};
struct matmul_source matmul_source(const struct matmul_job *j, size_t part);
/* Where the sums of matrix `part` begin in bias. */
size_t matmul_bias_at(const struct matmul_job *j, size_t part);

struct matmul_kind {
	size_t limbs;     /* packed matrices per part */
	size_t bias_size; /* bytes of an element of bias */
	par_fn pack;      /* makes the packed matrices of a part and their sums; ctx: the job */
	par_fn product;   /* makes a piece of the result */
};
/* n images. */
int matmul_drive(const struct matmul_kind *kind, const struct intk *k, int32_t n,
		 const void *const in[], void *const out[], struct err *e);

#endif
