/*
 * The HN graph: layers of an NHWC dataflow network, their shapes, their JSON (hn(5)).
 * A struct graph owns its layers and every string in them (one arena); graph_free releases all.
 * Weights are not in the graph: they are a struct tensors with keys "NET/conv1/kernel:0".
 */
#ifndef HN_HN_HN_H
#define HN_HN_HN_H

#include "base/err.h"
#include "base/mem.h"
#include "io/json.h"
#include "io/tensor.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- layer types: layers.def is the one list ---- */
enum hn_type {
#define LAYER(id, name, min_in, max_in, flags, family) HN_##id,
#include "hn/layers.def"
#undef LAYER
	HN_TYPE_COUNT
};

/* Predicates of a type (flags in layers.def). Passes ask these, not types. */
enum hn_flag {
	HNF_KERNEL = 1 << 0, /* has "kernel" weights */
	HNF_BIAS = 1 << 1,   /* may have "bias" */
	HNF_ACT = 1 << 2,    /* may carry params.activation */
	HNF_BN = 1 << 3,     /* may carry params.batch_norm with its four vectors */
	HNF_ADD = 1 << 4, /* may carry params.elementwise_add: a last extra input that is added */
	HNF_ELTWISE = 1 << 5,  /* output element (h,w,c) depends on input elements (h,w,c) only */
	HNF_WINDOW = 1 << 6,   /* has a spatial window: kernel, stride, dilation, padding */
	HNF_MOVE = 1 << 7,     /* only moves values: output values are input values (or pad) */
	HNF_IO = 1 << 8,       /* input_layer, output_layer, const_input */
	HNF_MULTI_OUT = 1 << 9 /* several output ports (feature_splitter) */
};
const char *hn_type_name(enum hn_type t);   /* the "type" string of HN JSON */
int hn_type_from_name(const char *name);    /* -1 when unknown */
bool hn_is(enum hn_type t, unsigned flags); /* has all these flags */
const char *hn_type_family(enum hn_type t); /* "conv", "pool", "eltwise", ... */

/* Number of inputs, not counting an added one; *max is SIZE_MAX for any number. */
void hn_type_inputs(enum hn_type t, size_t *min, size_t *max);
/* format_conversion: the kind names a transpose (p.transpose). */
bool hn_conversion_transposes(const char *kind);

/* ---- activations: activations.def is the one list ---- */
enum hn_act {
#define ACT(id, name, clip, formula) ACT_##id,
#include "hn/activations.def"
#undef ACT
	ACT_COUNT
};
const char *hn_act_name(enum hn_act a);
int hn_act_from_name(const char *name); /* -1 when unknown */
/* True for the clip family, computed exactly in integers: linear, relu, relu6, clip. */
bool hn_act_is_clip(enum hn_act a);

/* Parameters of an activation; meaning by type, unused ones are 0. */
struct hn_act_params {
	float alpha;  /* leaky slope, elu alpha, hard_sigmoid slope, threshold, delta */
	float beta;   /* hard_sigmoid offset, swish beta */
	float lo, hi; /* clip bounds; -inf / +inf when absent */
};
/* y = act(x) in float: the one definition of every activation's meaning. prelu uses slope. */
float hn_act_eval(enum hn_act a, const struct hn_act_params *p, float slope, float x);

/* ---- shapes ---- */
/* One image's tensor.  rank 4: [-1,h,w,c]; rank 3: [-1,w,c] kept as h = 1; rank 2: [-1,c]. */
struct hn_shape {
	int32_t h, w, c;
	int32_t rank;
};
size_t hn_shape_count(const struct hn_shape *s);                         /* h*w*c */
bool hn_shape_equal(const struct hn_shape *a, const struct hn_shape *b); /* h, w, c */
const char *hn_shape_text(const struct hn_shape *s); /* "[-1,28,28,64]", rotating buffer */

enum hn_padding {
	PAD_VALID,
	PAD_SAME, /* symmetric, guide 5.5.39: the odd row goes first at stride 1, else last */
	PAD_SAME_TENSORFLOW, /* output = ceil(in / stride), the extra row goes last */
	PAD_DECONV           /* deconvolution: output = in * stride */
};

