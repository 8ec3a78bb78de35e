/*
 * A layer in integers among layers in float: its inputs become codes by the encodings of what they
 * come from, its integer kernel runs, its output becomes float by its own encoding.  Codes that
 * were made float are the same codes again, so that islands side by side compute what the integer
 * emulator computes.
 */
#ifndef HN_EMU_ISLAND_H
#define HN_EMU_ISLAND_H

#include "emu/emu.h"

/*
 * Prepares layer l of q->g for batches of up to `batch` images; q must outlive it.  A type without
 * an integer kernel is an error.
 */
struct island;
struct island *island_new(const struct qmodel *q, const struct layer *l, int32_t batch,
			  struct err *e);
/*
 * n images: in[i], out[p] as f32k_run has them.  acc_peak: as for intk_run.
 */
int island_run(struct island *s, int32_t n, const float *const in[], float *const out[],
	       int64_t *acc_peak, struct err *e);
void island_free(struct island *s); /* NULL is fine */

/* n images of output port p of a layer: floats to codes by its encoding, and back. */
void island_encode(const struct qmodel *q, const struct layer *l, int32_t p, size_t n,
		   const float *x, void *codes);
void island_decode(const struct qmodel *q, const struct layer *l, int32_t p, size_t n,
		   const void *codes, float *x);

#endif
