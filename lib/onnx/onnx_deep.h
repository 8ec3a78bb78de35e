/*
 * Volumes (preview): tensors of five dimensions lie in maps whose features are channels and depth,
 * either of them outermost.  Operators over rows and columns see such a map as a flat one.
 */
#ifndef HN_ONNX_ONNX_DEEP_H
#define HN_ONNX_ONNX_DEEP_H

#include "onnx/onnx_window.h"

struct onnx_deep {
	struct im_value flat; /* the same map in four dimensions */
	int64_t c, d;         /* channels, depth */
	bool depth_first;     /* feature d * c + channel, else channel * d + depth */
};

/* Brings x of five dimensions into such a map, the order that costs less. */
int onnx_deep(struct build *b, struct im_value *x, struct onnx_deep *deep, struct err *e);
/* out is output of l with these channels, depth, rows, columns. */
void onnx_deep_out(const struct onnx_deep *deep, struct im_value *out, struct layer *l,
		   const int64_t cdhw[4]);
/* Values of channels as values of features; the caller frees them. */
float *onnx_deep_vector(const struct onnx_deep *deep, const float *v);

/* Conv with kernel w of five dimensions. */
int onnx_conv_deep(struct build *b, struct im_node *n, const struct tensor *w, struct err *e);
/* in: copies of inputs, whose views may change. */
int onnx_concat_deep(struct build *b, struct im_value *in, size_t count, int axis,
		     struct im_value *out, struct err *e);

#endif
