/* Vision transformers: DeiT (Touvron et al. 2020), which has ViT's structure. */
#include "arch.h"

enum {
	TOKENS = 197
};

static struct val norm(struct arch *a, const char *scope, struct val x, int dim)
{
	const int64_t n = dim;
	float *one = xcalloc((size_t)dim, sizeof *one);
	struct val in[3] = { x };

	for (int i = 0; i < dim; i++)
		one[i] = 1;
	in[1] = ar_floats(a, 1, &n, one);
	in[2] = ar_random(a, 1, &n, 0.1);
	free(one);
	return ar_node(a, "LayerNormalization", scope, in, 3, "axis=-1 epsilon=f:0.000001");
}

/* [1][tokens][dim] to [1][heads][tokens][dim / heads]. */
static struct val heads(struct arch *a, const char *scope, struct val x, int dim, int n)
{
	x = ar_reshape(a, scope, ar_linear(a, scope, x, dim, dim), 4,
		       (const int64_t[]){ 1, TOKENS, n, dim / n });
	return ar_1(a, "Transpose", scope, x, "perm=0,2,1,3");
}

static struct val attention(struct arch *a, const char *s, struct val x, int dim, int n)
{
	const struct val q = heads(a, ar_name("%s/q", s), x, dim, n);
	const struct val k = heads(a, ar_name("%s/k", s), x, dim, n);
	const struct val v = heads(a, ar_name("%s/v", s), x, dim, n);
	struct val p = ar_1(a, "Transpose", ar_name("%s/kt", s), k, "perm=0,1,3,2");

	p = ar_2(a, "MatMul", ar_name("%s/qk", s), q, p, "");
	p = ar_2(a, "Mul", s, p, ar_scalar(a, 0.125f), "");
	p = ar_1(a, "Softmax", s, p, "axis=-1");
	p = ar_2(a, "MatMul", ar_name("%s/pv", s), p, v, "");
	p = ar_1(a, "Transpose", ar_name("%s/join", s), p, "perm=0,2,1,3");
	p = ar_reshape(a, ar_name("%s/join", s), p, 3, (const int64_t[]){ 1, TOKENS, dim });
	return ar_linear(a, ar_name("%s/proj", s), p, dim, dim);
}

/* x / 2 (1 + erf(x / sqrt 2)) */
static struct val gelu(struct arch *a, const char *s, struct val x)
{
	struct val y = ar_2(a, "Div", s, x, ar_scalar(a, 1.41421356f), "");

	y = ar_2(a, "Add", s, ar_1(a, "Erf", s, y, ""), ar_scalar(a, 1), "");
	y = ar_2(a, "Mul", s, x, y, "");
	return ar_2(a, "Mul", ar_name("%s/half", s), y, ar_scalar(a, 0.5f), "");
}

static struct val mlp(struct arch *a, const char *s, struct val x, int dim)
{
	x = gelu(a, s, ar_linear(a, ar_name("%s/fc1", s), x, dim, 4 * dim));
	return ar_linear(a, ar_name("%s/fc2", s), x, 4 * dim, dim);
}

static void vit(struct arch *a, int dim, int n)
{
	const int64_t token[3] = { 1, 1, dim }, place[3] = { 1, TOKENS, dim };
	struct val x = ar_input(a, 3, 224), y;

	a->classes = a->classes ? a->classes : 1000;
	a->opset = a->opset < 17 ? 17 : a->opset; /* LayerNormalization */
	x = ar_conv_full(a, "/patch_embed", x, dim, 16, 16, 0, 1);
	x = ar_reshape(a, "/patch_embed", x, 3, (const int64_t[]){ 1, dim, TOKENS - 1 });
	x = ar_1(a, "Transpose", "/patch_embed", x, "perm=0,2,1");
	x = ar_node(a, "Concat", "/cls_token", (struct val[]){ ar_random(a, 3, token, 0.5), x }, 2,
		    "axis=1");
	x = ar_2(a, "Add", "/pos_embed", x, ar_random(a, 3, place, 0.5), "");
	for (int i = 0; i < 12; i++) {
		const char *s = ar_name("/blocks.%d", i);

		y = norm(a, ar_name("%s/norm1", s), x, dim);
		y = attention(a, ar_name("%s/attn", s), y, dim, n);
		x = ar_2(a, "Add", ar_name("%s/add1", s), x, y, "");
		y = norm(a, ar_name("%s/norm2", s), x, dim);
		y = mlp(a, ar_name("%s/mlp", s), y, dim);
		x = ar_2(a, "Add", ar_name("%s/add2", s), x, y, "");
	}
	x = norm(a, "/norm", x, dim);
	x = ar_2(a, "Gather", "/token", x, ar_ints(a, 1, (const int64_t[]){ 0 }), "axis=1");
	x = ar_reshape(a, "/token", x, 2, (const int64_t[]){ 1, dim });
	ar_output(a, ar_linear(a, "/head", x, dim, a->classes));
}

void arch_deit_tiny(struct arch *a)
{
	vit(a, 192, 3);
}

void arch_deit_small(struct arch *a)
{
	vit(a, 384, 6);
}

void arch_deit_base(struct arch *a)
{
	vit(a, 768, 12);
}
