/*
 * Private to quant/: the integer network over the calibration set layer by layer, so that a record
 * may change before its layer runs.  Codes wait on disk for the layers that read them.
 */
#ifndef HN_QUANT_BIAS_STREAM_H
#define HN_QUANT_BIAS_STREAM_H

#include "quant/quant_int.h"

struct stream;

/* Before layer l runs; all that it reads is there.  Output layers have their turn, too. */
typedef int (*stream_fn)(struct stream *s, const struct layer *l, void *ctx, struct err *e);

/*
 * Layers 0 .. end - 1, of which those run whose codes one of them reads.  what: of the progress
 * line.
 */
int stream_run(struct quant *q, size_t end, const char *what, stream_fn before, void *ctx,
	       struct err *e);

/* Batches of the set, and the images of batch b. */
size_t stream_batches(const struct quant *q);
size_t stream_images(const struct quant *q, size_t b);
/*
 * Batch b of what input i of the layer reads whose turn it is: its codes, in memory that holds
 * until the next one is asked for.  NULL: an error.
 */
const void *stream_input(struct stream *s, size_t i, size_t b, struct err *e);

#endif
