/*
 * SqueezeNet 1.1 (Iandola et al. 2016), ShuffleNet v2 (Ma et al. 2018), Inception v1 (Szegedy et
 * al. 2014), DenseNet-121 (Huang et al. 2016), HarDNet-68 (Chao et al. 2019).
 */
#include "arch.h"

static struct val cr(struct arch *a, const char *scope, struct val x, int c, int k, int s)
{
	return ar_act(a, scope, ar_conv(a, scope, x, ar_thin(a, c), k, s), AR_RELU);
}

static void classes(struct arch *a)
{
	a->classes = a->classes ? a->classes : 1000;
}

/* ---- SqueezeNet ---- */
static struct val fire(struct arch *a, int number, struct val x, int narrow, int wide)
{
	const char *s = ar_name("/fire%d", number);
	struct val part[2];

	x = cr(a, ar_name("%s/squeeze", s), x, narrow, 1, 1);
	part[0] = cr(a, ar_name("%s/expand1x1", s), x, wide, 1, 1);
	part[1] = cr(a, ar_name("%s/expand3x3", s), x, wide, 3, 1);
	return ar_concat(a, s, part, 2);
}

void arch_squeezenet_v1_1(struct arch *a)
{
	struct val x = ar_input(a, 3, 224);

	classes(a);
	x = ar_conv_full(a, "/conv1", x, ar_thin(a, 64), 3, 2, 0, 1);
	x = ar_act(a, "/conv1", x, AR_RELU);
	for (int i = 0; i < 8; i++) {
		const int narrow = i < 6 ? 16 * (1 + i / 2) : 64;

		if (i == 0 || i == 2 || i == 4)
			x = ar_maxpool(a, ar_name("/pool%d", i), x, 3, 2);
		x = fire(a, i + 2, x, narrow, 4 * narrow);
	}
	x = ar_conv(a, "/conv10", x, a->classes, 1, 1);
	x = ar_act(a, "/conv10", x, AR_RELU);
	ar_output(a, ar_1(a, "GlobalAveragePool", "/pool10", x, ""));
}

/* ---- ShuffleNet v2 1.0 ---- */
static struct val shuffle(struct arch *a, const char *scope, struct val x)
{
	struct val y = ar_reshape(a, ar_name("%s/group", scope), x, 5,
				  (const int64_t[]){ 1, 2, x.c / 2, x.h, x.w });

	y = ar_1(a, "Transpose", scope, y, "perm=0,2,1,3,4");
	return ar_reshape(a, ar_name("%s/join", scope), y, 4,
			  (const int64_t[]){ 1, x.c, x.h, x.w });
}

static struct val branch(struct arch *a, const char *s, struct val x, int c, int stride)
{
	x = cr(a, ar_name("%s/1", s), x, c, 1, 1);
	return cr(a, ar_name("%s/3", s), ar_dw(a, ar_name("%s/2", s), x, 3, stride), c, 1, 1);
}

void arch_shufflenet_v2(struct arch *a)
{
	static const int width[3] = { 116, 232, 464 }, depth[3] = { 4, 8, 4 };
	struct val x = ar_input(a, 3, 224), part[2];

	classes(a);
	x = ar_maxpool(a, "/maxpool", cr(a, "/conv1", x, 24, 3, 2), 3, 2);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < depth[i]; k++) {
			const char *s = ar_name("/stage%d/%d", i + 2, k);
			const int c = width[i] / 2;

			if (k == 0) {
				part[0] = ar_dw(a, ar_name("%s/branch1/1", s), x, 3, 2);
				part[0] = cr(a, ar_name("%s/branch1/2", s), part[0], c, 1, 1);
				part[1] = x;
			} else {
				ar_split(a, s, x, (const int[2]){ x.c / 2, x.c / 2 }, 2, 1, part);
			}
			part[1] = branch(a, ar_name("%s/branch2", s), part[1], c, k ? 1 : 2);
			x = shuffle(a, s, ar_concat(a, s, part, 2));
		}
	ar_output(a, ar_classify(a, "/fc", cr(a, "/conv5", x, 1024, 1, 1)));
}

