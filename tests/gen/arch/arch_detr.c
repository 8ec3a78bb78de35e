/*
 * Convolutions before attention: the image encoders of CLIP on ResNet (Radford et al. 2021),
 * SegFormer (Xie et al. 2021) and DETR (Carion et al. 2020).
 */
#include "arch_vit.h"

/* Strides are pools, so that nothing of a map is left out. */
static struct val clip_bottleneck(struct arch *a, const char *s, struct val x, int mid, int step)
{
	struct val y = ar_act(a, ar_name("%s/relu1", s),
			      ar_conv(a, ar_name("%s/conv1", s), x, mid, 1, 1), AR_RELU);

	y = ar_act(a, ar_name("%s/relu2", s), ar_conv(a, ar_name("%s/conv2", s), y, mid, 3, 1),
		   AR_RELU);
	if (step > 1)
		y = ar_avgpool(a, ar_name("%s/pool", s), y, 2, 2);
	y = ar_conv(a, ar_name("%s/conv3", s), y, 4 * mid, 1, 1);
	if (step > 1)
		x = ar_avgpool(a, ar_name("%s/downsample/pool", s), x, 2, 2);
	if (x.c != y.c)
		x = ar_conv(a, ar_name("%s/downsample", s), x, y.c, 1, 1);
	return ar_act(a, ar_name("%s/relu3", s), ar_2(a, "Add", s, y, x, ""), AR_RELU);
}

/* The mean of all pixels asks them and itself. */
static struct val attention_pool(struct arch *a, struct val x, int heads, int joint)
{
	const int n = x.h * x.w + 1, dim = x.c;
	const struct ar_attention t = {
		.nq = 1, .nk = n, .dim = dim, .heads = heads, .out = joint
	};
	struct val in[2], first;

	in[1] = ar_to_tokens(a, "/attnpool", x);
	in[0] = ar_1(a, "ReduceMean", "/attnpool", in[1], "axes=1, keepdims=1");
	x = ar_node(a, "Concat", "/attnpool", in, 2, "axis=1");
	x = ar_add_place(a, "/attnpool", x, n, dim);
	first = ar_2(a, "Gather", "/attnpool", x, ar_ints(a, 1, (const int64_t[]){ 0 }), "axis=1");
	return ar_attend(a, "/attnpool", first, x, &t);
}

void ar_clip_resnet(struct arch *a, const void *with)
{
	const struct ar_clip_resnet *t = with;
	struct val x = ar_input(a, 3, t->size);

	for (int i = 0; i < 3; i++) {
		x = ar_conv(a, ar_name("/conv%d", i + 1), x, i < 2 ? t->width / 2 : t->width, 3,
			    i ? 1 : 2);
		x = ar_act(a, ar_name("/relu%d", i + 1), x, AR_RELU);
	}
	x = ar_avgpool(a, "/avgpool", x, 2, 2);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < t->blocks[i]; k++)
			x = clip_bottleneck(a, ar_name("/layer%d.%d", i + 1, k), x, t->width << i,
					    i && !k ? 2 : 1);
	ar_output(a, attention_pool(a, x, t->width / 2, t->joint));
}

/* Attention whose keys and values are of a map with fewer pixels. */
static struct val reduced(struct arch *a, const char *s, struct val x, struct val like, int heads,
			  int by)
{
	const int dim = like.c;
	const struct ar_attention t = {
		.nq = like.h * like.w, .nk = like.h * like.w / (by * by), .dim = dim, .heads = heads
	};
	struct val y = x;

	if (by > 1) {
		y = ar_to_map(a, ar_name("%s/sr", s), x, dim, like.h, like.w);
		y = ar_conv_full(a, ar_name("%s/sr", s), y, dim, by, by, 0, 1);
		y = ar_to_tokens(a, ar_name("%s/few", s), y);
		y = ar_tokens_norm(a, ar_name("%s/norm", s), y, dim, AR_BN);
	}
	return ar_attend(a, s, x, y, &t);
}

static struct val mix_block(struct arch *a, const char *s, struct val x, struct val like, int heads,
			    int by)
{
	const int dim = like.c;
	struct val y = ar_tokens_norm(a, ar_name("%s/norm1", s), x, dim, AR_BN);

	y = reduced(a, ar_name("%s/attn", s), y, like, heads, by);
	x = ar_2(a, "Add", ar_name("%s/add1", s), x, y, "");
	y = ar_tokens_norm(a, ar_name("%s/norm2", s), x, dim, AR_BN);
	y = ar_linear(a, ar_name("%s/fc1", s), y, dim, 4 * dim);
	y = ar_to_map(a, ar_name("%s/map", s), y, 4 * dim, like.h, like.w);
	y = ar_to_tokens(a, ar_name("%s/tokens", s), ar_dw(a, ar_name("%s/dw", s), y, 3, 1));
	y = ar_gate(a, ar_name("%s/act", s), y, AR_GELU);
	y = ar_linear(a, ar_name("%s/fc2", s), y, 4 * dim, dim);
	return ar_2(a, "Add", ar_name("%s/add2", s), x, y, "");
}

/* Tokens of each stage to 256 features, to the first stage's size, joined. */
static struct val all_mlp(struct arch *a, const struct val stage[4])
{
	struct val x[4];

	for (int i = 3, n = 0; i >= 0; i--, n++) {
		const char *s = ar_name("/head/c%d", i + 1);

		x[n] = ar_to_tokens(a, ar_name("%s/tokens", s), stage[i]);
		x[n] = ar_linear(a, s, x[n], stage[i].c, 256);
		x[n] = ar_to_map(a, ar_name("%s/map", s), x[n], 256, stage[i].h, stage[i].w);
		if (i)
			x[n] = ar_bilinear(a, ar_name("%s/up", s), x[n], stage[0].h, stage[0].w);
	}
	x[0] = ar_conv(a, "/head/fuse", ar_concat(a, "/head", x, 4), 256, 1, 1);
	return ar_act(a, "/head/relu", x[0], AR_RELU);
}

