/*
 * Building ONNX models of well-known architectures for tests: full structure, seeded weights, and
 * channel counts that can be divided (--thin) so that tests are fast.
 */
#ifndef HN_TESTS_ARCH_H
#define HN_TESTS_ARCH_H

#include "../onnx/onnxw.h"
#include <stdbool.h>

/* A tensor: its number in the file, and its shape where it is an image's. */
struct val {
	int id; /* tensor "t<id>", 0: "images" */
	int c, h, w;
};

enum ar_act {
	AR_NONE,
	AR_RELU,
	AR_RELU6,
	AR_LEAKY,
	AR_SILU,
	AR_SIGMOID
};

struct arch {
	struct str graph;
	uint64_t rng;
	int thin; /* divisor of channel counts */
	int size; /* of the image's sides; 0: the architecture's own */
	int classes;
	bool raw;        /* ends at the heads, without decoding */
	enum ar_act act; /* of ar_cba */
	int nval;
};

/* A channel count divided by thin; a multiple of 8, or c when nothing is divided. */
int ar_thin(const struct arch *a, int c);
struct val ar_input(struct arch *a, int c, int size);
void ar_output(struct arch *a, struct val x);

/*
 * Any node: name is "SCOPE/OP"; inputs are nin tensors followed by constants that ar_ints and
 * ar_floats made; attributes as in mkonnx.  The result keeps the shape of the first input.
 */
struct val ar_node(struct arch *a, const char *op, const char *scope, const struct val *in,
		   size_t nin, const char *attrs);
struct val ar_1(struct arch *a, const char *op, const char *scope, struct val x, const char *attrs);
struct val ar_2(struct arch *a, const char *op, const char *scope, struct val x, struct val y,
		const char *attrs);
/* A node with n outputs; y[i] keeps the shape of x. */
void ar_split(struct arch *a, const char *scope, struct val x, const int *sizes, int n, int axis,
	      struct val *y);
/* Constants. */
struct val ar_ints(struct arch *a, size_t n, const int64_t *v);
struct val ar_floats(struct arch *a, int rank, const int64_t *dim, const float *v);
struct val ar_scalar(struct arch *a, float v);
struct val ar_reshape(struct arch *a, const char *scope, struct val x, size_t n,
		      const int64_t *dim);

/* Layers.  A convolution's padding is (k - 1) / 2 unless given; it has a bias. */
struct val ar_conv(struct arch *a, const char *scope, struct val x, int co, int k, int s);
struct val ar_conv_full(struct arch *a, const char *scope, struct val x, int co, int k, int s,
			int pad, int groups);
struct val ar_deconv(struct arch *a, const char *scope, struct val x, int co, int k, int s,
		     int pad);
struct val ar_act(struct arch *a, const char *scope, struct val x, enum ar_act act);
/* Convolution and the architecture's activation. */
struct val ar_cba(struct arch *a, const char *scope, struct val x, int co, int k, int s);
struct val ar_dw(struct arch *a, const char *scope, struct val x, int k, int s);
struct val ar_concat(struct arch *a, const char *scope, const struct val *x, size_t n);
struct val ar_maxpool(struct arch *a, const char *scope, struct val x, int k, int s);
/* A batch normalization with seeded parameters. */
struct val ar_norm(struct arch *a, const char *scope, struct val x);
/* Every second pixel of every second row, four times, as features. */
struct val ar_focus(struct arch *a, const char *scope, struct val x);
struct val ar_up(struct arch *a, const char *scope, struct val x); /* nearest, twice */
struct val ar_classify(struct arch *a, const char *scope, struct val x);
/*
 * Heads of three anchors (w, h ...) at strides 8, 16, 32; masks: coefficients behind the classes.
 * slices: decoded as older exports do, by Slice, with one anchor for all cells.
 */
void ar_anchor_heads(struct arch *a, const char *scope, const struct val p[3],
		     const float anchors[3][6], int masks, bool slices);
/* "FORMAT" in a rotating buffer: scopes of repeated blocks. */
const char *ar_name(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Architectures, arch_*.c. */
void arch_mobilenet_v1(struct arch *a);
void arch_mobilenet_v2(struct arch *a);
void arch_ssd_mobilenet_v1(struct arch *a);
void arch_ssd_mobilenet_v2(struct arch *a);
void arch_yolov6n(struct arch *a);
void arch_yolov6n_0_2(struct arch *a);
void arch_yolox_s(struct arch *a);
void arch_yolov5s(struct arch *a);
void arch_yolov5s_2_0(struct arch *a);
void arch_yolov5m_6_1(struct arch *a);
void arch_yolov5n_seg(struct arch *a);
void arch_yolov7(struct arch *a);
void arch_yolov7_tiny(struct arch *a);
void arch_yolov8n(struct arch *a);
void arch_yolov8s(struct arch *a);
void arch_resnet_v1_18(struct arch *a);
void arch_resnet_v1_50(struct arch *a);

#endif
