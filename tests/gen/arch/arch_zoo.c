/*
 * MobileFaceNet (Chen et al. 2018), a slim detector of faces on single shots, U-Net with MobileNet
 * v2, depth of one image (Godard et al. 2018, Sun et al. 2022), attributes of faces.
 */
#include "arch_backbone.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), AR_RELU);
}

/* ---- MobileFaceNet: inverted residuals with a slope for each feature, 512 numbers ---- */
static struct val sloped(struct arch *a, const char *s, struct val x)
{
	const int64_t dim[3] = { x.c, 1, 1 };

	return ar_2(a, "PRelu", s, x, ar_random(a, 3, dim, 0.5), "");
}

static struct val inner(struct arch *a, const char *s, struct val x, int c, int wide, int step)
{
	const char *expand = ar_name("%s/0", s), *dw = ar_name("%s/1", s);
	struct val y = sloped(a, expand, ar_conv(a, expand, x, wide, 1, 1));

	y = sloped(a, dw, ar_dw(a, dw, y, 3, step));
	y = ar_conv(a, ar_name("%s/2", s), y, c, 1, 1);
	return step == 1 ? ar_2(a, "Add", s, x, y, "") : y;
}

static void mobilefacenet(struct arch *a, const void *with)
{
	/* features, wide and their number in a row, the first of which halves */
	static const int rows[3][4] = { { 128, 128, 128, 4 },
					{ 256, 256, 256, 6 },
					{ 256, 512, 256, 2 } };
	struct val x = ar_input(a, 3, 112);

	(void)with;
	a->classes = a->classes ? a->classes : 512;
	x = sloped(a, "/0", ar_conv(a, "/0", x, ar_thin(a, 128), 3, 2));
	x = sloped(a, "/1", ar_conv_full(a, "/1", x, x.c, 3, 1, 1, x.c / 2));
	for (int i = 0; i < 3; i++)
		for (int k = 0; k <= rows[i][3]; k++)
			x = inner(a, ar_name("/%d/%d", i + 2, k), x, ar_thin(a, rows[i][0]),
				  ar_thin(a, rows[i][k ? 2 : 1]), k ? 1 : 2);
	x = sloped(a, "/conv_sep", ar_conv(a, "/conv_sep", x, ar_thin(a, 512), 1, 1));
	x = ar_conv_full(a, "/gdc", x, x.c, x.h, 1, 0, x.c);
	ar_output(a, ar_conv(a, "/fc", x, a->classes, 1, 1));
}

/* ---- the slim detector: four levels ---- */
static struct val separable(struct arch *a, const char *s, struct val x, int c, int step, bool last)
{
	const char *dw = ar_name("%s/dw", s);

	x = ar_act(a, dw, ar_dw(a, dw, x, 3, step), AR_RELU);
	x = ar_conv(a, s, x, c, 1, 1);
	return last ? x : ar_act(a, s, x, AR_RELU);
}

static void lightface(struct arch *a, const void *with)
{
	static const int width[12] = { 32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256 };
	static const int boxes[4] = { 3, 2, 2, 3 };
	struct val x = ar_input_hw(a, 3, 240, 320), p[4];

	(void)with;
	x = cr(a, "/model.0", x, ar_thin(a, 16), 3, 2);
	for (int i = 0; i < 12; i++) {
		const int step = i == 1 || i == 3 || i == 7 || i == 10 ? 2 : 1;

		x = separable(a, ar_name("/model.%d", i + 1), x, ar_thin(a, width[i]), step, false);
		if (i == 6 || i == 9 || i == 11)
			p[(i > 6) + (i > 9)] = x;
	}
	x = cr(a, "/extras.0", x, ar_thin(a, 64), 1, 1);
	p[3] = separable(a, "/extras.1", x, ar_thin(a, 256), 2, false);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 2; k++) {
			const int n = boxes[i] * (k ? 2 : 4);
			const char *s = ar_name("/head%d.%d", i, k);

			ar_output(a, i < 3 ? separable(a, s, p[i], n, 1, true)
					   : ar_conv(a, s, p[i], n, 3, 1));
		}
}

/* ---- U-Net on MobileNet v2: deconvolutions joined with expanded features ---- */
static void unet(struct arch *a, const void *with)
{
	static const int rows[7][4] = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 },
					{ 6, 64, 4, 2 }, { 6, 96, 3, 1 }, { 6, 160, 3, 2 },
					{ 6, 320, 1, 1 } };
	struct val x = ar_input(a, 3, 256), keep[17];
	int block = 0;

	(void)with;
	a->classes = a->classes ? a->classes : 3;
	x = ar_act(a, "/Conv1", ar_conv(a, "/Conv1", x, ar_thin(a, 32), 3, 2), AR_RELU6);
	for (int r = 0; r < 7; r++)
		for (int k = 0; k < rows[r][2]; k++, block++)
			x = ar_inverted(a, ar_name("/block_%d", block), x, rows[r][0],
					ar_thin(a, rows[r][1]), k ? 1 : rows[r][3], &keep[block]);
	for (int i = 0; i < 4; i++) {
		static const int from[4] = { 13, 6, 3, 1 };
		const char *s = ar_name("/up%d", i);

		x = ar_deconv(a, s, x, ar_thin(a, 512 >> i), 4, 2, 1);
		x = ar_act(a, s, x, AR_RELU);
		x = ar_concat(a, s, (struct val[]){ x, keep[from[i]] }, 2);
	}
	ar_output(a, ar_deconv(a, "/last", x, a->classes, 4, 2, 1));
}

/* ---- depth: five steps up, each joined with a stage of ResNet-18 ---- */
static struct val elu(struct arch *a, const char *s, struct val x, int c)
{
	return ar_1(a, "Elu", s, ar_conv(a, s, x, c, 3, 1), "alpha=f:1");
}

static void scdepth(struct arch *a, const void *with)
{
	struct val x = ar_input_hw(a, 3, 256, 320), keep[5];

	(void)with;
	x = ar_resnet(a, x, (const int[4]){ 2, 2, 2, 2 }, false, keep);
	for (int i = 4; i >= 0; i--) {
		const char *s = ar_name("/upconv_%d", i);
		const int c = ar_thin(a, 16 << i);

		x = ar_up(a, s, elu(a, ar_name("%s_0", s), x, c));
		if (i > 0)
			x = ar_concat(a, s, (struct val[]){ x, keep[i - 1] }, 2);
		x = elu(a, ar_name("%s_1", s), x, c);
	}
	ar_output(a, ar_act(a, "/dispconv", ar_conv(a, "/dispconv", x, 1, 3, 1), AR_SIGMOID));
}

static void face_attr(struct arch *a, const void *with)
{
	struct val x = ar_input_hw(a, 3, 218, 178);

	(void)with;
	a->classes = a->classes ? a->classes : 80;
	x = ar_resnet(a, x, (const int[4]){ 2, 2, 2, 2 }, false, NULL);
	ar_output(a, ar_classify(a, "/fc", x));
}

const struct arch_row arch_zoo[] = { { "arcface_mobilefacenet", mobilefacenet, NULL },
				     { "face_attr_resnet_v1_18", face_attr, NULL },
				     { "lightface_slim", lightface, NULL },
				     { "scdepthv3", scdepth, NULL },
				     { "unet_mobilenet_v2", unet, NULL },
				     { NULL, NULL, NULL } };
