/*
 * ResNet v1 (He et al. 2015) as PyTorch exports it (strides in the 3x3 convolution), the 50 layers
 * as TensorFlow's models have them, ResNeXt (Xie et al. 2016), RegNetX (Radosavovic et al. 2020),
 * and the detector CenterNet on ResNet.
 */
#include "arch_backbone.h"

static struct val shortcut(struct arch *a, const char *scope, struct val x, int co, int s)
{
	if (x.c == co)
		return s == 1 ? x : ar_maxpool(a, ar_name("%s/subsample", scope), x, 1, s);
	return ar_conv(a, ar_name("%s/downsample", scope), x, co, 1, s);
}

static struct val basic(struct arch *a, const char *scope, struct val x, int co, int s)
{
	struct val y = ar_conv(a, ar_name("%s/conv1", scope), x, co, 3, s);

	y = ar_act(a, ar_name("%s/relu1", scope), y, AR_RELU);
	y = ar_conv(a, ar_name("%s/conv2", scope), y, co, 3, 1);
	y = ar_2(a, "Add", scope, y, shortcut(a, scope, x, co, s), "");
	return ar_act(a, ar_name("%s/relu2", scope), y, AR_RELU);
}

static struct val bottleneck(struct arch *a, const char *scope, struct val x, int mid, int co,
			     int s, int groups)
{
	struct val y = ar_conv(a, ar_name("%s/conv1", scope), x, mid, 1, 1);

	y = ar_act(a, ar_name("%s/relu1", scope), y, AR_RELU);
	y = ar_conv_full(a, ar_name("%s/conv2", scope), y, mid, 3, s, 1, groups);
	y = ar_act(a, ar_name("%s/relu2", scope), y, AR_RELU);
	y = ar_conv(a, ar_name("%s/conv3", scope), y, co, 1, 1);
	y = ar_2(a, "Add", scope, y, shortcut(a, scope, x, co, s), "");
	return ar_act(a, ar_name("%s/relu3", scope), y, a->act == AR_RELU6 ? AR_RELU6 : AR_RELU);
}

/* Groups of the 3x3 convolutions of deep blocks; with more than one they are twice as wide. */
static struct val stages(struct arch *a, struct val x, const int blocks[4], bool deep, int groups,
			 struct val *keep)
{
	x = ar_conv_full(a, "/conv1", x, ar_thin(a, 64), 7, 2, 3, 1);
	x = ar_act(a, "/relu", x, AR_RELU);
	if (keep)
		keep[0] = x;
	x = ar_maxpool(a, "/maxpool", x, 3, 2);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < blocks[i]; k++) {
			const char *scope = ar_name("/layer%d/layer%d.%d", i + 1, i + 1, k);
			const int s = i && k == 0 ? 2 : 1, c = ar_thin(a, 64 << i);

			x = deep ? bottleneck(a, scope, x, groups > 1 ? 2 * c : c, 4 * c, s, groups)
				 : basic(a, scope, x, c, s);
		}
		if (keep)
			keep[i + 1] = x;
	}
	return x;
}

struct val ar_resnet(struct arch *a, struct val x, const int blocks[4], bool deep, struct val *keep)
{
	return stages(a, x, blocks, deep, 1, keep);
}

static void resnet(struct arch *a, const int blocks[4], bool deep, int groups)
{
	struct val x = ar_input(a, 3, 224);

	a->classes = a->classes ? a->classes : 1000;
	ar_output(a, ar_classify(a, "/fc", stages(a, x, blocks, deep, groups, NULL)));
}

void arch_resnet_v1_18(struct arch *a)
{
	resnet(a, (const int[4]){ 2, 2, 2, 2 }, false, 1);
}

/* Attributes of people: 35 scores. */
void arch_person_attr_resnet_v1_18(struct arch *a)
{
	a->classes = a->classes ? a->classes : 35;
	arch_resnet_v1_18(a);
}

void arch_resnet_v1_34(struct arch *a)
{
	resnet(a, (const int[4]){ 3, 4, 6, 3 }, false, 1);
}

