/*
 * Allocation: logical layers to physical layers on clusters and contexts (guide 5.4), with buffers.
 * The result is the bundle's member X.alloc.json and the script X.auto.alls.
 */
#ifndef HN_ALLOC_ALLOC_H
#define HN_ALLOC_ALLOC_H

#include "alls/alls.h"
#include "emu/emu.h"
#include "target/target.h"
#include <signal.h>

/* What a physical layer does: computes, or passes rows on unchanged (a relay). */
enum alloc_kind {
	ALLOC_LAYER,
	ALLOC_SHORTCUT,
	ALLOC_CONCAT,
	ALLOC_SPLITTER,
	ALLOC_SHAPE_SPLITTER,
	ALLOC_PORTAL,
	ALLOC_L4_PORTAL,
	ALLOC_DDR,
	ALLOC_FORMAT,
	ALLOC_MUX,
	ALLOC_KINDS
};
/* The statement that makes a relay: "r = shortcut(from, [to])". */
struct alloc_relay {
	char **from, **to; /* names of layers, as a script may write them */
	size_t nfrom, nto;
	int32_t order; /* relays are inserted in this order */
	char *word;    /* further arguments; NULL: the command has none */
};

/*
 * A physical layer: a logical layer, or the part of it that computes some output features or some
 * output columns; or a relay.
 */
struct alloc_layer {
	char *name;  /* full name; parts: "net/conv5_d0" */
	char *layer; /* logical layer's full name; a relay's own */
	enum alloc_kind kind;
	struct alloc_relay relay;         /* kind is not ALLOC_LAYER */
	int32_t feature_from, feature_to; /* output features it computes; whole layer: 0, c */
	int32_t column_from, column_to;   /* output columns; whole layer: 0, w */
	int32_t context,
	    cluster; /* cluster: id; -1 for layers outside clusters (boundary, format) */
	int32_t lcus, subclusters, input_aligners, apus;
	int32_t l3_weight_cuts, l3_buffer_cuts;
	int64_t l2_bytes;          /* of its weights, in the L2 of its subclusters together */
	bool compressed;           /* its weights lie in L3 in few bits (kernel/rice.h) */
	int32_t mixed;             /* mixed_mem of the script; -1: not given */
	int32_t columns, features; /* MAC mode: 8 x 8 or 16 x 4; 0 without MACs */
	int64_t row_cycles;        /* cycles per output row */
	int32_t rows;              /* output rows per frame */
	char *merged;              /* full name of the layers that it is merged with; NULL: none */
	int32_t group;             /* the first of these; -1: none */
};
/* Resources of a cluster; cuts are those of weights and buffers. */
struct alloc_taken {
	int32_t lcus, subclusters, input_aligners, apus, l3_cuts;
};

enum alloc_edge_kind {
	EDGE_L3,            /* a line buffer inside one context */
	EDGE_BOUNDARY,      /* network input or output */
	EDGE_INTER_CONTEXT, /* whole tensor through external memory */
	EDGE_DDR            /* a line buffer through external memory, one context */
};
/* Data flow from one physical layer to another. */
struct alloc_edge {
	int32_t from, to; /* indexes of physical layers */
	int32_t input;    /* which input of `to`; of a relay: which of its tensors */
	int32_t port; /* which output port of `from`'s logical layer; which of a relay's tensors */
	enum alloc_edge_kind kind;
	int32_t rows; /* capacity of the buffer in rows of the producer's output */
	int32_t row_bytes;
};
/* A lower bound of a batch's time: compute and link go on at once, for every frame. */
struct alloc_bound {
	double compute_s, link_s; /* per frame */
	double load_s;            /* per batch; 0: one context */
};
/* One candidate that the search has tried. */
struct alloc_try {
	double fill,
	    util; /* of the thresholds: where contexts end, where the search stops; 0: usual */
	int32_t contexts; /* 0: it could not be placed */
	double fps;
	const char *why; /* why not; NULL */
};
/* Full names of layers that remove_node took out, in that order. */
struct alloc_removed {
	char **v;
	size_t n;
};
struct allocation {
	struct arena arena;
	char *arch;
	int32_t ncontexts;
	struct hn_group group;        /* that it is of */
	struct alloc_removed removed; /* what the layers below do without */
	struct alloc_layer *layers;   /* topological order */
	size_t nlayers;
	struct alloc_edge *edges;
	size_t nedges;
	double fps,
	    latency_s; /* expected at this batch; fps 0: a buffer of the script makes it stall */
	int32_t batch; /* frames that go through a context before the next one is loaded */
	int32_t bottleneck; /* index of the slowest physical layer */
	double *interval;   /* by context: cycles per frame in the steady state */
	double *fill;  /* by context: cycles from the first input row to the first frame's end */
	int32_t *unit; /* by physical layer: index of its layer in the graph; NULL after reading */
	int32_t stuck; /* fps 0: the edge that has no room; else -1 */
	double *load;  /* by context: bytes of weights */
	struct alloc_bound bound;
	bool no_power; /* no estimate of the power is asked for */
	bool no_ecc;   /* layer controllers without error correction */
	/* Of the run that made it, not stored. */
	struct alloc_try *tries;
	size_t ntries;
	double scale; /* of the thresholds; below 1: what they allow could not be placed ... */
	const char *lowered; /* ... because of this */
	const char **halt;   /* by context: what ended the search for the script's rate; or NULL */
	double wanted;       /* the script's rate, when it is not reached ... */
	const char *unmet;   /* ... because of this */
};

