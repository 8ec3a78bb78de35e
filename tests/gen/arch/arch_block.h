/*
 * Parts of transformers: tokens are [1][count][dim], as exporters write them.
 */
#ifndef HN_TESTS_ARCH_BLOCK_H
#define HN_TESTS_ARCH_BLOCK_H

#include "arch.h"

enum ar_norm {
	AR_LN,
	AR_BN, /* batch normalization of the features in its place */
};

enum ar_gate {
	AR_GELU, /* x / 2 (1 + erf(x / sqrt 2)) */
	AR_TANH_GELU,
	AR_QUICK_GELU, /* x sigmoid(1.702 x) */
	AR_GATE_RELU,
	AR_HARD_SWISH,
	AR_SWISH, /* x sigmoid(x) */
};

/* Attention over heads; q comes from nq tokens, k and v from nk. */
struct ar_attention {
	int nq, nk, dim, heads;
	int out;         /* features of the result; 0: dim */
	bool fused;      /* one product makes q, k and v */
	struct val bias; /* added to the scores; id 0: none */
};

/* x + attention(norm(x)), then x + mlp(norm(x)), count times. */
struct ar_encoder {
	int count, tokens, dim, heads, hidden;
	enum ar_norm norm;
	enum ar_gate gate;
	bool fused;
	struct val bias;
};

struct val ar_tokens_norm(struct arch *a, const char *scope, struct val x, int dim, enum ar_norm n);
struct val ar_gate(struct arch *a, const char *scope, struct val x, enum ar_gate gate);
/* x to the queries, y to keys and values. */
struct val ar_attend(struct arch *a, const char *scope, struct val x, struct val y,
		     const struct ar_attention *t);
/* Three tensors [1][heads][tokens][dim / heads]. */
void ar_fused_heads(struct arch *a, const char *scope, struct val x, const struct ar_attention *t,
		    struct val out[3]);
struct val ar_heads(struct arch *a, const char *scope, struct val x, int tokens, int dim,
		    int heads);
/* softmax(q k^T scale + bias) v, [1][heads][tokens][features]. */
struct val ar_scores(struct arch *a, const char *scope, const struct val qkv[3], double scale,
		     struct val bias);
struct val ar_join(struct arch *a, const char *scope, struct val x, int tokens, int dim);
struct val ar_mlp(struct arch *a, const char *scope, struct val x, int dim, int hidden,
		  enum ar_gate gate);
struct val ar_encode(struct arch *a, const char *scope, struct val x, const struct ar_encoder *e);
/* The image as tokens, patch x patch pixels each. */
struct val ar_patches(struct arch *a, const char *scope, struct val x, int dim, int patch);
/* Feature maps to tokens and back. */
struct val ar_to_tokens(struct arch *a, const char *scope, struct val x);
struct val ar_to_map(struct arch *a, const char *scope, struct val x, int dim, int h, int w);
/* Seeded constant [1][tokens][dim] added. */
struct val ar_add_place(struct arch *a, const char *scope, struct val x, int tokens, int dim);
/* The token of that number, [1][dim]. */
struct val ar_token(struct arch *a, const char *scope, struct val x, int number, int dim);
struct val ar_mul(struct arch *a, const char *scope, struct val x, double by);
/* A matrix product without a bias. */
struct val ar_product(struct arch *a, const char *scope, struct val x, int from, int to);

#endif
