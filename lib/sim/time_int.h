/* Private to lib/sim: the network of processes that a context is for the clock. */
#ifndef HN_SIM_TIME_INT_H
#define HN_SIM_TIME_INT_H

#include "base/mem.h"
#include "sim/sim.h"

/* A line buffer: rows of the producer, held until no later row of the consumer needs them. */
struct line {
	int32_t from, to;       /* processes */
	int32_t edge;           /* of the programme; -1: inside a stream */
	int64_t capacity;       /* rows */
	int64_t height;         /* rows of the producer per frame */
	int32_t *last;          /* by consumer row: last row it needs, -1: none */
	int32_t *keep;          /* by consumer row, one more at the end: first row still needed */
	int64_t written, freed; /* rows since the start */
	int64_t peak;
};

enum wait {
	WAIT_NONE,
	WAIT_STARVED,
	WAIT_BLOCKED
};

/* A layer, or a stream over the link, that makes rows one after another. */
struct process {
	int32_t layer;    /* of the programme; -1: a stream */
	int32_t rows;     /* per frame */
	int64_t cycles;   /* per row */
	bool link;        /* the row takes the link to external memory */
	size_t *in, *out; /* lines */
	size_t nin, nout;
	int64_t done; /* rows since the start */
	bool running;
	enum wait wait;
	int32_t full;               /* line that blocks it */
	int64_t since;              /* of the wait or the row */
	struct sim_layer_time time; /* sums over all frames until divided */
};

struct network {
	const struct isa_prog *p;
	int32_t context;
	struct arena arena;
	struct process *proc;
	size_t nproc, cap_proc;
	struct line *line;
	size_t nline, cap_line;
};

/* time_graph.c */
int network_build(struct network *n, const struct isa_prog *p, int32_t context, struct err *e);
void network_release(struct network *n);
/* Rows of all processes per frame. */
int64_t network_rows(const struct network *n);

/* time_run.c: runs `frames` frames from the start; end[f] is the cycle at which frame f is out. */
/* Returns false on a deadlock. */
bool network_run(struct network *n, int32_t frames, int64_t *end);
/* Names the buffer that causes the deadlock in which the last run ended. */
int network_explain(struct network *n, struct err *e);

#endif
