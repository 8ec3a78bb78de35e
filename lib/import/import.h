/*
 * The importer's intermediate form: a foreign model's nodes, attributes and constants, and what its
 * tensors become in the HN.  lib/onnx (and other readers) fill a struct im_graph; pattern
 * recognisers rewrite it; the reader's op table then walks it in order and emits HN layers through
 * import/build.h.
 *
 * A struct im_graph owns everything in it (one arena, constants' buffers); im_free releases all.
 */
#ifndef HN_IMPORT_IMPORT_H
#define HN_IMPORT_IMPORT_H

#include "base/err.h"
#include "base/mem.h"
#include "hn/hn.h"
#include "io/tensor.h"

enum {
	IM_ATOMS = 16,  /* factors that the axes of one tensor can be split into */
	IM_BATCH = 100, /* stands for the batch in a view's dimension */
	IM_INPUTS =
	    4096 /* inputs or outputs of one node; the widest concat seen has some hundred */
};

/* ---- attributes ---- */
enum im_kind {
	IM_INT,
	IM_FLOAT,
	IM_STRING,
	IM_INTS,
	IM_FLOATS,
	IM_STRINGS,
	IM_TENSOR,
	IM_OTHER
};

struct im_attr {
	const char *name;
	enum im_kind kind;
	int64_t i;
	float f;
	const char *s;
	const int64_t *ints;        /* n of them */
	const float *floats;        /* n of them */
	const char *const *strings; /* n of them */
	size_t n;
	struct tensor t; /* one reference */
};

/* ---- views: how a tensor of the source framework lies in an HN tensor ---- */
/*
 * The HN tensor base is h x w x c; its axes are split into atoms, listed in storage order.  A
 * dimension of the source tensor is a list of atoms, the slowest first.  Reshape, transpose,
 * squeeze and flatten only change these lists; layers that move data are made when an operator
 * needs the tensor in another form (view_want).  Sizes of 1 have no atoms.
 */
struct im_atom {
	int64_t size;
	int axis; /* 0 h, 1 w, 2 c */
};
struct im_dim {
	int n;
	int at[IM_ATOMS]; /* indices of atoms, or IM_BATCH alone */
};
struct im_view {
	struct layer *layer;
	int32_t port;
	bool sole;       /* nothing but this view uses the layer's output */
	int64_t base[3]; /* h, w, c */
	int64_t batch;
	int natoms;
	struct im_atom atom[IM_ATOMS];
	int rank;
	struct im_dim dim[LIMIT_RANK];
};

/* A fresh view: axes names the meaning of each dimension, "BCHW", "BHWC", "BCW", "BC" ... */
void view_init(struct im_view *v, struct layer *l, int32_t port, int64_t batch,
	       const int64_t base[3], const char *axes);
/*
 * A fresh view of dimensions of these sizes, of which several may share an axis: the slower first.
 */
void view_lay(struct im_view *v, struct layer *l, int32_t port, int64_t batch, const int64_t *size,
	      const char *axes);
int64_t view_size(const struct im_view *v, int d); /* of dimension d */
int64_t view_count(const struct im_view *v);       /* elements, batch included */
const char *view_text(const struct im_view *v);    /* "[1,3,224,224]", rotating buffer */
/*
 * The axis letter of each dimension when each is a whole axis of the base: 'B', 'H', 'W', 'C', or
 * '1' for size 1.  False when the view is not that plain.
 */
bool view_axes(const struct im_view *v, char axes[LIMIT_RANK + 1]);
void view_transpose(struct im_view *v, const int perm[LIMIT_RANK]);
/* Other dimensions over the same elements; false when no split of the atoms gives them. */
bool view_reshape(struct im_view *v, int rank, const int64_t *dim);
/* Removes a dimension of size 1; puts one in. */
void view_squeeze(struct im_view *v, int d);
void view_unsqueeze(struct im_view *v, int d);
/* Is dimension d the slowest part of one axis?  Each of its values is then *inner in a row there.
 */
bool view_outer(const struct im_view *v, int d, int *axis, int64_t *inner);
/* Such a dimension gets another size. */
void view_resize(struct im_view *v, int d, int64_t size);
/* Dimension d, of size 1, gets a new atom `at` of this size on the axis. */
void view_repeat(struct im_view *v, int d, int at, int axis, int64_t size);
/* These dimensions get size 1. */
void view_drop(struct im_view *v, const bool over[LIMIT_RANK]);
/* The same layer output seen the same way, apart from how axes are split? */
bool view_same(const struct im_view *a, const struct im_view *b);

