/* Inside of lib/tflite: a model's tensors and operators on their way to an importer graph. */
#ifndef HN_TFLITE_TFLITE_INT_H
#define HN_TFLITE_TFLITE_INT_H

#include "import/file.h"
#include "import/import.h"
#include "import/operand.h"
#include "tflite/flatbuf.h"

/* Numbers of the schema, version 3. */
enum tfl_type {
	TFL_FLOAT32 = 0,
	TFL_FLOAT16 = 1,
	TFL_INT32 = 2,
	TFL_UINT8 = 3,
	TFL_INT64 = 4,
	TFL_BOOL = 6,
	TFL_INT16 = 7,
	TFL_INT8 = 9,
	TFL_FLOAT64 = 10,
	TFL_INT4 = 17
};

struct tfl_tensor {
	struct im_value *v;
	int64_t type;
	int rank;
	int64_t dim[LIMIT_RANK]; /* -1: open */
	bool quantized;          /* it has scales */
	bool variable;           /* it is kept from run to run, and starts with zeros */
};

/* One model that is read. */
struct tfl {
	struct im_file *file;
	struct im_graph *g;
	struct fb fb;
	struct fb_vector buffers;
	struct fb_vector codes;    /* what operators are called by number */
	struct tfl_tensor *tensor; /* ntensor of the first subgraph */
	size_t ntensor;
	size_t nstep;  /* values between nodes of one operator that were made */
	size_t copied; /* bytes of constants that were put together anew */
};

/* One operator of the model. */
struct tfl_oper {
	int64_t code;
	const char *kind; /* as the schema calls it */
	const char *op;   /* the row's ONNX operator, NULL: none */
	const char *name; /* of its first output */
	struct fb_table opt;
	struct tfl_tensor **in, **out; /* nin, nout; an absent input is NULL */
	size_t nin, nout;
};

/* Adds the nodes of an operator; -1 with the reason why it cannot be imported. */
typedef int (*tfl_make)(struct tfl *t, const struct tfl_oper *o, struct err *e);
struct tfl_row {
	const char *kind;
	tfl_make make; /* NULL: not supported */
	const char *op;
};
/* The row of a builtin operator, NULL when there is no such number. */
const struct tfl_row *tfl_find_row(int64_t code);

/* Reads the model into g. */
int tfl_decode(struct im_file *file, struct im_graph *g, struct err *e);
/* Tensors of the subgraph become values; constants refer to the file. */
int tfl_tensors(struct tfl *t, const struct fb_table *subgraph, struct err *e);
/* All operators in order. */
int tfl_operators(struct tfl *t, const struct fb_table *subgraph, struct err *e);

/* ---- nodes of an operator ---- */
/* A node with room for nin inputs; it makes the operator's first output. */
struct im_node *tfl_node(struct tfl *t, const struct tfl_oper *o, const char *op, size_t nin);
/* The same with one input. */
struct im_node *tfl_unary(struct tfl *t, const struct tfl_oper *o, const char *op,
			  struct im_value *x);
/* n is not the last: what it makes is for the operator's next node only. */
struct im_value *tfl_step(struct tfl *t, const struct tfl_oper *o, struct im_node *n);
/* n makes output k. */
void tfl_makes(struct im_node *n, const struct tfl_oper *o, size_t k);
/* A new constant. */
struct im_value *tfl_const(struct tfl *t, const struct tfl_oper *o, struct tensor data);
/* Puts the fused activation (the schema's number) behind the last node. */
int tfl_activate(struct tfl *t, const struct tfl_oper *o, struct im_node *n, int64_t act,
		 struct err *e);

/* ---- operands ---- */
/* Exactly, or at least, so many inputs are there. */
int tfl_needs(const struct tfl_oper *o, size_t nin, struct err *e);
/* Integers of a constant input; `what` names them. */
int tfl_list(const struct tfl_oper *o, size_t i, const char *what, int64_t out[LIMIT_RANK],
	     size_t *n, struct err *e);
int tfl_number(const struct tfl_oper *o, size_t i, const char *what, int64_t *out, struct err *e);
/* Integers of an option that is a list. */
int tfl_option_list(const struct tfl_oper *o, unsigned field, const char *what,
		    int64_t out[LIMIT_RANK], size_t *n, struct err *e);
/* Axis from the front; checked. */
int tfl_axis(const struct tfl_tensor *x, int64_t axis, int *out, struct err *e);

/* ---- operators, by families ---- */
int tfl_conv(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_depthwise(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_transpose_conv(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_pool(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_fully_connected(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_batch_matmul(struct tfl *t, const struct tfl_oper *o, struct err *e);

int tfl_same(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_binary(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_clip(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_leaky(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_gelu(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_rsqrt(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_squared_difference(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_softmax(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_l2_norm(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_reduce(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_arg(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_cast(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_dequantize(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_resize(struct tfl *t, const struct tfl_oper *o, struct err *e);

int tfl_concat(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_pack(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_unpack(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_split(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_split_v(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_pad(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_reshape(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_squeeze(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_expand_dims(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_transpose(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_blocks(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_slice(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_strided_slice(struct tfl *t, const struct tfl_oper *o, struct err *e);
int tfl_gather(struct tfl *t, const struct tfl_oper *o, struct err *e);

int tfl_lstm(struct tfl *t, const struct tfl_oper *o, struct err *e);

#endif
