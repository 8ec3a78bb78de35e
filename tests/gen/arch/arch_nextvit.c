/*
 * Convolutions and attention by turns: Next-ViT (Li et al. 2022), with the norms before products in
 * these, as it is exported, and DaViT (Ding et al. 2022), whose attention is over windows, then
 * over features.
 */
#include "arch_vit.h"
#include <math.h>

/* To co features: a product, of means of 2x2 where the map becomes smaller. */
static struct val embed(struct arch *a, const char *s, struct val x, int co, int step)
{
	if (step > 1)
		x = ar_avgpool(a, s, x, 2, 2);
	return step > 1 || x.c != co ? ar_conv(a, s, x, co, 1, 1) : x;
}

/* x + convolutions of heads of 32 features. */
static struct val conv_attention(struct arch *a, const char *s, struct val x)
{
	struct val y = ar_conv_full(a, ar_name("%s/group", s), x, x.c, 3, 1, 1, x.c / 32);

	y = ar_conv(a, ar_name("%s/proj", s), ar_act(a, s, y, AR_RELU), x.c, 1, 1);
	return ar_2(a, "Add", s, x, y, "");
}

static struct val conv_mlp(struct arch *a, const char *s, struct val x, int times)
{
	struct val y = ar_conv(a, ar_name("%s/fc1", s), x, times * x.c, 1, 1);

	y = ar_conv(a, ar_name("%s/fc2", s), ar_act(a, s, y, AR_RELU), x.c, 1, 1);
	return ar_2(a, "Add", s, x, y, "");
}

/* Keys and values are means of `by` tokens in a row. */
static struct val pooled_attention(struct arch *a, const char *s, struct val x, int by)
{
	const struct ar_attention t = {
		.nq = x.h * x.w, .nk = x.h * x.w / by, .dim = x.c, .heads = x.c / 32
	};
	const struct val q = ar_to_tokens(a, ar_name("%s/tokens", s), x);
	struct val kv = q;

	if (by > 1) {
		kv = ar_1(a, "Transpose", ar_name("%s/sr", s), kv, "perm=0,2,1");
		kv = ar_1(a, "AveragePool", ar_name("%s/sr", s), kv,
			  ar_name("kernel_shape=%d, strides=%d,", by, by));
		kv = ar_1(a, "Transpose", ar_name("%s/few", s), kv, "perm=0,2,1");
	}
	return ar_to_map(a, ar_name("%s/map", s), ar_attend(a, s, q, kv, &t), x.c, x.h, x.w);
}

static struct val next_conv(struct arch *a, const char *s, struct val x, int co, int step)
{
	x = embed(a, ar_name("%s/embed", s), x, co, step);
	x = conv_attention(a, ar_name("%s/mhca", s), x);
	return conv_mlp(a, ar_name("%s/mlp", s), x, 3);
}

/* Three quarters of the features come from attention, the others from convolutions of these. */
static struct val next_transformer(struct arch *a, const char *s, struct val x, int co, int step,
				   int by)
{
	struct val part[2];

	x = embed(a, ar_name("%s/embed", s), x, co * 3 / 4, step);
	part[0] = ar_2(a, "Add", ar_name("%s/mhsa", s), x,
		       pooled_attention(a, ar_name("%s/mhsa", s), x, by), "");
	part[1] = embed(a, ar_name("%s/projection", s), part[0], co / 4, 1);
	part[1] = conv_attention(a, ar_name("%s/mhca", s), part[1]);
	return conv_mlp(a, ar_name("%s/mlp", s), ar_concat(a, s, part, 2), 2);
}

void ar_nextvit(struct arch *a, const void *with)
{
	static const int stem[4] = { 64, 32, 64, 64 }, dim[4] = { 96, 192, 384, 768 };
	static const int end[4] = { 96, 256, 512, 1024 }, by[4] = { 64, 16, 4, 1 };
	const int *depth = with;
	struct val x = ar_input(a, 3, 224);

	for (int i = 0; i < 4; i++) {
		x = ar_conv(a, ar_name("/stem/%d", i), x, stem[i], 3, i % 3 ? 1 : 2);
		x = ar_act(a, ar_name("/stem/%d", i), x, AR_RELU);
	}
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < depth[i]; k++) {
			const char *s = ar_name("/features.%d.%d", i, k);
			const int step = i && !k ? 2 : 1;
			/* The third stage has one of attention behind each four others. */
			const bool attends = i && (i == 2 ? k % 5 == 4 : k == depth[i] - 1);

			x = attends ? next_transformer(a, s, x, end[i], step, by[i])
				    : next_conv(a, s, x, dim[i], step);
		}
	a->classes = a->classes ? a->classes : 1000;
	ar_output(a, ar_classify(a, "/head", ar_norm(a, "/norm", x)));
}