/* Per-type parameters in one record; layer_FAMILY.c says which type writes which JSON key. */
struct hn_params {
	/*
	 * conv, dw, deconv: kh, kw, cin, cout (cin per group; dw: cout = multiplier);
	 * dense: cin, cout in [2], [3], [0] = [1] = 1; pools: kh, kw (JSON: [1, kh, kw, 1]).
	 */
	int32_t kernel[4];
	int32_t stride[2];   /* h, w; 1 by default */
	int32_t dilation[2]; /* h, w; 1 by default */
	enum hn_padding padding;
	/* top, bottom, left, right: resolved by shape inference from padding; external_pad: given
	 */
	int32_t pad[4];
	float pad_value;        /* external_pad: real value, 0 by default, -inf before a max pool */
	int32_t output_pad[2];  /* deconv: rows, columns added at the end of the output */
	int32_t deconv_crop[4]; /* deconv: rows, columns cut from the full output: t, b, l, r */
	int32_t groups;         /* 1 by default; dw: = cin; matmul: heads, side by side in c */
	bool batch_norm;  /* vectors gamma, beta, moving_mean, moving_variance in the weights */
	float bn_epsilon; /* layer_normalization: added to the variance; L2: least sum of squares */
	bool elementwise_add; /* the last input is added before the activation */
	enum hn_act activation;
	struct hn_act_params act;
	bool count_include_pad; /* avgpool: the window's full size divides, also at borders */
	bool ceil_mode; /* pools: the last partial window counts; pad[] holds its extra rows */
	/* slice: start, stop, step; stop is exclusive, 0: the end; step 0: 1 */
	int32_t slice_h[3];
	int32_t slice_w[3];
	int32_t slice_c[3];
	int32_t split[64]; /* feature_splitter: features of each output port */
	int32_t nsplit;
	int32_t concat_axis; /* concat: 1 height, 2 width, 3 features */
	int32_t block[2];    /* depth_to_space, space_to_depth: h, w */
	/*
	 * depth_to_space: 0 dcr, 1 crd; space_to_depth: 0 classic_dcr, 1 classic_crd, 2 serial,
	 * 3 focus; resize: 0 nearest, 1 bilinear; matmul: 1 second input transposed;
	 * layer_normalization: 0 mean and variance, 1 euclidean length (L2).
	 */
	int32_t variant;
	int32_t resize_mode; /* 0 half_pixels, 1 align_corners, 2 disabled (asymmetric) */
	/* nearest rounding: 0 floor (default), 1 round_prefer_floor, 2 ceil, 3 round_prefer_ceil */
	int32_t resize_nearest;
	int32_t resize_out[2]; /* output h, w */
	float resize_scale[2]; /* source step = 1/scale; 0: from the sizes */
	/* reduce_*; layer_normalization: the axes it runs over; bit 0 h, bit 1 w, bit 2 c */
	int32_t reduce_axes;
	int32_t shuffle_groups; /* feature_shuffle */
	/* softmax, reduce_*, layer_normalization: features are split in so many groups */
	int32_t softmax_groups;
	/* format_conversion: output h, w, c; h 0: rank 3; h and w 0: rank 2; of a transpose only
	 * rank 3 matters */
	int32_t reshape[3];
	int32_t transpose[3]; /* format_conversion: input axis (0 h, 1 w, 2 c) of each axis */
	/*
	 * format_conversion: "transpose..." permutes, a format of hn/pack.h is unpacked, others (or
	 * NULL) reshape; conv: the color conversion that it is, which nothing is merged into
	 */
	char *conversion;
	bool emulated; /* format_conversion: emulation takes packed images, too */
	float scalar;  /* the constant operand of an elementwise layer, kept for information */
	char *io_type; /* input/output layers, NULL when ordinary */
	bool on_host;  /* a layer that the host runs, in float: graph_part */
};

struct layer;
struct hn_input {
	struct layer *layer;
	int32_t port; /* output port of that layer, 0 but for feature_splitter */
};

/* Per-layer quantization record of the HN JSON ("quantization_params"), filled by scripts and
 * quant. */
struct hn_quant {
	char *precision_mode; /* "a8_w8" ...; NULL: default */
	char *bias_mode;      /* "double_scale_initialization" | "single_scale_decomposition"; NULL:
				 default */
	json_t *extra;        /* further keys, kept; NULL when none */
};

struct layer {
	enum hn_type type;
	char *name; /* full name "net/conv1" */
	struct hn_params p;
	struct hn_input *in; /* nin inputs, in order */
	size_t nin, cap_in;
	struct layer **succ; /* consumers in order of appearance; one entry per edge (graph_link) */
	size_t nsucc, cap_succ;
	struct hn_shape *out; /* nout shapes, one per port; filled by graph_infer_shapes */
	size_t nout;
	char **original_names; /* names in the source framework */
	size_t noriginal;
	struct hn_quant quant;
	json_t *unknown;            /* JSON keys we do not know, kept; NULL when none */
	json_t *unknown_params;     /* the same inside params */
	json_t *compilation_params; /* kept; NULL when none */
	bool pinned;  /* a script named it: no pass merges it into another (not in JSON) */
	char *stream; /* of an output_layer: its name on the device; NULL: that of what feeds it */
	bool dead;    /* removed at the next graph_sweep */
	size_t index; /* position in graph->layers, set by graph_link */
	void *user;   /* scratch of the stage that runs */
};

struct graph {
	struct arena arena;
	char *name;
	struct layer **layers; /* topological order after graph_sort */
	size_t nlayers, cap_layers;
	char **output_order; /* full names of the real output producers, end-node order */
	size_t noutput_order;
	json_t *unknown; /* top-level keys we do not know */
	json_t *unknown_net_params;
	struct name_index *names; /* of graph_find and graph_new_name */
};

/* An empty graph; its name is the scope of its layers. */
struct graph *graph_new(const char *name);
void graph_free(struct graph *g); /* NULL is fine */

/* A new layer with default parameters at the end of the list; name is "typeN" (scope is added) or
 * full. */
