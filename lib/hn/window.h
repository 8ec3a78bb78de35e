/* Windows that slide: output size and resolved padding, shared by convolutions and pools. */
#ifndef HN_HN_WINDOW_H
#define HN_HN_WINDOW_H

#include "hn/hn.h"

/* Rows (axis 0) or columns (axis 1) that one window covers: dilation (kernel - 1) + 1. */
int64_t window_extent(const struct hn_params *p, int axis);
/* Resolves p->padding to p->pad for this input and gives the output size. */
int window_resolve(struct hn_params *p, const struct hn_shape *in, bool ceil_mode, int64_t *h,
		   int64_t *w, struct err *e);

#endif