/* Each stage but the last ends with the block that has the stride, so all others work on less. */
void arch_resnet_v1_50(struct arch *a)
{
	static const int blocks[4] = { 3, 4, 6, 3 };
	struct val x = ar_input(a, 3, 224);

	a->classes = a->classes ? a->classes : 1000;
	x = ar_conv_full(a, "/conv1", x, ar_thin(a, 64), 7, 2, 3, 1);
	x = ar_maxpool(a, "/pool1", ar_act(a, "/relu", x, AR_RELU), 3, 2);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < blocks[i]; k++) {
			const int c = ar_thin(a, 64 << i), s = i < 3 && k == blocks[i] - 1 ? 2 : 1;

			x = bottleneck(a, ar_name("/block%d/unit_%d", i + 1, k + 1), x, c, 4 * c, s,
				       1);
		}
	ar_output(a, ar_classify(a, "/logits", x));
}

/*
 * As deep as the deepest published residual networks, and wide: more than 1000 layers and 100
 * million weights.  Values stay small, however many branches are added.
 */
void arch_resnet_1001(struct arch *a)
{
	a->act = AR_RELU6;
	resnet(a, (const int[4]){ 120, 140, 70, 3 }, true, 1);
}

void arch_resnext50_32x4d(struct arch *a)
{
	resnet(a, (const int[4]){ 3, 4, 6, 3 }, true, 32);
}

void arch_resnext26_32x4d(struct arch *a)
{
	resnet(a, (const int[4]){ 2, 2, 2, 2 }, true, 32);
}

struct val ar_regnetx(struct arch *a, struct val x, const int width[4], const int depth[4],
		      int group, struct val *keep)
{
	x = ar_act(a, "/stem", ar_conv(a, "/stem", x, ar_thin(a, 32), 3, 2), AR_RELU);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < depth[i]; k++) {
			const int c = (ar_thin(a, width[i]) + group - 1) / group * group;

			x = bottleneck(a, ar_name("/s%d/b%d", i + 1, k + 1), x, c, c, k ? 1 : 2,
				       c / group);
		}
		if (keep)
			keep[i] = x;
	}
	return x;
}

static void regnetx(struct arch *a, const int width[4], const int depth[4], int group)
{
	struct val x = ar_input(a, 3, 224);

	a->classes = a->classes ? a->classes : 1000;
	x = ar_regnetx(a, x, width, depth, group, NULL);
	ar_output(a, ar_classify(a, "/fc", x));
}

void arch_regnetx_800mf(struct arch *a)
{
	regnetx(a, (const int[4]){ 64, 128, 288, 672 }, (const int[4]){ 1, 3, 7, 5 }, 16);
}

void arch_regnetx_1_6gf(struct arch *a)
{
	regnetx(a, (const int[4]){ 72, 168, 408, 912 }, (const int[4]){ 2, 4, 10, 2 }, 24);
}

/* ---- CenterNet (Zhou et al. 2019): three deconvolutions, three heads at a quarter of the size */
static void centernet(struct arch *a, const int blocks[4], bool deep)
{
	static const int width[3] = { 256, 128, 64 };
	static const char *const name[3] = { "/heatmap", "/wh", "/reg" };
	struct val x = ar_input(a, 3, 512), y;

	a->classes = a->classes ? a->classes : 80;
	x = ar_resnet(a, x, blocks, deep, NULL);
	for (int i = 0; i < 3; i++) {
		const char *scope = ar_name("/deconv%d", i);

		x = ar_conv(a, ar_name("%s/conv", scope), x, ar_thin(a, width[i]), 3, 1);
		x = ar_act(a, ar_name("%s/conv", scope), x, AR_RELU);
		x = ar_deconv(a, scope, x, ar_thin(a, width[i]), 4, 2, 1);
		x = ar_act(a, scope, x, AR_RELU);
	}
	for (int i = 0; i < 3; i++) {
		y = ar_conv(a, ar_name("%s.0", name[i]), x, ar_thin(a, 64), 3, 1);
		y = ar_act(a, ar_name("%s.0", name[i]), y, AR_RELU);
		y = ar_conv(a, ar_name("%s.1", name[i]), y, i ? 2 : a->classes, 1, 1);
		ar_output(a, i ? y : ar_act(a, name[i], y, AR_SIGMOID));
	}
}

void arch_centernet_resnet_v1_18(struct arch *a)
{
	centernet(a, (const int[4]){ 2, 2, 2, 2 }, false);
}

void arch_centernet_resnet_v1_50(struct arch *a)
{
	centernet(a, (const int[4]){ 3, 4, 6, 3 }, true);
}
