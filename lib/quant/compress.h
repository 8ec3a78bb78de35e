/* Private to quant/: which layers have 4-bit weights, and whether all have 16 bits. */
#ifndef HN_QUANT_COMPRESS_H
#define HN_QUANT_COMPRESS_H

#include "quant/quant_int.h"

/*
 * The kernel of a layer whose weights may have fewer bits, else NULL: a normalization or a color
 * conversion has few weights, no memory to save.
 */
const struct tensor *compress_kernel(const struct quant *q, const struct layer *l);

/* A layer that may be compressed, best first. */
struct compress_item {
	double weights;
	bool taken; /* in: it is compressed already; out: it shall be */
};
/*
 * Takes items in their order until they hold `ratio` of `total` weights; one that overshoots by
 * more than what is missing is passed over.  Returns the weights taken.
 */
double compress_choose(struct compress_item *items, size_t n, double total, double ratio);

/* Precision modes by ratio or level; an error without images where layers must be chosen. */
int quant_compress(struct quant *q, struct err *e);

#endif
