/*
 * Private to quant/: a few calibration images and what the float model makes of them, against which
 * changed models are held.
 */
#ifndef HN_QUANT_PROBE_H
#define HN_QUANT_PROBE_H

#include "quant/quant_int.h"

enum {
	PROBE_IO = 256 /* inputs or outputs at most */
};

/* Zeroed before probe_open. */
struct probe {
	const struct quant *q;
	int32_t images, batch;  /* images in all, and in one step */
	size_t nin, nout;       /* of the network */
	float *in[PROBE_IO];    /* images of each input */
	float *clean[PROBE_IO]; /* each output of the float model */
	float *out[PROBE_IO];   /* and of the last one that probe_run ran */
	size_t image[PROBE_IO],
	    value[PROBE_IO]; /* floats of one image: of an input, of an output */
};

/*
 * Loads the first `images` images of q->calib, fewer where it has fewer, to be run `batch` at a
 * time.
 */
int probe_open(struct probe *p, const struct quant *q, int32_t images, int32_t batch,
	       struct err *e);
void probe_release(struct probe *p); /* zeroed is fine */
/* Runs the float model, into p->clean. */
int probe_clean(struct probe *p, struct err *e);
/* The kernel that a layer is to have instead of its own. */
typedef struct tensor (*probe_kernel)(const struct tensor *own);
/*
 * Fills p->clean and gives noise[i] of the float model in which layer l[i] alone, in the graph's
 * order, has another kernel; only what comes behind the layer runs again.  For probes of one step:
 * batch = images.
 */
int probe_kernels(struct probe *p, struct layer *const l[], size_t n, probe_kernel change,
		  double *noise, struct err *e);
/* Runs a model of floats in and out, made for p->batch images, into p->out. */
int probe_run(struct probe *p, struct emu *m, struct err *e);
/*
 * Noise of p->out: squared difference from the clean output relative to its squares, the mean over
 * the outputs.  One by this is the harmonic mean of the outputs' signal-to-noise ratios.
 */
double probe_noise(const struct probe *p);

#endif
