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
	int64_t opset;   /* raised by architectures whose operators are newer */
	bool raw;        /* ends at the heads, without decoding */
	enum ar_act act; /* of ar_cba */
	int nval;
	double gain;         /* factor of convolutions' weights; 0: 1 */
	bool count;          /* weights are counted, not made */
	double params, macs; /* weights; a product for each of them and pixel of the output */
};

/* A family's architectures: rows up to one without a name. */
struct arch_row {
	const char *name;
	void (*make)(struct arch *a, const void *with);
	const void *with;
};

/* A channel count divided by thin; a multiple of 8, or c when nothing is divided. */
int ar_thin(const struct arch *a, int c);
struct val ar_input(struct arch *a, int c, int size);
struct val ar_input_hw(struct arch *a, int c, int h, int w);     /* --size is the width */
struct val ar_input_tokens(struct arch *a, int tokens, int dim); /* [1][tokens][dim] */
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
struct val ar_index(struct arch *a, int64_t v); /* a number without dimensions */
struct val ar_floats(struct arch *a, int rank, const int64_t *dim, const float *v);
struct val ar_scalar(struct arch *a, float v);
struct val ar_reshape(struct arch *a, const char *scope, struct val x, size_t n,
		      const int64_t *dim);

/* Layers.  A convolution's padding is (k - 1) / 2 unless given; it has a bias. */
struct val ar_conv(struct arch *a, const char *scope, struct val x, int co, int k, int s);
struct val ar_conv_full(struct arch *a, const char *scope, struct val x, int co, int k, int s,
			int pad, int groups);
/* A kernel, steps and padding of kh x kw. */
struct val ar_conv_hw(struct arch *a, const char *scope, struct val x, int co, const int k[2],
		      const int s[2], const int pad[2], int groups);
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
/* Squeeze and excitation: gate HardSigmoid or Sigmoid, over the pooled features. */
struct val ar_excite(struct arch *a, const char *scope, struct val x, int narrow, bool hard);
struct val ar_avgpool(struct arch *a, const char *scope, struct val x, int k, int s);
/* Bilinear, half-pixel centres, to h x w. */
struct val ar_bilinear(struct arch *a, const char *scope, struct val x, int h, int w);
/* The nearest pixel, to h x w. */
struct val ar_nearest(struct arch *a, const char *scope, struct val x, int h, int w);
/* A matrix product with seeded weights [from][to] and a bias, over the last dimension. */
struct val ar_linear(struct arch *a, const char *scope, struct val x, int from, int to);
/* Seeded values from -scale to scale. */
struct val ar_random(struct arch *a, int rank, const int64_t *dim, double scale);
/*
 * Heads of three anchors (w, h ...) at strides 8, 16, 32; masks: coefficients behind the classes.
 * slices: decoded as older exports do, by Slice, with one anchor for all cells.
 */
void ar_anchor_heads(struct arch *a, const char *scope, const struct val p[3],
		     const float anchors[3][6], int masks, bool slices);
/* The same of n levels, up to four. */
void ar_anchor_levels(struct arch *a, const char *scope, const struct val *p,
		      const float (*anchors)[6], int n, int masks, bool slices);
/* "FORMAT" in a rotating buffer: scopes of repeated blocks. */
const char *ar_name(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ResNet's stages without pooling and classes; keep: of the stem and the four stages, or NULL. */
struct val ar_resnet(struct arch *a, struct val x, const int blocks[4], bool deep,
		     struct val *keep);

/* Architectures, arch_*.c. */
extern const struct arch_row arch_transformers[];
extern const struct arch_row arch_yolov11[];
extern const struct arch_row arch_small[];
extern const struct arch_row arch_pyramid[];
extern const struct arch_row arch_face[];
extern const struct arch_row arch_damoyolo[];
extern const struct arch_row arch_deep_yolo[];
extern const struct arch_row arch_ocr[];
extern const struct arch_row arch_yolov5[];
extern const struct arch_row arch_zoo[];

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

void arch_resnet_v1_34(struct arch *a);
void arch_resnet_1001(struct arch *a);
void arch_resnext50_32x4d(struct arch *a);
void arch_regnetx_800mf(struct arch *a);
void arch_repvgg_a0(struct arch *a);
void arch_repvgg_a1(struct arch *a);
void arch_repvgg_a2(struct arch *a);
void arch_efficientnet_lite0(struct arch *a);
void arch_efficientnet_lite1(struct arch *a);
void arch_efficientnet_lite2(struct arch *a);
void arch_efficientnet_lite3(struct arch *a);
void arch_efficientnet_lite4(struct arch *a);
void arch_efficientnet_s(struct arch *a);
void arch_efficientnet_m(struct arch *a);
void arch_efficientnet_l(struct arch *a);
void arch_mobilenet_v3_large_minimalistic(struct arch *a);
void arch_mobilenet_v3_large(struct arch *a);
void arch_squeezenet_v1_1(struct arch *a);
void arch_shufflenet_v2(struct arch *a);
void arch_inception_v1(struct arch *a);
void arch_densenet121(struct arch *a);
void arch_tiny_yolov3(struct arch *a);
void arch_yolov3(struct arch *a);
void arch_tiny_yolov4(struct arch *a);
void arch_tiny_yolov4_license_plates(struct arch *a);
void arch_yolov5m_wo_spp(struct arch *a);
void arch_yolov5xs_wo_spp(struct arch *a);
void arch_yolov5m_seg(struct arch *a);
void arch_yolov5l_seg(struct arch *a);
void arch_yolov8l(struct arch *a);
void arch_yolov8s_seg(struct arch *a);
void arch_yolov8s_pose(struct arch *a);
void arch_yolox_tiny(struct arch *a);
void arch_centernet_resnet_v1_18(struct arch *a);
void arch_centernet_resnet_v1_50(struct arch *a);
void arch_unet(struct arch *a);
void arch_deeplab_v3_mobilenet_v2(struct arch *a);
void arch_fcn8_resnet_v1_18(struct arch *a);
void arch_stdc1(struct arch *a);
void arch_zero_dce(struct arch *a);
void arch_tddfa_mobilenet_v1(struct arch *a);
void arch_hardnet68(struct arch *a);
void arch_hardnet39ds(struct arch *a);
void arch_deeplab_v3_mobilenet_v2_wo_dilation(struct arch *a);
void arch_dncnn3(struct arch *a);
void arch_dncnn_color_blind(struct arch *a);
void arch_espcn_x2(struct arch *a);
void arch_espcn_x3(struct arch *a);
void arch_espcn_x4(struct arch *a);
void arch_mobilenet_v2_1_4(struct arch *a);
void arch_person_attr_resnet_v1_18(struct arch *a);
void arch_regnetx_1_6gf(struct arch *a);
void arch_repvgg_a0_reid_512(struct arch *a);
void arch_repvgg_a0_reid_2048(struct arch *a);
void arch_resnext26_32x4d(struct arch *a);
void arch_yolov3_416(struct arch *a);
void arch_yolov4_leaky(struct arch *a);
void arch_yolov5m(struct arch *a);
void arch_yolov5s_seg(struct arch *a);
void arch_yolov8m(struct arch *a);
void arch_yolov8m_pose(struct arch *a);
void arch_yolov8m_seg(struct arch *a);
void arch_yolov8n_seg(struct arch *a);
void arch_yolov8x(struct arch *a);
void arch_yolox_l(struct arch *a);
void arch_yolox_s_wide(struct arch *a);

#endif
