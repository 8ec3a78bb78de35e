/*
 * The simulator: executes a decoded programme (hn-isa(7)), values by the integer kernels, time by
 * rows that flow through finite buffers.
 */
#ifndef HN_SIM_SIM_H
#define HN_SIM_SIM_H

#include "alloc/process.h"
#include "emu/host.h"
#include "io/json.h"
#include "isa/isa.h"

/* ---- values ---- */

struct sim;
/* A programme prepared for batches of `batch` images; p must outlive it. */
struct sim *sim_new(const struct isa_prog *p, int32_t batch, struct err *e);
void sim_free(struct sim *s); /* NULL is fine */
/*
 * Runs n <= batch images.  in, out: codes, NHWC, one pointer per input and output stream in order,
 * the caller's memory.  An accumulator outside 32 bits is an error, as in hn-infer -c bit_exact.
 */
int sim_run(struct sim *s, int32_t n, const void *const in[], void *const out[], struct err *e);
/* Bytes of intermediate tensors for the whole batch. */
size_t sim_memory(const struct sim *s);

/* Input (output = false) or output streams as ports, named by their io layers; the caller frees it.
 */
size_t sim_ports(const struct isa_prog *p, bool output, struct io_port **out);

/* What hef-run does with data. */
struct sim_opts {
	const char *const *inputs; /* "F.npy" or "LAYER=F.npy" */
	size_t ninputs;
	const char *out;         /* .npy, .npz or "-"; NULL: write nothing */
	struct tensors *collect; /* results go into it instead; may be NULL */
	const char *labels;      /* NULL: no accuracy */
	const char *top;         /* "1,5" */
	bool raw;                /* write codes as they are */
	int batch;               /* images per step */
	int data_count;          /* images at most; 0: all */
	/* what the host does (graph_part), sim_data's from now on; NULL: nothing */
	struct graph *before, *behind;
};
/* Runs all images, writes the results, appends accuracy lines to text. */
int sim_data(const struct isa_prog *p, const struct sim_opts *o, struct str *text, struct err *e);

/* ---- time ---- */

struct sim_edge_time {
	int32_t peak; /* most rows held at a time */
};
struct sim_context_time {
	int64_t load;     /* cycles to load its configuration words */
	int64_t latency;  /* cycles of the first frame, first row in to last row out */
	int64_t interval; /* cycles between frames in the steady state */
	int64_t batch;    /* cycles in which it computes a batch */
	int32_t slowest;  /* layer that is busy most */
};
struct sim_time {
	int32_t batch;  /* frames per batch */
	int32_t frames; /* frames simulated per context */
	double clock_hz;
	double fps;                        /* steady state */
	double latency_s;                  /* of one frame */
	double batch_s;                    /* of one batch, with all contexts */
	double load_s;                     /* of the configuration words of all contexts */
	struct sim_context_time *contexts; /* ncontexts */
	struct process_time *layers;       /* nlayers; cycles per frame */
	struct sim_edge_time *edges;       /* nedges */
};
/*
 * Simulates rows with finite buffers.  One context: as many frames as it takes to be steady.
 * Several: batches of `batch` frames with the configuration loaded in between.  A deadlock is an
 * error that names the buffer: "deadlock: buffer from 'a' to 'b' holds 2 rows, 9 needed".
 * words[c]: bytes of configuration words of context c.
 */
int sim_time_run(const struct isa_prog *p, int32_t batch, const uint64_t *words,
		 struct sim_time *out, struct err *e);
void sim_time_release(struct sim_time *t);
/* The same as JSON (hef-run --timing) and as a table of text. */
json_t *sim_time_json(const struct isa_prog *p, const struct sim_time *t);
void sim_time_text(const struct isa_prog *p, const struct sim_time *t, bool layers,
		   struct str *out);

#endif
