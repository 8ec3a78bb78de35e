/* Weights of a record: groups, scales, integers, and the bias in its two forms. */
#include "base/log.h"
#include "quant/clip.h"
#include "quant/weights.h"

#include <math.h>
#include <string.h>

enum {
	FEED_MAX = 255,
	REPEAT_MAX = 15,
	BIAS_BITS = 29,     /* of an accumulator of 32 bits: room for the window beside the bias */
	WIDE_BIAS_BITS = 44 /* of one of 64 bits */
};

/* Groups of output features and what each group's scale must hold. */
struct groups {
	int n;
	int32_t *of; /* by feature */
	double *top; /* by group */
};

int32_t weight_levels(int32_t bits)
{
	return bits == 16 ? QWEIGHT16_MAX : bits == 4 ? 7 : 127;
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

/* Quantization groups: features sorted by range, cut into equal parts. */
static void make_groups(const double *range, size_t cout, struct groups *g)
{
	for (size_t c = 0; c < cout; c++) {
		size_t rank = 0;

		for (size_t d = 0; d < cout && g->n > 1; d++)
			rank += range[d] < range[c] || (range[d] == range[c] && d < c);
		g->of[c] = (int32_t)(rank * (size_t)g->n / cout);
		if (range[c] > g->top[g->of[c]])
			g->top[g->of[c]] = range[c];
	}
}

/* A group for each output feature of a color conversion. */
static void color_groups(const struct weights *w, const struct qop *op, struct groups *g)
{
	g->n = (int)w->cout;
	quant_color_scales(w->kernel, w->n, w->cout, weight_levels(op->w_bits), g->of, g->top);
}

/* Weights that have codes already: every feature its own step (prequant.c). */
static void given_groups(const struct weights *w, struct groups *g)
{
	g->n = (int)w->cout;
	for (size_t c = 0; c < w->cout; c++) {
		g->of[c] = (int32_t)c;
		g->top[c] = w->top[c];
	}
}

/* A bias or an added input made the step coarser than the one that the weights have. */
static void tell_coarser(const struct layer *l, const struct weights *w, const struct groups *g)
{
	for (size_t c = 0; w->top && c < w->cout; c++)
		if (g->top[c] > w->top[c] && w->top[c] > 0) {
			log_warn("layer '%s': the bias of feature %zu needs a coarser scale than "
				 "its prequantized weights have, which are rounded anew",
				 quote(l->name), c);
			return;
		}
}

/* The weights of one group; the caller frees them. */
static float *group_weights(const struct weights *w, const struct groups *g, int k, size_t *n)
{
	float *part = xreallocarray(NULL, w->n, sizeof *part);

	*n = 0;
	for (size_t i = 0; i < w->n; i += w->cout)
		for (size_t c = 0; c < w->cout; c++)
			if (g->of[c] == k)
				part[(*n)++] = w->kernel[i + c];
	return part;
}

/*
 * weights_clipping (guide 5.3.3).  Codes are symmetric, so a limit is a magnitude: the larger one
 * of two values or percentiles of the layer, or for each group the one of the least square error.
 */
static void clip_groups(const struct quant *q, const struct layer *l, const struct weights *w,
			const struct qop *op, struct groups *g)
{
	const struct clip *c = &quant_info(q, l)->weight_clip;
	const bool least = c->mode == CLIP_MMSE || (c->mode == CLIP_MMSE_IF4B && op->w_bits == 4);
	double limit = fmax(fabs(c->v[0]), fabs(c->v[1]));

	if (c->mode == CLIP_PERCENTILE)
		limit = fmax(fabs(clip_percentile(w->kernel, w->n, c->v[0])),
			     fabs(clip_percentile(w->kernel, w->n, c->v[1])));
	for (int k = 0; k < g->n; k++) {
		size_t n;
		float *part = least ? group_weights(w, g, k, &n) : NULL;

		if (least)
			g->top[k] = clip_mmse(part, n, weight_levels(op->w_bits));
		else if (c->mode == CLIP_MANUAL || c->mode == CLIP_PERCENTILE)
			g->top[k] = fmin(g->top[k], limit);
		free(part);
	}
}

/* The largest accumulator value a bias may have in the layer's bias mode. */
static double bias_limit(const struct quant *q, const struct layer *l, const struct qop *op)
{
	int repeat = quant_info(q, l)->max_feed_repeat;

	if (op->bias_mode == 1)
		return ldexp(1, qop_is_wide(op) ? WIDE_BIAS_BITS : BIAS_BITS);
	return 127.0 * FEED_MAX * (repeat > REPEAT_MAX ? REPEAT_MAX : repeat);
}

/*
 * Makes weight scales coarser where the added input would not fit the accumulator: a branch far
 * below the trunk (layer scale) needs no unit finer than that, and one that is all zeros gets it.
 */
static void fit_added(const struct layer *l, const struct qop *op, struct groups *g)
{
	double need;

	if (op->nin < 2)
		return;
	need = qop_top(op->in_bits.v[1]) * (double)op->in_scale.v[1] * weight_levels(op->w_bits) /
	       (ldexp(1, qop_is_wide(op) ? WIDE_BIAS_BITS : BIAS_BITS) * (double)op->in_scale.v[0]);
	for (int k = 0; k < g->n; k++) {
		if (need <= g->top[k])
			continue;
		if (g->top[k] > 0)
			log_debug(
			    "%s: weight scale %.3g times coarser, so that the added input fits",
			    quote(l->name), need / g->top[k]);
		g->top[k] = need;
	}
}

/* The same where a bias would not fit its form. */
static void fit_bias(const struct quant *q, const struct layer *l, const struct weights *w,
		     const struct qop *op, struct groups *g)
{
	const double limit = bias_limit(q, l, op) * (double)op->in_scale.v[0];

	for (size_t c = 0; c < w->cout; c++) {
		double *top = &g->top[g->of[c]];
		double need = fabs((double)w->bias[c]) / limit * weight_levels(op->w_bits);

		if (need <= *top)
			continue;
		if (*top > 0)
			log_debug(
			    "%s: weight scale %.3g times coarser, so that the bias of feature "
			    "%zu fits",
			    quote(l->name), need / *top, c);
		*top = need;
	}
}

static void set_scales(struct qop *op, const struct weights *w, const struct groups *g)
{
	float *scale = xreallocarray(NULL, (size_t)g->n, sizeof *scale);

	for (int k = 0; k < g->n; k++)
		scale[k] = g->top[k] > 1e-30 ? (float)(g->top[k] / weight_levels(op->w_bits)) : 1;
	qset_f32(&op->w_scale, (size_t)g->n, scale);
	if (g->n > 1)
		qset_i32(&op->w_group, w->cout, g->of);
	free(scale);
}

void quant_bias_mantissas(const double *acc, size_t n, struct qop *op)
{
	const int32_t most = qop_is_wide(op) ? QBIAS_WIDE_SHIFT_MAX : QBIAS_SHIFT_MAX;
	double top = 0;

	op->bias_mode = 1;
	op->bias_mant.n = n;
	op->bias_mant.v = xcalloc(n, sizeof *op->bias_mant.v);

	for (size_t c = 0; c < n; c++)
		top = fmax(top, fabs(acc[c]));
	while (op->bias_shift < most && ldexp(32767, op->bias_shift) < top)
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

static void put_bias(const struct quant *q, const struct layer *l, const double *acc, size_t n,
		     struct qop *op)
{
	if (op->bias_mode == 1)
		quant_bias_mantissas(acc, n, op);
	else
		single_scale(acc, n,
			     quant_info(q, l)->max_feed_repeat < REPEAT_MAX
				 ? quant_info(q, l)->max_feed_repeat
				 : REPEAT_MAX,
			     op);
}

static void set_bias(const struct quant *q, const struct layer *l, const struct weights *w,
		     struct qop *op, const double *unit)
{
	double *acc = xreallocarray(NULL, w->cout, sizeof *acc);
	bool any = false;

	for (size_t c = 0; c < w->cout; c++) {
		acc[c] = (double)w->bias[c] / unit[c];
		any = any || w->bias[c] != 0;
	}
	if (any)
		put_bias(q, l, acc, w->cout, op);
	else
		op->bias_mode = 0;
	free(acc);
}

size_t weights_set_bias(const struct quant *q, const struct layer *l, struct qop *op, double *acc)
{
	const size_t n = (size_t)op->out_shape.v[2];
	size_t beyond = 0;
	double limit;

	free(op->bias_mant.v);
	op->bias_mode = weights_bias_mode(l);
	op->bias_shift = op->bias_feed = op->bias_repeat = 0;
	limit = bias_limit(q, l, op);
	for (size_t c = 0; c < n; c++) {
		beyond += fabs(acc[c]) > limit;
		acc[c] = fmax(fmin(acc[c], limit), -limit);
	}
	put_bias(q, l, acc, n, op);
	return beyond;
}

static void set_kernel(const struct weights *w, struct qop *op, const struct groups *g)
{
	const int32_t levels = weight_levels(op->w_bits);
	const bool wide = op->w_bits == 16;
	double *step = xreallocarray(NULL, w->cout, sizeof *step);

	for (size_t c = 0; c < w->cout; c++)
		step[c] = (double)op->w_scale.v[g->of[c]];
	if (wide) {
		op->kernel16.n = w->n;
		op->kernel16.v = xreallocarray(NULL, w->n, sizeof *op->kernel16.v);
	} else {
		op->kernel.n = w->n;
		op->kernel.v = xmalloc(w->n);
	}
	for (size_t i = 0; i < w->n; i += w->cout)
		if (wide)
			weight_codes16(w->kernel + i, w->cout, step, levels, op->kernel16.v + i);
		else
			weight_codes8(w->kernel + i, w->cout, step, levels, op->kernel.v + i);
	free(step);
}

void weights_quantize(const struct quant *q, const struct layer *l, const struct weights *w,
		      struct qop *op, double *unit)
{
	struct groups g = { .n = quant_info(q, l)->groups };
	double *range = xcalloc(w->cout, sizeof *range);

	g.of = xcalloc(w->cout, sizeof *g.of);
	g.top = xcalloc(w->cout + WEIGHT_GROUPS_MAX, sizeof *g.top);
	feature_ranges(w, range);
	make_groups(range, w->cout, &g);
	if (w->top)
		given_groups(w, &g);
	else if (l->p.conversion)
		color_groups(w, op, &g);
	else
		clip_groups(q, l, w, op, &g);
	fit_bias(q, l, w, op, &g);
	fit_added(l, op, &g);
	tell_coarser(l, w, &g);
	set_scales(op, w, &g);
	set_kernel(w, op, &g);
	for (size_t c = 0; c < w->cout; c++)
		unit[c] = (double)op->in_scale.v[0] * (double)op->w_scale.v[g.of[c]];
	set_bias(q, l, w, op, unit);
	free(range);
	free(g.top);
	free(g.of);
}
