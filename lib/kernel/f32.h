/*
 * Float kernels, the costly ones through oneDNN (door: kernel/dnn.c).  A kernel is prepared once
 * for a batch size and run many times.  All tensors are dense NHWC, see dnn.h for why.
 */
#ifndef HN_KERNEL_F32_H
#define HN_KERNEL_F32_H

#include "hn/hn.h"

/* NULL when the type has a float kernel, else the reason it has none. */
const char *f32_reason(enum hn_type t);

enum f32_flag {
	F32_FAST = 1,        /* may use methods that round differently (Winograd's) */
	F32_ADD_IN_PLACE = 2 /* elementwise_add: the last input of every run is in out[0] already */
};

/*
 * Prepares a layer with inferred shapes for runs of `batch` images; w: weights by key.  Batch norm
 * is folded into the kernel's own copy.  l must outlive the kernel, w need not.
 */
struct f32k;
struct f32k *f32k_new(const struct layer *l, const struct tensors *w, int32_t batch, unsigned flags,
		      struct err *e);
/*
 * Runs exactly the batch.  in[i]: NHWC of input i; out[p]: NHWC of port p, no overlap with inputs
 * but the one added in place.
 * The same inputs give the same bytes whatever the number of threads.
 */
int f32k_run(struct f32k *k, const float *const in[], float *const out[], struct err *e);
/* What computes it, for -v: oneDNN's implementation or "plain". */
const char *f32k_impl(const struct f32k *k);
void f32k_free(struct f32k *k); /* NULL is fine */

#endif
