/* Records of layers with weights: conv, dw, deconv, dense, normalization, batch_norm. */
#include "base/log.h"
#include "quant/quant_ops.h"

#include <math.h>
#include <string.h>

enum {
	MAX_GROUPS = 4,
	FEED_MAX = 255,
	REPEAT_MAX = 15
};

/* The largest accumulator value of the added input: room for the bias and the window beside it. */
static const double added_limit = 1 << 29;

/* Float weights of one layer in the kernel's layout. */
struct weights {
	float *kernel; /* [taps][cin / groups][cout] */
	float *bias;   /* cout, zeros when the layer has none */
	size_t n, cout;
};

static void weights_release(struct weights *w)
{
	free(w->kernel);
	free(w->bias);
}

static size_t kernel_size(const struct qop *op, const struct layer *l)
{
	size_t cin = l->type == HN_DENSE ? hn_shape_count(layer_in_shape(l, 0))
					 : (size_t)layer_in_shape(l, 0)->c / (size_t)op->groups;

	return (size_t)op->kernel_hw.v[0] * (size_t)op->kernel_hw.v[1] * cin * (size_t)l->out[0].c;
}

/* A batch_norm layer as one multiplication and addition per feature. */
static int load_batch_norm(struct quant *q, const struct layer *l, struct weights *w, struct err *e)
{
	static const char *const keys[] = { "gamma", "beta", "moving_mean", "moving_variance" };
	const float *v[4];

	for (size_t k = 0; k < 4; k++)
		if (!(v[k] = quant_weight(q, l, keys[k], w->cout, e)))
			return -1;
	for (size_t c = 0; c < w->cout; c++) {
		double s = (double)v[0][c] / sqrt((double)v[3][c] + (double)l->p.bn_epsilon);

		w->kernel[c] = (float)s;
		w->bias[c] = (float)((double)v[1][c] - s * (double)v[2][c]);
	}
	return 0;
}

static int load(struct quant *q, const struct layer *l, struct weights *w, struct err *e)
{
	const float *v;

	w->kernel = xreallocarray(NULL, w->n, sizeof(float));
	w->bias = xcalloc(w->cout, sizeof(float));
	if (l->type == HN_BATCH_NORM)
		return load_batch_norm(q, l, w, e);
	if (l->p.batch_norm)
		return err_set(e, "its batch norm is not folded (run hn-normalize)");
	if (!(v = quant_weight(q, l, "kernel", w->n, e)))
		return -1;
	memcpy(w->kernel, v, w->n * sizeof(float));
	if (!layer_weight(q->w, l, "bias"))
		return 0;
	if (!(v = quant_weight(q, l, "bias", w->cout, e)))
		return -1;
	memcpy(w->bias, v, w->cout * sizeof(float));
	return 0;
}

static void geometry(const struct layer *l, struct qop *op)
{
	bool window = hn_is(l->type, HNF_WINDOW);
	const struct hn_params *p = &l->p;
	const int32_t one[2] = { 1, 1 };
	const int32_t none[4] = { 0 };

	qset_i32(&op->kernel_hw, 2, window ? p->kernel : one);
	qset_i32(&op->stride, 2, window ? p->stride : one);
	qset_i32(&op->dilation, 2, window ? p->dilation : one);
	qset_i32(&op->pad, 4, window && l->type != HN_DECONV ? p->pad : none);
	if (l->type == HN_DECONV)
		qset_i32(&op->crop, 4, p->deconv_crop);
	op->groups = l->type == HN_DENSE                          ? 1
		     : l->type == HN_CONV || l->type == HN_DECONV ? p->groups
								  : layer_in_shape(l, 0)->c;
}

/* Largest weight magnitude of every output feature. */
static void feature_ranges(const struct weights *w, double *range)
{
	memset(range, 0, w->cout * sizeof *range);
	for (size_t k = 0; k < w->n; k += w->cout)
		for (size_t c = 0; c < w->cout; c++) {
			double m = fabs((double)w->kernel[k + c]);

			range[c] = m > range[c] ? m : range[c];
		}
}

