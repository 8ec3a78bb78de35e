/*
 * The flow state file (guide 5.3.2): which layers of a quantized network run in integers and which
 * in full precision.
 *
 *	resnet/conv5*:
 *	  target: NATIVE
 */
#ifndef HN_EMU_FLOW_H
#define HN_EMU_FLOW_H

#include "emu/emu_model.h"

/*
 * Loads a quantized bundle as the file says.  Patterns are globs over full layer names, a trailing
 * "/" and what follows (the product's elements inside a layer) is part of the layer; later lines
 * win; a pattern without a layer is an error.  All layers NATIVE: fp_optimized.  All QUANTIZED: c,
 * an integer context.  Else a mixture (emu_new_mixed), whose float layers compute with the float
 * weights from after equalization, and which takes and gives floats.
 */
int flow_load(struct emu_model *m, const struct bundle *b, enum emu_context c, const char *path,
	      struct err *e);

#endif
