/* Private to alloc/: units (logical layers with a choice of resources), and the steps of
 * allocation. */
#ifndef HN_ALLOC_ALLOC_INT_H
#define HN_ALLOC_ALLOC_INT_H

#include "alloc/alloc.h"
#include "alloc/process.h"

enum {
	MAX_PARTS = 64,
	MAX_COLUMN_PARTS = 16,
	MERGE_MOST = 4 /* layers that are merged without being named in a script */
};

/* What a layer costs before anything is chosen; filled by its row of cost_ops[]. */
struct cost {
	bool outside;        /* takes no resources of a cluster: boundary, constants, PPU layers */
	bool macs;           /* uses multipliers: widened by subclusters */
	bool wide;           /* 16-bit operands: its subclusters are counted apart, too */
	int32_t controllers; /* layer controllers of a part */
	bool mode16;         /* the 16x4 mode is possible (guide, table 7) */
	bool depthwise;      /* each output feature reads its own input feature */
	int32_t rows, cols;  /* output rows and columns per frame */
	int32_t features;    /* output features */
	int32_t group; /* output features that read the same inputs; = features without groups */
	int32_t slice_step;  /* parts begin at multiples of it; 0: not divisible by features */
	int32_t column_step; /* the same for columns */
	int32_t script_step, script_columns; /* the same, for parts that a script asks for */
	int64_t taps;                        /* multiply-accumulates per output value */
	double rate;                         /* precision factor x utilization */
	int64_t apu_cycles;                  /* APU cycles per output row and feature, one APU */
	int64_t ia_cycles;  /* cycles per output row to take in the inputs, one aligner */
	int64_t row_cycles; /* outside layers: cycles per row */
	int64_t weight_bytes;
};

/* Resources; cuts are L3 cuts. */
enum resource {
	RES_LCU,
	RES_SC,
	RES_IA,
	RES_APU,
	RES_WEIGHTS,
	RES_SC16, /* of the subclusters, those of layers with 16-bit operands */
	RES_COUNT
};
struct need {
	int64_t v[RES_COUNT];
};

/* How a layer is computed. */
struct choice {
	int32_t parts, subclusters, mode, apus; /* subclusters, aligners, apus: per part */
	bool spatial; /* parts are output columns (spatial defuse), not features */
};

/* What a layer that need not be faster than the network has the least of. */
enum match {
	MATCH_NONE,
	MATCH_SCS,
	MATCH_L3
};

/* A logical layer under allocation. */
struct unit {
	const struct layer *l;
	const struct qop *q;
	struct cost cost;
	struct choice choice;
	struct choice fixed; /* from the script; 0 (mode: -1): free */
	double min_fps;      /* compilation_param(X, fps=...), 0: none */
	enum match match;    /* resources_allocation_strategy */
	int64_t *packed;  /* compress_l3_weights: bytes of its 1, 2 ... largest features; or NULL */
	int mixed;        /* may L2 hold a part of its weights: 1 in any context, 0 no, -1 in one */
	bool no_contexts; /* its input buffers hold whole windows */
	bool balanced;    /* the buffers behind it have one size */
	char **part_names;       /* fixed.parts names given by defuse(), or NULL */
	bool split;              /* a splitter gives each part what it needs of the input */
	const char *joined_name; /* that defuse() gives to the parts together, or NULL */
	int32_t context; /* -1: not yet; the first one of a layer that no context holds whole */
	int32_t last_context;
	int32_t *part_context; /* by part, when last_context > context; MAX_PARTS entries */
	int32_t *place;        /* cluster by part, -1: free; MAX_PARTS entries */
	int32_t bucket;        /* layers of one bucket stay in one context; 0: none */
	int32_t relays;        /* those with a layer controller that feed it */
	int64_t window_bytes;  /* of L3 that its inputs need at the least */
	/* the layers that it is merged with: a ring of indexes; now, and by the script */
	int32_t next, given_next;
	char *merged, *given_merged; /* full name of the ring; NULL: none yet */
	const char *halt; /* the search for a given rate ended here, why; NULL: elsewhere */
};

