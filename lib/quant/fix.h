/*
 * hn-fix: the lines that a noise analysis suggests, tried one after the other; those that raise the
 * measured quality stay in the model script.
 */
#ifndef HN_QUANT_FIX_H
#define HN_QUANT_FIX_H

#include "quant/noise.h"
#include "quant/quant.h"

struct fix_opts {
	struct quant_opts quant;
	struct noise_opts noise; /* the images that quality is measured on */
	const char *script;      /* to begin with; NULL: the bundle's */
	const char *labels;      /* .npy: quality is top-1 accuracy; NULL: the least output ratio */
	int tries;               /* lines tried at most */
	double gain;             /* dB that a line must bring */
	double target;           /* dB at which it is enough; not with labels */
};

/*
 * b: a bundle in state fp_optimized_model, or a quantized one, whose float model is quantized anew.
 * *script: the resulting script, the caller's.  *made: the model quantized with it, the caller's.
 * A line that cannot be applied is dropped; all else that fails is an error.
 */
int fix_bundle(struct bundle *b, const struct fix_opts *o, char **script, struct bundle **made,
	       struct err *e);

#endif
