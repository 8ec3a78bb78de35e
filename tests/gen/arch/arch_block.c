/* Parts of transformers: norms, attention, multi-layer perceptrons. */
#include "arch_block.h"
#include <math.h>

struct val ar_mul(struct arch *a, const char *scope, struct val x, double by)
{
	return ar_2(a, "Mul", scope, x, ar_scalar(a, (float)by), "");
}

/* Batch normalization of tokens: features are brought to the second dimension. */
static struct val tokens_bn(struct arch *a, const char *scope, struct val x, int dim)
{
	x = ar_1(a, "Transpose", ar_name("%s/in", scope), x, "perm=0,2,1");
	x.c = dim;
	x = ar_norm(a, scope, x);
	return ar_1(a, "Transpose", ar_name("%s/out", scope), x, "perm=0,2,1");
}

struct val ar_tokens_norm(struct arch *a, const char *scope, struct val x, int dim, enum ar_norm n)
{
	const int64_t dims = dim;
	float *one = xcalloc((size_t)dim, sizeof *one);
	struct val in[3] = { x };

	for (int i = 0; i < dim; i++)
		one[i] = 1;
	if (n == AR_LN) {
		in[1] = ar_floats(a, 1, &dims, one);
		in[2] = ar_random(a, 1, &dims, 0.1);
		x = ar_node(a, "LayerNormalization", scope, in, 3, "axis=-1 epsilon=f:0.000001");
	} else {
		x = tokens_bn(a, scope, x, dim);
	}
	free(one);
	return x;
}

/* (x / 2) (1 + f), f of the argument. */
static struct val half_of(struct arch *a, const char *s, struct val x, struct val f)
{
	f = ar_2(a, "Add", s, f, ar_scalar(a, 1), "");
	return ar_mul(a, ar_name("%s/half", s), ar_2(a, "Mul", s, x, f, ""), 0.5);
}

static struct val gelu(struct arch *a, const char *s, struct val x)
{
	const struct val y = ar_2(a, "Div", s, x, ar_scalar(a, 1.41421356f), "");

	return half_of(a, s, x, ar_1(a, "Erf", s, y, ""));
}

/* tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in the place of the error function. */
static struct val tanh_gelu(struct arch *a, const char *s, struct val x)
{
	struct val y = ar_2(a, "Pow", s, x, ar_scalar(a, 3), "");

	y = ar_mul(a, ar_name("%s/cube", s), y, 0.044715);
	y = ar_2(a, "Add", ar_name("%s/sum", s), x, y, "");
	y = ar_mul(a, ar_name("%s/root", s), y, sqrt(2 / acos(-1)));
	return half_of(a, s, x, ar_1(a, "Tanh", s, y, ""));
}

static struct val quick_gelu(struct arch *a, const char *s, struct val x)
{
	const struct val y = ar_mul(a, ar_name("%s/scale", s), x, 1.702);

	return ar_2(a, "Mul", s, x, ar_1(a, "Sigmoid", s, y, ""), "");
}

static struct val swish(struct arch *a, const char *s, struct val x)
{
	return ar_act(a, s, x, AR_SILU);
}

static struct val relu(struct arch *a, const char *s, struct val x)
{
	return ar_act(a, s, x, AR_RELU);
}

static struct val hard_swish(struct arch *a, const char *s, struct val x)
{
	return ar_1(a, "HardSwish", s, x, "");
}

struct val ar_gate(struct arch *a, const char *scope, struct val x, enum ar_gate gate)
{
	static struct val (*const of[])(struct arch *, const char *, struct val) = {
		[AR_GELU] = gelu,      [AR_TANH_GELU] = tanh_gelu,   [AR_QUICK_GELU] = quick_gelu,
		[AR_GATE_RELU] = relu, [AR_HARD_SWISH] = hard_swish, [AR_SWISH] = swish,
	};

	return of[gate](a, scope, x);
}

struct val ar_heads(struct arch *a, const char *scope, struct val x, int tokens, int dim, int heads)
{
	x = ar_reshape(a, scope, x, 4, (const int64_t[]){ 1, tokens, heads, dim / heads });
	return ar_1(a, "Transpose", scope, x, "perm=0,2,1,3");
}

void ar_fused_heads(struct arch *a, const char *scope, struct val x, const struct ar_attention *t,
		    struct val out[3])
{
	const int64_t dims[5] = { 1, t->nq, 3, t->heads, t->dim / t->heads };

	x = ar_linear(a, ar_name("%s/qkv", scope), x, t->dim, 3 * t->dim);
	x = ar_reshape(a, ar_name("%s/qkv", scope), x, 5, dims);
	x = ar_1(a, "Transpose", ar_name("%s/qkv", scope), x, "perm=2,0,3,1,4");
	for (int i = 0; i < 3; i++)
		out[i] = ar_2(a, "Gather", ar_name("%s/%d", scope, i), x, ar_index(a, i), "axis=0");
}

