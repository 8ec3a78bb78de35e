/*
 * For readers of other formats, whose files do not say the shapes of tensors: what a node in ONNX's
 * vocabulary makes, known as soon as the reader has added it, so that shape arithmetic can be read.
 */
#ifndef HN_ONNX_ONNX_EARLY_H
#define HN_ONNX_ONNX_EARLY_H

#include "import/import.h"

enum {
	ONNX_EARLY_MAX = 4096 /* elements: lists, and what they are made from */
};

/*
 * Notes at n's outputs what is known of their shapes (told, rank, dim), from those of its inputs;
 * and makes them constant, when its inputs are constant and all of it is small, or when n is the
 * Shape or Size of a tensor whose shape is known (an open batch counts as 1).  opset: whose rules n
 * follows.
 */
void onnx_early(struct im_graph *g, struct im_node *n, int64_t opset);

#endif
