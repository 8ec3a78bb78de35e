/* An allocation as a picture. */
#ifndef HN_REPORT_ALLOC_SVG_H
#define HN_REPORT_ALLOC_SVG_H

#include "alloc/alloc.h"

/* SVG: for each context its clusters with what they hold and take, then the cycles of each layer.
 */
void alloc_svg(const struct allocation *a, const struct target *t, struct str *out);

#endif
