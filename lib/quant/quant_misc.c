/* Records of elementwise layers, pools, moves, resize, softmax, reductions, constants. */
#include "hn/pack.h"
#include "kernel/resize_taps.h"
#include "quant/quant_ops.h"

#include <math.h>
#include <string.h>

enum {
	ADD_BITS = 16,
	DIV_BITS = 20,
	RESIZE_BITS = 11
};

QUANT_OP(quant_plain)
{
	(void)q;
	(void)l;
	(void)op;
	(void)e;
	return 0;
}

QUANT_OP(quant_eltwise)
{
	double s0 = (double)op->in_scale.v[0];
	double s1 = (double)op->in_scale.v[1];
	double unit = ldexp(s0 > s1 ? s0 : s1, -ADD_BITS);
	double in[2] = { s0 / unit, s1 / unit };

	if (l->type == HN_EW_MULT)
		unit = s0 * s1;
	else if (l->type == HN_EW_DIV)
		unit = ldexp(s0 / s1, -DIV_BITS);
	else
		qset_multipliers(&op->in_mult, &op->in_shift, in, 2);
	return quant_stage(q, l, op, &unit, 1, e);
}

static int pool_activation(struct quant *q, const struct layer *l, struct qop *op, double real,
			   struct err *e)
{
	enum hn_act a = l->p.activation;

	if (a == ACT_LEAKY || a == ACT_PRELU)
		return err_set(e, "a pool with a '%s' activation has no integer form",
			       hn_act_name(a));
	return quant_stage_activation(q, l, op, real, e);
}

static void window(const struct layer *l, struct qop *op)
{
	qset_i32(&op->kernel_hw, 2, l->p.kernel);
	qset_i32(&op->stride, 2, l->p.stride);
	qset_i32(&op->dilation, 2, l->p.dilation);
	qset_i32(&op->pad, 4, l->p.pad);
}

QUANT_OP(quant_maxpool)
{
	double real = (double)op->in_scale.v[0] / quant_stage_unit(q, l);

	window(l, op);
	qset_multipliers(&op->pool_mult, &op->pool_shift, &real, 1);
	return pool_activation(q, l, op, (double)op->in_scale.v[0], e);
}

QUANT_OP(quant_avgpool)
{
	bool global = l->type == HN_GLOBAL_AVGPOOL;
	const struct hn_shape *in = layer_in_shape(l, 0);
	int32_t n = global ? in->h * in->w : l->p.kernel[0] * l->p.kernel[1];
	const int32_t *pad = l->p.pad;
	bool inside = global || l->p.count_include_pad || (pad[0] | pad[1] | pad[2] | pad[3]) == 0;
	double one = (double)op->in_scale.v[0] / quant_stage_unit(q, l);
	double *real = xreallocarray(NULL, (size_t)n, sizeof *real);

	if (!global)
		window(l, op);
	for (int32_t k = 1; k <= n; k++)
		real[k - 1] = one / k;
	if (inside)
		qset_multipliers(&op->pool_mult, &op->pool_shift, &real[n - 1], 1);
	else
		qset_multipliers(&op->pool_mult, &op->pool_shift, real, (size_t)n);
	free(real);
	return pool_activation(q, l, op, (double)op->in_scale.v[0] / n, e);
}

QUANT_OP(quant_concat)
{
	double *real = xreallocarray(NULL, l->nin, sizeof *real);
	const struct qinfo *info = quant_info(q, l);
	size_t at = 0;

	(void)e;
	for (size_t i = 0; i < l->nin; i++) {
		real[i] = (double)op->in_scale.v[i] /
			  (double)(info->scales ? info->scales[at] : info->scale);
		at += (size_t)layer_in_shape(l, i)->c;
	}
	qset_multipliers(&op->in_mult, &op->in_shift, real, l->nin);
	qset_i32(&op->geom, 1, (int32_t[]){ l->p.concat_axis });
	free(real);
	return 0;
}

QUANT_OP(quant_slice)
{
	const struct hn_params *p = &l->p;

	(void)q;
	(void)e;
	qset_i32(&op->geom, 6,
		 (int32_t[]){ p->slice_h[0], p->slice_h[2] ? p->slice_h[2] : 1, p->slice_w[0],
			      p->slice_w[2] ? p->slice_w[2] : 1, p->slice_c[0],
			      p->slice_c[2] ? p->slice_c[2] : 1 });
	return 0;
}

QUANT_OP(quant_pad)
{
	const struct qinfo *info = quant_info(q, l);

	(void)e;
	qset_i32(&op->pad, 4, l->p.pad);
	qset_i32(&op->geom, 1,
		 (int32_t[]){ quantize_value((double)l->p.pad_value, (double)info->scale, info->zp,
					     info->bits) });
	return 0;
}

