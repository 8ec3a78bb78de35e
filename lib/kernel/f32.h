/*
 * Float kernels, mostly through oneDNN (door: kernel/dnn.c).  A kernel is prepared once for a batch
 * size and run many times.  Tensors between kernels may be in oneDNN's own blocked layout: the emulator
 * asks, through struct f32_mem, and inserts nothing itself.
 */
#ifndef HN_KERNEL_F32_H
#define HN_KERNEL_F32_H

#include "hn/hn.h"

/* NULL when the type has a float kernel, else the reason it has none. */
const char *f32_reason(enum hn_type t);

/*
 * Plain form, NHWC in and out: any type; used for observation and single layers.
 * l: layer with shapes; w: weights by key.  batch images per run.
 */
struct f32k;
struct f32k *f32k_new(const struct layer *l, const struct tensors *w, int32_t batch, struct err *e);
int f32k_run(struct f32k *k, int32_t n, const float *const in[], float *const out[], struct err *e);
void f32k_free(struct f32k *k);

#endif