/*
 * Quantization groups: features sorted by range, cut into equal parts.  Returns the group of every
 * feature; top[]: largest range of each group.
 */
static void make_groups(const double *range, size_t cout, int groups, int32_t *group, double *top)
{
	for (size_t c = 0; c < cout; c++) {
		size_t rank = 0;

		for (size_t d = 0; d < cout && groups > 1; d++)
			rank += range[d] < range[c] || (range[d] == range[c] && d < c);
		group[c] = (int32_t)(rank * (size_t)groups / cout);
		if (range[c] > top[group[c]])
			top[group[c]] = range[c];
	}
}

/* The largest accumulator value a bias may have in the layer's bias mode. */
static double bias_limit(const struct quant *q, const struct layer *l, const struct qop *op)
{
	int repeat = quant_info(q, l)->max_feed_repeat;

	if (op->bias_mode == 1)
		return ldexp(1, 29);
	return 127.0 * FEED_MAX * (repeat > REPEAT_MAX ? REPEAT_MAX : repeat);
}

/*
 * Makes weight scales coarser where the added input would not fit the accumulator: a branch far
 * below the trunk (layer scale) needs no unit finer than that, and one that is all zeros gets it.
 */
static void fit_added(const struct layer *l, const struct qop *op, double levels, double *top,
		      int groups)
{
	double need;

	if (op->nin < 2)
		return;
	need = 255 * (double)op->in_scale.v[1] / (added_limit * (double)op->in_scale.v[0]) * levels;
	for (int k = 0; k < groups; k++) {
		if (need <= top[k])
			continue;
		if (top[k] > 0)
			log_debug(
			    "%s: weight scale %.3g times coarser, so that the added input fits",
			    quote(l->name), need / top[k]);
		top[k] = need;
	}
}

/* Weight scales: from the largest weight, made coarser where a bias or the added input would not
 * fit. */
static void weight_scales(const struct quant *q, const struct layer *l, const struct weights *w,
			  struct qop *op, const int32_t *group, double *top, int groups)
{
	double levels = op->w_bits == 4 ? 7 : 127;
	double limit = bias_limit(q, l, op);
	float scale[MAX_GROUPS];

	for (size_t c = 0; c < w->cout; c++) {
		double need =
		    fabs((double)w->bias[c]) / (limit * (double)op->in_scale.v[0]) * levels;

		if (need <= top[group[c]])
			continue;
		if (top[group[c]] > 0)
			log_debug(
			    "%s: weight scale %.3g times coarser, so that the bias of feature "
			    "%zu fits",
			    quote(l->name), need / top[group[c]], c);
		top[group[c]] = need;
	}
	fit_added(l, op, levels, top, groups);
	for (int k = 0; k < groups; k++)
		scale[k] = top[k] > 1e-30 ? (float)(top[k] / levels) : 1;
	qset_f32(&op->w_scale, (size_t)groups, scale);
	if (groups > 1)
		qset_i32(&op->w_group, w->cout, group);
}

static int8_t quantize_weight(double x, double levels)
{
	double v = round(x);

	return (int8_t)(v > levels ? levels : v < -levels ? -levels : v);
}

void quant_bias_mantissas(const double *acc, size_t n, struct qop *op)
{
	double top = 0;

	op->bias_mode = 1;
	op->bias_mant.n = n;
	op->bias_mant.v = xcalloc(n, sizeof *op->bias_mant.v);

	for (size_t c = 0; c < n; c++)
		top = fmax(top, fabs(acc[c]));
	while (op->bias_shift < 15 && ldexp(32767, op->bias_shift) < top)
		op->bias_shift++;
	for (size_t c = 0; c < n; c++) {
		double m = round(ldexp(acc[c], -op->bias_shift));

		op->bias_mant.v[c] = (int16_t)(m > 32767 ? 32767 : m < -32767 ? -32767 : m);
	}
}