/* Thresholds of one context. */
struct limits {
	double util[RES_COUNT];
	bool given[RES_COUNT]; /* by the script */
};

struct script_buffer {
	const char *from, *to; /* physical names */
	int32_t rows;
	size_t number; /* statements about the same two layers before it */
	const struct alls_stmt *st;
};

/* What a name of a script means: a layer, a part of it, its parts together, or a relay. */
struct named {
	struct unit *u; /* NULL: a relay */
	int32_t part;   /* -1: the whole layer */
	bool joined;    /* "conv5_dc": behind the parts, before the consumers */
	int32_t relay;
};
/* A layer that passes on rows between others. */
struct relay {
	enum alloc_kind kind;
	const char *name, *word;
	struct named *from, *to;
	size_t nfrom, nto;
	bool splits;                /* made by defuse(): in front of a layer's parts */
	int32_t context, place;     /* by the script; -1: free */
	const struct alls_stmt *st; /* NULL: automatic */
};

/* The state of one run. */
struct plan {
	const struct graph *g;
	const struct qmodel *m;
	const struct target *t;
	const struct alls *script;
	struct arena arena;
	struct unit *units; /* by index of layer */
	size_t n;
	/* from the script */
	struct limits limits;          /* thresholds for all contexts; util 0: default */
	struct limits partition;       /* thresholds for dividing the network among contexts */
	struct limits *context_limits; /* by context, when the script names one; ncontext_limits */
	size_t ncontext_limits;
	bool contexts_given;               /* every layer has its context */
	int32_t mode;                      /* context switch: 0 allowed, 1 enabled, 2 disabled */
	int level;                         /* compiler_optimization_level: 0, 1, 2 (max) */
	bool low_bandwidth;                /* platform_param(hints=low_pcie_bandwidth) */
	const volatile sig_atomic_t *stop; /* not 0: end with the best found; may be NULL */
	double fps;                        /* stop widening at this rate; 0: highest */
	const struct alls_stmt *fps_st;    /* where it is given */
	int32_t batch;
	struct script_buffer *buffers;
	size_t nbuffers;
	int32_t nbuckets;
	struct alias {
		const char *name;
		struct unit *u;
	} * aliases; /* names of output layers */
	size_t naliases;
	struct relay *relays; /* those of the script, then automatic ones */
	size_t nrelays, cap_relays;
	size_t script_relays;
	int32_t ddr_cuts, l4_cuts; /* an edge that takes more L3 may lie elsewhere; -1: none */
	bool no_ddr;               /* no automatic buffers in external memory */
	bool no_memory;            /* none at all: the platform has none */
	bool muxer;                /* the outputs of a context share a stream */
	bool reshapes;           /* format conversions at inputs and outputs, where there is room */
	bool spill;              /* it does, when L3 has no room */
	bool no_ecc;             /* allocator_param(enable_lcu_ecc=disabled) */
	struct alloc_try *tries; /* what has been tried; texts in the arena */
	size_t ntries, cap_tries;
	bool for_power;  /* performance_param(optimize_for_power=enabled) */
	bool save_power; /* now: the search prefers what takes less power */
	bool held_up;    /* the last try's buffers are for frames that enter more slowly */
	/* merging that no command names (merge_auto.c) */
	bool merge_contexts; /* in several contexts, too */
	double merge_util;   /* down to this control utilization; 0: as needed */
	int32_t most_merged; /* layers of a group */
	int32_t most_parts;  /* into which the search divides a layer */
	double buffer_fps;   /* rate for which buffers are sized; 0: the network's */
	bool no_power;       /* no estimate of the power */
	double most_control; /* share of the controllers that layers may want before it */
	bool merge_never;    /* this try is without */
	bool merge_fits;     /* without it the network would not be in one context */
	/* result of contexts.c, exact.c */
	int32_t ncontexts;
	double *context_scale; /* by context: of its thresholds; NULL: 1 */
	double *narrower;      /* by context: what it is besides narrower by in this try; NULL: 1 */
	bool *misfit;          /* by context: it did not fit in the last try; may be NULL */
	int64_t *l4_over;      /* L4 cuts that a context took too many in it; may be NULL */
	int64_t l4_spared;     /* L4 cuts that the partition leaves free */
};

