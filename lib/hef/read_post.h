/* The operations of the host, read back into layers; private to lib/hef. */
#ifndef HN_HEF_READ_POST_H
#define HN_HEF_READ_POST_H

#include "hef/rules.h"

/* The host's graph behind the device while it is made. */
struct behind {
	const Hef__NetworkGroup *group;
	size_t nops; /* of the group's operations; 0 in the legacy form, where they mean nothing */
	const struct hef_core *core;
	const struct isa_prog *p;
	struct graph *g;
	struct layer *
	    *source;        /* of each output stream: what is left of it for the host; else NULL */
	bool *used;         /* streams that an operation takes */
	struct layer **out; /* layers that give the v-streams, and their names */
	const char **vstream;
	size_t nout;
};

/* Adds a v-stream; an error when its output layer's name is there already. */
int hef_add_vstream(struct behind *b, struct layer *l, const char *vstream, const char *io_layer,
		    struct err *e);
/* Adds the layers of all post units and operations behind the streams. */
int hef_read_ops(struct behind *b, struct err *e);
/* read_nms.c: the configuration in an NMS record; core pads of the heads in order of the inputs. */
int hef_read_nms(const Hef__NmsOp *n, struct post *p, uint32_t pads[POST_INPUTS], struct err *e);

#endif
