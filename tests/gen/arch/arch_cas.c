/*
 * Attention by convolutions: CAS-ViT (Zhang et al. 2024), and FastViT (Vasu et al. 2023) with its
 * branches joined, as it is exported.
 */
#include "arch_vit.h"

/* A map gated by the features of each pixel, then by the means of each feature. */
static struct val gated(struct arch *a, const char *s, struct val x)
{
	struct val y =
	    ar_act(a, ar_name("%s/relu", s), ar_dw(a, ar_name("%s/dw", s), x, 3, 1), AR_RELU);

	y = ar_act(a, ar_name("%s/pixel", s), ar_conv(a, ar_name("%s/one", s), y, 1, 1, 1),
		   AR_SIGMOID);
	x = ar_2(a, "Mul", ar_name("%s/pixel", s), x, y, "");
	y = ar_1(a, "GlobalAveragePool", s, x, "");
	y.h = y.w = 1;
	y = ar_conv(a, ar_name("%s/features", s), y, x.c, 1, 1);
	return ar_2(a, "Mul", s, x, ar_act(a, s, y, AR_SIGMOID), "");
}

static struct val additive(struct arch *a, const char *s, struct val x)
{
	const int c = x.c, thirds[3] = { c, c, c };
	struct val qkv[3];

	x = ar_conv(a, ar_name("%s/qkv", s), x, 3 * c, 1, 1);
	ar_split(a, s, x, thirds, 3, 1, qkv);
	x = ar_2(a, "Add", s, gated(a, ar_name("%s/q", s), qkv[0]),
		 gated(a, ar_name("%s/k", s), qkv[1]), "");
	x = ar_2(a, "Mul", s, ar_dw(a, ar_name("%s/dwc", s), x, 3, 1), qkv[2], "");
	return ar_dw(a, ar_name("%s/proj", s), x, 3, 1);
}

static struct val conv_mlp(struct arch *a, const char *s, struct val x, int times)
{
	const int c = x.c;

	x = ar_conv(a, ar_name("%s/fc1", s), x, times * c, 1, 1);
	x = ar_gate(a, ar_name("%s/act", s), x, AR_GELU);
	return ar_conv(a, ar_name("%s/fc2", s), x, c, 1, 1);
}

static struct val cas_block(struct arch *a, const char *s, struct val x)
{
	struct val y = ar_conv(a, ar_name("%s/local/conv1", s), x, x.c, 1, 1);

	y = ar_dw(a, ar_name("%s/local/dw", s), y, 3, 1);
	y = ar_gate(a, ar_name("%s/local/act", s), y, AR_GELU);
	y = ar_conv(a, ar_name("%s/local/conv2", s), y, x.c, 1, 1);
	x = ar_2(a, "Add", ar_name("%s/add1", s), x, y, "");
	y = additive(a, ar_name("%s/attn", s), ar_norm(a, ar_name("%s/norm1", s), x));
	x = ar_2(a, "Add", ar_name("%s/add2", s), x, y, "");
	y = conv_mlp(a, ar_name("%s/mlp", s), ar_norm(a, ar_name("%s/norm2", s), x), 4);
	return ar_2(a, "Add", ar_name("%s/add3", s), x, y, "");
}

/* The mean of two heads, as trained by distillation. */
static void two_heads(struct arch *a, struct val x)
{
	const struct val pooled =
	    ar_1(a, "Flatten", "/pool", ar_1(a, "GlobalAveragePool", "/pool", x, ""), "axis=1");
	struct val y;

	a->classes = a->classes ? a->classes : 1000;
	y = ar_linear(a, "/head", pooled, x.c, a->classes);
	y = ar_2(a, "Add", "/mean", y, ar_linear(a, "/dist_head", pooled, x.c, a->classes), "");
	ar_output(a, ar_2(a, "Div", "/mean", y, ar_scalar(a, 2), ""));
}

