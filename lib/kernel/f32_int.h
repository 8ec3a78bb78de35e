/* Inside lib/kernel: what a float kernel looks like to f32_ops.c, and helpers that families share.
 */
#ifndef HN_KERNEL_F32_INT_H
#define HN_KERNEL_F32_INT_H

#include "kernel/f32.h"

/*
 * A loop over features that the compiler makes for several vector widths; the machine chooses.
 * Without contraction (Makefile) all give the same values.
 */
#ifdef __x86_64__
#define F32_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define F32_WIDE
#endif

struct f32k {
	const struct f32_impl *impl;
	const struct layer *l;
	int32_t n;      /* images per run */
	void *state;    /* the implementation's own, NULL when it needs none */
	float *slope;   /* prelu: one per feature, or NULL */
	float *clip_lo; /* relu6, clip after equalization: bounds per feature, or NULL */
	float *clip_hi;
	bool add_in_place; /* the added input is in the output's memory */
	bool fast;         /* may round differently for speed */
	bool own_act;      /* run applies the layer's activation itself */
};

/* One implementation; a family's file exports one per kind of layer. */
struct f32_impl {
	int (*make)(struct f32k *k, const struct tensors *w,
		    struct err *e); /* NULL: nothing to prepare */
	int (*run)(const struct f32k *k, const float *const in[], float *const out[],
		   struct err *e);
	void (*drop)(void *state); /* NULL: free(state) */
};

extern const struct f32_impl conv_f32, pool_f32, global_pool_f32, eltwise_f32, act_f32, affine_f32,
    concat_f32, slice_f32, splitter_f32, pad_f32, depth_to_space_f32, space_to_depth_f32,
    shuffle_f32, conversion_f32, shortcut_f32, resize_f32, softmax_f32, argmax_f32, reduce_f32,
    matmul_f32, layer_norm_f32, const_f32;

/* oneDNN's name for what computes a convolution. */
const char *conv_f32_impl(const struct f32k *k);

/* Shape of input i and of output 0. */
const struct hn_shape *f32_in(const struct f32k *k, size_t i);
const struct hn_shape *f32_out(const struct f32k *k);

/*
 * The layer's weight `key` as count floats in new memory the caller frees; an absent optional one
 * gives NULL without error.
 */
float *f32_weight(const struct layer *l, const struct tensors *w, const char *key, size_t count,
		  bool optional, struct err *e);
/*
 * Scale and offset of the layer's batch norm per feature, from its four vectors: y = scale x +
 * offset. Both of l->out[0].c values, the caller frees them.
 */
int f32_batch_norm(const struct layer *l, const struct tensors *w, float **scale, float **offset,
		   struct err *e);

/* x = act(x) in place on count values whose features repeat every c values. */
void f32_activate(const struct layer *l, const float *slope, float *x, size_t count, size_t c);
/* x = min(max(x, lo[c]), hi[c]) in place, the same layout. */
void f32_clip_features(const float *lo, const float *hi, float *x, size_t count, size_t c);

#endif
