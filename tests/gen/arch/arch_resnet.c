/* ResNet v1 (He et al. 2015) as PyTorch exports it: strides in the 3x3 convolution. */
#include "arch.h"

static struct val shortcut(struct arch *a, const char *scope, struct val x, int co, int s)
{
	if (s == 1 && x.c == co)
		return x;
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

static struct val bottleneck(struct arch *a, const char *scope, struct val x, int co, int s)
{
	struct val y = ar_conv(a, ar_name("%s/conv1", scope), x, co / 4, 1, 1);

	y = ar_act(a, ar_name("%s/relu1", scope), y, AR_RELU);
	y = ar_conv(a, ar_name("%s/conv2", scope), y, co / 4, 3, s);
	y = ar_act(a, ar_name("%s/relu2", scope), y, AR_RELU);
	y = ar_conv(a, ar_name("%s/conv3", scope), y, co, 1, 1);
	y = ar_2(a, "Add", scope, y, shortcut(a, scope, x, co, s), "");
	return ar_act(a, ar_name("%s/relu3", scope), y, AR_RELU);
}

static void resnet(struct arch *a, const int blocks[4], bool deep)
{
	struct val x = ar_input(a, 3, 224);

	a->classes = a->classes ? a->classes : 1000;
	x = ar_conv_full(a, "/conv1", x, ar_thin(a, 64), 7, 2, 3, 1);
	x = ar_maxpool(a, "/maxpool", ar_act(a, "/relu", x, AR_RELU), 3, 2);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < blocks[i]; k++) {
			const char *scope = ar_name("/layer%d/layer%d.%d", i + 1, i + 1, k);
			const int s = i && k == 0 ? 2 : 1;
			const int co = ar_thin(a, 64 << i) * (deep ? 4 : 1);

			x = deep ? bottleneck(a, scope, x, co, s) : basic(a, scope, x, co, s);
		}
	ar_output(a, ar_classify(a, "/fc", x));
}

void arch_resnet_v1_18(struct arch *a)
{
	resnet(a, (const int[4]){ 2, 2, 2, 2 }, false);
}

void arch_resnet_v1_50(struct arch *a)
{
	resnet(a, (const int[4]){ 3, 4, 6, 3 }, true);
}
