/* PP-OCRv5's detection and recognition of text on PP-LCNetV3 (Cui et al. 2025). */
#include "arch_block.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), AR_RELU);
}

/* ---- the backbone: depthwise and pointwise convolutions, each with two scales and shifts ---- */
struct lcnet {
	int k, c, step[2];
	bool excited;
};

/* A number times all, and a number added. */
static struct val affine(struct arch *a, const char *s, struct val x, float scale, float shift)
{
	x = ar_2(a, "Mul", s, x, ar_scalar(a, scale), "");
	return ar_2(a, "Add", s, x, ar_scalar(a, shift), "");
}

/* act: only where the image keeps its size in one direction at least. */
static struct val learnt(struct arch *a, const char *s, struct val x, int c, int k,
			 const int step[2])
{
	const int kernel[2] = { k, k }, pad[2] = { k / 2, k / 2 };

	x = ar_conv_hw(a, s, x, c, kernel, step, pad, k > 1 ? x.c : 1);
	x = affine(a, ar_name("%s/lab", s), x, 1.1f, 0.05f);
	if (step[0] * step[1] == 4)
		return x;
	x = ar_1(a, "HardSwish", s, x, "");
	return affine(a, ar_name("%s/act/lab", s), x, 0.9f, -0.05f);
}

static struct val lcnet(struct arch *a, struct val x, const struct lcnet rows[14],
			struct val keep[14])
{
	static const int one[2] = { 1, 1 };

	x = ar_conv(a, "/conv1", x, ar_thin(a, 16), 3, 2);
	for (int i = 0; i < 14; i++) {
		const struct lcnet *r = &rows[i];
		const char *s = ar_name("/block%d", i);

		x = learnt(a, ar_name("%s/dw", s), x, x.c, r->k, r->step);
		if (r->excited)
			x = ar_excite(a, ar_name("%s/se", s), x, x.c / 4, true);
		keep[i] = x = learnt(a, ar_name("%s/pw", s), x, ar_thin(a, r->c), 1, one);
	}
	return x;
}

/* ---- detection: four levels at a quarter of the size, and a map of it ---- */

/* A convolution, and its features scaled by their means. */
static struct val gated(struct arch *a, const char *s, struct val x, int c, int k)
{
	x = ar_conv(a, s, x, c, k, 1);
	return ar_2(a, "Add", s, x, ar_excite(a, s, x, x.c / 4, true), "");
}

static void detection(struct arch *a, const void *with)
{
	static const struct lcnet rows[14] = {
		{ 3, 32, { 1, 1 }, false },  { 3, 48, { 2, 2 }, false },
		{ 3, 48, { 1, 1 }, false },  { 3, 96, { 2, 2 }, false },
		{ 3, 96, { 1, 1 }, false },  { 3, 192, { 2, 2 }, false },
		{ 5, 192, { 1, 1 }, false }, { 5, 192, { 1, 1 }, false },
		{ 5, 192, { 1, 1 }, false }, { 5, 192, { 1, 1 }, false },
		{ 5, 384, { 2, 2 }, true },  { 5, 384, { 1, 1 }, true },
		{ 5, 384, { 1, 1 }, false }, { 5, 384, { 1, 1 }, false }
	};
	static const int from[4] = { 2, 4, 9, 13 }, narrow[4] = { 12, 18, 42, 360 };
	struct val x = ar_input_hw(a, 3, 544, 960), keep[14], in[4], p[4];
	const int c = ar_thin(a, 96);

	(void)with;
	lcnet(a, x, rows, keep);
	for (int i = 3; i >= 0; i--) {
		const char *s = ar_name("/neck/ins_conv.%d", i);

		x = ar_conv(a, ar_name("/layer_list.%d", i), keep[from[i]], ar_thin(a, narrow[i]),
			    1, 1);
		in[i] = gated(a, s, x, c, 1);
		if (i < 3)
			in[i] =
			    ar_2(a, "Add", ar_name("%s/up", s), in[i], ar_up(a, s, in[i + 1]), "");
	}
	for (int i = 3; i >= 0; i--) {
		const char *s = ar_name("/neck/inp_conv.%d", i);

		x = gated(a, s, in[i], c / 4, 3);
		p[3 - i] = i ? ar_nearest(a, s, x, in[0].h, in[0].w) : x;
	}
	x = cr(a, "/head/conv1", ar_concat(a, "/neck/fuse", p, 4), c / 4, 3, 1);
	x = ar_act(a, "/head/conv2", ar_deconv(a, "/head/conv2", x, x.c, 2, 2, 0), AR_RELU);
	x = ar_deconv(a, "/head/conv3", x, 1, 2, 2, 0);
	ar_output(a, ar_act(a, "/head/conv3", x, AR_SIGMOID));
}

