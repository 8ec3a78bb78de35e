/*
 * Networks that give an image: U-Net (Ronneberger et al. 2015), FCN-8 (Long et al. 2014) on ResNet,
 * DeepLab v3 (Chen et al. 2017) on MobileNet v2, STDC1 (Fan et al. 2021), Zero-DCE (Guo et al.
 * 2020).
 */
#include "arch.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, ar_thin(a, c), k, s), AR_RELU);
}

void arch_unet(struct arch *a)
{
	struct val x = ar_input(a, 3, 256), keep[4];

	a->classes = a->classes ? a->classes : 2;
	for (int i = 0; i < 5; i++) {
		x = cr(a, ar_name("/down%d.0", i), x, 32 << i, 3, 1);
		x = cr(a, ar_name("/down%d.1", i), x, 32 << i, 3, 1);
		if (i == 4)
			break;
		keep[i] = x;
		x = ar_maxpool(a, ar_name("/pool%d", i), x, 2, 2);
	}
	for (int i = 3; i >= 0; i--) {
		x = ar_deconv(a, ar_name("/up%d", i), x, ar_thin(a, 32 << i), 2, 2, 0);
		x = ar_concat(a, ar_name("/cat%d", i), (struct val[]){ x, keep[i] }, 2);
		x = cr(a, ar_name("/up%d.0", i), x, 32 << i, 3, 1);
		x = cr(a, ar_name("/up%d.1", i), x, 32 << i, 3, 1);
	}
	ar_output(a, ar_conv(a, "/out", x, a->classes, 1, 1));
}

/* Scores at three sizes, each brought to the next one and added. */
void arch_fcn8_resnet_v1_18(struct arch *a)
{
	struct val x = ar_input_hw(a, 3, 1024, 1920), keep[5], score;
	const int h = x.h, w = x.w;

	a->classes = a->classes ? a->classes : 19;
	x = ar_resnet(a, x, (const int[4]){ 2, 2, 2, 2 }, false, keep);
	score = ar_conv(a, "/score32", x, a->classes, 1, 1);
	for (int i = 2; i > 0; i--) {
		x = ar_conv(a, ar_name("/score%d", 4 << i), keep[i + 1], a->classes, 1, 1);
		score = ar_bilinear(a, ar_name("/up%d", i), score, x.h, x.w);
		score = ar_2(a, "Add", ar_name("/add%d", i), score, x, "");
	}
	ar_output(a, ar_bilinear(a, "/up", score, h, w));
}

/* ---- DeepLab v3 on MobileNet v2: output stride 16, no pyramid but the pooled branch ---- */
static struct val dilated(struct arch *a, const char *scope, struct val x, int rate)
{
	const int64_t dim[4] = { x.c, 1, 3, 3 }, c = x.c;
	const struct val in[3] = { x, ar_random(a, 4, dim, 0.5), ar_random(a, 1, &c, 0.1) };

	return ar_node(a, "Conv", scope, in, 3,
		       ar_name("kernel_shape=3,3 strides=1,1 pads=%d,%d,%d,%d dilations=%d,%d "
			       "group=%d",
			       rate, rate, rate, rate, rate, rate, x.c));
}

static struct val inverted(struct arch *a, const char *s, struct val x, int t, int c, int stride,
			   int rate)
{
	struct val y = x;

	if (t > 1) {
		y = ar_conv(a, ar_name("%s/expand", s), x, x.c * t, 1, 1);
		y = ar_act(a, ar_name("%s/expand", s), y, AR_RELU6);
	}
	y = rate > 1 ? dilated(a, ar_name("%s/depthwise", s), y, rate)
		     : ar_dw(a, ar_name("%s/depthwise", s), y, 3, stride);
	y = ar_conv(a, ar_name("%s/project", s), ar_act(a, ar_name("%s/depthwise", s), y, AR_RELU6),
		    c, 1, 1);
	return stride == 1 && x.c == c ? ar_2(a, "Add", s, x, y, "") : y;
}

/* dilate: rate of the last blocks, whose stride is 1 all the same. */
static void deeplab(struct arch *a, int dilate)
{
	static const int rows[7][4] = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 },
					{ 6, 64, 4, 2 }, { 6, 96, 3, 1 }, { 6, 160, 3, 1 },
					{ 6, 320, 1, 1 } };
	struct val x = ar_input(a, 3, 513), y;
	const int h = x.h, w = x.w;
	int block = 0;

	a->classes = a->classes ? a->classes : 21;
	x = ar_act(a, "/Conv", ar_conv(a, "/Conv", x, ar_thin(a, 32), 3, 2), AR_RELU6);
	for (int r = 0; r < 7; r++)
		for (int k = 0; k < rows[r][2]; k++, block++)
			x = inverted(a, ar_name("/expanded_conv_%d", block), x, rows[r][0],
				     ar_thin(a, rows[r][1]), k ? 1 : rows[r][3],
				     block > 13 ? dilate : 1);
	y = ar_1(a, "GlobalAveragePool", "/image_pooling", x, "");
	y.h = y.w = 1;
	y = ar_bilinear(a, "/image_pooling", cr(a, "/image_pooling", y, 256, 1, 1), x.h, x.w);
	x = ar_concat(a, "/aspp", (struct val[]){ y, cr(a, "/aspp0", x, 256, 1, 1) }, 2);
	x = ar_conv(a, "/logits", cr(a, "/concat_projection", x, 256, 1, 1), a->classes, 1, 1);
	ar_output(a, ar_bilinear(a, "/up", x, h, w));
}

