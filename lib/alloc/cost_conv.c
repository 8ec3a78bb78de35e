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

/* Kernel sizes that the 16x4 mode supports at stride 1 x 1, dilation 1 x 1 (guide, table 7). */
static bool size_16x4(int32_t kh, int32_t kw)
{
	bool odd_h = kh == 3 || kh == 5 || kh == 7;

	if (kh == kw)
		return kh == 1 || odd_h || kh == 9;
	if (kh == 1)
		return kw == 3 || kw == 5 || kw == 7;
	if (odd_h && (kw == 3 || kw == 5 || kw == 7))
		return true;
	return (odd_h || kh == 9) && (kw == 4 || kw == 6 || kw == 8);
}

static bool strided_16x4(const struct hn_params *k, int32_t kh, int32_t kw)
{
	if (kh != kw)
		return false;
	if (k->stride[0] == 2 && k->stride[1] == 1)
		return kh == 3 || kh == 5 || kh == 7;
	return kh == 7 && k->stride[0] <= 2 && k->stride[1] <= 2;
}

/* Table 7 of the guide; VALID padding only for 1x1. */
static bool mode_16x4(const struct layer *l)
{
	const struct hn_params *k = &l->p;
	int32_t kh = k->kernel[0];
	int32_t kw = k->kernel[1];
	bool plain = k->stride[0] == 1 && k->stride[1] == 1;
	int32_t d = k->dilation[0];

	if (l->type != HN_CONV && l->type != HN_DW)
		return false;
	if (k->padding == PAD_VALID && (kh != 1 || kw != 1))
		return false;
	if (k->padding == PAD_DECONV || d != k->dilation[1])
		return false;
	if (l->type == HN_DW)
		return plain && ((kh == 3 && kw == 3 && d <= 2) || (kh == 5 && kw == 5 && d == 1));
	if (d > 1)
		return plain && kh == 3 && kw == 3 && d <= 4;
	return plain ? size_16x4(kh, kw) : strided_16x4(k, kh, kw);
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

int cost_conv(const struct plan *p, const struct unit *u, struct cost *c)
{
	const struct layer *l = u->l;
	const struct qop *q = u->q;
	int64_t spatial = spatial_taps(l);
	int64_t weights = (int64_t)(q->kernel.n + q->kernel16.n);
	int32_t groups = l->type == HN_DENSE || l->p.groups < 1 ? 1 : l->p.groups;

	c->macs = true;
	c->mode16 = mode_16x4(l);
	c->depthwise = l->type == HN_DW;
	c->group = c->features / groups;
	c->taps = c->depthwise ? spatial : spatial * l->p.kernel[2];
	c->rate = mac_factor(p, q) * (c->depthwise  ? p->t->mac_utilization_dw
				      : spatial > 1 ? p->t->mac_utilization
						    : p->t->mac_utilization_1x1);
	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle);
	/* Weights, and a 32-bit word per feature for bias and output stage. */
	c->weight_bytes = (int64_t)((double)weights * weight_bytes(p, q) + 0.5) + 4 * c->features;
	if (weights)
		c->slice_step = groups > 1 ? c->group : p->t->mode[0].features;
	if (l->type == HN_CONV || l->type == HN_DW)
		c->column_step = p->t->mode[0].columns;
	c->script_columns = qop_has_columns(q) ? p->t->mode[0].columns : 0;
	return 0;
}

/* The second input takes the place of weights; it is held in the input buffer. */
int cost_matmul(const struct plan *p, const struct unit *u, struct cost *c)
{
	c->macs = true;
	c->taps = layer_in_shape(u->l, 0)->c / u->l->p.groups;
	c->rate = mac_factor(p, u->q) * p->t->mac_utilization_1x1;
	c->apu_cycles = ceil_div(c->cols, p->t->apu_values_per_cycle);
	return 0;
}
