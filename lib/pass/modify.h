/*
 * Model modifications (guide 5.3.3): the commands of a script that change what the network
 * computes.  They run in the script's order; each puts its layer directly behind an input layer or
 * before an output layer, so that of two at one input the later one comes nearer to it.
 */
#ifndef HN_PASS_MODIFY_H
#define HN_PASS_MODIFY_H

#include "alls/alls.h"
#include "hn/hn.h"

/* What a modification works on. */
struct modify {
	struct graph *g;
	struct tensors *w;
	json_t *record;    /* modifications_meta_data.json; NULL: nobody asks */
	const json_t *nms; /* what the parser found of a detector, as pass_opts */
	const char *nms_arch;
};

/* A command's row: it changes m->g and m->w for one statement and records what it did. */
struct modification {
	const char *command;
	int (*apply)(struct modify *m, const struct alls_stmt *st, struct err *e);
};
/* The row of a statement's command; NULL when it is no modification. */
const struct modification *modification_of(const struct alls_stmt *st);

/* One function per command; each leaves graph_infer_shapes to the caller. */
int modify_conversion(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_nms(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_output_activation(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_logits(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_resize(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_resize_input(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_transpose(struct modify *m, const struct alls_stmt *st, struct err *e);
int modify_normalization(struct modify *m, const struct alls_stmt *st, struct err *e);

/*
 * The input layers of a command: those of its argument `argument`, all of the network when it is
 * absent.  An input that a command has packed already is an error.  The caller frees *out.
 */
int modify_inputs(const struct modify *m, const struct alls_stmt *st, const char *argument,
		  struct layer ***out, size_t *n, struct err *e);
/*
 * The name of a command's result number `which`: what stands on the left, or a new "baseN" when
 * nothing does; NULL with an error when a layer has it already.
 */
const char *modify_name(struct modify *m, const struct alls_stmt *st, size_t which,
			const char *base, struct err *e);
/*
 * A new layer of the device directly behind an input layer, or behind what the host does with it;
 * no pass merges it into another (pinned).
 */
struct layer *modify_behind(struct modify *m, enum hn_type t, const char *name,
			    struct layer *input);
/* The same on the host, directly behind the input. */
struct layer *modify_host_behind(struct modify *m, enum hn_type t, const char *name,
				 struct layer *input);

/*
 * The output layers of a command: those of its argument, which names them or the layers before
 * them, all of the network when it is absent.  The caller frees *out.
 */
int modify_outputs(const struct modify *m, const struct alls_stmt *st, const char *argument,
		   struct layer ***out, size_t *n, struct err *e);
/* The layer of the device, or of its post-processing, that makes an output. */
struct layer *modify_producer(const struct layer *output);
/* Does the host change rows and columns of an input or output layer (transpose)? */
bool modify_is_transposed(const struct layer *io);
/*
 * A new layer of the device for an output, pinned: in front of what the host does there, when that
 * is a transpose; NULL with an error when it is more.
 */
struct layer *modify_before(struct modify *m, const struct alls_stmt *st, enum hn_type t,
			    const char *name, struct layer *output, struct err *e);
/* The same on the host, directly before the output layer. */
struct layer *modify_host_before(struct modify *m, enum hn_type t, const char *name,
				 struct layer *output);
/* The results that stand on the left are as many as n `what`, or none stand there. */
int modify_count_names(const struct alls_stmt *st, size_t n, const char *what, struct err *e);
/*
 * A new record {"cmd_type": command} for an input or output layer, borrowed, to which the command
 * adds what it did; NULL when nobody asks (json_object_set_new of NULL frees the value).
 */
json_t *modify_record(struct modify *m, const struct layer *l, const char *cmd_type);

#endif