/* ---- cost_ops.c ---- */
struct cost_op {
	int (*fn)(const struct plan *p, const struct unit *u, struct cost *c);
	const char *reason; /* why fn is NULL */
};
const struct cost_op *cost_op_of(enum hn_type t);
int cost_of(const struct plan *p, struct unit *u, struct err *e);
int cost_conv(const struct plan *p, const struct unit *u, struct cost *c);
int cost_matmul(const struct plan *p, const struct unit *u, struct cost *c);
int cost_pool(const struct plan *p, const struct unit *u, struct cost *c);
int cost_reduce(const struct plan *p, const struct unit *u, struct cost *c);
int cost_eltwise(const struct plan *p, const struct unit *u, struct cost *c);
int cost_depth_to_space(const struct plan *p, const struct unit *u, struct cost *c);
int cost_resize(const struct plan *p, const struct unit *u, struct cost *c);
int cost_ppu(const struct plan *p, const struct unit *u, struct cost *c);
int cost_norm(const struct plan *p, const struct unit *u, struct cost *c);
int cost_io(const struct plan *p, const struct unit *u, struct cost *c);
int64_t ceil_div(int64_t a, int64_t b);

/* 1, or the rate of kernels that have no code of their own. */
double general_rate(const struct plan *p, const struct layer *l);

/* ---- kernels.c: the guide's tables of kernels ---- */
bool kernel_16x4(const struct layer *l);
bool kernel_no_contexts(const struct layer *l);
bool kernel_optimized(const struct layer *l);

/* ---- units.c ---- */
int units_make(struct plan *p, struct err *e);
int32_t unit_context(const struct unit *u, int32_t part);
bool unit_in(const struct unit *u, int32_t context);
/* What a part computes: output features and columns from .. to. */
struct part {
	int32_t from, to, column_from, column_to;
};
struct part unit_part(const struct unit *u, struct choice c, int32_t i);
/* Most parts by features, or by columns. */
int32_t unit_max_parts(const struct unit *u, bool spatial);
/* What the search takes: most subclusters of a part, modes.  A script may ask for more. */
int32_t unit_max_subclusters(const struct plan *p, const struct unit *u);
int unit_modes(const struct unit *u);
/* May a unit's output be divided by columns?  Its readers are on the chip, in the same context. */
bool unit_has_columns(const struct plan *p, const struct unit *u);
/* What a part takes in of a row of input 0: take / of. */
void unit_input_share(const struct unit *u, struct part part, int64_t *take, int64_t *of);
/* ---- compress.c ---- */
/* Weights in L3 take few bits from here on; false: it has no 8-bit weights. */
bool unit_compress(struct plan *p, struct unit *u);
/* Bytes that so many features take at the most, as they are stored, with a word each. */
int64_t unit_stored_bytes(const struct unit *u, int32_t features);
/* Bytes that loading them takes: their share of the layer's. */
double unit_load_bytes(const struct unit *u, int32_t features);

/* Where the weights of a part of so many features lie: bytes in L2, cuts of L3. */
struct weights {
	int64_t l2, cuts;
};
struct weights unit_weights(const struct plan *p, const struct unit *u, int32_t subclusters,
			    int32_t features, bool l2);
/* Lines in which a unit's parts pass on what they make. */
int32_t unit_lines(const struct unit *u, struct choice c);
/* Those in which input i comes, if what makes it is not divided by columns. */
int32_t unit_input_lines(const struct plan *p, const struct unit *u, size_t input);
/* Cycles per line of a part. */
int64_t unit_line_cycles(const struct plan *p, const struct unit *u, struct choice c,
			 struct part part);
/* Resources of one part; L2 holds weights only when `l2`. */
struct need unit_part_need(const struct plan *p, const struct unit *u, struct choice c,
			   int32_t features, bool l2);
