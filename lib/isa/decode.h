/* Reading an image, private to lib/isa. */
#ifndef HN_ISA_DECODE_H
#define HN_ISA_DECODE_H

#include "base/cursor.h"
#include "isa/records.h"

/* The directory at the start of an image. */
struct head {
	size_t nseg, ntensors, nstreams, nlayers, nedges, nposts;
	const uint8_t *dir;
};

/* What has been read so far. */
struct reader {
	struct isa_prog *p;
	struct head h;
	size_t tensors, streams, layers, edges, posts;
	bool machine;
	struct err *e;
};
/* One record of segment seg from the cursor over its payload. */
int isa_read_record(struct reader *r, uint32_t kind, struct cursor *c, size_t seg);

#endif
