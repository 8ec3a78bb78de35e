/*
 * Small networks: FastDepth (Wofk et al. 2019) as it was pruned, OSNet (Zhou et al. 2019), RepGhost
 * (Chen et al. 2022) as it is deployed, Zero-DCE++ (Li et al. 2021), and a plate reader whose
 * residual stages are joined at one size.
 */
#include "arch.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), AR_RELU);
}

/* ---- FastDepth: 14 separable convolutions down, five up, three joins across by addition ---- */
static struct val separable(struct arch *a, const char *s, struct val x, int c, int k, int step,
			    enum ar_act act)
{
	const char *dw = ar_name("%s/depthwise", s), *pw = ar_name("%s/pointwise", s);

	x = ar_act(a, dw, ar_dw(a, dw, x, k, step), act);
	return ar_act(a, pw, ar_conv(a, pw, x, c, 1, 1), act);
}

static void fast_depth(struct arch *a, const void *with)
{
	static const int down[14] = { 16,  56,  88,  120, 144, 256, 408,
				      376, 272, 288, 296, 328, 480, 512 };
	static const int up[5] = { 200, 256, 120, 56, 16 };
	struct val x = ar_input(a, 3, 224), keep[14];

	(void)with;
	x = ar_act(a, "/conv0", ar_conv(a, "/conv0", x, ar_thin(a, down[0]), 3, 2), AR_RELU6);
	for (int i = 1; i < 14; i++) {
		const int step = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;

		keep[i] = x =
		    separable(a, ar_name("/conv%d", i), x, ar_thin(a, down[i]), 3, step, AR_RELU6);
	}
	for (int i = 0; i < 5; i++) {
		const char *s = ar_name("/decode_conv%d", i + 1);

		x = ar_up(a, s, separable(a, s, x, ar_thin(a, up[i]), 5, 1, AR_RELU));
		if (i > 0 && i < 4)
			x = ar_2(a, "Add", s, x, keep[7 - 2 * i], "");
	}
	ar_output(a, cr(a, "/decode_conv6", x, 1, 1, 1));
}

/* ---- OSNet: four chains of one to four light convolutions, gated and added ---- */
static struct val chain(struct arch *a, const char *s, struct val x, int n)
{
	for (int i = 0; i < n; i++) {
		const char *t = ar_name("%s.%d", s, i);

		x = ar_conv(a, ar_name("%s/conv1", t), x, x.c, 1, 1);
		x = ar_dw(a, ar_name("%s/conv2", t), x, 3, 1);
		x = ar_act(a, t, x, AR_RELU);
	}
	return ar_excite(a, ar_name("%s/gate", s), x, x.c < 16 ? 1 : x.c / 16, false);
}

static struct val omni(struct arch *a, const char *s, struct val x, int c)
{
	struct val y = cr(a, ar_name("%s/conv1", s), x, c / 4, 1, 1), sum = y;

	for (int i = 1; i <= 4; i++) {
		const char *t = ar_name("%s/conv2%c", s, "0abcd"[i]);
		const struct val z = chain(a, t, y, i);

		sum = i == 1 ? z : ar_2(a, "Add", t, sum, z, "");
	}
	y = ar_conv(a, ar_name("%s/conv3", s), sum, c, 1, 1);
	if (x.c != c)
		x = ar_conv(a, ar_name("%s/downsample", s), x, c, 1, 1);
	return ar_act(a, s, ar_2(a, "Add", s, y, x, ""), AR_RELU);
}

static void osnet(struct arch *a, const void *with)
{
	static const int width[3] = { 256, 384, 512 };
	struct val x = ar_input_hw(a, 3, 256, 128);

	(void)with;
	a->classes = a->classes ? a->classes : 512; /* numbers that describe the person */
	x = ar_maxpool(a, "/maxpool", cr(a, "/conv1", x, ar_thin(a, 64), 7, 2), 3, 2);
	for (int i = 0; i < 3; i++) {
		const char *s = ar_name("/conv%d", i + 2);

		for (int k = 0; k < 2; k++)
			x = omni(a, ar_name("%s/%d", s, k), x, ar_thin(a, width[i]));
		if (i < 2)
			x = ar_avgpool(a, s, cr(a, ar_name("%s/2", s), x, x.c, 1, 1), 2, 2);
	}
	x = ar_classify(a, "/fc", cr(a, "/conv5", x, x.c, 1, 1));
	ar_output(a, ar_act(a, "/fc", x, AR_RELU));
}