/* Resources of all parts; false when a part does not fit in a cluster. */
bool unit_need(const struct plan *p, const struct unit *u, struct choice c, bool l2,
	       struct need *out);
/* One cluster has this, and room for the rows of the inputs. */
bool fits_cluster(const struct target *t, const struct need *n, int64_t window_bytes);
/* Cycles per frame: the slowest part. */
int64_t unit_cycles(const struct plan *p, const struct unit *u, struct choice c);
/* Watts x cycles of a frame, without those of buffers. */
double unit_energy(const struct plan *p, const struct unit *u, struct choice c, bool l2);
/* Largest and smallest choices in the script's bounds. */
bool unit_allows(const struct unit *u, struct choice c);
struct need need_add(struct need a, struct need b, int32_t times);
/* Capacity of the device. */
struct need device_capacity(const struct target *t);
/*
 * Lines of input i, which comes in from_lines, that a frame's computation holds at once, and how
 * many come for the next step.
 */
int32_t unit_window(const struct unit *u, size_t input, int32_t from_lines);

/* Steps in which each of its output rows is made. */
int32_t unit_steps(const struct unit *u);

/* ---- usage.c ---- */
/* Watts of resources at work. */
double busy_watts(const struct target *t, bool no_ecc, const struct alloc_taken *l);
/* What a frame takes beside the idle device. */
double frame_joules(const struct allocation *a, const struct target *t);

/* ---- merge.c: a ring of units, or one unit by itself ---- */
/* Why a layer is not merged with others; NULL when it may be. */
const char *merge_reason(const struct unit *u);
struct unit *merge_next(const struct plan *p, const struct unit *u);
bool merge_alone(const struct plan *p, const struct unit *u);
/* Is it the first of its ring? */
bool merge_leads(const struct plan *p, const struct unit *u);
bool merge_has(const struct plan *p, const struct unit *u, const struct unit *other);
/* Back to what the script merges. */
void merge_reset(struct plan *p);
/* Makes one ring of two. */
void merge_join(struct plan *p, struct unit *a, struct unit *b);
struct need merge_both(struct need a, struct need b);
/* Resources of u's ring when u's choice is c; false when a cluster does not hold it. */
bool merge_need(const struct plan *p, const struct unit *u, struct choice c, bool l2,
		struct need *out);
/* Bytes of L3 that the inputs of u's ring need at the least. */
int64_t merge_window(const struct plan *p, const struct unit *u);
/* Cycles per frame of all of u's ring. */
int64_t merge_cycles(const struct plan *p, const struct unit *u);
/* Names the rings. */
void merge_names(struct plan *p);
/* A unit of the ring that the script calls so; NULL: none. */
struct unit *merge_named(const struct plan *p, const char *name);

/* ---- merge_read.c ---- */
/* merge(...) of the script. */
int merge_read(struct plan *p, struct err *e);
/* Merged layers lie in one cluster of one context. */
int merge_check(const struct plan *p, struct err *e);

/* ---- merge_auto.c ---- */
/* Does the script choose everything, as an automatic one does?  Then nothing is left to decide. */
bool plan_is_fixed(const struct plan *p);
/* May layers be merged when they do not fit: in one context, or in several? */
bool merge_auto(const struct plan *p, bool single);
/* And to make room for the slowest layer? */
bool merge_for_room(const struct plan *p, bool single);
/*
 * Merges the two cheapest rings of a context that take at most `most` cycles per frame together and
 * fit in a cluster; false when there are none.
 */
bool merge_cheapest(struct plan *p, int32_t context, bool l2, int64_t most);

/* ---- settings.c, directives.c ---- */
/* Parameters of the whole allocation. */
int settings_read(struct plan *p, struct err *e);
/* Commands about single layers. */
int directives_read(struct plan *p, struct err *e);

/* ---- plan_names.c ---- */
/* What is done with each layer that a value names. */
typedef int (*layer_fn)(struct plan *p, const struct alls_stmt *st, const struct named *n,
			void *ctx, struct err *e);
