/* Private to kernel/: the integer kernels' table and the output stage they share. */
#ifndef HN_KERNEL_INTK_H
#define HN_KERNEL_INTK_H

#include "base/mem.h"
#include "base/par.h"
#include "kernel/qop_int.h"

/* A loop that the compiler makes for several vector widths; the machine chooses. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define INT_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define INT_WIDE
#endif

/*
 * The output stage, prepared: every per-feature array expanded to c values.
 * scale = mult / 2^shift as a double: acc * scale has at most 46 significant bits, so products and
 * rounding in double are exact and equal fixed_scale().
 */
struct ostage {
	size_t c;
	double *scale;     /* c */
	double *neg_scale; /* c, equal to scale but for leaky and prelu */
	double *lo, *hi;   /* c, bounds minus zero point */
	int32_t zp;
	uint16_t *table; /* 65536 codes by pre-activation + 32768; NULL without table */
	const struct qop *q;
};
void ostage_init(struct ostage *s, const struct qop *q);
void ostage_release(struct ostage *s);
/*
 * out[p][from + i] = stage(acc[p][i] + bias[from + i]) for npix pixels and n features; acc has n
 * values per pixel, out c.
 */
void ostage_run(const struct ostage *s, const int32_t *acc, const int32_t *bias, size_t npix,
		size_t from, size_t n, uint8_t *out);
/* The code of one value of feature c whose scaling has been done: activation, bounds, zero point.
 */
int32_t ostage_scaled(const struct ostage *s, int64_t y, size_t c);
/* The code of one sum in 64 bits, |acc| < 2^47, bias included. */
int32_t ostage_sum(const struct ostage *s, int64_t acc, size_t c);
/* ostage_run for such sums, into codes of 8 or 16 bits. */
void ostage_run_wide(const struct ostage *s, const int64_t *acc, size_t npix, size_t from, size_t n,
		     void *out);

/* Code i of an array of codes of 8 or, wide, 16 bits. */
static inline int32_t code_get(const void *codes, size_t i, bool wide)
{
	return wide ? ((const uint16_t *)codes)[i] : ((const uint8_t *)codes)[i];
}
static inline void code_put(void *codes, size_t i, bool wide, int32_t code)
{
	if (wide)
		((uint16_t *)codes)[i] = (uint16_t)code;
	else
		((uint8_t *)codes)[i] = (uint8_t)code;
}

/* A kernel: what intk_run needs. */
struct intk {
	const struct qop *q;
	int32_t batch;
	const struct intk_op *op;
	struct ostage st;
	void *priv; /* of the family, released by op->release */
};

struct intk_op {
	/* prepares k->priv; NULL: nothing to prepare */
	int (*init)(struct intk *k, struct err *e);
	void (*release)(struct intk *k);
	int (*run)(struct intk *k, int32_t n, const void *const in[], void *const out[],
		   int64_t *acc_peak, struct err *e);
	const char *reason; /* why run is NULL */
};

/* The convolutions' hooks: tables made once, freed, n images of one record. */
int conv_int_init(struct intk *k, struct err *e);
void conv_int_release(struct intk *k);
int conv_int_run(struct intk *k, int32_t n, const void *const in[], void *const out[],
		 int64_t *acc_peak, struct err *e);

/* The same for records that need 64 bits: 16-bit weights, inputs or sums. */
int conv_wide_init(struct intk *k, struct err *e);
void conv_wide_release(struct intk *k);

/* layer_normalization's tables. */
int norm_int_init(struct intk *k, struct err *e);
void norm_int_release(struct intk *k);

#define INTK_RUN(name)                                                                             \
	int name(struct intk *k, int32_t n, const void *const in[], void *const out[],             \
		 int64_t *acc_peak, struct err *e)
INTK_RUN(maxpool_int_run);
INTK_RUN(avgpool_int_run);
INTK_RUN(eltwise_int_run);
INTK_RUN(matmul_int_run);
INTK_RUN(norm_int_run);
INTK_RUN(act_int_run);
INTK_RUN(concat_int_run);
INTK_RUN(slice_int_run);
INTK_RUN(splitter_int_run);
INTK_RUN(external_pad_int_run);
INTK_RUN(depth_space_int_run);
INTK_RUN(shuffle_int_run);
INTK_RUN(format_int_run);
INTK_RUN(copy_int_run);
INTK_RUN(const_int_run);
INTK_RUN(resize_int_run);
INTK_RUN(softmax_int_run);
INTK_RUN(reduce_int_run);
INTK_RUN(argmax_int_run);
/* Of records with 16-bit numbers: qop_is_wide. */
INTK_RUN(conv_wide_run);
INTK_RUN(eltwise_wide_run);
INTK_RUN(act_wide_run);
INTK_RUN(matmul_wide_run);

/* ---- convolution engines (kernel/gemm_int.c, kernel/dnn_int.c, kernel/vec_int.c) ---- */

/* True when oneDNN's u8.s8 is exact under the effective ISA: AVX-512 VNNI or better. */
bool dnn_int_exact(void);
/* c[m][n] = a[m][k] b[k][n]: unsigned by signed bytes, 32-bit wrap. Only when dnn_int_exact(). */
int dnn_int_gemm(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda, const int8_t *b,
		 size_t ldb, int32_t *c, size_t ldc, struct err *e);

/* Weights of the exact kernel: [n / 16][k / 2][16][2], zero-padded. */
enum {
	GEMM_INT_LANES = 16
};
int16_t *gemm_int_pack(const int8_t *b, size_t ldb, size_t n, size_t k);
/* Values of a packed matrix. */
static inline size_t gemm_int_packed(size_t n, size_t k)
{
	return (n + GEMM_INT_LANES - 1) / GEMM_INT_LANES * ((k + 1) / 2) * GEMM_INT_LANES * 2;
}
/* Column c of a packed matrix of k rows, and the place of row r in a column. */
static inline int16_t *gemm_int_column(int16_t *packed, size_t c, size_t k)
{
	const size_t block = c / GEMM_INT_LANES * ((k + 1) / 2) * GEMM_INT_LANES;

	return packed + (block + c % GEMM_INT_LANES) * 2;
}
static inline size_t gemm_int_step(size_t r)
{
	return r / 2 * GEMM_INT_LANES * 2 + r % 2;
}
/* Exact (32-bit wrap) for values of -255..255 in packed, too. */
void gemm_int_run(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda, const int16_t *packed,
		  int32_t *c, size_t ldc);

/* acc[i] += (x[i] - zp) * w[i], n values: the depthwise loop. */
void vec_mac(int32_t *acc, const uint8_t *x, int32_t zp, const int8_t *w, size_t n);
/* acc[i] += x * w[i], n values: the transposed convolution's loop. */
void vec_axpy(int32_t *acc, int32_t x, const int8_t *w, size_t n);

#endif