struct val ar_scores(struct arch *a, const char *scope, const struct val qkv[3], double scale,
		     struct val bias)
{
	struct val p = ar_1(a, "Transpose", ar_name("%s/kt", scope), qkv[1], "perm=0,1,3,2");

	p = ar_2(a, "MatMul", ar_name("%s/qk", scope), qkv[0], p, "");
	p = ar_mul(a, scope, p, scale);
	if (bias.id)
		p = ar_2(a, "Add", scope, p, bias, "");
	p = ar_1(a, "Softmax", scope, p, "axis=-1");
	return ar_2(a, "MatMul", ar_name("%s/pv", scope), p, qkv[2], "");
}

struct val ar_join(struct arch *a, const char *scope, struct val x, int tokens, int dim)
{
	x = ar_1(a, "Transpose", ar_name("%s/join", scope), x, "perm=0,2,1,3");
	return ar_reshape(a, ar_name("%s/join", scope), x, 3, (const int64_t[]){ 1, tokens, dim });
}

struct val ar_attend(struct arch *a, const char *scope, struct val x, struct val y,
		     const struct ar_attention *t)
{
	static const char *const names[3] = { "q", "k", "v" };
	struct val qkv[3], p;

	if (t->fused)
		ar_fused_heads(a, scope, x, t, qkv);
	for (int i = 0; i < 3 && !t->fused; i++) {
		const char *s = ar_name("%s/%s", scope, names[i]);
		const struct val z = ar_linear(a, s, i ? y : x, t->dim, t->dim);

		qkv[i] = ar_heads(a, s, z, i ? t->nk : t->nq, t->dim, t->heads);
	}
	p = ar_scores(a, scope, qkv, 1 / sqrt((double)t->dim / t->heads), t->bias);
	p = ar_join(a, scope, p, t->nq, t->dim);
	return ar_linear(a, ar_name("%s/proj", scope), p, t->dim, t->out ? t->out : t->dim);
}

struct val ar_mlp(struct arch *a, const char *scope, struct val x, int dim, int hidden,
		  enum ar_gate gate)
{
	x = ar_linear(a, ar_name("%s/fc1", scope), x, dim, hidden);
	x = ar_gate(a, ar_name("%s/act", scope), x, gate);
	return ar_linear(a, ar_name("%s/fc2", scope), x, hidden, dim);
}

struct val ar_encode(struct arch *a, const char *scope, struct val x, const struct ar_encoder *e)
{
	const struct ar_attention t = { .nq = e->tokens,
					.nk = e->tokens,
					.dim = e->dim,
					.heads = e->heads,
					.fused = e->fused,
					.bias = e->bias };

	for (int i = 0; i < e->count; i++) {
		const char *s = ar_name("%s.%d", scope, i);
		struct val y = ar_tokens_norm(a, ar_name("%s/norm1", s), x, e->dim, e->norm);

		y = ar_attend(a, ar_name("%s/attn", s), y, y, &t);
		x = ar_2(a, "Add", ar_name("%s/add1", s), x, y, "");
		y = ar_tokens_norm(a, ar_name("%s/norm2", s), x, e->dim, e->norm);
		y = ar_mlp(a, ar_name("%s/mlp", s), y, e->dim, e->hidden, e->gate);
		x = ar_2(a, "Add", ar_name("%s/add2", s), x, y, "");
	}
	return x;
}

struct val ar_to_tokens(struct arch *a, const char *scope, struct val x)
{
	x = ar_reshape(a, scope, x, 3, (const int64_t[]){ 1, x.c, (int64_t)x.h * x.w });
	return ar_1(a, "Transpose", scope, x, "perm=0,2,1");
}

struct val ar_to_map(struct arch *a, const char *scope, struct val x, int dim, int h, int w)
{
	x = ar_1(a, "Transpose", scope, x, "perm=0,2,1");
	x = ar_reshape(a, scope, x, 4, (const int64_t[]){ 1, dim, h, w });
	x.c = dim;
	x.h = h;
	x.w = w;
	return x;
}

struct val ar_patches(struct arch *a, const char *scope, struct val x, int dim, int patch)
{
	return ar_to_tokens(a, scope, ar_conv_full(a, scope, x, dim, patch, patch, 0, 1));
}

struct val ar_add_place(struct arch *a, const char *scope, struct val x, int tokens, int dim)
{
	const int64_t dims[3] = { 1, tokens, dim };

	return ar_2(a, "Add", scope, x, ar_random(a, 3, dims, 0.5), "");
}

struct val ar_token(struct arch *a, const char *scope, struct val x, int number, int dim)
{
	x = ar_2(a, "Gather", scope, x, ar_ints(a, 1, (const int64_t[]){ number }), "axis=1");
	return ar_reshape(a, scope, x, 2, (const int64_t[]){ 1, dim });
}

struct val ar_product(struct arch *a, const char *scope, struct val x, int from, int to)
{
	const int64_t dim[2] = { from, to };

	return ar_2(a, "MatMul", scope, x, ar_random(a, 2, dim, sqrt(3.0 / from)), "");
}
