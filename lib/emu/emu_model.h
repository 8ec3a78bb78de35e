/* A model of one context, from a bundle: graph, weights, records, ports. */
#ifndef HN_EMU_EMU_MODEL_H
#define HN_EMU_EMU_MODEL_H

#include "emu/dataset.h"
#include "emu/emu.h"
#include "emu/host.h"

struct emu_model {
	enum emu_context context;
	struct graph *g; /* of the device */
	struct tensors *w;
	struct qmodel q; /* integer contexts, mixtures */
	/* A mixture (emu_new_mixed): by layer index, which are in integers; context is
	 * fp_optimized, for inputs and outputs are floats.  NULL: none.  The model's. */
	bool *in_codes;
	bool exact; /* a mixture that checks accumulators */
	struct host *before, *behind;
	struct io_port *arrive, *leave; /* what the host gets: from the user, from the device */
};

/* quantized and bit_exact compute in codes. */
bool emu_is_integer(enum emu_context c);
/* Loads the graph and weights of a context; an earlier state is an error that names the tool. */
int emu_model_load(struct emu_model *m, const struct bundle *b, enum emu_context c, struct err *e);
/*
 * A quantized bundle as a mixture, in_codes all false at first: m->g and m->q are of the quantized
 * model, m->w its float weights.
 */
int emu_model_load_mixed(struct emu_model *m, const struct bundle *b, struct err *e);
/* An emulator for it; bit_exact checks accumulators.  The model must outlive it. */
struct emu *emu_model_start(const struct emu_model *m, int32_t batch, bool observe_all,
			    struct err *e);
/* One output port of a layer as a data port; strings and scales belong to the model. */
void emu_model_port(const struct emu_model *m, const struct layer *l, int32_t port,
		    struct io_port *out);
/* The device's inputs, as emulation feeds them, or outputs, in order; the caller frees *out. */
size_t emu_model_inputs(const struct emu_model *m, struct io_port **out);
size_t emu_model_outputs(const struct emu_model *m, struct io_port **out);
void emu_model_release(struct emu_model *m);

#endif
