/* The output stage of a record: multipliers, bounds, tables. */
#include "base/log.h"
#include "quant/quant_ops.h"

#include <math.h>
#include <string.h>

/* Room above the observed pre-activations; 16 bits can spare it. */
static const double pre_margin = 1.25;

static bool is_table(enum hn_act a)
{
	return !hn_act_is_clip(a) && a != ACT_LEAKY && a != ACT_PRELU;
}

void qset_multipliers(struct qarr_i32 *mult, struct qarr_i32 *shift, const double *real, size_t n)
{
	mult->v = xreallocarray(NULL, n, sizeof *mult->v);
	shift->v = xreallocarray(NULL, n, sizeof *shift->v);
	mult->n = shift->n = n;
	for (size_t i = 0; i < n; i++)
		fixed_from_real(real[i], &mult->v[i], &shift->v[i]);
}

double quant_stage_unit(const struct quant *q, const struct layer *l)
{
	const struct qinfo *info = quant_info(q, l);
	double lo = (double)info->pre_min;
	double hi = (double)info->pre_max;

	if (!is_table(l->p.activation))
		return (double)info->scale;
	if (l->type == HN_ACTIVATION) {
		const struct qinfo *in = quant_info(q, l->in[0].layer);

		lo = -(double)in->scale * in->zp;
		hi = (double)in->scale * (qop_top(in->bits) - in->zp);
	}
	lo = fmax(fabs(lo), fabs(hi)) * pre_margin;
	return (lo > 1e-20 ? lo : 1) / INT16_MAX;
}

struct target_function {
	const struct layer *l;
	double unit, scale;
	int32_t zp, top;
};

/* Output code less zero point that a pre-activation code should give, a little beyond saturation.
 */
static double wanted(double x, const void *ctx)
{
	const struct target_function *t = ctx;
	double y = (double)hn_act_eval(t->l->p.activation, &t->l->p.act, 0, (float)(x * t->unit)) /
		   t->scale;
	double lo = -t->zp - 0.5;
	double hi = t->top - t->zp + 0.5;

	return !(y > lo) ? lo : y > hi ? hi : y; /* NaN: below */
}

/* Pre-activation codes that one unit of the accumulator becomes; 0: it varies by output. */
static double accumulator_step(const struct qop *op)
{
	const struct qarr_i32 *mult = op->mult.n ? &op->mult : &op->pool_mult;
	const struct qarr_i32 *shift = op->mult.n ? &op->shift : &op->pool_shift;

	return mult->n == 1 ? ldexp((double)mult->v[0], -shift->v[0]) : 0;
}

static void make_table(const struct quant *q, const struct layer *l, struct qop *op, double real)
{
	const struct qinfo *info = quant_info(q, l);
	struct target_function t = { l, quant_stage_unit(q, l), (double)info->scale, info->zp,
				     qop_top(info->bits) };
	const double step = accumulator_step(op);
	struct pwl *p = xcalloc(1, sizeof *p);

	/* The unit as the multiplier's 15 bits have it. */
	if (!steps_table(l, step > 0 ? real / step : t.unit, t.scale, step, p))
		pwl_fit(wanted, &t, (size_t)q->target.pwl_segments, p);
	op->seg_start.v = xreallocarray(NULL, p->n, sizeof *op->seg_start.v);
	op->seg_start.n = p->n;
	memcpy(op->seg_start.v, p->start, p->n * sizeof *p->start);
	qset_i32(&op->seg_slope, p->n, p->slope);
	qset_i32(&op->seg_offset, p->n, p->offset);
	op->seg_shift = p->shift;
	log_debug("%s: %s in %zu segments, error at most %.3f codes", quote(l->name),
		  hn_act_name(l->p.activation), p->n, p->error);
	free(p);
}

static double lower_bound(const struct layer *l)
{
	enum hn_act a = l->p.activation;

	return a == ACT_RELU || a == ACT_RELU6 ? 0
	       : a == ACT_CLIP                 ? (double)l->p.act.lo
					       : -INFINITY;
}

static double upper_bound(const struct layer *l)
{
	enum hn_act a = l->p.activation;

	return a == ACT_RELU6 ? 6 : a == ACT_CLIP ? (double)l->p.act.hi : INFINITY;
}

/* One value when all features agree. */
static void set_bounds(const struct qinfo *info, double real, struct qarr_i32 *out)
{
	int32_t *v = xreallocarray(NULL, info->c, sizeof *v);
	bool same = true;

	for (size_t c = 0; c < info->c; c++) {
		double bound = real == 0 ? 0 : real * info->eq[c];

		v[c] = quantize_value(bound, (double)(info->scales ? info->scales[c] : info->scale),
				      info->zp, info->bits);
		same = same && v[c] == v[0];
	}
	qset_i32(out, same ? 1 : info->c, v);
	free(v);
}

int quant_stage_activation(struct quant *q, const struct layer *l, struct qop *op, double real,
			   struct err *e)
{
	const struct qinfo *info = quant_info(q, l);

	(void)e;
	op->act = (int32_t)l->p.activation;
	set_bounds(info, lower_bound(l), &op->act_lo);
	set_bounds(info, upper_bound(l), &op->act_hi);
	if (is_table(l->p.activation))
		make_table(q, l, op, real);
	return 0;
}

/* Slope of negative values by feature. */
static int negative(struct quant *q, const struct layer *l, struct qop *op, const double *scaled,
		    size_t n, struct err *e)
{
	size_t c = (size_t)l->out[0].c;
	const float *slope = NULL;
	double *v;

	if (l->p.activation == ACT_PRELU && !(slope = quant_weight(q, l, "slope", c, e)))
		return -1;
	if (slope)
		n = n > c ? n : c;
	v = xreallocarray(NULL, n, sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = scaled[op->mult.n > 1 ? i : 0] *
		       (slope ? (double)slope[i] : (double)l->p.act.alpha);
	qset_multipliers(&op->neg_mult, &op->neg_shift, v, n);
	free(v);
	return 0;
}

int quant_stage(struct quant *q, const struct layer *l, struct qop *op, const double *real,
		size_t n, struct err *e)
{
	const float *scales = quant_info(q, l)->scales;
	const size_t many = scales ? (size_t)l->out[0].c : n;
	double unit = quant_stage_unit(q, l);
	double *v = xreallocarray(NULL, many, sizeof *v);
	int rc = 0;

	for (size_t i = 0; i < many; i++)
		v[i] = real[n > 1 ? i : 0] / (scales ? (double)scales[i] : unit);
	qset_multipliers(&op->mult, &op->shift, v, many);
	if (l->p.activation == ACT_LEAKY || l->p.activation == ACT_PRELU)
		rc = negative(q, l, op, v, many, e);
	free(v);
	return rc < 0 ? rc : quant_stage_activation(q, l, op, real[0], e);
}

QUANT_OP(quant_activation)
{
	double real = (double)op->in_scale.v[0];

	return quant_stage(q, l, op, &real, 1, e);
}
