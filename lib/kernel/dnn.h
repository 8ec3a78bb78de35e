/*
 * The door to oneDNN (2.6: the C API with operation descriptors) for float: convolution-like layers
 * on dense NHWC tensors.  (The integer door is dnn_int.c.)
 *
 * Activations stay NHWC everywhere: on AVX-512 oneDNN's fastest direct kernels (brgemm) take NHWC
 * as it is (measured against its blocked layouts on all layers of resnet50 and mobilenet_v2), so
 * layers need no reorders and every other kernel sees plain arrays.  Weights are reordered once, at
 * creation.
 */
#ifndef HN_KERNEL_DNN_H
#define HN_KERNEL_DNN_H

#include "hn/hn.h"

enum dnn_kind {
	DNN_CONV,
	DNN_DECONV,
	DNN_DENSE,
	/*
	 * A 3x3 convolution of stride 1 by Winograd's method, float only.  Its tensors are in
	 * blocks of 16 features, [n][c / 16][h][w][16], c a multiple of 16.  dnn_new_f32 fails
	 * where the machine has no such kernel.
	 */
	DNN_WINOGRAD
};

/* One convolution-like operation; images of in_h x in_w x in_c give images of out_h x out_w x
 * out_c. */
struct dnn_shape {
	enum dnn_kind kind;
	int32_t batch;
	int32_t in_h, in_w, in_c;
	int32_t out_h, out_w, out_c;
	int32_t groups;
	int32_t kernel[2], stride[2], dilation[2]; /* h, w; 1 = no dilation; dense: all 1 */
	int32_t pad_top, pad_left;                 /* the lower ones follow from the sizes */
};

/* What follows the sum of products, in this order: + bias, + second input, activation. */
struct dnn_post {
	const float *bias; /* out_c values, or NULL; read at creation */
	bool add;          /* a second input of the output's shape */
	bool add_in_place; /* the second input is in the output's memory already */
	enum hn_act act;   /* one that dnn_has_act reports, or ACT_LINEAR */
	struct hn_act_params params;
};

struct dnn; /* a prepared operation with its weights */

/* True when oneDNN computes this activation with its meaning in activations.def. */
bool dnn_has_act(enum hn_act a);

/*
 * weights: [kh][kw][in_c / groups][out_c] (dense: [in_h * in_w * in_c][out_c]), read at creation.
 * Deconvolution scatters without flipping: out[y * stride + ky * dilation - pad] += x[y] * w[ky].
 */
struct dnn *dnn_new_f32(const struct dnn_shape *s, const float *weights,
			const struct dnn_post *post, struct err *e);
/* add: the second input, or NULL.  Always the whole batch. */
int dnn_run_f32(struct dnn *d, const float *in, const float *add, float *out, struct err *e);

/*
 * c[m][n] = a[m][k] b, rows lda, ldb, ldc values apart; b is [k][n], or [n][k] when transposed.
 * Call it inside a parallel loop: there it is one thread's work, whose result does not depend on
 * the number of threads.
 */
int dnn_gemm_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
		 size_t ldb, bool transposed, float *c, size_t ldc, struct err *e);

/* Name of oneDNN's implementation, for -v. */
const char *dnn_impl(const struct dnn *d);
void dnn_free(struct dnn *d); /* NULL is fine */

#endif
