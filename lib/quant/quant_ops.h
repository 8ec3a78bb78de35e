/* Private to quant/: records by layer family. */
#ifndef HN_QUANT_QUANT_OPS_H
#define HN_QUANT_QUANT_OPS_H

#include "quant/quant_int.h"

/* Fills what is particular to the type; frame (shapes, encodings) is done. */
#define QUANT_OP(name)                                                                             \
	int name(struct quant *q, const struct layer *l, struct qop *op, struct err *e)
QUANT_OP(quant_conv);
QUANT_OP(quant_eltwise);
QUANT_OP(quant_matmul);
QUANT_OP(quant_layer_norm);
QUANT_OP(quant_activation);
QUANT_OP(quant_maxpool);
QUANT_OP(quant_avgpool);
QUANT_OP(quant_concat);
QUANT_OP(quant_slice);
QUANT_OP(quant_plain);
QUANT_OP(quant_pad);
QUANT_OP(quant_depth_space);
QUANT_OP(quant_shuffle);
QUANT_OP(quant_format);
QUANT_OP(quant_resize);
QUANT_OP(quant_softmax);
QUANT_OP(quant_reduce);
QUANT_OP(quant_const);

/*
 * Output stage: multipliers, activation, bounds or table, so that code = act(acc * real[c]) in the
 * layer's output encoding.  n: 1 or the number of output features.  A pool has several multipliers
 * of its own: real[0] is then the reference that they multiply (see quant_stage_factor).
 */
int quant_stage(struct quant *q, const struct layer *l, struct qop *op, const double *real,
		size_t n, struct err *e);
/* Real value of one unit that enters the activation: output scale, or the table's pre-activation
 * scale. */
double quant_stage_unit(const struct quant *q, const struct layer *l);
/* Bounds and table alone, for pools.  real: of one unit of the accumulator, where it has one value.
 */
int quant_stage_activation(struct quant *q, const struct layer *l, struct qop *op, double real,
			   struct err *e);

/*
 * Scales of a color conversion's n weights: a group for each output feature, at most 4; top[]: the
 * real value of `levels` codes.
 */
void quant_color_scales(const float *kernel, size_t n, size_t cout, double levels, int32_t *group,
			double *top);

/* Biases in units of the accumulator as 16-bit mantissas with one shift (bias_mode 1). */
void quant_bias_mantissas(const double *acc, size_t n, struct qop *op);

/* mult and shift of n real factors. */
void qset_multipliers(struct qarr_i32 *mult, struct qarr_i32 *shift, const double *real, size_t n);

#endif
