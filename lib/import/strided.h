/* Slices as TensorFlow and TensorFlow Lite write them: one entry a dimension, and bit sets. */
#ifndef HN_IMPORT_STRIDED_H
#define HN_IMPORT_STRIDED_H

#include "base/limits.h"
#include "import/import.h"

/* A strided slice: entry i of n has begin, end and step; bit i of a mask is about entry i. */
struct strided {
	int64_t begin[LIMIT_RANK], end[LIMIT_RANK], step[LIMIT_RANK];
	size_t n;
	int64_t no_begin, no_end, ellipsis, fresh, shrink; /* masks */
	bool offset;                                       /* ends count from the begins */
};

/* Bounds of some dimensions, as ONNX's Slice has them; or dimensions alone, in axis. */
struct bounds {
	int64_t from[LIMIT_RANK], to[LIMIT_RANK], step[LIMIT_RANK], axis[LIMIT_RANK];
	size_t n;
};

/*
 * The slice of a tensor of this rank as bounds, dimensions of it that go away then, and dimensions
 * of the result that are new.  -1 when it does not fit.
 */
int strided_bounds(const struct strided *s, int rank, struct bounds *b, struct bounds *gone,
		   struct bounds *fresh, struct err *e);
/* Begins and sizes (-1: all that is left) of each of n dimensions. */
int sized_bounds(const int64_t *begin, const int64_t *size, size_t n, struct bounds *b,
		 struct err *e);
/* n, a Slice, gets them. */
void put_bounds(struct im_graph *g, struct im_node *n, const struct bounds *b);

#endif
