/* Inside of lib/tf: operators on their way to an importer graph. */
#ifndef HN_TF_TF_OPS_H
#define HN_TF_TF_OPS_H

#include "import/operand.h"
#include "onnx/onnx.h"
#include "tf/tf_int.h"

enum {
	TF_OPSET = 17 /* whose rules the nodes follow */
};

/* What is known of a node of the model. */
struct tf_item {
	const struct tf_node *n;
	size_t nout;            /* outputs that somebody reads, at least 1 */
	size_t nuse;            /* by other nodes and as an output of the model */
	int mark;               /* scratch of walks */
	struct im_value *alias; /* output 0 is this value of another node */
	struct tf_item *reader; /* one of its readers */
	struct tf_item
	    *dilated; /* of the convolution: where a SpaceToBatchND leads to (tf_dilate.c) */
};

/* One model that is read. */
struct tf {
	const struct tf_model *m;
	const struct onnx_opts *o;
	struct im_graph *g;
	struct tf_item *item; /* nitem, in the model's order */
	size_t nitem;
	struct tf_item **order; /* norder, in topological order */
	size_t norder;
	struct tf_item **index; /* hash table over names, nindex */
	size_t nindex;
	size_t nstep; /* values between nodes of one operator that were made */
};

/* One operator. */
struct tf_oper {
	struct tf_item *item;
	const struct tf_node *n;
	const char *kind; /* as TensorFlow calls it */
	const char *op;   /* the row's ONNX operator, NULL: none */
	const char *name;
	struct im_value **in; /* nin */
	size_t nin, nout;
};

/* Adds the nodes of an operator; -1 with the reason why it cannot be imported. */
typedef int (*tf_make)(struct tf *t, const struct tf_oper *o, struct err *e);
struct tf_row {
	const char *kind;
	tf_make make;
	const char *op;
};
/* The row of an operator, NULL when there is none. */
const struct tf_row *tf_find_row(const char *op);
/* Why an operator without a row, or one whose way of computing is foreign, is not supported. */
const char *tf_refusal(const char *op);

/* Reads the model into g. */
int tf_decode(struct tf *t, struct err *e);
/* Finds nodes, their readers and an order; damaged references are errors. */
int tf_sort(struct tf *t, struct err *e);
/* The node that an input's text names, its output in *port; NULL when there is none. */
struct tf_item *tf_item_of(const struct tf *t, const char *input, size_t *port);
/* The value that an input's text names. */
struct im_value *tf_value(struct tf *t, const char *input);
/* Inputs of the model with their shapes; its outputs. */
int tf_begin(struct tf *t, struct err *e);
void tf_finish(struct tf *t);
/* Joins SpaceToBatchND, convolution and BatchToSpaceND: items know each other. */
void tf_find_dilated(struct tf *t);
void tf_release(struct tf *t);

/* ---- nodes of an operator ---- */
/* A node with room for nin inputs; it makes the operator's output 0. */
struct im_node *tf_add(struct tf *t, const struct tf_oper *o, const char *op, size_t nin);
/* The same with one input, with two. */
struct im_node *tf_unary(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x);
struct im_node *tf_pair(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x,
			struct im_value *y);
/* n is not the last: what it makes is for the operator's next node only. */
struct im_value *tf_step(struct tf *t, const struct tf_oper *o, struct im_node *n);
/* Output k of the operator. */
struct im_value *tf_out(struct tf *t, const struct tf_oper *o, size_t k);
/* A new constant. */
struct im_value *tf_const(struct tf *t, const struct tf_oper *o, struct tensor data);
struct im_value *tf_const_ints(struct tf *t, const struct tf_oper *o, const int64_t *v, int64_t n);
/* x with dimensions in another order, of another shape, with new dimensions of size 1. */
struct im_value *tf_turned(struct tf *t, const struct tf_oper *o, struct im_value *x,
			   const int64_t *perm, size_t rank);
struct im_value *tf_along(struct tf *t, const struct tf_oper *o, const char *op, struct im_value *x,
			  int64_t axis);

/* ---- operands ---- */
/* At least so many inputs are there. */
int tf_needs(const struct tf_oper *o, size_t nin, struct err *e);
/* The rank and the sizes of an input, -1 where open; an unknown rank is an error. */
int tf_dims(const struct tf_oper *o, size_t i, int *rank, int64_t dim[LIMIT_RANK], struct err *e);
/* Integers of a constant input; `what` names them. */
int tf_list(const struct tf_oper *o, size_t i, const char *what, int64_t out[LIMIT_RANK], size_t *n,
	    struct err *e);
int tf_number(const struct tf_oper *o, size_t i, const char *what, int64_t *out, struct err *e);
/* Are features the last dimension?  By attribute data_format. */
bool tf_last(const struct tf_oper *o);
/* Two values (rows, columns) of an attribute that has one for each dimension of the layout. */
int tf_spatial(const struct tf_oper *o, const char *attr, int64_t dflt, int64_t out[2],
	       struct err *e);
/* ONNX's number of a type; 0 when it has none here. */
int64_t tf_onnx_type(int type);

/* ---- operators, by families ---- */
/*
 * Adds the nodes that stand for an operator of TensorFlow, whose outputs are o's.  Errors say what
 * of it cannot be expressed; the caller puts the node's name in front.
 */
#define TF_OP(name) int name(struct tf *t, const struct tf_oper *o, struct err *e)
TF_OP(tf_conv);
TF_OP(tf_depthwise);
TF_OP(tf_conv3d);
TF_OP(tf_deconv);
TF_OP(tf_pool);
TF_OP(tf_pool_v2);
TF_OP(tf_to_batch);
TF_OP(tf_from_batch);

TF_OP(tf_matmul);
TF_OP(tf_batch_matmul);
TF_OP(tf_einsum);
TF_OP(tf_bias_add);
TF_OP(tf_plus);
TF_OP(tf_batch_norm);

TF_OP(tf_same);
TF_OP(tf_relu6);
TF_OP(tf_leaky);
TF_OP(tf_rsqrt);
TF_OP(tf_squared_difference);
TF_OP(tf_floor_div);
TF_OP(tf_not_equal);
TF_OP(tf_softmax);
TF_OP(tf_reduce);
TF_OP(tf_arg);
TF_OP(tf_cast);
TF_OP(tf_resize);
TF_OP(tf_one_hot);

TF_OP(tf_identity);
TF_OP(tf_placeholder);
TF_OP(tf_placeholder_default);
TF_OP(tf_constant_op);
TF_OP(tf_nothing);
TF_OP(tf_rank);
TF_OP(tf_shape_n);
TF_OP(tf_fill);
TF_OP(tf_like);

TF_OP(tf_concat);
TF_OP(tf_pack);
TF_OP(tf_unpack);
TF_OP(tf_split);
TF_OP(tf_split_v);
TF_OP(tf_pad);
TF_OP(tf_reshape);
TF_OP(tf_squeeze);
TF_OP(tf_expand_dims);
TF_OP(tf_transpose);
TF_OP(tf_blocks);
TF_OP(tf_slice);
TF_OP(tf_strided_slice);
TF_OP(tf_gather);
#undef TF_OP

#endif
