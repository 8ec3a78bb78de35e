/* What the host does behind the device, for the writer; private to lib/hef. */
#ifndef HN_HEF_WRITE_POST_H
#define HN_HEF_WRITE_POST_H

#include "hef/hef_pb.h"
#include "post/post.h"

struct writer;

/* ProtoHEFFormatOrder. */
enum {
	ORDER_NHWC = 1,
	ORDER_HAILO_NMS = 9
};
/* Five floats: y_min, x_min, y_max, x_max, score. */
enum {
	NMS_BOX_BYTES = 20
};

/* One operation. */
struct host_op {
	const struct layer *l; /* of the host's graph: a post-process, softmax or argmax */
	const char *io_layer;  /* its output layer */
	bool nms;
	struct post post;            /* of nms */
	int32_t stream[POST_INPUTS]; /* output streams that it reads */
	size_t nin;
	int32_t unit; /* the programme's post unit that decodes for it; -1: none */
};

/* Is a layer behind the device an operation, or a post unit of the device? */
bool hef_is_op(const struct layer *l);
/* Finds them in the host's graph; an error for work that HailoRT has no operation for. */
int hef_plan_ops(struct writer *w);
/* Adds them to the group, which has room, behind the core. */
int hef_write_ops(struct writer *w, Hef__NetworkGroup *g);
/* Does an NMS operation read this output stream? */
bool hef_feeds_nms(const struct writer *w, int32_t stream);
/* Does an operation belong to this extension? */
bool hef_needs_extension(const struct writer *w, uint32_t extension);
/* write_nms.c: the part of an NMS record that depends on the kind. */
int hef_fill_nms(struct writer *w, const struct host_op *o, Hef__NmsOp *n);

#endif