struct layer *graph_add(struct graph *g, enum hn_type t, const char *name);
/* Next free "NET/typeN" of a type's base name, N counting from 1 per base name. */
char *graph_new_name(struct graph *g, const char *base);
void layer_add_input(struct graph *g, struct layer *l, struct layer *from, int port);
void layer_add_original(struct graph *g, struct layer *l, const char *name);
/* Look-up by full or unscoped name; NULL when absent. */
struct layer *graph_find(const struct graph *g, const char *name);
/* Gives a layer another name (scope is added); the old one is free again. */
void graph_rename(struct graph *g, struct layer *l, const char *name);
/* Replaces every use of (from, port) by (to, to_port), but for those in `to` itself; follows in
 * output_order. */
void graph_replace_uses(struct graph *g, struct layer *from, int port, struct layer *to,
			int to_port);
/* Input i of l comes from (to, port) now; output_order follows. graph_link must follow. */
void graph_redirect(struct graph *g, struct layer *l, size_t i, struct layer *to, int port);
/* Removes all layers that are marked dead; nothing may use them. graph_link must follow. */
void graph_sweep(struct graph *g);
/* Removes a layer without uses. graph_link must follow. */
void graph_remove(struct graph *g, struct layer *l);

/* Sorts topologically (stable), numbers layers, fills succ; error: cycle, named. */
int graph_link(struct graph *g, struct err *e);
/* Shape of input i. */
const struct hn_shape *layer_in_shape(const struct layer *l, size_t i);
/* Computes out[] of every layer from its inputs; resolves padding to pad[]. Calls graph_link. */
int graph_infer_shapes(struct graph *g, struct err *e);
/*
 * Structure, arity, parameters, shapes; with weights (may be NULL) also every kernel and bias
 * shape. Everything after it may rely on a graph being sound.
 */
int graph_validate(struct graph *g, const struct tensors *w, struct err *e);

/* True for what the host runs: HN_POSTPROCESS, and layers with p.on_host. */
bool layer_on_host(const struct layer *l);
/* A format_conversion that makes rows columns and columns rows. */
bool layer_swaps_sides(const struct layer *l);
/*
 * A network in three, in the order in which data takes them.  The host layers in front of the
 * device are chains behind single inputs; those behind it lead to outputs only (graph_validate).
 */
enum graph_part {
	PART_BEFORE, /* the network's inputs; its output i is input i of the device */
	PART_DEVICE, /* input layers with their names and the shapes that the host leaves, an output
			layer for each tensor that the host gets */
	PART_BEHIND  /* its input i is output i of the device, named by the layer that makes it; the
			network's outputs */
};
/*
 * A part as a graph of its own, with shapes; a tensor that no host layer touches goes through.  g
 * has shapes.  NULL with an error when host layers stand elsewhere.
 */
struct graph *graph_part(const struct graph *g, enum graph_part which, struct err *e);
/* The three parts as one graph again; the device's may have been changed inside. */
struct graph *graph_join(const struct graph *before, const struct graph *device,
			 const struct graph *behind, struct err *e);

/* Networks of a graph that are loaded together: the scopes of their layers. */
struct hn_group {
	char *name; /* NULL: there are no groups */
	char **networks;
	size_t nnetworks;
};
/* Does a layer of this full name belong to one of its networks? */
bool hn_group_has(const struct hn_group *group, const char *name);
/* Has a graph layers of that scope? */
bool graph_has_network(const struct graph *g, const char *network);
/*
 * By layer of a linked graph: is it the group's?  Layers of its networks are, and beside them those
 * that commands made, in the scope of the graph.  The caller frees it.
 */
bool *graph_group_layers(const struct graph *g, const struct hn_group *group);
/* The group's layers, linked, called by its name; error when others read them, or they others. */
struct graph *graph_of_group(const struct graph *g, const struct hn_group *group, struct err *e);

/* HN JSON in the real form (reference: hn(5)); fields with default values are omitted. */
json_t *graph_to_json(const struct graph *g);
struct graph *graph_from_json(const json_t *j, struct err *e);
struct graph *graph_clone(const struct graph *g);

/* Weights of a layer: key "kernel", "bias", "gamma" ... Borrowed, NULL when absent. */
const struct tensor *layer_weight(const struct tensors *w, const struct layer *l, const char *key);
void layer_set_weight(struct tensors *w, const struct layer *l, const char *key, struct tensor t);

/* Input layers in order. */
size_t graph_inputs(const struct graph *g, struct layer **out, size_t max);
/* Output layers by the place of their producer in output_order.  Both return the count, store at
 * most max. */
size_t graph_outputs(const struct graph *g, struct layer **out, size_t max);

/*
 * The graph in a member ("hn", "native.hn", "fp.hn"), validated with the float weights that belong
 * to it ("npz" or "fpo.npz", by member and state) when the bundle has them.
 */
struct bundle;
struct graph *bundle_get_graph(const struct bundle *b, const char *suffix, struct err *e);
void bundle_put_graph(struct bundle *b, const char *suffix, const struct graph *g);

/* Operations per image of one layer, multiply-accumulates. */
uint64_t layer_macs(const struct layer *l);

#endif
