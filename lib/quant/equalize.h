/* Private to cross-layer equalization: what equalize.c looks for and equalize_apply.c applies. */
#ifndef HN_QUANT_EQUALIZE_H
#define HN_QUANT_EQUALIZE_H

#include "quant/quant_int.h"

/* A layer's weights as magnitudes by input and output feature. */
struct side {
	const struct layer *l;
	size_t cin, cout, groups; /* cin: features of the input tensor; per group: cin / groups */
	float *mag;               /* [cin / groups][cout]: largest over kernel positions */
	double *in_max, *out_max; /* by feature, with the present factors */
	double in_top, out_top;
};

struct equalizer {
	struct quant *q;
	struct channels ch;
	double *log_s;     /* by class root */
	size_t *tensor;    /* by class root: see find_tensors */
	double *p, *a, *c; /* by class root: see above, this round */
	enum eq_target *target;
	struct side *sides;
	size_t nsides;
};

/* The present factor of a feature that a layer makes, or reads. */
double equalize_out(const struct equalizer *z, const struct layer *l, size_t f);
double equalize_in(const struct equalizer *z, const struct layer *l, size_t f);
/* Weights, bounds and observed ranges get their factors. */
void equalize_apply(struct equalizer *z);

#endif
