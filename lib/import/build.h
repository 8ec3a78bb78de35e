/*
 * Making HN layers from importer nodes: what readers' operator handlers call.  All functions that
 * can fail return -1 with a reason; the caller's loop adds the node's name.
 */
#ifndef HN_IMPORT_BUILD_H
#define HN_IMPORT_BUILD_H

#include "import/import.h"

struct build {
	struct graph *g;
	struct tensors *w;
	struct im_graph *ir;
	int64_t opset;
	bool last;            /* features are the last dimension where nothing else is said */
	size_t fold_left;     /* bytes of constants that may still be made */
	struct im_node *node; /* the node that is being made; layers take its names */
	const struct layer **permuted; /* whose features build_permute put in another order */
	size_t npermuted, cap_permuted;
};

/* A new layer "NET/baseN" of this node. */
struct layer *build_layer(struct build *b, enum hn_type t, const char *base);
/* A new layer fed by a view's layer. */
struct layer *build_after(struct build *b, enum hn_type t, const char *base,
			  const struct im_view *in);
/* Value v is output `port` of l. */
void build_out(struct im_value *v, struct layer *l, int32_t port, int64_t batch,
	       const int64_t base[3], const char *axes);
/* Value `to` is value `from` (same layer, same view). */
void build_pass(struct im_value *to, const struct im_value *from);
/* Value `to` is output of l, which keeps the shape and view of `from`. */
void build_like(struct im_value *to, const struct im_value *from, struct layer *l);

/*
 * The layer that makes v, when only v uses it, it has these flags and no activation yet: something
 * may be fused into it.  Else NULL.
 */
struct layer *build_fusable(const struct im_value *v, unsigned flags);
/* Fused: names of the node go to the layer. */
void build_fused(struct build *b, struct layer *l);

/*
 * Brings v into the form in which its dimensions are the axes named: adds layers when needed.  An
 * axis may be named for several dimensions; it then holds them one in the other, the first
 * outermost.
 */
int view_want(struct build *b, struct im_value *v, const char *axes, struct err *e);
/* How many layers that would need; -1: it cannot be made. */
int view_cost(const struct im_view *v, const char *axes);
/* Would that need no layer? */
bool view_is_free(const struct im_view *v, const char *axes);
/* The cheapest form in which each dimension is one axis. */
int view_plain(struct build *b, struct im_value *v, struct err *e);
/* A form in which dimension d is the slowest part of one axis (view_outer), plain if that can be.
 */
int view_outermost(struct build *b, struct im_value *v, int d, int *axis, int64_t *inner,
		   struct err *e);
/*
 * Feature i of v's layer becomes what from[i] was, by reordering its kernel; false when that cannot
 * be: v's only uses must be cuts (Slice, Split, Gather) that are not made yet.
 */
bool build_permute(struct build *b, const struct im_value *v, const int32_t *from);
/* "BC", "BCW", "BCHW" by rank; NULL for others: how operators take their inputs. */
const char *view_std_axes(int rank);
/* The same where nothing says how a tensor lies: "BWC", "BHWC" when features are last. */
const char *view_default_axes(int rank, bool last);
const char *build_std_axes(const struct build *b, int rank);

/* out = act(in): fused into the layer before when possible. */
int build_activation(struct build *b, struct im_value *in, struct im_value *out, enum hn_act act,
		     const struct hn_act_params *p, const float *slope);

/*
 * A constant against a tensor (broadcasting from the last dimension): the constant's value for each
 * feature of the tensor's layer.  0: done (*vec is the caller's, c values); 1: it is not constant
 * over rows, columns or parts of them; -1: does not broadcast.
 */
int build_vector(const struct im_view *v, const struct tensor *t, float **vec, struct err *e);
/* The same as a constant layer of the tensor's base shape, for what varies over rows and columns.
 */
struct layer *build_const_map(struct build *b, const struct im_view *v, const struct tensor *t,
			      struct err *e);
/* A constant layer from NHWC-ordered floats; takes t. */
struct layer *build_const(struct build *b, struct tensor t, const int64_t base[3], int rank);
/*
 * A constant value becomes a const_input layer with a view, so that it can meet tensors; axes: how
 * it lies, NULL for the usual way.
 */
int build_from_const(struct build *b, struct im_value *v, const char *axes, struct err *e);

/* out = in * k[c] + add[c] per feature (either NULL): fused into the layer before, or a
 * normalization. */
int build_affine(struct build *b, struct im_value *in, struct im_value *out, float *k, float *add);

/* Batch norm with these vectors of c floats: fused or a layer of its own. */
int build_batch_norm(struct build *b, struct im_value *in, struct im_value *out, int64_t c,
		     float *v[4], float epsilon);

/* Rows, columns or features (axis 0, 1, 2) from, from + step ... below to. */
struct layer *build_slice(struct build *b, const struct im_view *v, int axis, int64_t from,
			  int64_t to, int64_t step);

/* Takes out layers that lead to no output, with their weights; inputs stay. */
void build_prune(struct build *b);

/* A float vector as a weight. */
void build_weight(struct build *b, struct layer *l, const char *key, const float *v, int64_t n);
float *build_weight_rw(struct build *b, struct layer *l, const char *key, int64_t n, float dflt);

/* ---- windows ---- */
/* A window along one axis: everything in source terms, with the output size that it must give. */
struct im_window {
	int64_t in, kernel, stride, dilation;
	int64_t begin, end; /* padding; end may be negative: not reached */
	int64_t out;
};
/* out from the rest; ceil: the last partial window counts when it starts inside. -1 when empty. */
int window_out(struct im_window *w, bool ceil, struct err *e);
/*
 * The padding scheme (guide 5.1.7) that equals both windows: 0 and *scheme; or 1: padding must be
 * made by an external layer, pad[] = top, bottom, left, right.
 */
int window_scheme(const struct im_window w[2], enum hn_padding *scheme, int64_t pad[4]);

/* ---- weights ---- */
/* [o][i][kh][kw] to [kh][kw][i][o]; rank 3 counts as kh = 1. */
int weight_conv(const struct tensor *t, struct tensor *out, struct err *e);
/* [c * mult][1][kh][kw] to [kh][kw][c][mult]. */
int weight_dw(const struct tensor *t, int64_t c, struct tensor *out, struct err *e);
/* [i][o/g][kh][kw] to [kh][kw][i/g][o]. */
int weight_deconv(const struct tensor *t, int64_t groups, struct tensor *out, struct err *e);
/*
 * [o][kh][kw][i] (turned), or [1][kh][kw][o], to [kh][kw][i][o].  What needs no turn and is float32
 * stays where it is.
 */
int weight_last(const struct tensor *t, bool turned, struct tensor *out, struct err *e);
/* [kh][kw][i][o], or (turned) [kh][kw][o][i], to [kh][kw][i][o]; the first stays where it is. */
int weight_first(const struct tensor *t, bool turned, struct tensor *out, struct err *e);
/* Rows (inputs) of a [k][m] or, transposed, [m][k] matrix in the order of the view's storage. */
int weight_dense(const struct tensor *t, bool transposed, const struct im_view *v, float scale,
		 struct tensor *out, struct err *e);

#endif
