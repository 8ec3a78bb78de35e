/* The passes, one file each; order.c lists them. */
#ifndef HN_PASS_PASSES_H
#define HN_PASS_PASSES_H

#include "pass/pass.h"

#define PASS(name)                                                                                 \
	int name(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e)
PASS(pass_modify);
PASS(pass_fold_batch_norm);
PASS(pass_plain_batch_norm);
PASS(pass_fuse_activation);
PASS(pass_remove_identity);
PASS(pass_merge_normalization);
PASS(pass_fold_normalization);
PASS(pass_fuse_add);
#undef PASS

#endif