void arch_deeplab_v3_mobilenet_v2(struct arch *a)
{
	deeplab(a, 2);
}

void arch_deeplab_v3_mobilenet_v2_wo_dilation(struct arch *a)
{
	deeplab(a, 1);
}

/* ---- STDC1: blocks whose parts narrow, joined; two levels of attention ---- */
static struct val stdc(struct arch *a, const char *s, struct val x, int c, int stride)
{
	struct val part[4];

	part[0] = cr(a, ar_name("%s/conv0", s), x, c / 2, 1, 1);
	x = part[0];
	if (stride == 2) {
		x = ar_dw(a, ar_name("%s/down", s), x, 3, 2);
		part[0] =
		    ar_1(a, "AveragePool", s, part[0], "kernel_shape=3,3 strides=2,2 pads=1,1,1,1");
		part[0].h = x.h;
		part[0].w = x.w;
	}
	part[1] = cr(a, ar_name("%s/conv1", s), x, c / 4, 3, 1);
	part[2] = cr(a, ar_name("%s/conv2", s), part[1], c / 8, 3, 1);
	part[3] = cr(a, ar_name("%s/conv3", s), part[2], c / 8, 3, 1);
	return ar_concat(a, s, part, 4);
}

static struct val refine(struct arch *a, const char *s, struct val x)
{
	struct val y = cr(a, s, x, 128, 3, 1), g = ar_1(a, "GlobalAveragePool", s, y, "");

	g.h = g.w = 1;
	g = ar_act(a, s, ar_conv(a, ar_name("%s/gate", s), g, y.c, 1, 1), AR_SIGMOID);
	return ar_2(a, "Mul", s, y, g, "");
}

void arch_stdc1(struct arch *a)
{
	struct val x = ar_input_hw(a, 3, 1024, 1920), keep[3], y;
	const int h = x.h, w = x.w;

	a->classes = a->classes ? a->classes : 19;
	x = cr(a, "/stem1", cr(a, "/stem0", x, 32, 3, 2), 64, 3, 2);
	for (int i = 0; i < 3; i++) {
		x = stdc(a, ar_name("/stage%d.0", i), x, 256 << i, 2);
		keep[i] = x = stdc(a, ar_name("/stage%d.1", i), x, 256 << i, 1);
	}
	y = ar_1(a, "GlobalAveragePool", "/context", x, "");
	y.h = y.w = 1;
	y = cr(a, "/context", y, 128, 1, 1);
	x = ar_2(a, "Add", "/arm32", refine(a, "/arm32", x), y, "");
	for (int i = 1; i >= 0; i--) {
		const char *s = ar_name("/arm%d", 8 << i);

		x = ar_up(a, ar_name("%s/up", s), x);
		x = cr(a, ar_name("%s/head", s), x, 128, 3, 1);
		if (i)
			x = ar_2(a, "Add", s, refine(a, s, keep[1]), x, "");
	}
	x = cr(a, "/ffm/conv", ar_concat(a, "/ffm", (struct val[]){ keep[0], x }, 2), 256, 1, 1);
	y = ar_excite(a, "/ffm/gate", x, ar_thin(a, 64), false);
	x = ar_conv(a, "/out", cr(a, "/head", ar_2(a, "Add", "/ffm", x, y, ""), 256, 3, 1),
		    a->classes, 1, 1);
	ar_output(a, ar_bilinear(a, "/up", x, h, w));
}

/* Seven convolutions with joins across, eight curves applied one behind the other. */
void arch_zero_dce(struct arch *a)
{
	const int three[8] = { 3, 3, 3, 3, 3, 3, 3, 3 };
	struct val image = ar_input_hw(a, 3, 400, 600), x, l[7], curve[8];

	x = image = ar_2(a, "Mul", "/scale", image, ar_scalar(a, 1.0f / 255), "");
	for (int i = 0; i < 7; i++) {
		if (i > 3)
			x = ar_concat(a, ar_name("/cat%d", i), (struct val[]){ l[6 - i], l[i - 1] },
				      2);
		x = ar_conv(a, ar_name("/conv%d", i), x, i == 6 ? 24 : ar_thin(a, 32), 3, 1);
		l[i] = x = i == 6 ? ar_1(a, "Tanh", "/conv6", x, "")
				  : ar_act(a, ar_name("/conv%d", i), x, AR_RELU);
	}
	ar_split(a, "/curves", x, three, 8, 1, curve);
	x = image;
	for (int i = 0; i < 8; i++) {
		const char *s = ar_name("/step%d", i);
		struct val d =
		    ar_2(a, "Sub", s, ar_2(a, "Mul", ar_name("%s/square", s), x, x, ""), x, "");

		d = ar_2(a, "Mul", s, curve[i], d, "");
		x = ar_2(a, "Add", s, x, d, "");
	}
	ar_output(a, x);
}
