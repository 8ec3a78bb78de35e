/* Private to quant/: a stream of hidden features, which rotations go through. */
#ifndef HN_QUANT_ROTATE_H
#define HN_QUANT_ROTATE_H

#include "quant/transform.h"

/* What a layer is to the stream; a layer may read it and write it. */
enum stream_role {
	STREAM_IS = 1,     /* its output has the stream's features */
	STREAM_NORMED = 2, /* its output has them behind the layer_normalization norm[] */
	STREAM_WRITES = 4, /* they come from its weights */
	STREAM_READS = 8   /* its weights take them from its first input */
};

struct stream {
	const struct quant *q;
	unsigned *role;            /* by index of layer */
	const struct layer **norm; /* by index: whose gamma and beta the values have; or NULL */
	int32_t c;
	bool adds;         /* something is added to it: a residual stream */
	const char *why;   /* it cannot be rotated; NULL: it can */
	const char *where; /* at which layer */
};

/* Everything that has, writes or reads the features of l's output; stream_release frees it. */
void stream_find(struct stream *s, const struct quant *q, struct layer *l);
void stream_release(struct stream *s);

#endif
