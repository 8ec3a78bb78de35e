/* Records of matmul and layer_normalization. */
#include "quant/quant_ops.h"

#include <math.h>

enum {
	NORM_BITS = 12, /* fraction of the accumulator behind gamma, in codes */
	T_MIN = -31,
	T_MAX = 30
};

QUANT_OP(quant_matmul)
{
	const double unit = (double)op->in_scale.v[0] * (double)op->in_scale.v[1];

	op->groups = l->p.groups;
	qset_i32(&op->geom, 1, (int32_t[]){ l->p.variant != 0 });
	return quant_stage(q, l, op, &unit, 1, e);
}

/* Values that one mean or norm is taken of. */
static double population(const struct layer *l)
{
	const struct hn_shape *s = layer_in_shape(l, 0);
	const int32_t axes = l->p.reduce_axes;

	return (axes & 1 ? s->h : 1) * (double)(axes & 2 ? s->w : 1) *
	       (axes & 4 ? s->c / l->p.softmax_groups : 1);
}

/* Fraction bits 2 t of the sums of squares, as many as 60 bits allow, and epsilon in their unit. */
static void set_geometry(const struct layer *l, struct qop *op)
{
	const bool l2 = l->p.variant != 0;
	const double n = population(l), scale = (double)op->in_scale.v[0];
	const double top = qop_top(op->in_bits.v[0]);
	const double most = top * top * n * (l2 ? 1 : n / 4);
	double epsilon = (double)l->p.bn_epsilon / (scale * scale) * (l2 ? 1 : n * n);
	int64_t whole;
	int32_t t = T_MAX;

	while (t > T_MIN && ldexp(fmax(most, epsilon), 2 * t) > 0x1p60)
		t--;
	epsilon = round(ldexp(epsilon, 2 * t));
	whole = epsilon < 0x1p60 ? (int64_t)epsilon : (int64_t)1 << 60;
	qset_i32(&op->geom, 6,
		 (int32_t[]){ l->p.reduce_axes, l->p.softmax_groups, l2, t, (int32_t)(whole >> 31),
			      (int32_t)(whole & INT32_MAX) });
}

/* The vector `key` divided by unit; `otherwise` where the layer has none. */
static double *in_units(const struct quant *q, const struct layer *l, const char *key,
			double otherwise, double unit, struct err *e)
{
	const size_t c = (size_t)l->out[0].c;
	const float *v = NULL;
	double *out;

	if (layer_weight(q->w, l, key) && !(v = quant_weight(q, l, key, c, e)))
		return NULL;
	out = xreallocarray(NULL, c, sizeof *out);
	for (size_t i = 0; i < c; i++)
		out[i] = (v ? (double)v[i] : otherwise) / unit;
	return out;
}

QUANT_OP(quant_layer_norm)
{
	const size_t c = (size_t)l->out[0].c;
	const double unit = ldexp(quant_stage_unit(q, l), -NORM_BITS);
	double *gamma = in_units(q, l, "gamma", 1, ldexp(unit, 16), e);
	double *beta = in_units(q, l, "beta", 0, unit, e);
	int rc = -1;

	if (gamma && beta) {
		set_geometry(l, op);
		qset_multipliers(&op->in_mult, &op->in_shift, gamma, c);
		if (layer_weight(q->w, l, "beta"))
			quant_bias_mantissas(beta, c, op);
		rc = quant_stage(q, l, op, &unit, 1, e);
	}
	free(gamma);
	free(beta);
	return rc;
}
