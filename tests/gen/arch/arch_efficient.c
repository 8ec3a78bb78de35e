/*
 * EfficientNet-Lite and EfficientNet-EdgeTPU (Tan and Le 2019, and the repository's later forms),
 * MobileNet v3 large (Howard et al. 2019) with and without its attention, RepVGG (Ding et al. 2021)
 * as it is deployed.
 */
#include "arch_backbone.h"

/* ---- inverted residuals ---- */
struct row {
	int k, s, expand, c, n;
	bool fused; /* no depthwise one: a 3x3 convolution widens, the projection has the stride */
};

static struct val cba(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, c, k, s), a->act);
}

/* first: a fused block of the network's beginning widens its own features, not the stem's. */
static struct val residual(struct arch *a, const char *scope, struct val x, const struct row *r,
			   int c, int s, bool first)
{
	struct val y = x;

	if (r->fused)
		y = cba(a, ar_name("%s/expand", scope), x, (first ? c : x.c) * r->expand, r->k, 1);
	else {
		if (r->expand > 1)
			y = cba(a, ar_name("%s/expand", scope), x, x.c * r->expand, 1, 1);
		y = ar_dw(a, ar_name("%s/depthwise", scope), y, r->k, s);
		y = ar_act(a, ar_name("%s/depthwise", scope), y, a->act);
	}
	y = ar_conv(a, ar_name("%s/project", scope), y, c, 1, r->fused ? s : 1);
	return s == 1 && x.c == c ? ar_2(a, "Add", scope, x, y, "") : y;
}

/* Rounded to eights, at most a tenth less. */
static int scaled(double c, double width)
{
	const int n = (int)(c * width + 4) / 8 * 8;

	return n < 0.9 * c * width ? n + 8 : n;
}

static int deeper(int n, double depth)
{
	const int whole = (int)(n * depth);

	return whole + (whole < n * depth);
}

/* whole: the stem and the first and last rows keep their size; keep: what each row gives. */
static struct val blocks(struct arch *a, struct val x, const struct row *r, int rows, double width,
			 double depth, bool whole, struct val *keep)
{
	x = cba(a, "/stem", x, ar_thin(a, whole ? 32 : scaled(32, width)), 3, 2);
	for (int i = 0; i < rows; i++) {
		const bool fixed = whole && (i == 0 || i == rows - 1);
		const int n = fixed ? r[i].n : deeper(r[i].n, depth);

		for (int k = 0; k < n; k++)
			x = residual(a, ar_name("/blocks.%d.%d", i, k), x, &r[i],
				     ar_thin(a, scaled(r[i].c, width)), k ? 1 : r[i].s, i + k == 0);
		if (keep)
			keep[i] = x;
	}
	return x;
}

static void efficientnet(struct arch *a, const struct row *r, int rows, double width, double depth,
			 int size, bool whole)
{
	struct val x = ar_input(a, 3, size);

	a->classes = a->classes ? a->classes : 1000;
	x = blocks(a, x, r, rows, width, depth, whole, NULL);
	x = cba(a, "/head", x, ar_thin(a, whole ? 1280 : scaled(1280, width)), 1, 1);
	ar_output(a, ar_classify(a, "/fc", x));
}

static const struct row lite_rows[7] = { { 3, 1, 1, 16, 1, false },  { 3, 2, 6, 24, 2, false },
					 { 5, 2, 6, 40, 2, false },  { 3, 2, 6, 80, 3, false },
					 { 5, 1, 6, 112, 3, false }, { 5, 2, 6, 192, 4, false },
					 { 3, 1, 6, 320, 1, false } };

struct val ar_efficientnet_lite(struct arch *a, struct val x, double width, double depth,
				struct val keep[7])
{
	a->act = AR_RELU6;
	return blocks(a, x, lite_rows, 7, width, depth, true, keep);
}

static void lite(struct arch *a, double width, double depth, int size)
{
	a->act = AR_RELU6;
	efficientnet(a, lite_rows, 7, width, depth, size, true);
}

static void edge(struct arch *a, double width, double depth, int size)
{
	static const struct row rows[6] = {
		{ 3, 1, 4, 24, 1, true },  { 3, 2, 8, 32, 2, true },   { 3, 2, 8, 48, 4, true },
		{ 5, 2, 8, 96, 5, false }, { 5, 1, 8, 144, 4, false }, { 5, 2, 8, 192, 2, false }
	};

	a->act = AR_RELU;
	efficientnet(a, rows, 6, width, depth, size, false);
}

void arch_efficientnet_lite0(struct arch *a)
{
	lite(a, 1, 1, 224);
}

void arch_efficientnet_lite1(struct arch *a)
{
	lite(a, 1, 1.1, 240);
}

void arch_efficientnet_lite2(struct arch *a)
{
	lite(a, 1.1, 1.2, 260);
}

void arch_efficientnet_lite3(struct arch *a)
{
	lite(a, 1.2, 1.4, 280);
}

void arch_efficientnet_lite4(struct arch *a)
{
	lite(a, 1.4, 1.8, 300);
}

void arch_efficientnet_s(struct arch *a)
{
	edge(a, 1, 1, 224);
}

void arch_efficientnet_m(struct arch *a)
{
	edge(a, 1, 1.1, 240);
}

