/* Packed images (hn/pack.h): where the values of a pixel stand, and rows from planes. */
#ifndef HN_KERNEL_PACK_H
#define HN_KERNEL_PACK_H

#include "hn/pack.h"

/*
 * For an image row y of w pixels: from[3 * x + c] is the place, among the values of the packed row
 * y / rows, of value c of pixel x.  Depends on y only by y % rows.
 */
void pack_row(enum hn_pack p, int32_t w, int32_t y, int32_t *from);

/*
 * n images of h x w x c packed values of `size` bytes each from the host's order, planes one after
 * another, to rows as the network reads them (hn/pack.h), in place.  Formats without planes stay.
 */
void pack_from_host(enum hn_pack p, const struct hn_shape *s, size_t n, size_t size, void *images);

#endif