/* ---- RepGhost ---- */
struct ghost {
	int k, wide, c, excited, step;
};

static int scaled(const struct arch *a, double c)
{
	const int n = (int)(c + 2) / 4 * 4;

	return ar_thin(a, n < 4 ? 4 : n < 0.9 * c ? n + 4 : n);
}

static struct val ghost(struct arch *a, const char *s, struct val x, int c, bool act)
{
	x = ar_conv(a, ar_name("%s/primary", s), x, c, 1, 1);
	x = ar_act(a, ar_name("%s/primary", s), x, act ? AR_RELU : AR_NONE);
	return ar_act(a, s, ar_dw(a, ar_name("%s/cheap", s), x, 3, 1), act ? AR_RELU : AR_NONE);
}

static struct val ghosts(struct arch *a, const char *s, struct val x, const struct ghost *g,
			 double width)
{
	const int wide = scaled(a, g->wide * width), c = scaled(a, g->c * width);
	struct val y = ghost(a, ar_name("%s/ghost1", s), x, wide, true);

	if (g->step > 1)
		y = ar_dw(a, ar_name("%s/conv_dw", s), y, g->k, g->step);
	if (g->excited)
		y = ar_excite(a, ar_name("%s/se", s), y, scaled(a, wide * a->thin / 4.0), true);
	y = ghost(a, ar_name("%s/ghost2", s), y, c, false);
	if (g->step > 1 || x.c != c) {
		x = ar_dw(a, ar_name("%s/shortcut.0", s), x, g->k, g->step);
		x = ar_conv(a, ar_name("%s/shortcut.2", s), x, c, 1, 1);
	}
	return ar_2(a, "Add", s, y, x, "");
}

static void repghost(struct arch *a, const void *with)
{
	static const struct ghost rows[16] = { { 3, 8, 16, 0, 1 },    { 3, 24, 24, 0, 2 },
					       { 3, 36, 24, 0, 1 },   { 5, 36, 40, 1, 2 },
					       { 5, 60, 40, 1, 1 },   { 3, 120, 80, 0, 2 },
					       { 3, 100, 80, 0, 1 },  { 3, 120, 80, 0, 1 },
					       { 3, 120, 80, 0, 1 },  { 3, 240, 112, 1, 1 },
					       { 3, 336, 112, 1, 1 }, { 5, 336, 160, 1, 2 },
					       { 5, 480, 160, 0, 1 }, { 5, 480, 160, 1, 1 },
					       { 5, 480, 160, 0, 1 }, { 5, 480, 160, 1, 1 } };
	const double width = *(const double *)with;
	struct val x = ar_input(a, 3, 224);

	a->classes = a->classes ? a->classes : 1000;
	x = cr(a, "/conv_stem", x, scaled(a, 16 * width), 3, 2);
	for (int i = 0; i < 16; i++)
		x = ghosts(a, ar_name("/blocks.%d", i), x, &rows[i], width);
	x = cr(a, "/blocks.16", x, scaled(a, 960 * width), 1, 1);
	x = ar_1(a, "GlobalAveragePool", "/global_pool", x, "");
	x.h = x.w = 1;
	x = cr(a, "/conv_head", x, ar_thin(a, 1280), 1, 1);
	ar_output(a, ar_conv(a, "/classifier", x, a->classes, 1, 1));
}

