/*
 * LeViT (Graham et al. 2021): four convolutions, then attention with a bias of places, whose keys
 * are narrower than its values; batch normalizations are folded.
 */
#include "arch_vit.h"
#include <math.h>

/* A square of tokens [1][side * side][dim]. */
struct square {
	struct val x;
	int side, dim;
};

/* q, k, v or k, v of each head lie side by side: sizes. */
static void parts(struct arch *a, const char *s, struct square m, int heads, const int *sizes,
		  int n, struct val *out)
{
	const int tokens = m.side * m.side;
	int width = 0;
	struct val x;

	for (int i = 0; i < n; i++)
		width += sizes[i];
	x = ar_linear(a, s, m.x, m.dim, heads * width);
	x = ar_reshape(a, s, x, 4, (const int64_t[]){ 1, tokens, heads, width });
	ar_split(a, s, x, sizes, n, 3, out);
	for (int i = 0; i < n; i++)
		out[i] = ar_1(a, "Transpose", ar_name("%s/%d", s, i), out[i], "perm=0,2,1,3");
}

/* From q, k, v on: scores with a bias, the activation, the product to `out` features. */
static struct val attended(struct arch *a, const char *s, const struct val qkv[3], int nq, int nk,
			   const int size[4])
{
	const int heads = size[0], key = size[1], value = size[2], out = size[3];
	const int64_t place[3] = { heads, nq, nk };
	struct val x = ar_scores(a, s, qkv, 1 / sqrt(key), ar_random(a, 3, place, 0.5));

	x = ar_join(a, s, x, nq, heads * value);
	x = ar_gate(a, ar_name("%s/act", s), x, AR_HARD_SWISH);
	return ar_linear(a, ar_name("%s/proj", s), x, heads * value, out);
}

static struct val attention(struct arch *a, const char *s, struct square m, int heads, int key)
{
	const int n = m.side * m.side, sizes[3] = { key, key, 2 * key };
	struct val qkv[3];

	parts(a, ar_name("%s/qkv", s), m, heads, sizes, 3, qkv);
	return attended(a, s, qkv, n, n, (const int[]){ heads, key, 2 * key, m.dim });
}

/* Queries of every second token of every second row. */
static struct square shrink(struct arch *a, const char *s, struct square m, int key, int out)
{
	const int heads = m.dim / key, n = m.side * m.side, sizes[2] = { key, 4 * key };
	const struct square small = { .side = (m.side + 1) / 2, .dim = m.dim };
	const int few = small.side * small.side;
	struct val qkv[3], x;

	parts(a, ar_name("%s/kv", s), m, heads, sizes, 2, qkv + 1);
	x = ar_reshape(a, ar_name("%s/map", s), m.x, 4,
		       (const int64_t[]){ 1, m.side, m.side, m.dim });
	for (int axis = 1; axis < 3; axis++) {
		const struct val in[5] = { x, ar_ints(a, 1, (const int64_t[]){ 0 }),
					   ar_ints(a, 1, (const int64_t[]){ INT32_MAX }),
					   ar_ints(a, 1, (const int64_t[]){ axis }),
					   ar_ints(a, 1, (const int64_t[]){ 2 }) };

		x = ar_node(a, "Slice", ar_name("%s/every%d", s, axis), in, 5, "");
	}
	x = ar_reshape(a, ar_name("%s/few", s), x, 3, (const int64_t[]){ 1, few, m.dim });
	x = ar_linear(a, ar_name("%s/q", s), x, m.dim, heads * key);
	qkv[0] = ar_heads(a, ar_name("%s/q", s), x, few, heads * key, heads);
	x = attended(a, s, qkv, few, n, (const int[]){ heads, key, 4 * key, out });
	return (struct square){ x, small.side, out };
}

static struct val residual_mlp(struct arch *a, const char *s, struct square m)
{
	const struct val y = ar_mlp(a, s, m.x, m.dim, 2 * m.dim, AR_HARD_SWISH);

	return ar_2(a, "Add", s, m.x, y, "");
}

/* Two heads, as trained by distillation; their mean. */
static struct val classified(struct arch *a, struct square m)
{
	struct val x = ar_1(a, "ReduceMean", "/pool", m.x, "axes=1, keepdims=0"), y;

	a->classes = a->classes ? a->classes : 1000;
	y = ar_linear(a, "/head", x, m.dim, a->classes);
	y = ar_2(a, "Add", "/mean", y, ar_linear(a, "/head_dist", x, m.dim, a->classes), "");
	return ar_2(a, "Div", "/mean", y, ar_scalar(a, 2), "");
}

void ar_levit(struct arch *a, const void *with)
{
	const struct ar_levit *t = with;
	struct val x = ar_input(a, 3, 224);
	struct square m;

	a->opset = a->opset < 14 ? 14 : a->opset; /* HardSwish */
	for (int i = 0; i < 4; i++) {
		x = ar_conv(a, ar_name("/patch_embed.%d", i), x, t->dim[0] >> (3 - i), 3, 2);
		if (i < 3)
			x = ar_gate(a, ar_name("/patch_embed.%d", i), x, AR_HARD_SWISH);
	}
	m = (struct square){ ar_to_tokens(a, "/tokens", x), x.h, t->dim[0] };
	for (int i = 0; i < 3; i++) {
		if (i) {
			const char *s = ar_name("/shrink%d", i);

			m = shrink(a, s, m, t->key, t->dim[i]);
			m.x = residual_mlp(a, ar_name("%s/mlp", s), m);
		}
		for (int k = 0; k < 4; k++) {
			const char *s = ar_name("/stage%d.%d", i, k);
			const struct val y =
			    attention(a, ar_name("%s/attn", s), m, t->heads[i], t->key);

			m.x = ar_2(a, "Add", ar_name("%s/add", s), m.x, y, "");
			m.x = residual_mlp(a, ar_name("%s/mlp", s), m);
		}
	}
	ar_output(a, classified(a, m));
}
