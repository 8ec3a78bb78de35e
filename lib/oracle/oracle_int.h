/* Inside of lib/oracle: what an operator is handed, and common steps. */
#ifndef HN_ORACLE_ORACLE_INT_H
#define HN_ORACLE_ORACLE_INT_H

#include "base/limits.h"
#include "oracle/oracle.h"
#include <math.h>

/* One node that is executed. */
struct or_node {
	const struct im_node *n;
	int64_t opset;
	const struct tensor *const *in; /* nin; NULL: absent */
	size_t nin;
	struct tensor *out; /* nout; the operator fills them, or_out */
	size_t nout;
	size_t left; /* bytes that it may still allocate */
};
typedef int (*or_run)(struct or_node *x, struct err *e);

/* A row of the operator table. */
struct or_op {
	const char *name;
	or_run run;
};
const struct or_op *or_find(const char *op); /* NULL when there is none */

/* ---- inputs ---- */
/* Input i; NULL with a message when it is absent. */
const struct tensor *or_in(const struct or_node *x, size_t i, struct err *e);
/* The same, of floats. */
const struct tensor *or_in_f(const struct or_node *x, size_t i, struct err *e);
/* Input i when it is there, else NULL. */
const struct tensor *or_maybe(const struct or_node *x, size_t i);
const float *or_f(const struct tensor *t);
const int64_t *or_i(const struct tensor *t);
/* Integers of an attribute or, when that is absent, of input `input`; *n = 0 without either. */
int or_list(const struct or_node *x, const char *attr, size_t input, int64_t out[LIMIT_RANK],
	    size_t *n, struct err *e);
/* An attribute of so many integers; without it all are dflt. */
int or_ints(const struct or_node *x, const char *attr, size_t n, int64_t dflt, int64_t *out,
	    struct err *e);
/* Counted from the end when negative; checked. */
int or_axis(int64_t axis, int rank, int *out, struct err *e);
/* A flag of each dimension that is listed; none listed: all. */
int or_axes(const int64_t *axis, size_t n, int rank, bool over[LIMIT_RANK], struct err *e);
/* The only value of input i. */
int or_scalar(const struct or_node *x, size_t i, double *v, struct err *e);

/* ---- outputs and scratch ---- */
/* Allocates output i; its data, or NULL with a message.  The shape is checked and limited. */
void *or_out(struct or_node *x, size_t i, enum dtype t, int rank, const int64_t *dim,
	     struct err *e);
/* The same with the shape of another tensor. */
void *or_like(struct or_node *x, size_t i, enum dtype t, const struct tensor *as, struct err *e);
/* Output i is the data of t under another shape of as many elements. */
int or_alias(struct or_node *x, size_t i, const struct tensor *t, int rank, const int64_t *dim,
	     struct err *e);
/* n zeroed items of scratch, counted against the limit; the caller frees it. */
void *or_scratch(struct or_node *x, size_t n, size_t size, struct err *e);

/* ---- shapes ---- */
int64_t or_count(int rank, const int64_t *dim);
/* Elements from one index of each dimension to the next. */
void or_strides(int rank, const int64_t *dim, int64_t *step);
/* Steps of t in a tensor of a larger rank to which it broadcasts: 0 along repeated dimensions. */
void or_steps(const struct tensor *t, int rank, const int64_t *dim, int64_t *step);
/* Shape of tensors that broadcast against each other. */
int or_broadcast(const struct tensor *const *t, size_t n, int *rank, int64_t dim[LIMIT_RANK],
		 struct err *e);
/* Next index in C order; false after the last. */
bool or_next(int64_t *at, const int64_t *dim, int rank);
/* Place of an index. */
int64_t or_place(const int64_t *at, const int64_t *step, int rank);
/* A tensor seen as [outer][dim axis][inner]. */
struct or_lane {
	int64_t outer, n, inner;
};
struct or_lane or_lane(const struct tensor *t, int axis);

/*
 * Copies elements of `size` bytes into a dense block of this shape: to[i, j ...] = from[i step0 + j
 * step1 ...].
 */
void or_gather(void *to, const void *from, size_t size, int rank, const int64_t *dim,
	       const int64_t *step);
/* The other way: to[i step0 + ...] = from[i, j ...]. */
void or_scatter(void *to, const void *from, size_t size, int rank, const int64_t *dim,
		const int64_t *step);

/* ---- sums of products ---- */
/* c[m][n] = sum over k of a[m][k] b[k][n]; rows of c are ldc apart; in double, k in order. */
void or_gemm(int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *c,
	     int64_t ldc);

/* Truncated and saturated; NaN is 0. */
int64_t or_to_int(double v);

/* ---- windows ---- */
enum {
	OR_SPACE = LIMIT_RANK - 2
};
/* Spatial dimensions of a convolution or pooling. */
struct or_window {
	int rank; /* spatial dimensions */
	int64_t in[OR_SPACE], out[OR_SPACE];
	int64_t kernel[OR_SPACE], stride[OR_SPACE], dilation[OR_SPACE];
	int64_t begin[OR_SPACE], end[OR_SPACE]; /* padding */
};
/* Attributes of a node whose input is x; kernel is set by the caller.  Fills out. */
int or_window(const struct or_node *n, const struct tensor *x, struct or_window *w, bool ceil,
	      struct err *e);

/* ---- operators, by family ---- */
#define OR_OP(name, run) int run(struct or_node *x, struct err *e);
#include "oracle/ops.def"
#undef OR_OP

#endif