/* Calls fn for the layers of a name, list or glob; parts are named, too. */
int plan_each(struct plan *p, const struct alls_stmt *st, const struct alls_value *v, layer_fn fn,
	      void *ctx, struct err *e);
/* What a script's name means. Unknown: error, near names. */
int plan_find(const struct plan *p, const char *name, struct named *n, struct err *e);
/* "conv1" of "net/conv1". */
const char *plan_unscoped(const char *name);
/* The name of it, full. */
char *plan_name(const struct plan *p, struct arena *a, const struct named *n);
/* Name of part i of u's n parts, full. */
char *plan_part_name(struct arena *a, const struct unit *u, int32_t i);
/* K of "context_K", "contextK", "NET_context_K"; -1: no such form. */
int32_t context_number(const struct plan *p, const char *name);

/* ---- minimum.c ---- */
/* The choice with the fewest resources that the script allows; -1 when none fits in a cluster. */
int unit_minimum(const struct plan *p, struct unit *u, bool l2, struct err *e);

/* ---- search.c ---- */
/* Thresholds of a context: the script's, else the defaults for one or several contexts. */
struct limits plan_limits(const struct plan *p, int32_t context, bool single);
/* Widens the layers of a context until a threshold stops it. scale: thresholds x scale. */
void search_context(struct plan *p, int32_t context, bool single, double scale);
/* Cycles per frame of the slowest layer of a context. */
int64_t context_interval(const struct plan *p, int32_t context);

/* ---- wanted.c ---- */
/* What ended the search in each context, from the units' choices as they are now. */
void wanted_keep(const struct plan *p, struct allocation *a);
/* Says so when the script's rate is not reached, and why. */
void wanted_check(const struct plan *p, struct allocation *a);

/* ---- phys.c ---- */
/* Physical layers and edges from the units' choices; edges have no rows yet. */
struct allocation *phys_build(struct plan *p, struct err *e);
/* The unit of a layer that is no relay. */
struct unit *phys_unit(const struct plan *p, const struct allocation *a, size_t layer);
/* The relay that a layer is. */
const struct relay *phys_relay(const struct plan *p, const struct allocation *a, size_t layer);
/* Do its rows take the link: those of inputs, outputs, and relays through external memory? */
bool phys_on_link(const struct plan *p, const struct allocation *a, size_t layer);
/* What says which rows a layer needs; NULL: it passes rows on. */
const struct qop *phys_kernel(const struct plan *p, const struct allocation *a, int32_t layer);
/* Steps in which a layer makes each of its rows. */
int32_t phys_steps(const struct plan *p, const struct allocation *a, size_t layer);

/* ---- relay_kind.c ---- */
struct relay_kind {
	const char *name; /* the command */
	bool controller;  /* takes a layer controller, an aligner and an APU of a cluster */
	bool in_l3;       /* lies in the cluster of what it feeds */
	bool lazy;        /* keeps rows before it, not behind it */
	bool link;        /* its rows cross the link, out and back */
};
const struct relay_kind *relay_kind_of(enum alloc_kind k);
/* Cycles per row of a relay that passes on w columns of c features. */
int64_t relay_cycles(const struct plan *p, enum alloc_kind k, int64_t w, int64_t c,
		     int64_t row_bytes);
/* What the relays take that feed a unit. */
struct need relays_need(const struct unit *u);
bool alloc_is_relay(const struct allocation *a, size_t layer);

/* ---- relays_read.c ---- */
/* shortcut(...), portal(...), ...: relays of the script. */
int relays_read(struct plan *p, struct err *e);
struct relay *relay_add(struct plan *p, enum alloc_kind kind, const char *name);
/* Is it what a relay of this kind has besides names in a script, as relays_read writes it? */
int relay_check_word(enum alloc_kind kind, const char *word, struct err *e);

/* ---- alloc_relay_json.c ---- */
/* A list of names; read: one that is not empty, of names that may stand in a script. */
json_t *alloc_put_names(char *const *v, size_t n);
int alloc_read_names(struct allocation *a, const json_t *o, const char *key, char ***out, size_t *n,
		     struct err *e);
