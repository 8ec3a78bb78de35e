/* Private to transpose: what it does to each type of layer. */
#ifndef HN_PASS_TRANSPOSE_H
#define HN_PASS_TRANSPOSE_H

#include "pass/modify.h"

struct transpose {
	struct modify *m;
	size_t n;   /* layers of the graph before it */
	bool *in;   /* by index: is in a chosen component */
	bool *keep; /* by index: works as before, between transposes */
};

/* Why a layer cannot be in a transposed network; NULL: it can. */
const char *transpose_reason(const struct layer *l);
/* Does it keep its layout: a product along the width, a reshape? */
bool transpose_keeps(const struct transpose *t, const struct layer *l);
/* Changes parameters and weights; shapes are still those before it. */
void transpose_layer(struct transpose *t, struct layer *l);

#endif