/* ---- Inception v1 ---- */
static struct val mixed(struct arch *a, const char *s, struct val x, const int c[6])
{
	struct val part[4];

	part[0] = cr(a, ar_name("%s/branch1", s), x, c[0], 1, 1);
	part[1] = cr(a, ar_name("%s/branch2.0", s), x, c[1], 1, 1);
	part[1] = cr(a, ar_name("%s/branch2.1", s), part[1], c[2], 3, 1);
	part[2] = cr(a, ar_name("%s/branch3.0", s), x, c[3], 1, 1);
	part[2] = cr(a, ar_name("%s/branch3.1", s), part[2], c[4], 3, 1);
	part[3] = ar_maxpool(a, ar_name("%s/branch4.0", s), x, 3, 1);
	part[3] = cr(a, ar_name("%s/branch4.1", s), part[3], c[5], 1, 1);
	return ar_concat(a, s, part, 4);
}

void arch_inception_v1(struct arch *a)
{
	static const int rows[9][6] = {
		{ 64, 96, 128, 16, 32, 32 },     { 128, 128, 192, 32, 96, 64 },
		{ 192, 96, 208, 16, 48, 64 },    { 160, 112, 224, 24, 64, 64 },
		{ 128, 128, 256, 24, 64, 64 },   { 112, 144, 288, 32, 64, 64 },
		{ 256, 160, 320, 32, 128, 128 }, { 256, 160, 320, 32, 128, 128 },
		{ 384, 192, 384, 48, 128, 128 },
	};
	struct val x = ar_input(a, 3, 224);

	classes(a);
	x = ar_act(a, "/conv1", ar_conv(a, "/conv1", x, ar_thin(a, 64), 7, 2), AR_RELU);
	x = ar_maxpool(a, "/pool1", x, 3, 2);
	x = cr(a, "/conv3", cr(a, "/conv2", x, 64, 1, 1), 192, 3, 1);
	x = ar_maxpool(a, "/pool2", x, 3, 2);
	for (int i = 0; i < 9; i++) {
		if (i == 2 || i == 7)
			x = ar_maxpool(a, ar_name("/pool%d", i), x, 3, 2);
		x = mixed(a, ar_name("/inception%d", i), x, rows[i]);
	}
	ar_output(a, ar_classify(a, "/fc", x));
}

/* ---- DenseNet-121: batch norm and ReLU in front of each convolution ---- */
static struct val nr(struct arch *a, const char *scope, struct val x)
{
	return ar_act(a, scope, ar_norm(a, scope, x), AR_RELU);
}

void arch_densenet121(struct arch *a)
{
	static const int depth[4] = { 6, 12, 24, 16 };
	struct val x = ar_input(a, 3, 224), y;

	classes(a);
	x = ar_act(a, "/conv0", ar_conv(a, "/conv0", x, ar_thin(a, 64), 7, 2), AR_RELU);
	x = ar_maxpool(a, "/pool0", x, 3, 2);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < depth[i]; k++) {
			const char *s = ar_name("/dense%d/layer%d", i + 1, k + 1);

			y = cr(a, ar_name("%s/conv1", s), nr(a, ar_name("%s/norm1", s), x), 128, 1,
			       1);
			y = ar_conv(a, ar_name("%s/conv2", s), y, ar_thin(a, 32), 3, 1);
			x = ar_concat(a, s, (struct val[]){ x, y }, 2);
		}
		x = nr(a, ar_name("/norm%d", i + 1), x);
		if (i == 3)
			break;
		x = ar_conv(a, ar_name("/transition%d", i + 1), x, x.c / 2, 1, 1);
		x = ar_avgpool(a, ar_name("/pool%d", i + 1), x, 2, 2);
	}
	ar_output(a, ar_classify(a, "/fc", x));
}

