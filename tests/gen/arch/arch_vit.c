/*
 * Encoders of equal blocks: ViT (Dosovitskiy et al. 2020), DeiT (Touvron et al. 2020), the two
 * sides of CLIP (Radford et al. 2021), TinyCLIP (Wu et al. 2023) and SigLIP (Zhai et al. 2023),
 * ViTPose (Xu et al. 2022).
 */
#include "arch_vit.h"

static struct val class_token(struct arch *a, struct val x, int dim)
{
	const int64_t dims[3] = { 1, 1, dim };
	const struct val in[2] = { ar_random(a, 3, dims, 0.5), x };

	return ar_node(a, "Concat", "/cls_token", in, 2, "axis=1");
}

static void classes(struct arch *a, struct val x, const struct ar_vit *v, int tokens)
{
	(void)tokens;
	a->classes = a->classes ? a->classes : 1000;
	x = ar_token(a, "/token", ar_tokens_norm(a, "/norm", x, v->dim, v->norm), 0, v->dim);
	ar_output(a, ar_linear(a, "/head", x, v->dim, a->classes));
}

static void joint(struct arch *a, struct val x, const struct ar_vit *v, int tokens)
{
	(void)tokens;
	x = ar_token(a, "/token", x, 0, v->dim);
	x = ar_tokens_norm(a, "/post_norm", x, v->dim, v->norm);
	ar_output(a, ar_product(a, "/projection", x, v->dim, v->joint));
}

/* One query that the image does not change, so that its product is a constant. */
static void query_pooling(struct arch *a, struct val x, const struct ar_vit *v, int tokens)
{
	const int64_t dims[4] = { 1, v->heads, 1, v->dim / v->heads };
	struct val qkv[3], y;

	x = ar_tokens_norm(a, "/post_norm", x, v->dim, v->norm);
	qkv[0] = ar_random(a, 4, dims, 1);
	for (int i = 1; i < 3; i++) {
		const char *s = ar_name("/pool/%s", i == 1 ? "k" : "v");

		y = ar_linear(a, s, x, v->dim, v->dim);
		qkv[i] = ar_heads(a, s, y, tokens, v->dim, v->heads);
	}
	x = ar_scores(a, "/pool", qkv, 0.125, (struct val){ 0 });
	x = ar_join(a, "/pool", x, 1, v->dim);
	x = ar_linear(a, "/pool/proj", x, v->dim, v->dim);
	y = ar_tokens_norm(a, "/pool/norm", x, v->dim, v->norm);
	y = ar_mlp(a, "/pool/mlp", y, v->dim, 4 * v->dim, v->gate);
	ar_output(a, ar_2(a, "Add", "/pool/add", x, y, ""));
}

static void heat_maps(struct arch *a, struct val x, const struct ar_vit *v, int tokens)
{
	x = ar_tokens_norm(a, "/norm", x, v->dim, v->norm);
	x = ar_to_map(a, "/map", x, v->dim, tokens / 12, 12);
	for (int i = 0; i < 2; i++) {
		x = ar_deconv(a, ar_name("/deconv%d", i), x, 256, 4, 2, 1);
		x = ar_norm(a, ar_name("/bn%d", i), x);
		x = ar_act(a, ar_name("/relu%d", i), x, AR_RELU);
	}
	ar_output(a, ar_conv(a, "/final", x, 17, 1, 1));
}

void ar_vit(struct arch *a, const void *with)
{
	static void (*const ends[])(struct arch *, struct val, const struct ar_vit *, int) = {
		[AR_CLASSES] = classes,
		[AR_CLIP] = joint,
		[AR_SIGLIP] = query_pooling,
		[AR_POSE] = heat_maps,
	};
	const struct ar_vit *v = with;
	const int size = v->size ? v->size : 224;
	struct val x = v->end == AR_POSE ? ar_input_hw(a, 3, 256, 192) : ar_input(a, 3, size);
	struct ar_encoder e = { .count = v->depth,
				.tokens = x.h / v->patch * (x.w / v->patch),
				.dim = v->dim,
				.heads = v->heads,
				.hidden = 4 * v->dim,
				.norm = v->norm,
				.gate = v->gate,
				.fused = v->fused };

	a->opset = a->opset < 17 ? 17 : a->opset; /* LayerNormalization */
	x = ar_patches(a, "/patch_embed", x, v->dim, v->patch);
	if (v->end == AR_CLASSES || v->end == AR_CLIP) {
		x = class_token(a, x, v->dim);
		e.tokens++;
	}
	x = ar_add_place(a, "/pos_embed", x, e.tokens, v->dim);
	if (v->end == AR_CLIP)
		x = ar_tokens_norm(a, "/pre_norm", x, v->dim, v->norm);
	x = ar_encode(a, "/blocks", x, &e);
	ends[v->end](a, x, v, e.tokens);
}

/* Tokens see those before them. */
static struct val causal_mask(struct arch *a, int tokens)
{
	const int64_t dims[2] = { tokens, tokens };
	float *m = xcalloc((size_t)tokens * (size_t)tokens, sizeof *m);
	struct val v;

	for (int i = 0; i < tokens; i++)
		for (int k = i + 1; k < tokens; k++)
			m[i * tokens + k] = -3.4028235e38f;
	v = ar_floats(a, 2, dims, m);
	free(m);
	return v;
}

void ar_text(struct arch *a, const void *with)
{
	const struct ar_text *t = with;
	struct val x = ar_input_tokens(a, t->tokens, t->dim);
	struct ar_encoder e = { .count = t->depth,
				.tokens = t->tokens,
				.dim = t->dim,
				.heads = t->dim / 64,
				.hidden = 4 * t->dim,
				.gate = t->gate };

	a->opset = a->opset < 17 ? 17 : a->opset;
	if (t->causal)
		e.bias = causal_mask(a, t->tokens);
	x = ar_encode(a, "/layers", x, &e);
	if (t->pooled) {
		x = ar_tokens_norm(a, "/final_norm", x, t->dim, AR_LN);
		x = ar_token(a, "/token", x, t->tokens - 1, t->dim);
		x = ar_linear(a, "/head", x, t->dim, t->dim);
	}
	ar_output(a, x);
}
