/* Inside of the bundle reader. */
#ifndef HN_TF_TF_BUNDLE_INT_H
#define HN_TF_TF_BUNDLE_INT_H

#include "tf/tf_part.h"
#include "tf/tf_read.h"

struct tf_bundle {
	struct arena arena;
	struct tf_crc crc;
	const char *prefix; /* "" in memory */
	struct im_file index;
	struct tf_table table;
	struct im_file *shard; /* nshard; closed while its path is NULL */
	size_t nshard;
};

/* Decodes an entry; *t gets its type and shape.  NULL with e. */
Tf__BundleEntry *tf_bundle_entry(const struct tf_item *x, struct tensor *t, struct err *e);
/* All of an entry that is in one piece; *t has its type and shape. */
int tf_bundle_whole(struct tf_bundle *b, const Tf__BundleEntry *x, struct tensor *t, struct err *e);
/* *want, which is fixed, of a tensor that is stored in parts; *t has its type and shape. */
int tf_bundle_gather(struct tf_bundle *b, const char *key, const Tf__BundleEntry *x,
		     const struct tf_part *want, struct tensor *t, struct err *e);
/* *t becomes *want, which is fixed, of itself. */
void tf_bundle_cut(struct tensor *t, const struct tf_part *want);

#endif
