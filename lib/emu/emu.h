/*
 * The emulator: executes a graph in one of four contexts (guide 4.2, 5.3).  Memory is planned once;
 * intermediate tensors share space unless they are asked for.
 */
#ifndef HN_EMU_EMU_H
#define HN_EMU_EMU_H

#include "hn/pack.h"
#include "io/bundle.h"
#include "kernel/qop.h"

enum emu_context {
	EMU_NATIVE,
	EMU_FP_OPTIMIZED,
	EMU_QUANTIZED,
	EMU_BIT_EXACT
};
int emu_context_from_name(const char *name); /* -1 when unknown */

/* Quantized records of a graph: q[i] belongs to g->layers[i]; io layers have records without
 * kernel. */
struct qmodel {
	const struct graph *g; /* borrowed */
	struct qop *q;
	size_t n;
};
int qmodel_load(struct qmodel *m, const struct graph *g, const struct tensors *q_npz,
		struct err *e);
void qmodel_store(const struct qmodel *m, struct tensors *q_npz);
void qmodel_release(struct qmodel *m);

struct emu;

/* After a layer ran: data of output port `port`, n images; float NHWC, or codes in integer
 * contexts. */
typedef int (*emu_observer)(const struct layer *l, int32_t port, const void *data, int32_t n,
			    void *ctx, struct err *e);

/*
 * Float emulator. observe_all = false lets it fuse (batch norm, activations, additions) into
 * one pass over the data, for speed; with true every layer runs by itself and can be observed.
 * g and w must outlive it.
 */
struct emu *emu_new_f32(const struct graph *g, const struct tensors *w, int32_t batch,
			bool observe_all, struct err *e);
/* Integer emulator. */
struct emu *emu_new_int(const struct qmodel *m, int32_t batch, struct err *e);
/*
 * A mixture: layers i of q->g with in_codes[i] in integers, the others in float (emu/island.h);
 * takes and gives floats.  q, w and in_codes must outlive it.
 */
struct emu *emu_new_mixed(const struct qmodel *q, const struct tensors *w, const bool *in_codes,
			  int32_t batch, struct err *e);
void emu_free(struct emu *m);
void emu_observe(struct emu *m, emu_observer fn, void *ctx);
/*
 * Runs n <= batch images. in: one pointer per input layer, NHWC of what feeds it (emu_feed_of);
 * float contexts: float, integer contexts: codes.  out: one pointer per output_layer, in output
 * order, the caller's memory.
 */
int emu_run(struct emu *m, int32_t n, const void *const in[], void *const out[], struct err *e);

/*
 * Trying changes of single layers, float contexts with observe_all: a run of a whole batch in
 * parts, the layers [from, to) of the graph after those before them.  What the layers before `at`
 * have left for the others is kept by emu_save, the caller's to free, so that the rest can run once
 * more.
 */
int emu_run_part(struct emu *m, size_t from, size_t to, const void *const in[], void *const out[],
		 struct err *e);
void *emu_save(const struct emu *m, size_t at);
void emu_restore(struct emu *m, size_t at, const void *saved);
/* Layer l with the weights of w from now on, which need not outlive the call. */
int emu_reweigh(struct emu *m, const struct layer *l, const struct tensors *w, struct err *e);

/* Integer contexts: an accumulator outside 32 bits is an error that names the layer (bit_exact). */
void emu_check_accumulators(struct emu *m, bool on);

/* Size of planned activation memory, bytes. */
size_t emu_memory(const struct emu *m);
/* Time spent in each layer so far, with -v. */
void emu_log_times(const struct emu *m);

/* What a network's input takes from a file. */
struct emu_feed {
	const char *name; /* of the input layer; borrowed */
	struct hn_shape shape;
	enum hn_pack pack;    /* images are packed so; planes in the host's order (hn/pack.h) */
	const char *format;   /* what translate-dataset calls such images; NULL: nothing special */
	const char *standard; /* and their colors; NULL: the usual ones */
};
/* Image files hold RGB: an error for an input that takes anything else. */
int emu_check_images(const struct emu_feed *f, struct err *e);
/* What emulation takes for an input layer of a linked graph. */
struct emu_feed emu_feed_of(const struct layer *input);
/*
 * The host's part in front of the device, PART_BEFORE, as emulation needs it: where the device is
 * fed behind an input, the host's tensor has the shape of that place.
 */
int emu_feed_before(struct graph *before, const struct graph *device, struct err *e);
/*
 * An input array checked against an input: uint8 or float32, shape [N,h,w,c] (or [N,c], [N,w,c], or
 * without N for one image); names both shapes on mismatch.  *n images.
 */
int emu_check_input(const struct emu_feed *f, const struct tensor *t, size_t *n, struct err *e);
/* Images [from, from+n) of a checked array as float NHWC, packed ones in rows (hn/pack.h). */
void emu_load_input(const struct emu_feed *f, const struct tensor *t, size_t from, size_t n,
		    float *out);

#endif
