/*
 * The door to oneDNN (2.6: the C API with operation descriptors): convolution-like layers on dense
 * NHWC tensors, in float32 and in u8.s8 integers.  Only dnn.c includes oneDNN's header.
 *
 * Activations stay NHWC everywhere: on AVX-512 oneDNN's fastest kernels (brgemm) take NHWC as it is
 * (measured against its blocked layouts on all layers of resnet50 and mobilenet_v2), so no layer
 * needs a reorder and every other kernel sees plain arrays.  Weights are reordered once, at
 * creation.
 */
#ifndef HN_KERNEL_DNN_H
#define HN_KERNEL_DNN_H

#include "hn/hn.h"

enum dnn_kind {
	DNN_CONV,
	DNN_DECONV,
	DNN_DENSE
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
 * Integer form: out = sum of w (x - zp) as 32-bit integers; borders count as x = zp.  Weights must
 * outlive the operation: runs of fewer images than the batch prepare a second primitive from them.
 * Exact only where dnn_exact_u8s8() says so.
 */
struct dnn *dnn_new_u8s8(const struct dnn_shape *s, const int8_t *weights, int32_t zp,
			 struct err *e);
int dnn_run_u8s8(struct dnn *d, int32_t n, const uint8_t *in, int32_t *out, struct err *e);

/*
 * True when u8.s8 products do not saturate in 16 bits: VNNI or AMX under the effective instruction
 * set (ONEDNN_MAX_CPU_ISA lowers it).
 */
bool dnn_exact_u8s8(void);

/* Name of oneDNN's implementation, for -v. */
const char *dnn_impl(const struct dnn *d);
void dnn_free(struct dnn *d); /* NULL is fine */

#endif
