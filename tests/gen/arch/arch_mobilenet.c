/* MobileNet v1 and v2, and the SSD detectors on them (TensorFlow's box predictors). */
#include "arch_backbone.h"

static struct val pointwise(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), AR_RELU6);
}

static struct val separable(struct arch *a, const char *scope, struct val x, int c, int s)
{
	x = ar_act(a, ar_name("%s_depthwise", scope),
		   ar_dw(a, ar_name("%s_depthwise", scope), x, 3, s), AR_RELU6);
	return pointwise(a, ar_name("%s_pointwise", scope), x, c, 1, 1);
}

/* One level: box encodings and class scores of n anchors. */
static void predict(struct arch *a, const char *scope, struct val x, int n, struct val out[2])
{
	out[0] = ar_conv(a, ar_name("%s/BoxEncodingPredictor", scope), x, 4 * n, 1, 1);
	out[1] = ar_conv(a, ar_name("%s/ClassPredictor", scope), x, n * a->classes, 1, 1);
}

/* Each head to [1][boxes][4 or classes], all levels below each other. */
static void ssd_out(struct arch *a, struct val (*head)[2])
{
	struct val flat[6], part[2];

	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 6; i++) {
			const char *s = ar_name("/Postprocessor/%d_%d", k, i);
			const struct val x = ar_1(a, "Transpose", s, head[i][k], "perm=0,2,3,1");

			flat[i] =
			    ar_reshape(a, s, x, 3, (const int64_t[]){ 1, -1, k ? a->classes : 4 });
		}
		part[k] = ar_node(a, "Concat", ar_name("/Postprocessor/%d", k), flat, 6, "axis=1");
	}
	ar_output(a, part[0]);
	ar_output(a, ar_1(a, "Sigmoid", "/Postprocessor", part[1], ""));
}

/* Heads come where their level is made, before the next level. */
static void ssd(struct arch *a, struct val x, int level, struct val (*head)[2])
{
	predict(a, ar_name("/BoxPredictor_%d", level), x, level ? 6 : 3, head[level]);
	for (int k = 0; a->raw && k < 2; k++)
		ar_output(a, head[level][k]);
}

static void extras(struct arch *a, struct val x, struct val (*head)[2], bool first)
{
	static const int narrow[4] = { 256, 128, 128, 64 };

	for (int i = 0; i < 4; i++) {
		struct val y = x;
		const int c = ar_thin(a, narrow[i]);

		if (!first)
			ssd(a, x, 1 + i, head);
		y = pointwise(a, ar_name("/extra%d_1x1", i), x, c, 1, 1);
		if (first)
			ssd(a, x, 1 + i, head);
		x = pointwise(a, ar_name("/extra%d_3x3", i), y, 2 * c, 3, 2);
	}
	ssd(a, x, 5, head);
}

static void mobilenet_v1(struct arch *a, bool detector, int size)
{
	static const int width[13] = { 64,  128, 128, 256, 256,  512, 512,
				       512, 512, 512, 512, 1024, 1024 };
	struct val x = ar_input(a, 3, size), head[6][2];

	x = pointwise(a, "/Conv2d_0", x, ar_thin(a, 32), 3, 2);
	for (int i = 0; i < 13; i++) {
		const int s = i == 1 || i == 3 || i == 5 || i == 11 ? 2 : 1;

		x = separable(a, ar_name("/Conv2d_%d", i + 1), x, ar_thin(a, width[i]), s);
		if (detector && i == 10)
			ssd(a, x, 0, head);
	}
	if (detector) {
		extras(a, x, head, false);
		if (!a->raw)
			ssd_out(a, head);
		return;
	}
	ar_output(a, ar_classify(a, "/Logits", x));
}

void arch_mobilenet_v1(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1001;
	mobilenet_v1(a, false, 224);
}

void arch_ssd_mobilenet_v1(struct arch *a)
{
	a->classes = a->classes ? a->classes : 91;
	mobilenet_v1(a, true, 300);
}

struct val ar_inverted(struct arch *a, const char *scope, struct val x, int t, int c, int s,
		       struct val *wide)
{
	struct val y = x;

	if (t > 1)
		y = pointwise(a, ar_name("%s/expand", scope), x, x.c * t, 1, 1);
	*wide = y;
	y = ar_dw(a, ar_name("%s/depthwise", scope), y, 3, s);
	y = ar_act(a, ar_name("%s/depthwise", scope), y, AR_RELU6);
	y = ar_conv(a, ar_name("%s/project", scope), y, c, 1, 1);
	return s == 1 && x.c == c ? ar_2(a, "Add", scope, x, y, "") : y;
}

/* Widths times percent, to multiples of 8; the last convolution is not made narrower. */
static int widened(int c, int percent)
{
	return (c * percent / 100 + 4) / 8 * 8;
}

static void mobilenet_v2(struct arch *a, bool detector, int percent)
{
	static const int rows[7][4] = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 },
					{ 6, 64, 4, 2 }, { 6, 96, 3, 1 }, { 6, 160, 3, 2 },
					{ 6, 320, 1, 1 } };
	struct val x = ar_input(a, 3, detector ? 300 : 224), head[6][2], wide;
	int block = 0;

	x = pointwise(a, "/Conv", x, ar_thin(a, widened(32, percent)), 3, 2);
	for (int r = 0; r < 7; r++)
		for (int k = 0; k < rows[r][2]; k++, block++) {
			x = ar_inverted(a, ar_name("/expanded_conv_%d", block), x, rows[r][0],
					ar_thin(a, widened(rows[r][1], percent)),
					k ? 1 : rows[r][3], &wide);
			if (detector && block == 13)
				ssd(a, wide, 0, head);
		}
	x = pointwise(a, "/Conv_1", x, ar_thin(a, widened(1280, percent)), 1, 1);
	if (detector) {
		extras(a, x, head, true);
		if (!a->raw)
			ssd_out(a, head);
		return;
	}
	ar_output(a, ar_classify(a, "/Logits", x));
}

void arch_mobilenet_v2(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1001;
	mobilenet_v2(a, false, 100);
}

void arch_mobilenet_v2_1_4(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1001;
	mobilenet_v2(a, false, 140);
}

void arch_ssd_mobilenet_v2(struct arch *a)
{
	a->classes = a->classes ? a->classes : 91;
	mobilenet_v2(a, true, 100);
}

/* The 62 parameters of a face model. */
void arch_tddfa_mobilenet_v1(struct arch *a)
{
	a->classes = a->classes ? a->classes : 62;
	mobilenet_v1(a, false, 120);
}