void ar_segformer(struct arch *a, const void *with)
{
	static const int dim[4] = { 32, 64, 160, 256 }, heads[4] = { 1, 2, 5, 8 };
	struct val x = ar_input_hw(a, 3, 512, 1024), stage[4];

	(void)with;
	for (int i = 0; i < 4; i++) {
		struct val t;

		x = ar_conv_full(a, ar_name("/embed%d", i), x, dim[i], i ? 3 : 7, i ? 2 : 4,
				 i ? 1 : 3, 1);
		t = ar_to_tokens(a, ar_name("/embed%d", i), x);
		t = ar_tokens_norm(a, ar_name("/embed%d/norm", i), t, dim[i], AR_BN);
		for (int k = 0; k < 2; k++)
			t = mix_block(a, ar_name("/block%d.%d", i, k), t, x, heads[i], 8 >> i);
		t = ar_tokens_norm(a, ar_name("/norm%d", i), t, dim[i], AR_BN);
		x = stage[i] = ar_to_map(a, ar_name("/stage%d", i), t, dim[i], x.h, x.w);
	}
	x = all_mlp(a, stage);
	x = ar_conv(a, "/head/classes", x, a->classes ? a->classes : 19, 1, 1);
	ar_output(a, ar_bilinear(a, "/up", x, 512, 1024));
}

enum {
	DETR = 256,
	QUERIES = 100
};

/* x + attention of x and `from`, both with their places but for the values; then the norm. */
static struct val placed(struct arch *a, const char *s, struct val x, struct val px,
			 struct val from, struct val pf, const int n[2])
{
	struct val qkv[3];
	struct val y = ar_2(a, "Add", ar_name("%s/q", s), x, px, "");

	qkv[0] = ar_heads(a, ar_name("%s/q", s), ar_linear(a, ar_name("%s/q", s), y, DETR, DETR),
			  n[0], DETR, 8);
	y = ar_2(a, "Add", ar_name("%s/k", s), from, pf, "");
	qkv[1] = ar_heads(a, ar_name("%s/k", s), ar_linear(a, ar_name("%s/k", s), y, DETR, DETR),
			  n[1], DETR, 8);
	qkv[2] = ar_heads(a, ar_name("%s/v", s), ar_linear(a, ar_name("%s/v", s), from, DETR, DETR),
			  n[1], DETR, 8);
	y = ar_join(a, s, ar_scores(a, s, qkv, 0.1767767, (struct val){ 0 }), n[0], DETR);
	y = ar_linear(a, ar_name("%s/proj", s), y, DETR, DETR);
	return ar_tokens_norm(a, ar_name("%s/norm", s), ar_2(a, "Add", s, x, y, ""), DETR, AR_LN);
}

static struct val detr_mlp(struct arch *a, const char *s, struct val x)
{
	const struct val y = ar_mlp(a, s, x, DETR, 2048, AR_GATE_RELU);

	return ar_tokens_norm(a, ar_name("%s/norm", s), ar_2(a, "Add", s, x, y, ""), DETR, AR_LN);
}

static struct val places(struct arch *a, int n)
{
	const int64_t dim[3] = { 1, n, DETR };

	return ar_random(a, 3, dim, 1);
}

/* Queries know nothing at first: what they make of themselves in the first layer is constant. */
static struct val decode(struct arch *a, struct val memory, struct val place, int n)
{
	const struct val query = places(a, QUERIES);
	struct val x = places(a, QUERIES);

	for (int i = 0; i < 6; i++) {
		const char *s = ar_name("/decoder.%d", i);

		if (i)
			x = placed(a, ar_name("%s/self", s), x, query, x, query,
				   (const int[2]){ QUERIES, QUERIES });
		x = placed(a, ar_name("%s/cross", s), x, query, memory, place,
			   (const int[2]){ QUERIES, n });
		x = detr_mlp(a, ar_name("%s/mlp", s), x);
	}
	return ar_tokens_norm(a, "/decoder/norm", x, DETR, AR_LN);
}

void ar_detr(struct arch *a, const void *with)
{
	static const int blocks[4] = { 3, 4, 6, 3 };
	struct val x = ar_resnet(a, ar_input(a, 3, 800), blocks, true, NULL), place;
	const int n = x.h * x.w;

	(void)with;
	a->opset = a->opset < 17 ? 17 : a->opset;
	x = ar_to_tokens(a, "/tokens", ar_conv(a, "/input_proj", x, DETR, 1, 1));
	place = places(a, n);
	for (int i = 0; i < 6; i++) {
		const char *s = ar_name("/encoder.%d", i);

		x = placed(a, ar_name("%s/self", s), x, place, x, place, (const int[2]){ n, n });
		x = detr_mlp(a, ar_name("%s/mlp", s), x);
	}
	x = decode(a, x, place, n);
	ar_output(a, ar_linear(a, "/class_embed", x, DETR, a->classes ? a->classes : 92));
	for (int i = 0; i < 2; i++) {
		const char *s = ar_name("/bbox_embed.%d", i);

		x = ar_act(a, s, ar_linear(a, s, x, DETR, DETR), AR_RELU);
	}
	ar_output(a, ar_act(a, "/boxes", ar_linear(a, "/bbox_embed.2", x, DETR, 4), AR_SIGMOID));
}
