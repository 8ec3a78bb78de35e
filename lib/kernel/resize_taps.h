/* Where a resize reads: shared by the float kernel and the quantizer. */
#ifndef HN_KERNEL_RESIZE_TAPS_H
#define HN_KERNEL_RESIZE_TAPS_H

#include "hn/hn.h"

/* One output coordinate along an axis: two source rows (or columns) and their weights. */
struct resize_tap {
	int32_t at[2];
	float weight[2];
};

/* The taps of every output coordinate along an axis (0 height, 1 width). */
void resize_taps(const struct hn_params *p, int axis, int32_t in, int32_t out,
		 struct resize_tap *taps);

#endif
