/* Kernels: conv, dw, deconv, dense, matmul.  hn-machine(7), throughput. */
#include "alloc/alloc_int.h"

/* Multiplications a cycle relative to 8 bits, by how many operands have 16: a byte's product each.
 */
static double mac_factor(const struct plan *p, const struct qop *q)
{
	const bool a = q->in_bits.v[0] == 16;
	const bool b = q->type == HN_MATMUL ? q->in_bits.v[1] == 16 : q->w_bits == 16;
	const enum target_precision_id mode = a && b           ? PRECISION_A16_W16
					      : a || b         ? PRECISION_A16_W8
					      : q->w_bits == 4 ? PRECISION_A8_W4
							       : PRECISION_A8_W8;

	return p->t->precision[mode].mac_factor;
}

static double weight_bytes(const struct plan *p, const struct qop *q)
{
	const enum target_precision_id mode = q->w_bits == 16  ? PRECISION_A16_W16
					      : q->w_bits == 4 ? PRECISION_A8_W4
							       : PRECISION_A8_W8;

	return p->t->precision[mode].weight_bytes;
}

/* Taps of one output value; a deconvolution meets every stride-th tap only. */
static int64_t spatial_taps(const struct layer *l)
{
	const struct hn_params *k = &l->p;

	if (l->type == HN_DENSE)
		return 1;
	if (l->type == HN_DECONV)
		return ceil_div(k->kernel[0], k->stride[0]) * ceil_div(k->kernel[1], k->stride[1]);
	return (int64_t)k->kernel[0] * k->kernel[1];
}

double general_rate(const struct plan *p, const struct layer *l)
{
	return kernel_optimized(l) || p->t->general_kernel <= 0 ? 1 : p->t->general_kernel;
}

int cost_conv(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct layer *l = u->l;
	const struct qop *q = u->q;
	int64_t spatial = spatial_taps(l);
	int64_t weights = (int64_t)(q->kernel.n + q->kernel16.n);
	int32_t groups = l->type == HN_DENSE || l->p.groups < 1 ? 1 : l->p.groups;

	c->macs = true;
	c->mode16 = kernel_16x4(l);
	c->wide = q->in_bits.v[0] == 16 || q->w_bits == 16;
	c->depthwise = l->type == HN_DW;
	c->group = c->features / groups;
	c->taps = c->depthwise ? spatial : spatial * l->p.kernel[2];
	c->rate = mac_factor(p, q) *
		  (c->depthwise  ? p->t->mac_utilization_dw
		   : spatial > 1 ? p->t->mac_utilization
				 : p->t->mac_utilization_1x1) *
		  general_rate(p, l);
	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle);
	/* Weights, and a 32-bit word per feature for bias and output stage. */
	c->weight_bytes = (int64_t)((double)weights * weight_bytes(p, q) + 0.5) + 4 * c->features;
	if (weights)
		c->slice_step = groups > 1 ? c->group : p->t->mode[0].features;
	/* One row passes in lines: its columns are not made at the same time. */
	if ((l->type == HN_CONV || l->type == HN_DW) && c->rows > 1)
		c->column_step = p->t->mode[0].columns;
	c->script_columns = qop_has_columns(q) ? p->t->mode[0].columns : 0;
	return 0;
}

/*
 * The second input takes the place of weights; it is held in the input buffer.  Each head has a
 * controller, if there are as many.
 */
int cost_matmul(const struct plan *p, const struct unit *u, struct cost *c)
{
	const int32_t heads = u->l->p.groups, most = p->t->product_controllers;

	if (most > 1)
		c->controllers = heads < most ? heads : most;
	c->macs = true;
	c->taps = layer_in_shape(u->l, 0)->c / u->l->p.groups;
	c->wide = u->q->in_bits.v[0] == 16 || u->q->in_bits.v[1] == 16;
	c->rate = mac_factor(p, u->q) * p->t->mac_utilization_1x1;
	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle);
	return 0;
}