/* ---- alloc_set.c: which group an allocation is of, in X.alloc.json ---- */
void alloc_put_group(json_t *j, const struct allocation *a);
int alloc_read_group(struct allocation *a, const json_t *j, struct err *e);
void alloc_relay_put(json_t *o, const struct alloc_layer *l);
int alloc_relay_read(struct allocation *a, const json_t *o, struct alloc_layer *l, struct err *e);
/* May it stand in a script? */
int alloc_check_name(const char *name, struct err *e);

/* ---- spill.c ---- */
/* The largest buffer in L3 that a relay in front of its consumer would shorten; NULL: none. */
const struct alloc_edge *spill_largest(const struct plan *p, const struct allocation *a);
/* A relay that keeps it elsewhere, for the next try; false: it is not to. */
bool spill(struct plan *p, const struct allocation *a);

/* ---- muxes.c ---- */
/* A mux before the outputs of each context that has several. */
void muxes_add(struct plan *p);

/* ---- reshapes.c ---- */
/* A format conversion at each input and output of the network that the script gives none. */
void reshapes_add(struct plan *p);

/* ---- relays.c ---- */
/* Puts the relays between the layers that they join; error when these are not connected. */
int relays_insert(struct plan *p, struct allocation *a, struct err *e);

/* ---- flow.c: which rows an edge's consumer waits for, and when it frees them ---- */
struct flow_edge {
	int32_t *last;    /* by step of the consumer: last producer row it needs, -1: none */
	int32_t *release; /* by producer row: consumer's step whose end frees it */
};
struct flow {
	int32_t *steps;          /* by layer: of an output row, qop_row_steps */
	struct flow_edge *edges; /* by edge */
	size_t *in, *out;        /* edges by consumer, by producer */
	size_t *in_at, *out_at;  /* layer i: in[in_at[i]] .. in[in_at[i + 1]] */
};
void flow_init(struct flow *f, const struct plan *p, const struct allocation *a);
void flow_release(struct flow *f, const struct allocation *a);

/* ---- rows.c ---- */
/*
 * Rows of every buffer of a context: what a schedule occupies whose input is paced at `interval`
 * cycles per frame and whose layers are held up by those only that they are merged with.
 */
void rows_size(const struct plan *p, struct allocation *a, const struct flow *f, int32_t context,
	       double interval);
/* Rows that a consumer holds at once, and the step to the next. */
int32_t edge_window(const struct plan *p, const struct allocation *a, const struct alloc_edge *ed);
/* buffers(A, B, n) of the script. */
int rows_force(const struct plan *p, struct allocation *a, struct err *e);
/* L3 cuts that the input buffers of each layer take. */
void rows_cuts(const struct plan *p, struct allocation *a);

/* ---- pace.c ---- */
/* Layers and edges as processes see them; layers and edges of s are the caller's. */
void pace_source(const struct plan *p, const struct allocation *a, struct net_source *s);
/*
 * Runs every context with its finite buffers, every layer as early as it can.  False on a deadlock;
 * *stuck is then an edge without room.
 */
bool pace_context(const struct plan *p, const struct allocation *a, int32_t context,
		  struct pace *pace);
/* The same for all contexts. */
bool pace_contexts(const struct plan *p, const struct allocation *a, struct pace *paces,
		   int32_t *stuck);

/* ---- measure.c ---- */
/* Weights of a context, of all: -1.  Parts by columns have all of their layer's, each. */
double context_load_bytes(const struct plan *p, const struct allocation *a, int32_t context);
/* Cycles per frame of a context if nothing waits for room: its slowest layer, or the link. */
double ideal_interval(const struct plan *p, const struct allocation *a, int32_t context);
/* Fills rates, latency and bottleneck with the buffers as they are; warns when the network stalls.
 */
void measure(const struct plan *p, struct allocation *a);

