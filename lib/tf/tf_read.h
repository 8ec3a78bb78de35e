/*
 * Inside of the reader: from files to the flat list of operators.  The door to protobuf-c for
 * TensorFlow.
 */
#ifndef HN_TF_TF_READ_H
#define HN_TF_TF_READ_H

#include "tf/tf.pb-c.h"
#include "tf/tf_bundle.h"
#include "tf/tf_int.h"

/* ---- types ---- */
/* The enum dtype of a DataType, -1 when it is no number; bfloat16 is DT_U16, its bits. */
int tf_dtype(int type);
/* "float32"; "unknown". */
const char *tf_type_name(int type);
/* Shape of t, whose dtype is set; absent: a scalar. */
int tf_shape(const Tf__Shape *s, struct tensor *t, struct err *e);
/* bfloat16's bits to float32; takes the reference. */
struct tensor tf_widen(struct tensor *bits);
/* Value of a TensorProto of a skeleton: tf_constant's results. */
int tf_tensor(struct im_file *f, const Tf__Tensor *p, struct tensor *t, struct err *e);

/* ---- words of a node ---- */
const Tf__AttrValue *tf_attr_of(const Tf__NodeDef *d, const char *name); /* NULL when absent */
/* Inputs that are no control inputs: they come first. */
size_t tf_data_inputs(const Tf__NodeDef *d);
const char *tf_op_of(const Tf__NodeDef *d); /* "" when absent */

/* ---- the model ---- */
/* Value of a Const: of the file, or of a variable. */
struct tf_value {
	const Tf__Tensor *proto; /* NULL: a variable */
	const char *key;         /* in the bundle */
	struct tf_part part;
};

struct tf_model {
	struct arena arena;
	struct im_file file;
	Tf__SavedModel *saved; /* one of these three is what the file holds */
	Tf__MetaGraphDef *lone_meta;
	Tf__GraphDef *frozen;
	const Tf__MetaGraphDef *meta; /* the one that is read, NULL: frozen */
	const Tf__GraphDef *graph;
	const Tf__SignatureDef *signature; /* NULL: none */
	const char *prefix;                /* of the variables' files, NULL: none */
	struct tf_bundle *variables;       /* open from the first variable on */
	const char *path, *producer;
	struct tf_node **node;
	size_t nnode, cap_node;
	struct tf_end *in, *out;
	size_t nin, nout;
};

/* Reads and decodes the file, and chooses meta graph and signature. */
int tf_open(struct tf_model *m, const char *path, const struct tf_read *how, struct err *e);
/* The same where m->file is there already. */
int tf_decode_file(struct tf_model *m, const struct tf_read *how, struct err *e);
/* The copy of a message that is decoded; kind is 0, or one of these. */
enum tf_kind {
	TF_KIND_SAVED,
	TF_KIND_META,
	TF_KIND_GRAPH
};
int tf_skeleton(enum tf_kind kind, const uint8_t *p, size_t n, struct str *out, struct err *e);
/* What a file holds that is not text or another framework's; error: what it is instead. */
int tf_sniff(const uint8_t *p, size_t n, enum tf_kind *kind, struct err *e);

/* ---- functions ---- */
/* The main graph, or a function of the library. */
struct tf_func {
	const char *name;           /* "" for the main graph */
	const Tf__FunctionDef *def; /* NULL: the main graph */
	Tf__NodeDef **node;
	size_t n;
	uint32_t *index; /* hash table over node names: 1 + place, 0 free */
	size_t nindex;
	size_t uses;
};
/* A call of a function. */
struct tf_frame {
	struct tf_func *func;
	struct tf_frame *parent; /* NULL: the main graph */
	const Tf__NodeDef *call;
	size_t first; /* its argument 0 is this input of the call */
	int depth;
	const char *prefix;      /* of readable names */
	struct tf_node **flat;   /* of each node, once it is there */
	uint8_t *seen;           /* marks of each node */
	struct tf_frame **child; /* of each node that is a call, once it is entered */
	uint8_t *dead;           /* bit k: output k of a node never has a value; NULL: all have */
};
/* Output of a node of a frame; feed: it is this input of the signature, -1: no. */
struct tf_at {
	struct tf_frame *frame;
	size_t node;
	int out;
	int feed;
};
/* An input of the signature that stands in for a tensor of the main graph. */
struct tf_feed {
	const char *key;
	size_t node;
	int out;
	const Tf__TensorInfo *info;
	struct tf_node *flat;
};

struct tf_flat {
	struct tf_model *m;
	struct tf_func *func; /* the library, sorted by name */
	size_t nfunc;
	struct tf_func main;
	struct tf_frame *top;
	struct tf_feed *feed;
	size_t nfeed;
	size_t steps, made;    /* of looking for producers; frames' nodes */
	struct tf_node **name; /* hash table over names */
	size_t nname;
	int nested; /* predicates that are being looked at */
	struct tf_restore *restore;
	size_t nrestore;
	bool restore_known;
};

/* Indexes the functions of the library; two of one name are an error. */
int tf_functions(struct tf_flat *x, struct err *e);
/* The function of this name; NULL when there is none. */
struct tf_func *tf_find_function(const struct tf_flat *x, const char *name);
/* The place of a node, -1: there is none. */
ptrdiff_t tf_find(const struct tf_func *f, const char *name, size_t n);
/* The index of an operator's output by its name in a function: "y" of FusedBatchNormV3 is 0. */
int tf_output_index(const char *op, const char *name, size_t n, int at);
/* The frame of call `node` of `parent`; NULL with e: too deep, too many, in itself. */
struct tf_frame *tf_enter(struct tf_flat *x, struct tf_frame *parent, size_t node,
			  struct tf_func *func, size_t first, struct err *e);
struct tf_frame *tf_top(struct tf_flat *x);

/*
 * The output that `input`, a word of a node of the frame, is about: through calls, arguments and
 * operators that only pass a value on.
 */
int tf_chase(struct tf_flat *x, struct tf_frame *f, const char *input, struct tf_at *out,
	     struct err *e);
/* The same through all that changes nothing: tf_chase leaves some of it as operators with names. */
int tf_source(struct tf_flat *x, struct tf_frame *f, const char *input, struct tf_at *out,
	      struct err *e);
/* Marks in the main graph what a constant predicate of TF1's control flow switches off. */
int tf_switch_off(struct tf_flat *x, struct err *e);
/* The constant truth value of an input: 0, 1; -1: it is none. */
int tf_truth(struct tf_flat *x, struct tf_frame *f, const char *input);

/* Makes the nodes that the outputs need, and the lists of inputs and outputs. */
int tf_flatten(struct tf_flat *x, struct err *e);
/* Inputs and outputs: of the signature, or of the graph. */
int tf_feeds(struct tf_flat *x, struct err *e);
struct tf_root {
	const char *key;
	struct tf_at at;
	const Tf__TensorInfo *info;
};
int tf_roots(struct tf_flat *x, struct tf_root **root, size_t *n, struct err *e);
/* A name for a node of the frame that no other has. */
const char *tf_name_node(struct tf_flat *x, const struct tf_frame *f, const char *name,
			 struct tf_node *n);

/* ---- variables ---- */
bool tf_is_variable(const char *op);
/* What the variable, a node of the frame, holds. */
int tf_variable(struct tf_flat *x, const struct tf_at *at, struct tf_value *v, struct err *e);

#endif