void arch_efficientnet_l(struct arch *a)
{
	edge(a, 1.2, 1.4, 300);
}

/* ---- MobileNet v3 large ---- */
static struct val hard_swish(struct arch *a, const char *scope, struct val x)
{
	return ar_1(a, "HardSwish", scope, x, "");
}

/* minimal: 3x3 kernels, ReLU, no squeeze and excitation. */
static void mobilenet_v3(struct arch *a, bool minimal)
{
	static const int rows[15][6] = {
		/* k, expanded, c, excited, hard swish, stride */
		{ 3, 16, 16, 0, 0, 1 },   { 3, 64, 24, 0, 0, 2 },   { 3, 72, 24, 0, 0, 1 },
		{ 5, 72, 40, 1, 0, 2 },   { 5, 120, 40, 1, 0, 1 },  { 5, 120, 40, 1, 0, 1 },
		{ 3, 240, 80, 0, 1, 2 },  { 3, 200, 80, 0, 1, 1 },  { 3, 184, 80, 0, 1, 1 },
		{ 3, 184, 80, 0, 1, 1 },  { 3, 480, 112, 1, 1, 1 }, { 3, 672, 112, 1, 1, 1 },
		{ 5, 672, 160, 1, 1, 2 }, { 5, 960, 160, 1, 1, 1 }, { 5, 960, 160, 1, 1, 1 }
	};
	struct val x = ar_input(a, 3, 224), y;

	a->classes = a->classes ? a->classes : 1000;
	x = ar_conv(a, "/stem", x, ar_thin(a, 16), 3, 2);
	x = minimal ? ar_act(a, "/stem", x, AR_RELU) : hard_swish(a, "/stem", x);
	for (int i = 0; i < 15; i++) {
		const int *r = rows[i], k = minimal ? 3 : r[0], wide = ar_thin(a, r[1]);
		const bool swish = r[4] && !minimal;
		const char *s = ar_name("/blocks.%d", i);

		y = x;
		for (int step = wide == x.c; step < 2; step++) {
			const char *t = ar_name("%s/%s", s, step ? "depthwise" : "expand");

			y = step ? ar_dw(a, t, y, k, r[5]) : ar_conv(a, t, y, wide, 1, 1);
			y = swish ? hard_swish(a, t, y) : ar_act(a, t, y, AR_RELU);
		}
		if (r[3] && !minimal)
			y = ar_excite(a, ar_name("%s/se", s), y, (wide / 4 + 4) / 8 * 8, true);
		y = ar_conv(a, ar_name("%s/project", s), y, ar_thin(a, r[2]), 1, 1);
		x = r[5] == 1 && y.c == x.c ? ar_2(a, "Add", s, x, y, "") : y;
	}
	x = ar_conv(a, "/head", x, ar_thin(a, 960), 1, 1);
	x = minimal ? ar_act(a, "/head", x, AR_RELU) : hard_swish(a, "/head", x);
	x = ar_1(a, "GlobalAveragePool", "/head", x, "");
	x.h = x.w = 1;
	x = ar_conv(a, "/head2", x, ar_thin(a, 1280), 1, 1);
	x = minimal ? ar_act(a, "/head2", x, AR_RELU) : hard_swish(a, "/head2", x);
	ar_output(a, ar_conv(a, "/fc", x, a->classes, 1, 1));
}

void arch_mobilenet_v3_large(struct arch *a)
{
	mobilenet_v3(a, false);
}

void arch_mobilenet_v3_large_minimalistic(struct arch *a)
{
	mobilenet_v3(a, true);
}

/* ---- RepVGG: 3x3 convolutions and nothing else ---- */
struct val ar_repvgg(struct arch *a, struct val x, const int width[5], struct val *keep)
{
	static const int depth[5] = { 1, 2, 4, 14, 1 };

	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < depth[i]; k++)
			x = cba(a, ar_name("/stage%d/stage%d.%d", i, i, k), x, ar_thin(a, width[i]),
				3, k ? 1 : 2);
		if (keep)
			keep[i] = x;
	}
	return x;
}

static void repvgg(struct arch *a, const int width[5], int h, int w)
{
	const struct val x = ar_input_hw(a, 3, h, w);

	a->act = AR_RELU;
	ar_output(a, ar_classify(a, "/linear", ar_repvgg(a, x, width, NULL)));
}

void arch_repvgg_a0(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1000;
	repvgg(a, (const int[5]){ 48, 48, 96, 192, 1280 }, 224, 224);
}

/* Persons seen again: a vector of features in place of classes. */
void arch_repvgg_a0_reid_512(struct arch *a)
{
	a->classes = a->classes ? a->classes : 512;
	repvgg(a, (const int[5]){ 48, 48, 96, 192, 1280 }, 256, 128);
}

void arch_repvgg_a0_reid_2048(struct arch *a)
{
	a->classes = a->classes ? a->classes : 2048;
	repvgg(a, (const int[5]){ 48, 48, 96, 192, 1280 }, 256, 128);
}

void arch_repvgg_a1(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1000;
	repvgg(a, (const int[5]){ 64, 64, 128, 256, 1280 }, 224, 224);
}

void arch_repvgg_a2(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1000;
	repvgg(a, (const int[5]){ 64, 96, 192, 384, 1408 }, 224, 224);
}
