/* Inside of lib/onnx: the file reader, the operator table, constant folding. */
#ifndef HN_ONNX_ONNX_INT_H
#define HN_ONNX_ONNX_INT_H

#include "import/build.h"
#include "import/file.h"
#include "import/import.h"
#include "import/nms.h"
#include "onnx/onnx.h"

enum {
	ONNX_OPSET_MIN = 1,
	ONNX_OPSET_MAX = 17
};

/* ---- file ---- */
/*
 * Copies the model with each tensor's raw bytes replaced by a reference to where they are, so that
 * the protobuf decoder does not copy weights; fields we do not read are left out (import/strip.h).
 */
int onnx_strip(const uint8_t *p, size_t n, struct str *out, struct err *e);

/* Decodes the model into g; *opset is that of the default domain. */
int onnx_decode(struct im_file *f, struct im_graph *g, int64_t *opset, struct err *e);

/* ---- the specification ---- */
struct onnx_signature {
	const char *op;
	int in_min, in_max, out_min, out_max;
	const char *in, *out; /* element types */
	const char *attrs;    /* "name:kind name:kind" */
};
/* NULL when the operator is not one of the default domain's. */
const struct onnx_signature *onnx_signature(const char *op);
/*
 * Notes at each node, as its fault, where it is not what the specification says.  The graph is in
 * order.
 */
void onnx_check_nodes(struct im_graph *g, int64_t opset);
/* im_value's elem of a TensorProto.DataType. */
char onnx_elem(int64_t type);

/* ---- operators ---- */
struct onnx_op;
/* Makes layers (or a view) for node n; its non-constant inputs are done. */
typedef int (*onnx_convert)(struct build *b, struct im_node *n, struct err *e);
struct onnx_op {
	const char *name;
	int since; /* first opset of this form */
	onnx_convert convert;
	bool any; /* the first input may be a constant */
};
/* The row for a node, or NULL. */
const struct onnx_op *onnx_find_op(const char *op, int64_t opset);
/* Converts a node whose features are last: its handler sees them as dimension 1. */
int onnx_convert_last(struct build *b, const struct onnx_op *op, struct im_node *n, struct err *e);

/*
 * Computes a node all of whose inputs are constant.  0: done; 1: no rule for this operator; -1:
 * wrong.
 */
int onnx_fold(struct build *b, struct im_node *n, struct err *e);

/* Integers of an attribute, or of a constant input (newer opsets); *n = 0 when absent. */
int onnx_list(struct build *b, const struct im_node *n, const char *attr, size_t input,
	      int64_t out[LIMIT_RANK], size_t *count, struct err *e);
/* Is there an input i? */
bool onnx_has_input(const struct im_node *n, size_t i);
/* Axis counted from the end when negative; checked. */
int onnx_axis(int64_t axis, int rank, int *out, struct err *e);

/* Input i as a constant; NULL with "its WHAT is ..." when it is absent or computed. */
const struct tensor *onnx_constant(const struct im_node *n, size_t i, const char *what,
				   struct err *e);
/* A weight that nobody else needs leaves memory once it is converted. */
void onnx_spend(struct im_node *n, size_t i);
/* A constant that broadcasts to [batch, c] as c floats times scale; the caller frees *out. */
int onnx_row_vector(const struct tensor *t, int64_t c, float scale, float **out, struct err *e);

/* out = x * t or x + t for a constant that broadcasts to x's shape. */
int onnx_with_tensor(struct build *b, struct im_value *x, const struct tensor *t, bool times,
		     struct im_value *out, struct err *e);
enum onnx_pair {
	PAIR_ADD,
	PAIR_SUB,
	PAIR_MUL,
	PAIR_DIV,
	PAIR_MIN,
	PAIR_MAX
};
/* out = x OP y of computed tensors (copies of them may be moved). */
int onnx_tensors(struct build *b, const struct im_value *x, const struct im_value *y,
		 enum onnx_pair k, struct im_value *out, struct err *e);

/* Dimension d of v, of size 1, repeated. */
int onnx_repeat_dim(struct build *b, struct im_view *v, int d, int64_t size, struct err *e);
/* out = the values (more than one, copies) one after the other along a dimension. */
int onnx_concat_at(struct build *b, struct im_value *in, size_t count, int axis,
		   struct im_value *out, struct err *e);
