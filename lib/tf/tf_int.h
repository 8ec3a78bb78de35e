/*
 * Inside of lib/tf.  The reader (tf_load and what it calls) turns any form of a TensorFlow model
 * into one flat list of operators without functions, variables and control inputs; the importer
 * (tf_import.c, tf_ops*.c) turns that into a graph in ONNX's vocabulary.
 */
#ifndef HN_TF_TF_INT_H
#define HN_TF_TF_INT_H

#include "import/file.h"
#include "import/import.h"

/* Numbers of types.proto; a reference type (of a TF1 variable) is 100 more. */
enum tf_type {
	TF_FLOAT = 1,
	TF_DOUBLE = 2,
	TF_INT32 = 3,
	TF_UINT8 = 4,
	TF_INT16 = 5,
	TF_INT8 = 6,
	TF_STRING = 7,
	TF_INT64 = 9,
	TF_BOOL = 10,
	TF_QINT8 = 11,
	TF_QUINT8 = 12,
	TF_QINT32 = 13,
	TF_BFLOAT16 = 14,
	TF_UINT16 = 17,
	TF_HALF = 19,
	TF_RESOURCE = 20,
	TF_VARIANT = 21,
	TF_UINT32 = 22,
	TF_UINT64 = 23,
	TF_REF = 100
};

/* ---- the reader's side ---- */
/* One operator of the flat graph. */
struct tf_node {
	const char *name; /* its own: no two nodes share one */
	const char *op;
	/* Its data inputs: "node" is output 0 of a node, "node:2" output 2 (never "node:0"). */
	const char *const *in;
	size_t nin;
	/* The node's attributes (Tf__Attr of tf.pb-c.h): in words of tf_attr_* below. */
	const void *attr;
	/* What a Const holds, for tf_constant only: tfread's form. */
	const void *value;
};

/* An input or output that the model declares: of a signature, or of nothing else when it is frozen.
 */
struct tf_end {
	const char *key;    /* its name in the signature, "" when there is none */
	const char *tensor; /* as an entry of tf_node.in: an input is a node of op Placeholder */
	int rank;           /* -1: not known */
	int64_t dim[LIMIT_RANK]; /* -1: open */
};

/* How to read it. */
struct tf_read {
	const char *tag;       /* of the meta graph, NULL: serve, or the only one */
	const char *signature; /* NULL: serving_default, or the only one */
};

struct tf_model;

/*
 * Reads a model: a folder with saved_model.pb and variables/, saved_model.pb itself, a frozen
 * GraphDef, a MetaGraphDef (.meta) with its checkpoint beside it; "-" is a frozen GraphDef or a
 * saved_model.pb without variables on standard input.  What it is is known by content.  Functions
 * are inlined, variables and captured constants have become nodes of op Const, nodes for saving and
 * initializing are left out where nothing else needs them.  The graph may be in any order, and may
 * hold nodes that no output needs.  tf_free releases it; NULL with e when it cannot be read.
 */
struct tf_model *tf_load(const char *path, const struct tf_read *how, struct err *e);
/* The same of bytes that stay where they are until tf_free; for tests and fuzzing. */
struct tf_model *tf_load_bytes(const void *data, size_t n, struct err *e);
/* The same with variables: the bytes of their index, and of one file of values. */
struct tf_model *tf_load_parts(const void *data, size_t n, const void *index, size_t nindex,
			       const void *values, size_t nvalues, struct err *e);
void tf_free(struct tf_model *m); /* NULL is fine */

size_t tf_nodes(const struct tf_model *m);
const struct tf_node *tf_node_at(const struct tf_model *m, size_t i);
/* Inputs and outputs of the signature, in the order of its keys; none: the graph's own. */
size_t tf_inputs(const struct tf_model *m);
const struct tf_end *tf_input_at(const struct tf_model *m, size_t i);
size_t tf_outputs(const struct tf_model *m);
const struct tf_end *tf_output_at(const struct tf_model *m, size_t i);
/* "TensorFlow 2.9.1", "" when the file does not say. */
const char *tf_producer(const struct tf_model *m);
/* The file that the graph is in, for --save-original. */
const char *tf_graph_path(const struct tf_model *m);

/*
 * The value of a Const: a new reference in *t, of a mapping of its own where it is large, so that
 * it leaves memory when the reference goes.  bfloat16 becomes float32.  1: a type that is no number
 * (a string, a resource), *t is none; -1: damaged.
 */
int tf_constant(const struct tf_model *m, const struct tf_node *n, struct tensor *t, struct err *e);

/* ---- attributes ---- */
/* The default when absent or of another kind.  Strings live as long as the model. */
int64_t tf_attr_int(const struct tf_node *n, const char *name, int64_t dflt);
float tf_attr_float(const struct tf_node *n, const char *name, float dflt);
bool tf_attr_bool(const struct tf_node *n, const char *name, bool dflt);
const char *tf_attr_text(const struct tf_node *n, const char *name, const char *dflt);
/* A DataType without TF_REF; 0 when absent. */
int tf_attr_type(const struct tf_node *n, const char *name);
/* A list of integers, at most max; their count, 0 when absent; more than max: that count. */
size_t tf_attr_ints(const struct tf_node *n, const char *name, int64_t *out, size_t max);
/* A shape, or shape `at` of a list of them; false when absent or of unknown rank. */
bool tf_attr_shape(const struct tf_node *n, const char *name, size_t at, int *rank,
		   int64_t dim[LIMIT_RANK]);

#endif
