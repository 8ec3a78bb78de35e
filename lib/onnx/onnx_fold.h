/* Constant folding, inside of lib/onnx. */
#ifndef HN_ONNX_ONNX_FOLD_H
#define HN_ONNX_ONNX_FOLD_H

#include "onnx/onnx_int.h"

/* Elements of a folded tensor: a weight of the largest published nets, not more. */
enum {
	FOLD_MAX = 1 << 28
};

/* A tensor of this shape, checked; *out is zeroed. */
int fold_new(struct build *b, enum dtype t, int rank, const int64_t *dim, struct tensor *out,
	     struct err *e);
void fold_set_int(struct tensor *t, size_t i, int64_t v);
void fold_set_num(struct tensor *t, size_t i, double v);
bool fold_is_float(enum dtype t);
/* Element i of the result copied from element j of another tensor of the same type. */
void fold_copy(struct tensor *to, size_t i, const struct tensor *from, size_t j);
/* A view of t with another shape: shares its data. */
struct tensor fold_as(const struct tensor *t, int rank, const int64_t *dim);

/* Fold rules: inputs are constant; set the node's outputs. */
int fold_constant(struct build *b, struct im_node *n, struct err *e);
int fold_constant_of_shape(struct build *b, struct im_node *n, struct err *e);
int fold_range(struct build *b, struct im_node *n, struct err *e);
int fold_reshape(struct build *b, struct im_node *n, struct err *e);
int fold_squeeze(struct build *b, struct im_node *n, struct err *e);
int fold_unsqueeze(struct build *b, struct im_node *n, struct err *e);
int fold_flatten(struct build *b, struct im_node *n, struct err *e);
int fold_shape(struct build *b, struct im_node *n, struct err *e);
int fold_gather(struct build *b, struct im_node *n, struct err *e);
int fold_concat(struct build *b, struct im_node *n, struct err *e);
int fold_slice(struct build *b, struct im_node *n, struct err *e);
int fold_transpose(struct build *b, struct im_node *n, struct err *e);
int fold_expand(struct build *b, struct im_node *n, struct err *e);
int fold_tile(struct build *b, struct im_node *n, struct err *e);
int fold_cast(struct build *b, struct im_node *n, struct err *e);
/* Elementwise operators and reductions over lists; 1: no rule. */
int fold_arithmetic(struct build *b, struct im_node *n, struct err *e);
/* Activations that patterns found before their input proved constant; 1: none of them. */
int fold_activation(struct build *b, struct im_node *n, struct err *e);
int fold_scatter_nd(struct build *b, struct im_node *n, struct err *e);
/* Float tensors only; 1: not of this form, or too much work. */
int fold_matmul(struct build *b, struct im_node *n, struct err *e);
int fold_gemm(struct build *b, struct im_node *n, struct err *e);
int fold_softmax(struct build *b, struct im_node *n, struct err *e);
int fold_reduce_mean(struct build *b, struct im_node *n, struct err *e);
int fold_layer_norm(struct build *b, struct im_node *n, struct err *e);
int fold_split(struct build *b, struct im_node *n, struct err *e);

#endif