/* The letter of dimension d in a plain view; one that is free when the size is 1 there. */
char onnx_letter_at(const struct im_view *v, const char *axes, int d);
/* out = a part of x along a dimension; x may be brought into another form. */
int onnx_slice_part(struct build *b, struct im_value *x, int axis, int64_t from, int64_t to,
		    int64_t step, struct im_value *out, struct err *e);
/* n's output: these slices of its input, in order. */
int onnx_gather_parts(struct build *b, struct im_node *n, int axis, const int64_t *index,
		      size_t count, struct err *e);

/* ---- operators over some dimensions ---- */
struct onnx_over {
	int bits;       /* axes: bit 0 h, 1 w, 2 c; 0: the dimensions have size 1 */
	int32_t groups; /* the features are so many groups, each on its own */
};
/* Are the dimensions whole axes, or the inner part of the features? */
bool onnx_over_free(const struct im_view *v, const bool over[LIMIT_RANK], struct onnx_over *o);
/* log softmax over the features; log of the sum of exp over the axes (bits). */
void onnx_log_softmax(struct build *b, struct im_value *x, struct im_value *out);
void onnx_log_sum(struct build *b, struct im_value *x, int bits, struct im_value *out);
/* Brings x into a form where they are. */
int onnx_over(struct build *b, struct im_value *x, const bool over[LIMIT_RANK], struct onnx_over *o,
	      struct err *e);

/* The same, and they are the features, or (grouped) a part of them, or of size 1. */
int onnx_over_features(struct build *b, struct im_value *x, const bool over[LIMIT_RANK],
		       bool grouped, struct onnx_over *o, struct err *e);
/* out = sum of x over these dimensions, which stay with size 1. */
int onnx_sum_over(struct build *b, struct im_value *x, const bool over[LIMIT_RANK],
		  struct im_value *out, struct err *e);

/* ---- products ---- */
/*
 * One operand of a sum of products: a computed tensor or a constant, whose dimensions are first
 * those that both operands and the result have, then its own, then those that are summed over.
 */
struct onnx_factor {
	bool constant;
	struct im_value v;                            /* a copy */
	int rank;                                     /* of a constant */
	int64_t size[LIMIT_RANK], stride[LIMIT_RANK]; /* of a constant, in values */
	int own;                                      /* number of its own dimensions */
	size_t input; /* the node's input that it is: a constant is spent */
};
void onnx_factor(struct onnx_factor *f, const struct im_node *n, size_t input);
int onnx_factor_rank(const struct onnx_factor *f);
int64_t onnx_factor_size(const struct onnx_factor *f, int d);
bool onnx_factor_is_batch(const struct onnx_factor *f, int d);
void onnx_factor_unsqueeze(struct onnx_factor *f, int d);
/* The dimensions perm[0..n), all others have size 1 and go away. */
void onnx_factor_pick(struct onnx_factor *f, const int *perm, int n);
/*
 * out = scale * sum of x[0] x[1] over the last `sum` dimensions, its dimensions the `shared` ones,
 * those of x[0], those of x[1].  Not both are constant.
 */
int onnx_product(struct build *b, struct onnx_factor x[2], int shared, int sum, float scale,
		 struct im_value *out, struct err *e);
/* out[...] = matrix product of the last two dimensions of x[0], x[1], the others broadcast. */
int onnx_matrices(struct build *b, struct onnx_factor x[2], float scale, struct im_value *out,
		  struct err *e);

/* Place of an axis letter in h, w, c. */
int onnx_slot(char letter);

/* ---- one import ---- */
/* A node that cannot be imported, and why. */
struct onnx_fault {
	const struct im_node *node;
	char *reason;
};
struct onnx_trace;
struct onnx_run {
	struct im_graph *ir;
	struct build b;
	int64_t opset;
	size_t nodes;             /* of the file */
	struct onnx_fault *fault; /* nfault, in order */
	size_t nfault, cap_fault;
	json_t *notes, *warnings;        /* texts, NULL: none */
	struct nms_hints hints;          /* of a detector's decoding */
	struct layer **in_layer;         /* of ir->in[i], NULL when unused */
	struct layer **out_layer;        /* of ir->out[i] */
	char (*in_axes)[LIMIT_RANK + 1]; /* meaning of the source's input dimensions */
	char (*out_axes)[LIMIT_RANK +
			 1]; /* how the source's output dimensions lie in the HN output */
	bool tracing;        /* notes where tensors lie when they are made */
	struct onnx_trace *trace;
	size_t ntrace, cap_trace;
	size_t nforgotten; /* of b.permuted: older traces of these layers are dropped */
};
/*
 * One import.  0: r holds graph and weights; 1: faults are noted, and the search for what can be
 * imported has gone on behind them where a shape is known; -1: e.
 */
