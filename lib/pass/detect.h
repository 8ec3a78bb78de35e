/*
 * Inside of lib/pass: the command nms_postprocess.  detect_config.c finds its configuration,
 * detect_heads.c the layers, detect.c puts the post-process behind them.
 */
#ifndef HN_PASS_DETECT_H
#define HN_PASS_DETECT_H

#include "pass/modify.h"
#include "post/post.h"

/* An output of the network, or what was cut from one. */
struct detect_head {
	struct layer *from; /* what computes it */
	int32_t port;
	struct layer *out; /* its output layer; NULL: it shares one that is gone */
	bool taken;
};

struct detect {
	struct modify *m;
	const struct alls_stmt *st;
	struct post p;
	json_t *config;           /* what the bundle will hold: with layers' names; owned */
	char *source;             /* its file; owned */
	struct detect_head *head; /* the network's outputs in order; owned */
	size_t nhead, cap_head;
	size_t input[POST_INPUTS]; /* which head each input of the post-process is */
};

/*
 * d->config and d->source: the command's file, else what the parser found, else the default of the
 * meta architecture; changed by the command's arguments and read into d->p.
 */
int detect_config(struct detect *d, struct err *e);
/* d->input, d->p.shape and .name: by the configuration's names, else by shape; checked. */
int detect_heads(struct detect *d, struct err *e);
/*
 * NanoDet: one convolution holds a level's classes and distances; it becomes two, which are two
 * heads.
 */
int detect_cut(struct detect *d, int level, size_t head, struct err *e);

#endif
