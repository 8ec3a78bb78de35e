/*
 * The flow state file (guide 5.3.2): which layers of a quantized network run in integers and which
 *in full precision.
 *
 *	resnet/conv5*:
 *	  target: NATIVE
 */
#ifndef HN_EMU_FLOW_H
#define HN_EMU_FLOW_H

#include "emu/emu.h"

/*
 * Reads the file and finds the context that it asks for.  Patterns are globs over full layer names,
 * a trailing "/" and what follows (the product's elements inside a layer) is part of the layer;
 * later lines win; a pattern without a layer is an error.  All layers NATIVE: *c becomes
 * fp_optimized.  All QUANTIZED: *c stays.  A mixture is refused: equalization changes the scales
 * between neighbours, and the bundle holds the float weights from before it.
 */
int flow_context(const char *path, const struct graph *g, enum emu_context *c, struct err *e);

#endif