QUANT_OP(quant_depth_space)
{
	(void)q;
	if (l->type == HN_SPACE_TO_DEPTH && l->p.variant == 2)
		return err_set(e, "space_to_depth of type 'serial' has no public definition");
	qset_i32(&op->geom, 3, (int32_t[]){ l->p.block[0], l->p.block[1], l->p.variant });
	return 0;
}

QUANT_OP(quant_shuffle)
{
	(void)q;
	(void)e;
	qset_i32(&op->geom, 1, &l->p.shuffle_groups);
	return 0;
}

QUANT_OP(quant_format)
{
	const int32_t *t = l->p.transpose;

	(void)q;
	(void)e;
	if (layer_pack(l))
		qset_i32(&op->geom, 2, (int32_t[]){ 2, (int32_t)layer_pack(l) });
	else if (hn_conversion_transposes(l->p.conversion))
		qset_i32(&op->geom, 4, (int32_t[]){ 1, t[0], t[1], t[2] });
	else
		qset_i32(&op->geom, 1, (int32_t[]){ 0 });
	return 0;
}

static void fill_taps(const struct layer *l, int axis, int32_t in, int32_t out, int32_t *geom)
{
	struct resize_tap *t = xcalloc((size_t)out, sizeof *t);

	resize_taps(&l->p, axis, in, out, t);
	for (int32_t i = 0; i < out; i++, geom += 3) {
		geom[0] = t[i].at[0];
		geom[1] = t[i].at[1];
		geom[2] = (int32_t)lround(ldexp((double)t[i].weight[1], RESIZE_BITS));
	}
	free(t);
}

QUANT_OP(quant_resize)
{
	const struct hn_shape *in = layer_in_shape(l, 0);
	const struct hn_shape *out = &l->out[0];
	size_t n = 2 + 3 * ((size_t)out->h + (size_t)out->w);

	(void)q;
	(void)e;
	op->geom.v = xreallocarray(NULL, n, sizeof *op->geom.v);
	op->geom.n = n;
	op->geom.v[0] = l->p.variant != 0;
	op->geom.v[1] = RESIZE_BITS;
	fill_taps(l, 0, in->h, out->h, op->geom.v + 2);
	fill_taps(l, 1, in->w, out->w, op->geom.v + 2 + 3 * (size_t)out->h);
	return 0;
}

QUANT_OP(quant_softmax)
{
	int32_t groups = l->p.softmax_groups > 0 ? l->p.softmax_groups : 1;
	int32_t table[2 * QEXP_STEPS];
	const bool wide = op->in_bits.v[0] == 16;
	const double one = wide ? 1 << QEXP_WIDE_BITS : 65535;

	(void)e;
	for (int32_t d = 0; d < QEXP_STEPS; d++) {
		table[d] = (int32_t)round(one * exp(-(double)op->in_scale.v[0] * d));
		table[QEXP_STEPS + d] =
		    (int32_t)round(one * exp(-(double)op->in_scale.v[0] * d * QEXP_STEPS));
	}
	qset_i32(&op->exp_table, wide ? 2 * QEXP_STEPS : QEXP_STEPS, table);
	qset_i32(&op->mult, 1, (int32_t[]){ (int32_t)lround(1 / (double)quant_info(q, l)->scale) });
	qset_i32(&op->geom, 1, &groups);
	return 0;
}

QUANT_OP(quant_reduce)
{
	int32_t groups = l->p.softmax_groups > 0 ? l->p.softmax_groups : 1;
	double real = (double)op->in_scale.v[0];

	qset_i32(&op->geom, 2, (int32_t[]){ l->p.reduce_axes, groups });
	if (l->type == HN_REDUCE_MAX || l->type == HN_REDUCE_MIN)
		return 0;
	if (l->type == HN_REDUCE_MEAN)
		real /= (double)(hn_shape_count(layer_in_shape(l, 0)) / hn_shape_count(&l->out[0]));
	return quant_stage(q, l, op, &real, 1, e);
}

QUANT_OP(quant_const)
{
	const struct qinfo *info = quant_info(q, l);
	size_t n = hn_shape_count(&l->out[0]);
	const float *v = quant_weight(q, l, "value", n, e);

	if (!v)
		return -1;
	op->kernel16.n = n;
	op->kernel16.v = xreallocarray(NULL, n, sizeof *op->kernel16.v);
	for (size_t i = 0; i < n; i++)
		op->kernel16.v[i] = (int16_t)(uint16_t)quantize_value(
		    (double)v[i], (double)info->scale, info->zp, info->bits);
	return 0;
}
