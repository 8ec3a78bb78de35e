/* Tensors in blocks of 16 features, [n][c / 16][h][w][16], for the kernels that need them. */
#ifndef HN_KERNEL_BLOCKED_F32_H
#define HN_KERNEL_BLOCKED_F32_H

#include "kernel/f32_int.h"

/* n images of shape s (c a multiple of 16) from NHWC into blocks. */
void blocked_from_nhwc(const struct hn_shape *s, int32_t n, const float *from, float *to);
/* The way back, on it: to = min(max(from + add, lo), hi); add is NHWC, may be `to` itself, or NULL.
 */
void blocked_to_nhwc(const struct hn_shape *s, int32_t n, const float *from, const float *add,
		     float lo, float hi, float *to);

#endif
