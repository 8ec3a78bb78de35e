/*
 * What the host does in front of the device and behind it: the layers of PART_BEFORE or PART_BEHIND
 * (graph_part), in float, image by image; H<->W transposes move codes as they are.  The same for
 * hn-infer in all contexts, for calibration, and for hef-run.
 */
#ifndef HN_EMU_HOST_H
#define HN_EMU_HOST_H

#include "emu/dataset.h"

/* The inputs of PART_BEFORE in float, as a user gives them; the caller frees the array. */
struct io_port *host_user_ports(const struct graph *part);

struct host;
/*
 * part: its graph, the host's from now on (also after an error).  ports: of its inputs, in order,
 * as they arrive; names and scales must outlive the host.
 */
struct host *host_new(struct graph *part, const struct io_port *ports, struct err *e);
void host_free(struct host *h); /* NULL is fine */
/* True when every tensor goes through as it is. */
bool host_is_idle(const struct host *h);
/* Does the host run a layer of this name? */
bool host_runs(const struct host *h, const char *name);
/* Input i of the part. */
const struct io_port *host_input(const struct host *h, size_t i);
/* Its outputs as ports, in order: codes where only transposes were met, else float.  The caller
 * frees *out, the rest belongs to the host. */
size_t host_outputs(const struct host *h, struct io_port **out);
/*
 * Runs n images: in[i] by the ports, NULL for an input that is not given (then nothing that depends
 * on it is computed); out[i]: the caller's memory.
 */
int host_run(struct host *h, size_t n, const void *const in[], void *const out[], struct err *e);
/*
 * The same, one image after the other: `take` gets each one's outputs, which are the host's until
 * the next.  For outputs that are too large to hold for many images (masks).
 */
typedef int (*host_take)(const void *const out[], void *ctx, struct err *e);
int host_each(struct host *h, size_t n, const void *const in[], host_take take, void *ctx,
	      struct err *e);
/* Does a detection post-process give one of its outputs? */
bool host_finds_boxes(const struct host *h);

#endif