/* ---- graph ---- */
struct im_value {
	const char *name;
	struct im_node *from; /* producer, NULL: input, constant or missing */
	size_t nuse;          /* uses by nodes and as graph output */
	bool is_const;
	bool is_output; /* a graph output or of an end node */
	bool is_input;
	bool bad;            /* comes from a node that cannot be imported */
	bool done;           /* data or view is set */
	struct tensor data;  /* constants; owned */
	struct im_view view; /* others, while layers are made */
	bool declared;       /* rank and dim are from the file */
	int rank;
	int64_t dim[LIMIT_RANK]; /* -1: unknown; declared_name: symbolic size */
	const char *symbol[LIMIT_RANK];
	char elem;      /* elements: 'f' floats, 'i' integers, 'b' booleans, 0 not known */
	bool told;      /* not declared, but rank and dim are what the file or a rule says */
	bool was_input; /* an input of the model that start nodes cut off */
	int mark;       /* scratch of walks */
};

/* Why a node is not part of the network. */
enum im_cutoff {
	IM_KEPT,
	IM_UNUSED, /* no output needs it */
	IM_BEFORE, /* it is not behind the start nodes */
	IM_BEHIND  /* only what lies behind the end nodes needs it */
};

struct im_node {
	const char *op;
	const char *name; /* as in the file; the first output's name when it has none */
	const char *domain;
	const char *kind; /* what the file calls the operator, where that is not op */
	bool last; /* over features that are the last dimension of its first input and outputs */
	/* A step of the operator of another node, which has the same name: what is said about that
	 * one, as a start node, an end node or in a report, is about both. */
	struct im_node *part_of;
	struct im_value **in; /* nin; an absent optional input is NULL */
	struct im_value **out;
	size_t nin, nout;
	struct im_attr *attr;
	size_t nattr;
	bool early;          /* what it makes is constant already: the reader computed it */
	const char **origin; /* names of the nodes that were fused into this one, itself included */
	size_t norigin;
	bool dead;
	enum im_cutoff cut;
	struct im_node *into; /* the node that a pattern made of it and others */
	int mark;             /* scratch of walks */
	const char *fault;    /* why it cannot be imported */
	bool stuck;           /* it cannot, or what it needs is not there */
	int depth;            /* most stuck nodes on a way from the inputs to it, itself included */
	int height;           /* the same to the outputs */
};

/* The word for a node's operator in messages. */
const char *im_word(const struct im_node *n);
/* The node of the file that n is, or is a step of. */
struct im_node *im_whole(struct im_node *n);

/* A node of the file, as it was read. */
struct im_origin {
	const char *name, *op, *domain;
	struct im_node *node;
};

struct im_graph {
	struct arena arena;
	const char *name;
	bool last; /* features are the last dimension where nothing else is said: NHWC */
	struct im_node **node;
	size_t nnode, cap_node;
	struct im_value **value;
	size_t nvalue, cap_value;
	struct im_value **in; /* real inputs, without initializers */
	size_t nin, cap_in;
	struct im_value **out;
	size_t nout, cap_out;
	struct im_value **index; /* hash table over value names */
	size_t nindex;
	struct im_node *
	    *names; /* hash table over node names, the first of each; made when needed */
	size_t nnames;
	struct im_origin *origin; /* the file's nodes in its order, from im_note_origin on */
	size_t norigin;
	const char *producer;
	bool spelled; /* nodes are the file's own words: they are held to the specification */
};

/* An empty graph; im_free releases it with all that hangs on it. */
struct im_graph *im_new(void);
void im_free(struct im_graph *g); /* NULL is fine */
/* The value of this name, made when new. */
struct im_value *im_value(struct im_graph *g, const char *name);
struct im_value *im_find_value(const struct im_graph *g, const char *name); /* NULL when absent */
struct im_node *im_add(struct im_graph *g, const char *op, const char *name, size_t nin,
		       size_t nout, size_t nattr);
/* The same without attributes, of which it has room for a dozen: im_put. */
struct im_node *im_add_open(struct im_graph *g, const char *op, const char *name, size_t nin,
			    size_t nout);
/* A value of a new name: base, mark, and the next number that is free. */
struct im_value *im_fresh(struct im_graph *g, const char *base, char mark, size_t *count);
/* One attribute more; names and texts are borrowed, ints are copied into g. */
void im_put_int(struct im_node *n, const char *name, int64_t i);
void im_put_float(struct im_node *n, const char *name, float f);
void im_put_text(struct im_node *n, const char *name, const char *s);
void im_put_ints(struct im_graph *g, struct im_node *n, const char *name, const int64_t *v,
		 size_t count);
void im_add_input(struct im_graph *g, struct im_value *v);
void im_add_output(struct im_graph *g, struct im_value *v);
/* Makes a value constant; takes t. */
void im_set_const(struct im_value *v, struct tensor t);