/* Mantissas of 8 bits times one feed of 8 bits times one repeat: the smallest step that holds all.
 */
static void single_scale(const double *acc, size_t n, int max_repeat, struct qop *op)
{
	double top = 0;
	double step;

	op->bias_mant.n = n;
	op->bias_mant.v = xcalloc(n, sizeof *op->bias_mant.v);

	for (size_t c = 0; c < n; c++)
		top = fmax(top, fabs(acc[c]));
	step = ceil(top / 127);
	op->bias_repeat = (int32_t)fmin(fmax(ceil(step / FEED_MAX), 1), max_repeat);
	op->bias_feed = (int32_t)fmin(fmax(ceil(step / op->bias_repeat), 1), FEED_MAX);
	step = (double)op->bias_feed * op->bias_repeat;
	for (size_t c = 0; c < n; c++) {
		double m = round(acc[c] / step);

		op->bias_mant.v[c] = (int16_t)(m > 127 ? 127 : m < -127 ? -127 : m);
	}
}

/* Kernel and bias in integers; unit[c]: real value of one accumulator unit. */
static void integers(const struct quant *q, const struct layer *l, const struct weights *w,
		     struct qop *op, const int32_t *group, double *unit)
{
	double levels = op->w_bits == 4 ? 7 : 127;
	double *acc = xreallocarray(NULL, w->cout, sizeof *acc);
	bool any = false;

	op->kernel.n = w->n;
	op->kernel.v = xmalloc(w->n);
	for (size_t k = 0; k < w->n; k += w->cout)
		for (size_t c = 0; c < w->cout; c++)
			op->kernel.v[k + c] = quantize_weight(
			    (double)w->kernel[k + c] / (double)op->w_scale.v[group[c]], levels);
	for (size_t c = 0; c < w->cout; c++) {
		unit[c] = (double)op->in_scale.v[0] * (double)op->w_scale.v[group[c]];
		acc[c] = (double)w->bias[c] / unit[c];
		any = any || w->bias[c] != 0;
	}
	if (!any)
		op->bias_mode = 0;
	else if (op->bias_mode == 1)
		quant_bias_mantissas(acc, w->cout, op);
	else
		single_scale(acc, w->cout,
			     quant_info(q, l)->max_feed_repeat < REPEAT_MAX
				 ? quant_info(q, l)->max_feed_repeat
				 : REPEAT_MAX,
			     op);
	free(acc);
}

/* The added input enters in accumulator units. */
static void added_input(struct qop *op, double unit)
{
	double real[2] = { 0, (double)op->in_scale.v[op->nin - 1] / unit };

	if (op->nin > 1)
		qset_multipliers(&op->in_mult, &op->in_shift, real, 2);
}

QUANT_OP(quant_conv)
{
	struct weights w = { .cout = (size_t)l->out[0].c };
	int groups = quant_info(q, l)->groups;
	int32_t *group = xcalloc(w.cout, sizeof *group);
	double *per_feature = xcalloc(w.cout, sizeof *per_feature);
	double top[MAX_GROUPS] = { 0 };
	int rc;

	geometry(l, op);
	op->w_bits = 8;
	op->bias_mode =
	    l->quant.bias_mode && strcmp(l->quant.bias_mode, "single_scale_decomposition") == 0 ? 2
												: 1;
	w.n = kernel_size(op, l);
	rc = load(q, l, &w, e);
	if (rc == 0) {
		feature_ranges(&w, per_feature);
		make_groups(per_feature, w.cout, groups, group, top);
		weight_scales(q, l, &w, op, group, top, groups);
		integers(q, l, &w, op, group, per_feature);
		added_input(op, per_feature[0]);
		rc = quant_stage(q, l, op, per_feature, groups > 1 ? w.cout : 1, e);
	}
	free(group);
	free(per_feature);
	weights_release(&w);
	return rc;
}
