/* Parts of tensors, inside of the bundle reader. */
#ifndef HN_TF_TF_PART_H
#define HN_TF_TF_PART_H

#include "tf/tf_bundle.h"

/* Appends the key under which a bundle keeps a part of tensor `name`. */
void tf_part_key(struct str *s, const char *name, const struct tf_part *p);
/* Makes every extent of a part of `whole` a plain one; error: outside of it. */
int tf_part_fix(struct tf_part *p, const struct tensor *whole, struct err *e);
/*
 * Copies the elements (of size bytes) that the parts have in common; both are fixed.  Their count.
 */
size_t tf_part_copy(uint8_t *to, const struct tf_part *want, const uint8_t *from,
		    const struct tf_part *have, size_t size);

#endif