void ar_cas_vit(struct arch *a, const void *with)
{
	const int *dim = with;
	static const int depth[4] = { 3, 3, 6, 3 };
	struct val x = ar_input(a, 3, 384);

	a->gain = 0.05; /* pixels to about 1: products of products would grow without end */
	for (int i = 0; i < 2; i++) {
		x = ar_conv(a, ar_name("/stem/conv%d", i), x, dim[0] / (2 - i), 3, 2);
		x = ar_act(a, ar_name("/stem/relu%d", i), x, AR_RELU);
	}
	a->gain = 0.4;
	for (int i = 0; i < 4; i++) {
		if (i)
			x = ar_conv(a, ar_name("/down%d", i), x, dim[i], 3, 2);
		for (int k = 0; k < depth[i]; k++)
			x = cas_block(a, ar_name("/stage%d.%d", i, k), x);
	}
	two_heads(a, ar_norm(a, "/norm", x));
}

/* x + scale * mixed, a scale per feature. */
static struct val scaled(struct arch *a, const char *s, struct val x, struct val y)
{
	const int64_t dim[3] = { x.c, 1, 1 };

	y = ar_2(a, "Mul", ar_name("%s/scale", s), ar_random(a, 3, dim, 1), y, "");
	return ar_2(a, "Add", s, x, y, "");
}

static struct val map_attention(struct arch *a, const char *s, struct val x)
{
	const struct ar_attention t = {
		.nq = x.h * x.w, .nk = x.h * x.w, .dim = x.c, .heads = x.c / 32, .fused = true
	};
	const struct val y = ar_to_tokens(a, ar_name("%s/tokens", s), x);

	return ar_to_map(a, ar_name("%s/map", s), ar_attend(a, s, y, y, &t), x.c, x.h, x.w);
}

static struct val fast_block(struct arch *a, const char *s, struct val x, bool attention)
{
	struct val y;

	if (attention) {
		y = ar_norm(a, ar_name("%s/norm", s), x);
		x = scaled(a, ar_name("%s/add1", s), x, map_attention(a, ar_name("%s/attn", s), y));
	} else {
		x = ar_dw(a, ar_name("%s/mixer", s), x, 3, 1);
	}
	y = conv_mlp(a, ar_name("%s/ffn", s), ar_dw(a, ar_name("%s/ffn/dw", s), x, 7, 1), 4);
	return scaled(a, ar_name("%s/add2", s), x, y);
}

static struct val gelu_conv(struct arch *a, const char *s, struct val x, int co, int k, int step,
			    int groups)
{
	x = ar_conv_full(a, s, x, co, k, step, k / 2, groups);
	return ar_gate(a, ar_name("%s/act", s), x, AR_GELU);
}

void ar_fastvit(struct arch *a, const void *with)
{
	static const int depth[4] = { 2, 2, 6, 2 };
	struct val x = ar_input(a, 3, 224);

	(void)with;
	x = gelu_conv(a, "/stem/0", x, 64, 3, 2, 1);
	x = gelu_conv(a, "/stem/1", x, 64, 3, 2, 64);
	x = gelu_conv(a, "/stem/2", x, 64, 1, 1, 1);
	for (int i = 0; i < 4; i++) {
		if (i) {
			x = gelu_conv(a, ar_name("/down%d/large", i), x, 2 * x.c, 7, 2, x.c);
			x = gelu_conv(a, ar_name("/down%d", i), x, x.c, 1, 1, 1);
		}
		if (i == 3)
			x = ar_dw(a, "/places", x, 7, 1);
		for (int k = 0; k < depth[i]; k++)
			x = fast_block(a, ar_name("/stage%d.%d", i, k), x, i == 3);
	}
	x = ar_conv_full(a, "/exp", x, 2 * x.c, 3, 1, 1, x.c);
	x = ar_gate(a, "/exp/act", ar_excite(a, "/exp/se", x, x.c / 16, false), AR_GELU);
	a->classes = a->classes ? a->classes : 1000;
	ar_output(a, ar_classify(a, "/head", x));
}
