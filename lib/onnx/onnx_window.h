/* Windows of ONNX nodes: attributes to import/build.h's terms, layers with their padding. */
#ifndef HN_ONNX_ONNX_WINDOW_H
#define HN_ONNX_ONNX_WINDOW_H

#include "onnx/onnx_int.h"

/*
 * Kernel, strides, dilations and explicit pads for h and w; a 1-D node has one row.  kernel: the
 * weight tensor, or NULL when the attribute kernel_shape gives it.
 */
int onnx_window_attrs(const struct im_node *n, const struct im_view *x, const struct tensor *kernel,
		      struct im_window w[2], struct err *e);
/* The same, with auto_pad resolved and output sizes. */
int onnx_windows(const struct im_node *n, const struct im_view *x, const struct tensor *kernel,
		 struct im_window w[2], bool ceil, struct err *e);
/* The same for the depth of a node with three spatial dimensions. */
int onnx_depth_window(const struct im_node *n, int64_t depth, const struct tensor *kernel,
		      struct im_window *w, bool ceil, struct err *e);
/* A layer of type t after x with these windows; an external_pad before it when no scheme fits. */
struct layer *onnx_window_layer(struct build *b, struct im_node *n, struct im_value *x,
				enum hn_type t, const char *base, struct im_window w[2],
				float pad_value, struct err *e);

#endif