/* ---- Zero-DCE++: seven separable convolutions, one curve, applied eight times ---- */
static void zero_dce_pp(struct arch *a, const void *with)
{
	struct val image = ar_input_hw(a, 3, 400, 600), x, l[7];

	(void)with;
	x = image = ar_2(a, "Mul", "/scale", image, ar_scalar(a, 1.0f / 255), "");
	for (int i = 0; i < 7; i++) {
		const char *s = ar_name("/e_conv%d", i + 1);

		if (i > 3)
			x = ar_concat(a, ar_name("/cat%d", i), (struct val[]){ l[6 - i], l[i - 1] },
				      2);
		x = ar_dw(a, ar_name("%s/depth_conv", s), x, 3, 1);
		x = ar_conv(a, ar_name("%s/point_conv", s), x, i == 6 ? 3 : ar_thin(a, 32), 1, 1);
		l[i] = x = i == 6 ? ar_1(a, "Tanh", "/e_conv7", x, "") : ar_act(a, s, x, AR_RELU);
	}
	for (int i = 0; i < 8; i++) {
		const char *s = ar_name("/step%d", i);
		struct val d = ar_2(a, "Mul", ar_name("%s/square", s), image, image, "");

		d = ar_2(a, "Mul", s, x, ar_2(a, "Sub", s, d, image, ""), "");
		image = ar_2(a, "Add", s, image, d, "");
	}
	ar_output(a, image);
}

/* ---- the plate reader ---- */
static struct val residual(struct arch *a, const char *s, struct val x, int c, int step)
{
	struct val y = cr(a, ar_name("%s/block.0", s), x, c, 3, step);

	y = ar_conv(a, ar_name("%s/block.3", s), y, c, 3, 1);
	if (step > 1 || x.c != c)
		x = ar_conv(a, ar_name("%s/downsample", s), x, c, 1, step);
	return ar_act(a, s, ar_2(a, "Add", s, y, x, ""), AR_RELU);
}

/* n pointwise convolutions of step 2, the last without activation. */
static struct val shrink(struct arch *a, const char *s, struct val x, int n)
{
	for (int i = 0; i < n; i++) {
		x = ar_conv(a, ar_name("%s.%d", s, i), x, x.c, 1, 2);
		x = ar_act(a, ar_name("%s.%d", s, i), x, i + 1 < n ? AR_RELU : AR_NONE);
	}
	return x;
}

static void lprnet(struct arch *a, const void *with)
{
	static const int width[4] = { 64, 128, 128, 256 };
	struct val x = ar_input_hw(a, 3, 75, 300), part[4];

	(void)with;
	a->classes = a->classes ? a->classes : 11;
	x = cr(a, "/stage1.0", x, ar_thin(a, 64), 7, 1);
	for (int i = 0; i < 4; i++)
		x = residual(a, ar_name("/stage1.%d", i + 3), x, ar_thin(a, width[i]),
			     i == 2 ? 2 : 1);
	part[0] = shrink(a, "/downsample1", x, 3);
	for (int i = 0; i < 2; i++)
		x = residual(a, ar_name("/stage2.%d", i), x, x.c, 2 - i);
	part[1] = shrink(a, "/downsample2", x, 2);
	for (int i = 0; i < 2; i++)
		x = residual(a, ar_name("/stage3.%d", i), x, x.c, 2);
	part[2] = x;
	x = ar_conv_hw(a, "/stage4.0", x, x.c, (const int[2]){ 1, 5 }, (const int[2]){ 1, 1 },
		       (const int[2]){ 0, 2 }, 1);
	x = ar_conv_hw(a, "/stage4.3", ar_act(a, "/stage4.0", x, AR_RELU), a->classes,
		       (const int[2]){ 5, 1 }, (const int[2]){ 1, 1 }, (const int[2]){ 2, 0 }, 1);
	part[3] = ar_act(a, "/stage4.3", x, AR_RELU);
	x = ar_concat(a, "/cat", part, 4);
	ar_output(a, ar_conv(a, "/container", x, a->classes, 1, 1));
}

static const double one = 1, two = 2;

const struct arch_row arch_small[] = { { "fast_depth", fast_depth, NULL },
				       { "lprnet", lprnet, NULL },
				       { "osnet_x1_0", osnet, NULL },
				       { "repghost_1_0x", repghost, &one },
				       { "repghost_2_0x", repghost, &two },
				       { "zero_dce_pp", zero_dce_pp, NULL },
				       { NULL, NULL, NULL } };
