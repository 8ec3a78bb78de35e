/* Inside lib/emu: the prepared schedule. */
#ifndef HN_EMU_EMU_INT_H
#define HN_EMU_EMU_INT_H

#include "emu/emu.h"
#include "emu/island.h"
#include "emu/plan.h"
#include "kernel/f32.h"

/* One layer at run time. */
struct step {
	const struct layer *l;
	struct f32k *f32;      /* float contexts; NULL when the step computes nothing */
	struct intk *intk;     /* integer contexts */
	struct island *island; /* a layer in integers of a float context */
	bool alias;            /* its output is its input's memory: nothing to compute */
	bool fed;              /* its output is the caller's memory: nothing to compute */
	bool passed;           /* an input that is fed behind itself: no values */
	size_t slot;           /* fed, output_layer: its place among the network's */
	size_t out;            /* value of port 0; further ports follow */
	const void **in_data;  /* l->nin addresses, set at each run */
	void **out_data;       /* l->nout addresses */
	double seconds;        /* spent so far */
};

struct emu {
	const struct graph *g; /* what runs */
	struct graph *own;     /* a fused copy of the caller's graph, or NULL */
	struct tensors *own_w;
	const struct tensors *w;    /* float weights, for the tail */
	const struct qmodel *q;     /* integer contexts */
	const struct qmodel *mixed; /* a mixture: records of the layers in integers */
	const bool *in_codes;       /* by layer index: which those are */
	int32_t batch;
	struct arena arena;
	struct step *steps; /* one per layer, in order */
	size_t nsteps;
	struct value *values;
	size_t nvalues;
	void *memory;
	size_t memory_bytes;
	bool fast;        /* float: nothing is observed, memory may be shared more */
	struct emu *tail; /* float: for a last, smaller batch */
	bool check_accumulators;
	emu_observer observer;
	void *observer_ctx;
};

/*
 * Lets windows reach over the border instead of reading padded copies: external_pad layers vanish
 * into the convolutions and pools behind them.  Shapes must not be inferred again after it.
 */
int emu_absorb_pads(struct graph *g, struct err *e);
/* The float emulator m again, for n images. */
struct emu *emu_new_tail(const struct emu *m, int32_t n, struct err *e);

/* The value that input i of layer l reads. */
size_t emu_value_in(const struct emu *m, const struct layer *l, size_t i);
/* The value whose memory v finally shares. */
size_t emu_root(const struct emu *m, size_t v);
/* Makes steps and values of m->g, without kernels.  element: bytes of one element of a layer's
 * output. */
void emu_schedule(struct emu *m, size_t (*element)(const struct emu *m, const struct layer *l));
/* Lets values share memory by lifetime, allocates it, and sets addresses. */
void emu_place(struct emu *m);

#endif