/* ---- recognition ---- */
static struct val swish(struct arch *a, const char *s, struct val x, int c, int h, int w)
{
	const int k[2] = { h, w }, one[2] = { 1, 1 }, pad[2] = { h / 2, w / 2 };

	return ar_act(a, s, ar_conv_hw(a, s, x, c, k, one, pad, 1), AR_SILU);
}

/* Places along the line attend to each other; what they give is joined with what they read. */
static struct val along(struct arch *a, struct val x)
{
	const int c = x.c, w = x.w, dim = ar_thin(a, 120);
	const struct ar_encoder e = { .count = 2,
				      .tokens = w,
				      .dim = dim,
				      .heads = 8,
				      .hidden = 2 * dim,
				      .gate = AR_SWISH,
				      .fused = true };
	struct val y = swish(a, "/conv1_svtr", x, c / 8, 1, 3);

	y = swish(a, "/conv2_svtr", y, dim, 1, 1);
	y = ar_encode(a, "/svtr_block", ar_to_tokens(a, "/svtr", y), &e);
	y = ar_tokens_norm(a, "/norm", y, dim, AR_LN);
	y = swish(a, "/conv3_svtr", ar_to_map(a, "/svtr/back", y, dim, 1, w), c, 1, 1);
	y = ar_concat(a, "/svtr/cat", (struct val[]){ x, y }, 2);
	return swish(a, "/conv1x1", swish(a, "/conv4_svtr", y, c / 8, 1, 3), dim, 1, 1);
}

/* Scores of the characters at 40 places. */
static void recognition(struct arch *a, const void *with)
{
	static const struct lcnet rows[14] = {
		{ 3, 32, { 1, 1 }, false },  { 3, 64, { 1, 1 }, false },
		{ 3, 64, { 1, 1 }, false },  { 3, 128, { 2, 1 }, false },
		{ 3, 128, { 1, 1 }, false }, { 3, 240, { 1, 2 }, false },
		{ 5, 240, { 1, 1 }, false }, { 5, 240, { 1, 1 }, false },
		{ 5, 240, { 1, 1 }, false }, { 5, 240, { 1, 1 }, false },
		{ 5, 480, { 2, 1 }, true },  { 5, 480, { 1, 1 }, true },
		{ 5, 480, { 2, 1 }, false }, { 5, 480, { 1, 1 }, false }
	};
	struct val x = ar_input_hw(a, 3, 48, 320), keep[14];

	(void)with;
	a->classes = a->classes ? a->classes : 18385;
	a->opset = a->opset < 17 ? 17 : a->opset; /* LayerNormalization */
	x = lcnet(a, x, rows, keep);
	x = ar_1(a, "AveragePool", "/pool", x, "kernel_shape=3,2 strides=3,2");
	x.h /= 3;
	x.w /= 2;
	x = along(a, x);
	x = ar_linear(a, "/fc", ar_to_tokens(a, "/head", x), x.c, a->classes);
	a->macs += (double)x.c * a->classes * x.w;
	ar_output(a, ar_1(a, "Softmax", "/softmax", x, "axis=2"));
}

const struct arch_row arch_ocr[] = { { "paddle_ocr_v5_mobile_detection", detection, NULL },
				     { "paddle_ocr_v5_mobile_recognition", recognition, NULL },
				     { NULL, NULL, NULL } };