/* ---- HarDNet-68: layer i reads the layers i - 1, i - 2, i - 4 ... of powers of two that divide i
 */
static int links(int i, int base, int growth, double m, int *out, int *c)
{
	double wide = growth;
	int n = 0;

	if (i == 0) {
		*c = base;
		return 0;
	}
	for (int d = 1; i % d == 0; d *= 2) {
		out[n++] = i - d;
		if (d > 1)
			wide *= m;
		if (d * 2 > i)
			break;
	}
	*c = ((int)(wide + 1) / 2) * 2;
	return n;
}

/* A 3x3 convolution, or a pointwise and a depthwise one. */
static struct val hard_layer(struct arch *a, const char *s, struct val x, int c, bool separable)
{
	x = ar_act(a, s, ar_conv(a, s, x, ar_thin(a, c), separable ? 1 : 3, 1), AR_RELU6);
	return separable ? ar_dw(a, ar_name("%s/dw", s), x, 3, 1) : x;
}

static struct val hard_block(struct arch *a, const char *s, struct val x, int growth, double m,
			     int n, bool separable)
{
	struct val layer[17] = { x }, in[8], kept[17];
	int link[8], c, count = 0;

	for (int i = 1; i <= n; i++) {
		const int k = links(i, x.c, growth, m, link, &c);

		for (int j = 0; j < k; j++)
			in[j] = layer[link[j]];
		layer[i] = k > 1 ? ar_concat(a, ar_name("%s/cat%d", s, i), in, (size_t)k) : in[0];
		layer[i] = hard_layer(a, ar_name("%s/%d", s, i), layer[i], c, separable);
	}
	for (int i = 1; i <= n; i++)
		if (i % 2 || i == n)
			kept[count++] = layer[i];
	return ar_concat(a, s, kept, (size_t)count);
}

void arch_hardnet68(struct arch *a)
{
	static const int growth[5] = { 14, 16, 20, 40, 160 }, depth[5] = { 8, 16, 16, 16, 4 };
	static const int width[5] = { 128, 256, 320, 640, 1024 };
	struct val x = ar_input(a, 3, 224);

	classes(a);
	x = ar_maxpool(a, "/pool", cr(a, "/stem1", cr(a, "/stem0", x, 32, 3, 2), 64, 3, 1), 3, 2);
	for (int i = 0; i < 5; i++) {
		const char *s = ar_name("/block%d", i);

		x = hard_block(a, s, x, growth[i], 1.7, depth[i], false);
		x = cr(a, ar_name("%s/out", s), x, width[i], 1, 1);
		if (i == 0 || i == 2 || i == 3)
			x = ar_maxpool(a, ar_name("%s/pool", s), x, 2, 2);
	}
	ar_output(a, ar_classify(a, "/fc", x));
}

/* Depthwise convolutions in the place of pools. */
void arch_hardnet39ds(struct arch *a)
{
	static const int growth[4] = { 16, 20, 64, 160 }, depth[4] = { 4, 16, 8, 4 };
	static const int width[4] = { 96, 320, 640, 1024 };
	struct val x = ar_input(a, 3, 224);

	classes(a);
	x = ar_act(a, "/stem0", ar_conv(a, "/stem0", x, ar_thin(a, 24), 3, 2), AR_RELU6);
	x = ar_act(a, "/stem1", ar_conv(a, "/stem1", x, ar_thin(a, 48), 1, 1), AR_RELU6);
	x = ar_dw(a, "/pool", x, 3, 2);
	for (int i = 0; i < 4; i++) {
		const char *s = ar_name("/block%d", i), *out = ar_name("%s/out", s);

		x = hard_block(a, s, x, growth[i], 1.6, depth[i], true);
		x = ar_act(a, out, ar_conv(a, out, x, ar_thin(a, width[i]), 1, 1), AR_RELU6);
		if (i < 3)
			x = ar_dw(a, ar_name("%s/pool", s), x, 3, 2);
	}
	ar_output(a, ar_classify(a, "/fc", x));
}