/* Attributes by name; NULL or the default when absent or of another kind. */
const struct im_attr *im_attr(const struct im_node *n, const char *name);
int64_t im_int(const struct im_node *n, const char *name, int64_t dflt);
float im_float(const struct im_node *n, const char *name, float dflt);
const char *im_string(const struct im_node *n, const char *name, const char *dflt);
/* A list of integers: *n of them, NULL when absent. */
const int64_t *im_ints(const struct im_node *n, const char *name, size_t *count);

/* Node by name, or by the name of one of its outputs; NULL when there is none. */
struct im_node *im_find_node(struct im_graph *g, const char *name);
/* Keeps what the nodes are called now, for reports: later steps change and drop them. */
void im_note_origin(struct im_graph *g);
/* " (did you mean 'a', 'b'?)": up to three names of nodes and tensors near this one; may be "". */
const char *im_near(struct im_graph *g, const char *name);
/* Topological order, stable; error: cycle, a value that two nodes make, a missing input. */
int im_sort(struct im_graph *g, struct err *e);
/*
 * The order in which layers get their numbers (number.c), of a graph that im_sort has ordered and
 * im_patterns has simplified; it is topological too.
 */
void im_number(struct im_graph *g);
/* Counts uses anew, marks nodes that no output needs as dead and takes them out of the list. */
void im_sweep(struct im_graph *g);
/*
 * Cuts the graph at nodes: the data inputs of start nodes become inputs, but for those that another
 * start node leads to; outputs of end nodes become outputs, in that order.  A name may be that of
 * an output tensor.
 */
int im_cut(struct im_graph *g, const char *const *start, size_t nstart, const char *const *end,
	   size_t nend, struct err *e);

/*
 * Where a graph comes from: fills g with nodes in ONNX's vocabulary, every import anew (advice is
 * tried before it is given).  *opset: the ONNX opset whose rules the nodes follow.
 */
struct im_source {
	int (*decode)(void *ctx, struct im_graph *g, int64_t *opset, struct err *e);
	void *ctx;
};

/* ---- patterns ---- */
/*
 * Recognises activations and the like that exporters spell out in several nodes, and replaces them
 * by one node whose op is in upper case (SILU, GELU, ...).  The order is in patterns.c.
 */
void im_patterns(struct im_graph *g);

/* Node n becomes op(in...): nodes that are used no more are fused into its origin names. */
void im_become(struct im_graph *g, struct im_node *n, const char *op, struct im_value *in,
	       size_t nattr);
/* Input i of n is v now: a node that is used no more is fused into n's origin names. */
void im_bypass(struct im_graph *g, struct im_node *n, size_t i, struct im_value *v);
void im_attr_float(struct im_node *n, size_t i, const char *name, float f);
/* The constant scalar of a value; false when it is none. */
bool im_scalar(const struct im_value *v, float *out);
/* Producer of v when it has this op, this use only, and is not an output; else NULL. */
struct im_node *im_only(const struct im_value *v, const char *op);
/* n is op with a scalar constant as one input: the other input, NULL when not so. */
struct im_value *im_with_scalar(const struct im_node *n, const char *op, float *scalar);

/*
 * Recognisers, one file each: n ends an activation that was spelled out in simpler ops.  On a match
 * those are replaced by one node and the answer is true.
 */
bool pat_softplus(struct im_graph *g, struct im_node *n);
bool pat_hard_sigmoid(struct im_graph *g, struct im_node *n);
bool pat_hardswish(struct im_graph *g, struct im_node *n);
bool pat_silu(struct im_graph *g, struct im_node *n);
bool pat_gelu(struct im_graph *g, struct im_node *n);
bool pat_mish(struct im_graph *g, struct im_node *n);
bool pat_softsign(struct im_graph *g, struct im_node *n);
bool pat_clip(struct im_graph *g, struct im_node *n);
bool pat_square(struct im_graph *g, struct im_node *n);
bool pat_gelu_tanh(struct im_graph *g, struct im_node *n);
bool pat_threshold(struct im_graph *g, struct im_node *n);
bool pat_delta(struct im_graph *g, struct im_node *n);
bool pat_layer_norm(struct im_graph *g, struct im_node *n);
bool pat_l2(struct im_graph *g, struct im_node *n);
bool pat_focus(struct im_graph *g, struct im_node *n);
bool pat_mask(struct im_graph *g, struct im_node *n);
bool pat_expand(struct im_graph *g, struct im_node *n);
bool pat_prelu(struct im_graph *g, struct im_node *n);
bool pat_group_conv(struct im_graph *g, struct im_node *n);

#endif
