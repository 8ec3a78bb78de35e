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

/* A map [1][h][w][dim]. */
struct ar_map {
	struct val x;
	int h, w, dim;
};
/* Attention in windows of 7x7: alone, with a bias of places, and of a map that is shifted. */
enum ar_windows {
	AR_PLAIN,
	AR_PLACED,
	AR_SHIFTED
};
struct val ar_window_attention(struct arch *a, const char *scope, struct ar_map m, int heads,
			       enum ar_windows kind);

struct ar_levit {
	int dim[3], heads[3], key;
};
void ar_levit(struct arch *a, const void *with);

void ar_cas_vit(struct arch *a, const void *dims);  /* int[4] */
void ar_fastvit(struct arch *a, const void *with);  /* SA12 */
void ar_nextvit(struct arch *a, const void *depth); /* int[4] */
void ar_davit(struct arch *a, const void *with);    /* tiny */
void ar_segformer(struct arch *a,
		  const void *with); /* B0 with batch norms, 19 classes of 512x1024 */
void ar_clip_resnet(struct arch *a, const void *with);
void ar_detr(struct arch *a, const void *with); /* on ResNet-50, 800x800 */

struct ar_clip_resnet {
	int size, width, blocks[4], joint;
};

#endif
