/* Private to quant/: float weights of a layer and what becomes of them in its record. */
#ifndef HN_QUANT_WEIGHTS_H
#define HN_QUANT_WEIGHTS_H

#include "quant/quant_ops.h"

enum {
	WEIGHT_GROUPS_MAX = 4
};

/* Float weights of one layer in the kernel's layout. */
struct weights {
	float *kernel; /* [taps][cin / groups][cout] */
	float *bias;   /* cout, zeros when the layer has none */
	size_t n, cout;
	double *top; /* cout: prequantized weights, step times largest code; NULL: they are not */
};

/* The largest code of weights of 4, 8 or 16 bits; 16: two bytes of -128..127. */
int32_t weight_levels(int32_t bits);
/*
 * ---- weight_codes.c: n weights in their steps, rounded half away from zero and limited to
 * -levels..levels; step[i] is that of w[i].
 */
void weight_codes8(const float *restrict w, size_t n, const double *restrict step, int32_t levels,
		   int8_t *restrict code);
void weight_codes16(const float *restrict w, size_t n, const double *restrict step, int32_t levels,
		    int16_t *restrict code);
/* The values of such codes, all of one step. */
void weight_rounded(const float *restrict w, size_t n, double step, int32_t levels,
		    float *restrict to);
/* Adds the magnitudes of one code of each of c features. */
void weight_sums(const int8_t *restrict code, size_t c, int64_t *restrict sum);
/* ---- prequant.c: fills w->top as use_prequantized_weights asks for this layer, if it does ---- */
int weights_given(const struct quant *q, const struct layer *l, int32_t bits, struct weights *w,
		  struct err *e);
/*
 * Kernel and bias of a record whose geometry, encodings, w_bits and bias_mode are set, in its
 * quantization groups.  unit[cout]: the real value of one unit of each feature's accumulator.
 */
void weights_quantize(const struct quant *q, const struct layer *l, const struct weights *w,
		      struct qop *op, double *unit);

/*
 * Float weights of a layer whose record has its geometry; weights_release frees them, also after an
 * error.
 */
int weights_load(struct quant *q, const struct layer *l, const struct qop *op, struct weights *w,
		 struct err *e);
void weights_release(struct weights *w);
/*
 * Another bias for a finished record, in units of its accumulators, in the form that the layer asks
 * for.  How many features end at the limit of that form.
 */
size_t weights_set_bias(const struct quant *q, const struct layer *l, struct qop *op, double *acc);
/* The form: 1 double_scale_initialization, 2 single_scale_decomposition. */
int32_t weights_bias_mode(const struct layer *l);

#endif
