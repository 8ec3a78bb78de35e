/*
 * Full-precision passes and model modifications: change a graph (and its weights) without changing
 * what it computes, except where a model-script command says so.  order.c is the one ordered list.
 */
#ifndef HN_PASS_PASS_H
#define HN_PASS_PASS_H

#include "alls/alls.h"
#include "hn/hn.h"

struct pass_opts {
	const struct alls *script; /* may be NULL */
	json_t *record;            /* an object: becomes modifications_meta_data.json */
	const json_t *nms;    /* the parser's configuration of a detector (X.nms.json), or NULL */
	const char *nms_arch; /* its meta_arch, or NULL */
	double null_channels_cutoff_factor; /* guide: variance below factor * epsilon: channel is
					       dead */
};
#define PASS_OPTS_DEFAULT                                                                          \
	{                                                                                          \
		.script = NULL, .null_channels_cutoff_factor = 1e-4                                \
	}

struct pass {
	const char *name;
	int (*run)(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e);
	const char *why; /* why here in the order */
};
const struct pass *pass_list(size_t *n);
/* All passes in order, then shapes and validation. */
int pass_run(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e);
/*
 * Only the arithmetic-preserving fusions (batch norm folding, activation fusing, conv+add): what
 * the float emulator applies to run a native graph fast. Layers in keep[] stay observable.
 */
int pass_fuse(struct graph *g, struct tensors *w, struct err *e);

/*
 * hn-normalize on a bundle in state hailo_model: runs all passes with the script (a file; NULL: the
 * one in the bundle, if any) and leaves hn, native.hn, fpo.npz, alls and
 * modifications_meta_data.json.
 */
struct bundle;
int pass_stage(struct bundle *b, const char *script, struct err *e);

#endif