struct alloc_opts {
	const struct target *target;
	struct alls *script; /* checked, or it is checked first; may be NULL */
	/*
	 * Set by a signal: the search ends with the best found so far, with an error when there is
	 * nothing yet; may be NULL.
	 */
	const volatile sig_atomic_t *stop;
	const struct alloc_removed *removed; /* from the graph and its records; may be NULL */
};
/*
 * remove_node(X) of a script: takes layers that leave every code as it is out of g and *m.  whole:
 * the graph that g is the device's part of.  *r is released by the caller, on an error, too.
 */
int alloc_remove(struct graph *g, const struct graph *whole, struct qmodel *m,
		 const struct alls *script, struct alloc_removed *r, struct err *e);
void alloc_removed_release(struct alloc_removed *r);
/* The same for one layer; an error says why it must stay.  Outputs keep the names of their streams.
 */
int alloc_remove_layer(struct graph *g, struct qmodel *m, const char *name, struct err *e);
/* Allocates; error when even the largest number of contexts does not hold a layer, naming it. */
struct allocation *alloc_run(const struct graph *g, const struct qmodel *m,
			     const struct alloc_opts *o, struct err *e);
void alloc_free(struct allocation *a);
/* What layer i takes besides the layers before it: merged layers count once, at the first one. */
struct alloc_taken alloc_taken_by(const struct allocation *a, size_t i);
/* Cycles per frame of a layer, or of all that it is merged with. */
int64_t alloc_cycles(const struct allocation *a, size_t i);
json_t *alloc_to_json(const struct allocation *a);
struct allocation *alloc_from_json(const json_t *j, struct err *e); /* checks indexes and ranges */
/* ---- what it takes, and what it is expected to do ---- */
enum alloc_share {
	SHARE_CONTROL,
	SHARE_COMPUTE,
	SHARE_MEMORY, /* L3: weights and buffers */
	SHARE_IA,
	SHARE_APU,
	SHARE_COUNT
};
struct alloc_use {
	double share[SHARE_COUNT];
};
/* Share of a cluster, of the device. */
struct alloc_use alloc_cluster_use(const struct allocation *a, const struct target *t,
				   int32_t context, int32_t cluster);
struct alloc_use alloc_context_use(const struct allocation *a, const struct target *t,
				   int32_t context);
/* Share of the device's L2 that holds weights of a context. */
double alloc_l2_share(const struct allocation *a, const struct target *t, int32_t context);
/* L4 cuts of a context's boundary buffers. */
int64_t alloc_l4_cuts(const struct allocation *a, const struct target *t, int32_t context);
/* Cycles per frame; the slowest layer of a context, of all: -1. */
double alloc_layer_cycles(const struct alloc_layer *l);
int32_t alloc_slowest(const struct allocation *a, int32_t context);
/* Bytes of a frame over the link. */
struct alloc_traffic {
	double in, out;       /* of the network */
	double read, written; /* tensors of other contexts */
	double ddr;           /* line buffers outside, there and back */
};
void alloc_traffic_of(const struct allocation *a, int32_t context, struct alloc_traffic *t);
double alloc_load_bytes(const struct allocation *a); /* weights of all contexts */
/* Time of a batch, of any size. */
double alloc_batch_seconds(const struct allocation *a, const struct target *t, int32_t batch);
enum {
	ALLOC_BATCHES = 5
};
extern const int32_t alloc_batches[ALLOC_BATCHES]; /* those that reports show */
double alloc_bound_seconds(const struct alloc_bound *b, int32_t batch);
/* Watts of the neural core, +-20 %; 0: several contexts, or the target says nothing. */
double alloc_power(const struct allocation *a, const struct target *t);
enum {
	ALLOC_POWER_PERCENT = 20 /* uncertainty of the estimate, as the guide states it */
};

/* The tables of hn-alloc. */
void alloc_print(const struct allocation *a, const struct target *t, struct str *out);
/* hn-alloc's --report: the allocation and all that the tables say. The caller owns it. */
json_t *alloc_report(const struct allocation *a, const struct target *t);
/* The record in the bundle's metadata: target, contexts, rate, latency, bottleneck. */
json_t *alloc_summary(const struct allocation *a);
/* A complete placement script: loading it again reproduces this allocation. */
void alloc_script(const struct allocation *a, struct str *out);

/* "shortcut", "l4_portal" ...: the command that makes it; "layer". */
const char *alloc_kind_name(enum alloc_kind k);

/* NULL when layers of this type can be allocated, else the reason (support matrix). */
const char *cost_reason(enum hn_type t);

#endif
