/* Parameters of the rows in arch_transformers.c, and what makes them. */
#ifndef HN_TESTS_ARCH_VIT_H
#define HN_TESTS_ARCH_VIT_H

#include "arch_block.h"

/* Image encoders of equal blocks. */
struct ar_vit {
	int patch, dim, heads, depth;
	int size; /* 0: 224 */
	enum ar_norm norm;
	enum ar_gate gate;
	bool fused;
	enum {
		AR_CLASSES, /* class token, norm, classes */
		AR_CLIP,    /* norm before the blocks; class token, norm, a product to joint */
		AR_SIGLIP,  /* no class token; attention of a learned query, a perceptron */
		AR_POSE,    /* no class token; two deconvolutions, 17 heat maps of 256x192 */
	} end;
	int joint;
};
void ar_vit(struct arch *a, const void *with);

/* Text encoders from the embedded tokens to the last block. */
struct ar_text {
	int tokens, dim, depth;
	bool causal, pooled; /* a mask; the last token's norm and product instead of all tokens */
	enum ar_gate gate;
};
void ar_text(struct arch *a, const void *with);

struct ar_swin {
	int dim, depth[4];
};
void ar_swin(struct arch *a, const void *with);

struct ar_levit {
	int dim[3], heads[3], key;
};
void ar_levit(struct arch *a, const void *with);

#endif
