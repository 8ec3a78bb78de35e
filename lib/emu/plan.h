/* Memory of intermediate tensors by lifetime, for the emulator and the simulator. */
#ifndef HN_EMU_PLAN_H
#define HN_EMU_PLAN_H

#include <stdbool.h>
#include <stddef.h>

/* A tensor between steps: one output port of one layer, for the whole batch. */
struct value {
	size_t bytes;       /* of the batch */
	size_t root;        /* the value whose memory it shares; itself when it has its own */
	size_t first, last; /* steps that write it first and read it last */
	size_t offset;      /* into the plan's memory */
	bool external;      /* a network input: the caller's memory */
	const void *data;   /* where it is during a run */
};

/*
 * Offsets for values that live from step first to step last, so that two that live at once never
 * overlap: largest first, each at the lowest free place.  Returns the bytes needed.
 */
size_t plan_memory(struct value *v, size_t n);
/* True when two values share bytes at one time: never, if plan_memory is right. */
bool plan_overlaps(const struct value *v, size_t n);

#endif
