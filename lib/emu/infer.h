/* Running a data set through a model: what hn-infer does. */
#ifndef HN_EMU_INFER_H
#define HN_EMU_INFER_H

#include "emu/emu_model.h"

struct infer_opts {
	const char *const *inputs; /* "F.npy" or "LAYER=F.npy" */
	size_t ninputs;
	const char *const *layers; /* write these layers' outputs instead of the network's; "all" */
	size_t nlayers;            /* 0: the network's outputs */
	const char *out;           /* .npy, .npz or "-"; NULL: write nothing */
	const char *labels;        /* NULL: no accuracy */
	const char *top;           /* "1,5" */
	bool raw;                  /* write codes as they are */
	int batch;                 /* images per step */
	int data_count;            /* images at most; 0: all */
	int bench;                 /* runs to time */
};

/* Runs all images, writes the results, appends accuracy lines to text. */
int infer_run(const struct emu_model *m, const struct infer_opts *o, struct str *text,
	      struct err *e);
/*
 * Times o->bench runs of one batch after three that do not count: appends one line with the median,
 * the fastest, and the 90th percentile in milliseconds.  Without inputs it makes its own.
 */
int infer_bench(const struct emu_model *m, const struct infer_opts *o, struct str *text,
		struct err *e);

#endif