int onnx_run(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
	     const char *net, struct err *e);
void onnx_run_release(struct onnx_run *r);
/* The model as far as the options cut it, nothing converted. */
int onnx_run_decode(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		    struct err *e);
/*
 * r failed: the message is the first fault, *out gets report and advice, which was tried on the
 * source; 0 when the advice is to be followed and *r is that import.
 */
int onnx_advised(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		 const char *net, struct onnx_result *out, struct err *e);

/* r succeeded: when a detector's decoding is in it, *r becomes the import without. */
void onnx_retry_nms(struct onnx_run *r, const struct im_source *src, const struct onnx_opts *o,
		    const char *net, struct onnx_result *out);
/*
 * A detector's heads, when it is one: into the report ("nms").  True when its decoding is in the
 * model, and then *end are the nodes to end at; names live in the arena.
 */
bool onnx_find_nms(struct onnx_run *r, json_t *report, const char *const **end, size_t *nend,
		   struct arena *names);
/*
 * When *r is a detector with its decoding, imports it without: 0 and *r is that import, *o its
 * options.
 */
int onnx_try_nms(struct onnx_run *r, const struct im_source *src, struct onnx_opts *o,
		 const char *net, struct arena *names);

/*
 * Parts of a failed import without stuck nodes in them, the most work first.  A part is what lies
 * behind `level` stuck nodes, or before as many.
 */
struct onnx_part {
	bool before; /* level counts stuck nodes behind the part, not before it */
	int level;
	uint64_t macs;
	size_t nodes;
};
/* Depth and height of each node, by the nodes that are stuck. */
void onnx_measure(const struct im_graph *g);
/* At most max parts; their number. */
size_t onnx_parts(struct onnx_run *r, struct onnx_part *out, size_t max);
/* Does this node belong to it? */
bool onnx_in_part(const struct onnx_part *p, const struct im_node *n);
/*
 * The options that cut the model to this part: names live in opts' new arena.  False when it cannot
 * be cut so (nothing would change, or a name cannot be written in a list).
 */
bool onnx_part_opts(struct onnx_run *r, const struct onnx_part *p, const struct im_source *src,
		    const struct onnx_opts *o, struct onnx_opts *cut, struct arena *names);

/* The shape of what a stuck node makes, when a rule gives it. */
void onnx_guess(struct im_node *n);
/* The shape as far as it is known without the node being converted. */
bool onnx_known_shape(const struct im_value *v, int *rank, int64_t dim[LIMIT_RANK]);
/* Do shapes and formats of the options name inputs? */
int onnx_check_input_options(struct onnx_run *r, const struct onnx_opts *o, struct err *e);
/* Input layers with the shapes and formats of the options; an input that cannot be is a fault. */
int onnx_inputs(struct onnx_run *r, const struct onnx_opts *o, struct err *e);
/* The axes of an input by its readers and its rank; D: depth, the inner part of the features. */
bool onnx_default_axes(const struct im_graph *g, const struct im_value *v,
		       char axes[LIMIT_RANK + 1]);
/* Output layers in order; notes faults. */
void onnx_outputs(struct onnx_run *r);
void onnx_fault(struct onnx_run *r, struct im_node *n, const char *reason);

