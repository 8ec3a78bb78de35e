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
	char *word;    /* split or conversion type; NULL: the command has none */
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
	int32_t columns, features; /* MAC mode: 8 x 8 or 16 x 4; 0 without MACs */
	int64_t row_cycles;        /* cycles per output row */
	int32_t rows;              /* output rows per frame */
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
struct allocation {
	struct arena arena;
	char *arch;
	int32_t ncontexts;
	struct alloc_layer *layers; /* topological order */
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
};

struct alloc_opts {
	const struct target *target;
	struct alls *script; /* checked, or it is checked first; may be NULL */
	/*
	 * Set by a signal: the search ends with the best found so far, with an error when there is
	 * nothing yet; may be NULL.
	 */
	const volatile sig_atomic_t *stop;
};
/* Allocates; error when even the largest number of contexts does not hold a layer, naming it. */
struct allocation *alloc_run(const struct graph *g, const struct qmodel *m,
			     const struct alloc_opts *o, struct err *e);
void alloc_free(struct allocation *a);
json_t *alloc_to_json(const struct allocation *a);
struct allocation *alloc_from_json(const json_t *j, struct err *e); /* checks indexes and ranges */
/* The guide's per-cluster utilization table, bottleneck, expected FPS. */
void alloc_print(const struct allocation *a, const struct target *t, struct str *out);
/* hn-alloc's --report: the allocation, utilization by cluster, rates. The caller owns it. */
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