/* ---- traffic.c ---- */
/* Edges whose tensors cross the link for a context, once each; list has room for all.  How many. */
size_t link_edges(const struct allocation *a, int32_t context, size_t *list);
double frame_bytes(const struct allocation *a, const struct alloc_edge *ed); /* of a frame */

/* ---- bound.c ---- */
struct alloc_bound lower_bound(const struct plan *p, bool several);

/* ---- place.c ---- */
/* Clusters of the layers of a context; error when they do not fit: what was short. */
int place_context(const struct plan *p, struct allocation *a, int32_t context, struct err *e);
/* L4 cuts of the buffers outside clusters fit. */
int place_l4(const struct plan *p, const struct allocation *a, int32_t context, struct err *e);
/* "layer controllers", "subclusters" ... */
const char *resource_name(enum resource r);

/* ---- waits.c ---- */
struct waits {
	bool *edge; /* by edge */
	size_t *at; /* by unit: its first edge */
};
void waits_init(struct waits *w, const struct plan *p);
void waits_release(struct waits *w);
/* Bytes of the map that an input of a unit holds whole, 0: it does not. */
int64_t waits_bytes(const struct waits *w, const struct plan *p, const struct unit *u,
		    size_t input);

/* ---- contexts.c ---- */
/* Divides the units among contexts in topological order, filling each to `fill` of its thresholds.
 */
int contexts_divide(struct plan *p, double fill, struct err *e);
/* Where a network may be cut. */
struct cut_order {
	struct unit **units; /* those that compute or output, in topological order */
	size_t n;
	size_t *at;  /* by unit: place in units; of a source: of its first consumer */
	bool *whole; /* by place, n + 1: no cut before it, it would divide a bucket */
};
void cut_order_release(struct cut_order *order);
void contexts_order(struct plan *p, struct cut_order *order);

/* ---- exact.c ---- */
/*
 * The partition whose batch takes the least time, with context_scale; false when no partition keeps
 * the machine's limits, or none can be faster than `limit` seconds.  For small networks: each run
 * of layers is allocated.
 */
bool contexts_exact(struct plan *p, double limit);

/* ---- streams.c ---- */
/*
 * Does a context read more parts of other contexts, or send more to them, than the device has
 * streams?  The context that sends the most of them, with the reason; -1: it has enough.
 */
int32_t streams_over(const struct plan *p, const struct allocation *a, int32_t context,
		     struct err *e);
/* ---- settle.c ---- */
/* Rows, cuts and clusters of all contexts; false when a context does not fit. */
bool settle(const struct plan *p, struct allocation *a, const struct flow *f, double pace,
	    struct err *e);
/* Rows, cuts and clusters of one context at its highest rate; false when it does not fit. */
bool settle_context(const struct plan *p, struct allocation *a, int32_t context);

/* ---- attempt.c ---- */
/* Tries with the contexts as they are, narrower and narrower; NULL with the reason. */
struct allocation *attempt_narrowing(struct plan *p, struct err *e);
/* One try, or those, with thresholds of `util` where the script has none; 0: the usual ones. */
struct allocation *attempt_at(struct plan *p, double util, bool narrower, struct err *e);
/* Is the search to end, and the error when it has found nothing by then. */
bool attempt_stopped(const struct plan *p);
int attempt_no_time(struct err *e);
/* What has been tried, for the table. */
void attempt_record(struct plan *p, double fill, double util, const struct allocation *a,
		    const struct err *why);
/* Frames per second, measured. */
double attempt_rate(const struct plan *p, struct allocation *a);
/* The faster of two, either of which may be NULL; the other one is freed. */
struct allocation *attempt_faster(struct plan *p, struct allocation *a, struct allocation *b);

/* ---- single.c, several.c ---- */
/* All layers in one context. */
struct allocation *single_context(struct plan *p, struct err *e);
/* The fastest of the partitions compared; more are tried until there is one. */
struct allocation *several_contexts(struct plan *p, struct err *e);
/* The script's contexts. */
struct allocation *given_contexts(struct plan *p, struct err *e);

#endif