/* ---- report ---- */
/* A line for people, in the report too. */
void onnx_note(struct onnx_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void onnx_note_unused(struct onnx_run *r);
/* Warnings about nodes and inputs of what was imported. */
void onnx_warn(struct onnx_run *r);
/* What became of the model; g is NULL when it could not be imported. */
/* Notes where a value, or what a node made, lies now: before its layer changes by fusing. */
void onnx_trace(struct onnx_run *r, const struct im_value *v);
void onnx_trace_node(struct onnx_run *r, const struct im_node *n);
/* Fills the result's places, when they were traced. */
void onnx_places(struct onnx_run *r, struct onnx_result *out);
json_t *onnx_report(const struct onnx_run *r, const struct onnx_opts *o, const struct graph *g);
/* What became of each node of the file. */
json_t *onnx_report_nodes(const struct onnx_run *r, const struct graph *g);
/* Puts the advice of a result into its report. */
void onnx_report_advice(struct onnx_result *out);
/* A name that came from a file, whole where it is UTF-8. */
json_t *onnx_json_name(const char *s);
/* Appends to an array under a key, which is made when it is new. */
void onnx_json_append(json_t *object, const char *key, json_t *item);

/*
 * Does v hold whole numbers only (of ArgMax, OneHot, comparisons, moved around)?  *truth: only 0
 * and 1.
 */
bool onnx_is_whole(const struct im_value *v, bool *truth);

int onnx_conv(struct build *b, struct im_node *n, struct err *e);
int onnx_conv_transpose(struct build *b, struct im_node *n, struct err *e);
int onnx_gemm(struct build *b, struct im_node *n, struct err *e);
int onnx_matmul(struct build *b, struct im_node *n, struct err *e);

int onnx_einsum(struct build *b, struct im_node *n, struct err *e);
int onnx_batch_norm(struct build *b, struct im_node *n, struct err *e);
int onnx_layer_norm(struct build *b, struct im_node *n, struct err *e);
int onnx_instance_norm(struct build *b, struct im_node *n, struct err *e);
int onnx_mean_variance(struct build *b, struct im_node *n, struct err *e);
int onnx_l2_norm(struct build *b, struct im_node *n, struct err *e);
int onnx_pool(struct build *b, struct im_node *n, struct err *e);
int onnx_global_pool(struct build *b, struct im_node *n, struct err *e);
int onnx_add(struct build *b, struct im_node *n, struct err *e);
int onnx_sub(struct build *b, struct im_node *n, struct err *e);
int onnx_mul(struct build *b, struct im_node *n, struct err *e);
int onnx_div(struct build *b, struct im_node *n, struct err *e);
int onnx_minmax(struct build *b, struct im_node *n, struct err *e);
int onnx_sum(struct build *b, struct im_node *n, struct err *e);
int onnx_pow(struct build *b, struct im_node *n, struct err *e);
int onnx_activation(struct build *b, struct im_node *n, struct err *e);
int onnx_compare(struct build *b, struct im_node *n, struct err *e);
int onnx_logic(struct build *b, struct im_node *n, struct err *e);
int onnx_where(struct build *b, struct im_node *n, struct err *e);
int onnx_onehot(struct build *b, struct im_node *n, struct err *e);
int onnx_logsumexp(struct build *b, struct im_node *n, struct err *e);
int onnx_tile(struct build *b, struct im_node *n, struct err *e);
int onnx_clip(struct build *b, struct im_node *n, struct err *e);
int onnx_prelu(struct build *b, struct im_node *n, struct err *e);
int onnx_cast(struct build *b, struct im_node *n, struct err *e);
int onnx_pass(struct build *b, struct im_node *n, struct err *e);
int onnx_concat(struct build *b, struct im_node *n, struct err *e);
int onnx_split(struct build *b, struct im_node *n, struct err *e);
int onnx_slice(struct build *b, struct im_node *n, struct err *e);
int onnx_gather(struct build *b, struct im_node *n, struct err *e);
int onnx_pad(struct build *b, struct im_node *n, struct err *e);
int onnx_reshape(struct build *b, struct im_node *n, struct err *e);
int onnx_flatten(struct build *b, struct im_node *n, struct err *e);
int onnx_squeeze(struct build *b, struct im_node *n, struct err *e);
int onnx_unsqueeze(struct build *b, struct im_node *n, struct err *e);
int onnx_transpose(struct build *b, struct im_node *n, struct err *e);
int onnx_expand(struct build *b, struct im_node *n, struct err *e);
int onnx_shape(struct build *b, struct im_node *n, struct err *e);
int onnx_depth_to_space(struct build *b, struct im_node *n, struct err *e);
int onnx_focus(struct build *b, struct im_node *n, struct err *e);
int onnx_space_to_depth(struct build *b, struct im_node *n, struct err *e);
int onnx_resize(struct build *b, struct im_node *n, struct err *e);
int onnx_softmax(struct build *b, struct im_node *n, struct err *e);
int onnx_recurrent(struct build *b, struct im_node *n, struct err *e);
int onnx_reduce(struct build *b, struct im_node *n, struct err *e);
int onnx_argmax(struct build *b, struct im_node *n, struct err *e);

#endif