/* Tokens and how they lie. */
struct grid {
	struct val x;
	int side, dim;
};

/* x + a convolution of each feature, by which a token knows where it is. */
static struct val where(struct arch *a, const char *s, struct grid g)
{
	struct val y = ar_to_map(a, ar_name("%s/map", s), g.x, g.dim, g.side, g.side);

	y = ar_to_tokens(a, ar_name("%s/tokens", s), ar_dw(a, s, y, 3, 1));
	return ar_2(a, "Add", s, g.x, y, "");
}

static struct val window_part(struct arch *a, const char *s, struct grid g)
{
	const int64_t side = g.side, n = side * side;
	struct ar_map m = { ar_reshape(a, ar_name("%s/map", s), g.x, 4,
				       (const int64_t[]){ 1, side, side, g.dim }),
			    g.side, g.side, g.dim };

	m.x = ar_window_attention(a, s, m, g.dim / 32, AR_PLAIN);
	return ar_reshape(a, ar_name("%s/tokens", s), m.x, 3, (const int64_t[]){ 1, n, g.dim });
}

/* softmax(k^T v) of features, applied to those of each token. */
static struct val feature_part(struct arch *a, const char *s, struct grid g)
{
	const int n = g.side * g.side;
	const struct ar_attention t = { .nq = n, .nk = n, .dim = g.dim, .heads = g.dim / 32 };
	struct val qkv[3], p, q;

	ar_fused_heads(a, s, g.x, &t, qkv);
	p = ar_1(a, "Transpose", ar_name("%s/kt", s), ar_mul(a, s, qkv[1], 1 / sqrt(32)),
		 "perm=0,1,3,2");
	p = ar_1(a, "Softmax", s, ar_2(a, "MatMul", ar_name("%s/kv", s), p, qkv[2], ""), "axis=-1");
	q = ar_1(a, "Transpose", ar_name("%s/qt", s), qkv[0], "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/pq", s), p, q, "");
	p = ar_1(a, "Transpose", ar_name("%s/turn", s), p, "perm=0,1,3,2");
	p = ar_join(a, s, p, n, g.dim);
	return ar_linear(a, ar_name("%s/proj", s), p, g.dim, g.dim);
}

static struct val dual_block(struct arch *a, const char *s, struct grid g, bool features)
{
	struct grid y = g;

	g.x = where(a, ar_name("%s/cpe0", s), g);
	y.x = ar_tokens_norm(a, ar_name("%s/norm1", s), g.x, g.dim, AR_LN);
	y.x = (features ? feature_part : window_part)(a, ar_name("%s/attn", s), y);
	g.x = ar_2(a, "Add", ar_name("%s/add1", s), g.x, y.x, "");
	g.x = where(a, ar_name("%s/cpe1", s), g);
	y.x = ar_tokens_norm(a, ar_name("%s/norm2", s), g.x, g.dim, AR_LN);
	y.x = ar_mlp(a, ar_name("%s/mlp", s), y.x, g.dim, 4 * g.dim, AR_GELU);
	return ar_2(a, "Add", ar_name("%s/add2", s), g.x, y.x, "");
}

void ar_davit(struct arch *a, const void *with)
{
	static const int depth[4] = { 1, 1, 3, 1 };
	struct val x = ar_conv_full(a, "/embed0", ar_input(a, 3, 224), 96, 7, 4, 3, 1);
	struct grid g = { ar_to_tokens(a, "/embed0", x), x.h, 96 };

	(void)with;
	a->opset = a->opset < 17 ? 17 : a->opset;
	g.x = ar_tokens_norm(a, "/embed0/norm", g.x, g.dim, AR_LN);
	for (int i = 0; i < 4; i++) {
		if (i) {
			const char *s = ar_name("/embed%d", i);

			x = ar_tokens_norm(a, ar_name("%s/norm", s), g.x, g.dim, AR_LN);
			x = ar_to_map(a, ar_name("%s/map", s), x, g.dim, g.side, g.side);
			x = ar_conv_full(a, s, x, 2 * g.dim, 2, 2, 0, 1);
			g = (struct grid){ ar_to_tokens(a, s, x), x.h, 2 * g.dim };
		}
		for (int k = 0; k < 2 * depth[i]; k++)
			g.x = dual_block(a, ar_name("/stage%d.%d", i, k), g, k % 2);
	}
	a->classes = a->classes ? a->classes : 1000;
	x = ar_1(a, "ReduceMean", "/pool", g.x, "axes=1, keepdims=0");
	x = ar_tokens_norm(a, "/norm", x, g.dim, AR_LN);
	ar_output(a, ar_linear(a, "/head", x, g.dim, a->classes));
}
