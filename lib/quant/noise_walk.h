/*
 * All values of a network at once: so that a layer may be computed anew, in float or in integers,
 * with everything before it as it was.
 */
#ifndef HN_QUANT_NOISE_WALK_H
#define HN_QUANT_NOISE_WALK_H

#include "emu/emu_model.h"

struct walk;
/* m: from emu_model_load_mixed, and must outlive it. */
struct walk *walk_new(const struct emu_model *m, int32_t batch, struct err *e);
void walk_free(struct walk *w); /* NULL is fine */
/* Memory for the values of all layers' ports, a pointer each (walk_port); the caller frees it. */
float **walk_values(const struct walk *w);
void walk_values_free(float **v);
/* Where port p of a layer is among the values. */
size_t walk_port(const struct walk *w, const struct layer *l, size_t p);
/* Network inputs, as emulation is fed, become values of the layers that they feed. */
void walk_feed(const struct walk *w, const float *const in[], float *const values[]);
/* Values of a port as its codes have them; x and to may be the same. */
void walk_round(const struct walk *w, const struct layer *l, size_t p, const float *x, float *to);
void walk_round_inputs(const struct walk *w, float *const values[]);
/*
 * Computes one layer of values "from" into "to", in integers or in float.  Inputs are what
 * walk_feed left; outputs are copied.
 */
int walk_layer(const struct walk *w, const struct layer *l, bool integers,
	       const float *const from[], float *const to[], struct err *e);
/* Emulation passes over it, or is fed there. */
bool walk_is_fed(const struct walk *w, const struct layer *l);

#endif
