/* Private to kernel/: what each family of layers asks of a record, and helpers to check it. */
#ifndef HN_KERNEL_QOP_INT_H
#define HN_KERNEL_QOP_INT_H

#include "kernel/qop.h"

enum {
	QBIAS_NONE,
	QBIAS_DOUBLE_SCALE,
	QBIAS_SINGLE_SCALE
};

/*
 * Products of two codes less their zero points that 32 bits can sum: 2^31 / 255^2; of a byte and
 * one of -256..256; of a byte and a signed one.
 */
enum {
	QPRODUCTS_MAX = 33025,
	QPRODUCTS_WIDE_MAX = 32896,
	QWINDOW_WIDE_MAX = 65792
};

/* Sums in 64 bits stay below 2^47, so that a multiplier of 15 bits fits beside them. */
#define QWIDE_SUM_MAX (((int64_t)1 << 47) - 1)

/* Values that one mean or norm of 16-bit codes is taken of: n^2 2^32 fits 64 bits twice. */
enum {
	QNORM_WIDE_MAX = 1 << 15
};

/* Sums of a window or a reduction stay below 2^31 / 255 elements of 8-bit codes. */
enum {
	QSUM_MAX = 1 << 23
};

/* Shape of input i or output port p as a struct; the record has been checked. */
struct qdim {
	int32_t h, w, c;
};
struct qdim qop_in(const struct qop *q, size_t i);
struct qdim qop_out(const struct qop *q, size_t p);
size_t qdim_count(struct qdim d);

enum qop_rule_flag {
	QR_STAGE = 1, /* ends in the output stage: mult, shift, activation */
	QR_POOL = 2,  /* the same with pool_mult, pool_shift in place of mult, shift */
	QR_PORTS = 4  /* may have several output ports */
};
/* Columns [*first, *last] of input `in`, not clamped to it; empty when *last < *first. */
typedef void (*qop_columns_fn)(const struct qop *q, size_t in, int32_t from, int32_t to,
			       int32_t *first, int32_t *last);
/* A row of the table of record checks, indexed by enum hn_type. */
struct qop_rule {
	unsigned flags;
	int (*check)(const struct qop *q, struct err *e);
	void (*rows)(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
	int32_t (*steps)(const struct qop *q); /* of a row, by input rows; NULL: 1 */
	/* Columns of an input of one row for output columns [from, to) of one; NULL: all. */
	qop_columns_fn columns;
};
qop_columns_fn qop_columns_of(int32_t type);

/* qop_rule_flag of a type. */
unsigned qop_type_flags(int32_t type);

/* Families; the frame (counts of shapes, encodings, output stage) has been checked before. */
int qop_check_conv(const struct qop *q, struct err *e);
int qop_check_deconv(const struct qop *q, struct err *e);
int qop_check_pool(const struct qop *q, struct err *e);
int qop_check_global_pool(const struct qop *q, struct err *e);
int qop_check_eltwise(const struct qop *q, struct err *e);
int qop_check_matmul(const struct qop *q, struct err *e);
int qop_check_norm(const struct qop *q, struct err *e);
int qop_check_act(const struct qop *q, struct err *e);
int qop_check_concat(const struct qop *q, struct err *e);
int qop_check_slice(const struct qop *q, struct err *e);
int qop_check_splitter(const struct qop *q, struct err *e);
int qop_check_external_pad(const struct qop *q, struct err *e);
int qop_check_depth_space(const struct qop *q, struct err *e);
int qop_check_shuffle(const struct qop *q, struct err *e);
int qop_check_format(const struct qop *q, struct err *e);
int qop_check_same(const struct qop *q, struct err *e);
int qop_check_resize(const struct qop *q, struct err *e);
int qop_check_softmax(const struct qop *q, struct err *e);
int qop_check_reduce(const struct qop *q, struct err *e);
int qop_check_argmax(const struct qop *q, struct err *e);
int32_t qop_steps_pool(const struct qop *q);
int32_t qop_steps_reduce(const struct qop *q);
int32_t qop_steps_all(const struct qop *q);
int qop_check_io(const struct qop *q, struct err *e);
int qop_check_const(const struct qop *q, struct err *e);

void qop_rows_window(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_deconv(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_same(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_all(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
/* The lines of the input, which comes in from_lines, that hold the values of line k of n: a reshape
 * keeps their order. */
void qop_reshaped_lines(const struct qop *q, int32_t k, int32_t n, int32_t from_lines,
			int32_t *first, int32_t *last);
void qop_rows_format(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_concat(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_slice(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_external_pad(const struct qop *q, size_t in, int32_t y, int32_t *first,
			   int32_t *last);
void qop_rows_depth_space(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_resize(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);
void qop_rows_reduce(const struct qop *q, size_t in, int32_t y, int32_t *first, int32_t *last);

void qop_columns_window(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last);
void qop_columns_same(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
		      int32_t *last);
void qop_columns_matmul(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last);
void qop_columns_concat(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last);
void qop_columns_slice(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
		       int32_t *last);
void qop_columns_external_pad(const struct qop *q, size_t in, int32_t from, int32_t to,
			      int32_t *first, int32_t *last);
void qop_columns_resize(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last);
void qop_columns_reduce(const struct qop *q, size_t in, int32_t from, int32_t to, int32_t *first,
			int32_t *last);

/* True for activations computed through the piecewise-linear table. */
bool qact_is_table(int32_t act);
bool qact_is_leaky(int32_t act);

/* An array of exactly n values, each in [lo, hi]; the message names the field. */
int qcheck_i32(const struct qarr_i32 *a, const char *name, size_t n, int64_t lo, int64_t hi,
	       struct err *e);
/* The same for one value or one per output feature (1 or c). */
int qcheck_per_feature(const struct qarr_i32 *a, const char *name, size_t c, int64_t lo, int64_t hi,
		       struct err *e);
int qcheck_range(int64_t v, const char *name, int64_t lo, int64_t hi, struct err *e);
/* kernel_hw, stride, dilation, pad and the output size they must give. */
int qcheck_window(const struct qop *q, struct err *e);
int qcheck_mults(const struct qarr_i32 *mult, const struct qarr_i32 *shift, const char *name,
		 size_t n, struct err *e);
/* The bias of cout features in its form. */
int qcheck_bias(const struct qop *q, size_t cout, struct err *e);
/* layer_normalization: values that one mean or norm is taken of. */
int64_t qnorm_population(const struct qop *q);
/* Bits, scale and zero point of input i equal the output's: the codes are copied. */
int qcheck_forwarded(const struct qop *q, struct err *e);

#endif
