/* An allocation as a picture. */
#ifndef HN_REPORT_ALLOC_SVG_H
#define HN_REPORT_ALLOC_SVG_H

#include "alloc/alloc_set.h"

/*
 * SVG: for each context its clusters with what they hold and take, then the cycles of each layer;
 * network groups one below the other.
 */
void alloc_svg(const struct alloc_set *s, const struct target *t, struct str *out);

#endif
