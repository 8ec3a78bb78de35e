/*
 * A context as a network of processes that make rows, with finite buffers between them: what the
 * machine does in time, for the allocator's estimate and for the simulator (hn-machine(7)).
 */
#ifndef HN_ALLOC_PROCESS_H
#define HN_ALLOC_PROCESS_H

#include "base/mem.h"
#include "emu/emu.h"

enum {
	PROCESS_MAX_FRAMES = 64
};

/* ---- what a network is made of: physical layers and edges of all contexts ---- */
struct net_layer {
	int32_t context;
	int32_t rows;   /* per frame */
	int32_t steps;  /* of each row, qop_row_steps */
	int64_t cycles; /* per row */
	bool link;     /* its rows take the link: inputs, outputs, relays through external memory */
	int32_t group; /* first of the merged layers that share its controller; -1: its own */
};
struct net_edge {
	int32_t from, to;    /* layers */
	int32_t port;        /* output port of `from` */
	int32_t rows;        /* capacity of the buffer */
	bool ddr;            /* inside one context, through external memory by itself */
	int64_t link_cycles; /* of a row on the link */
	const struct qop *q; /* kernel of `to`, says which rows it needs; NULL: row by row */
	size_t input;        /* which input of the kernel */
};
struct net_source {
	struct net_layer *layers;
	size_t nlayers;
	struct net_edge *edges;
	size_t nedges;
};

/*
 * Rows that a consumer needs of `from_rows` for step k of the n that it makes in a frame; q NULL:
 * as many as it makes.
 */
void process_rows(const struct qop *q, size_t input, int32_t k, int32_t n, int32_t from_rows,
		  int32_t *first, int32_t *last);
/* Cycles that bytes take on a link of `bandwidth` bytes/s; at least one. */
int64_t link_cycles(double bytes, double bandwidth, double clock_hz);

/* ---- the network of one context ---- */

/* A line buffer: rows of the producer, held until no later row of the consumer needs them. */
struct line {
	int32_t from, to;       /* processes */
	int32_t edge;           /* of the source; -1: inside a stream */
	int64_t capacity;       /* rows */
	int64_t height;         /* rows of the producer per frame */
	int32_t *last;          /* by step of the consumer: last row it needs, -1: none */
	int32_t *keep;          /* by step, one more at the end: first row still needed */
	int64_t written, freed; /* rows since the start */
	int64_t peak;
};

enum wait {
	WAIT_NONE,
	WAIT_STARVED,
	WAIT_BLOCKED,
	WAIT_SHARED /* could start, another layer of its group has the controller */
};

/* Cycles of a process in the frames that were run. */
struct process_time {
	int64_t busy;    /* computes or transfers */
	int64_t starved; /* waits for input rows */
	int64_t blocked; /* waits for room in a buffer */
	int64_t shared;  /* waits for a row of a layer that it is merged with */
	int64_t first;   /* cycle of the first frame's first row's start */
	int64_t last;    /* cycle of the first frame's last row's end */
};

/*
 * A layer, or a stream over the link, that makes rows one after another, each in one step or in
 * several; room for the row is taken at its last step.
 */
struct process {
	int32_t layer;    /* of the source; -1: a stream */
	int32_t rows;     /* per frame */
	int32_t steps;    /* of each row */
	int64_t cycles;   /* per step */
	bool link;        /* the row takes the link to external memory */
	int32_t group;    /* of the network; -1: none */
	size_t *in, *out; /* lines */
	size_t nin, nout;
	int64_t done; /* steps since the start */
	bool running;
	enum wait wait;
	int32_t full;             /* line that blocks it */
	int64_t since;            /* of the wait or the row */
	int64_t ready;            /* WAIT_SHARED: since when */
	bool waking;              /* a source whose next row is not due yet */
	struct process_time time; /* sums over all frames */
};

/* Merged layers: a row of one of them at a time, without interruption. */
struct sharing {
	int32_t layer; /* of the source: the first one */
	int32_t *proc; /* members, ascending */
	size_t nproc;
	bool busy;
};

struct network {
	struct arena arena;
	struct process *proc;
	size_t nproc, cap_proc;
	struct line *line;
	size_t nline, cap_line;
	struct sharing *group;
	size_t ngroup;
	double paced; /* sources begin a frame at multiples of it, the link is free; 0: at once */
};

/* Processes and lines of a context; nproc 0: it has no layers. */
void network_build(struct network *n, const struct net_source *s, int32_t context);
void network_release(struct network *n);
/* Steps of all processes per frame. */
int64_t network_steps(const struct network *n);
/*
 * Runs `frames` frames from the start, every row as early as it can; end[f] is the cycle at which
 * frame f is out.  False on a deadlock.
 */
bool network_run(struct network *n, int32_t frames, int64_t *end);
/*
 * The most rows that each line holds, its peak, when sources are paced at `interval` cycles per
 * frame.
 */
void network_peaks(struct network *n, double interval);

/* What one context does. */
struct pace {
	int64_t interval; /* cycles between frames in the steady state */
	int64_t latency;  /* cycles of the first frame, first row in to last row out */
	int32_t frames;   /* that were run */
};
/* Runs more and more frames until the last intervals agree.  False on a deadlock. */
bool network_pace(struct network *n, struct pace *pace);
/* After a deadlock: the full buffer whose consumer waits for other data, an edge; -1: none. */
int32_t network_stuck(const struct network *n);

/* ---- several contexts ---- */
struct switching {
	double clock_hz;
	double load_s;        /* configuration of all contexts over the link */
	double per_context_s; /* shortest time of a context switch */
	double fixed_s;       /* per batch */
};
/* Time of a batch of frames through n contexts, seconds (hn-machine(7), Contexts). */
double batch_seconds(const struct pace *contexts, int32_t n, int32_t batch,
		     const struct switching *s);

#endif
