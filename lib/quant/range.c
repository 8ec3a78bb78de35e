/*
 * Encodings.  A layer that only forwards codes has its input's; the inputs of a concat that nothing
 * else reads have the concat's; tables with fixed images have fixed ranges; all others what was
 * observed.  Zero is always a code.
 */
#include "quant/quant_int.h"

#include <math.h>

enum {
	SOFTMAX_CODES_MAX = 65535 /* for 1 */
};

bool quant_forwards(const struct layer *l)
{
	if (l->type == HN_CONCAT || l->nin == 0)
		return false;
	return hn_is(l->type, HNF_MOVE) || l->type == HN_OUTPUT || layer_swaps_colors(l) ||
	       l->type == HN_RESIZE || l->type == HN_REDUCE_MAX || l->type == HN_REDUCE_MIN ||
	       (l->type == HN_MAXPOOL && l->p.activation == ACT_LINEAR);
}

const struct layer *quant_source(const struct layer *l)
{
	while (quant_forwards(l))
		l = l->in[0].layer;
	return l;
}

/* Every reader of l's values, through forwarding layers, is the concat. */
static bool only_feeds(const struct layer *l, const struct layer *concat)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i] != concat &&
		    !(quant_forwards(l->succ[i]) && only_feeds(l->succ[i], concat)))
			return false;
	return l->nsucc > 0;
}

/* Ranges that the activation fixes; false: observed. */
static bool fixed_range(const struct layer *l, double *lo, double *hi)
{
	enum hn_act a = l->p.activation;

	if (steps_range(l, lo, hi))
		return true;
	*lo = a == ACT_TANH || a == ACT_ERF || a == ACT_SOFTSIGN ? -1 : 0;
	*hi = 1;
	return l->type == HN_SOFTMAX || *lo < 0 || a == ACT_SIGMOID || a == ACT_HARD_SIGMOID;
}

bool quant_fixed_range(const struct layer *l)
{
	double lo, hi;

	return fixed_range(l, &lo, &hi);
}

static void observed(const struct qinfo *info, double *lo, double *hi)
{
	*lo = 0;
	*hi = 0;
	for (size_t c = 0; c < info->c; c++) {
		*lo = info->min[c] < *lo ? (double)info->min[c] : *lo;
		*hi = info->max[c] > *hi ? (double)info->max[c] : *hi;
	}
}

const struct layer *quant_softmax_reader(const struct layer *l)
{
	return l->nout == 1 && l->nsucc == 1 && l->succ[0]->type == HN_SOFTMAX ? l->succ[0] : NULL;
}

/*
 * Scores of a softmax: N values of a group that are log(512 N) below its largest are together half
 * a code of the result, so that a mask's values need no codes.  Some room for groups not seen yet.
 */
static void forget_vanishing(struct qinfo *info, const struct layer *softmax)
{
	const double top = (double)info->top_min;
	const double n = (double)layer_in_shape(softmax, 0)->c / softmax->p.softmax_groups;
	const double low = top - 0.25 * fmax(info->hi - top, 0) - log(512 * n);

	info->lo = fmin(fmax(info->lo, low), 0);
}

static bool is_output(const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i]->type == HN_OUTPUT ||
		    (quant_forwards(l->succ[i]) && is_output(l->succ[i])))
			return true;
	return false;
}

/*
 * Inside a network a softmax over many values is far from 1: it has the codes of what was seen and
 * a quarter more, a whole number of them for 1.
 */
static void narrow_softmax(struct qinfo *info)
{
	const double codes = qop_top(info->bits);
	float top = 0;

	for (size_t c = 0; c < info->c; c++)
		top = fmaxf(top, info->max[c]);
	if (top > 0 && top < 0.8f)
		info->hi = codes / fmin(floor(codes / (1.25 * (double)top)), SOFTMAX_CODES_MAX);
}

/* Limits of a script; zero stays a code. */
static void clip(struct qinfo *info)
{
	if (!info->clipped)
		return;
	info->lo = fmax(info->lo, fmin(info->clip_lo, 0));
	info->hi = fmin(info->hi, fmax(info->clip_hi, 0));
}

static void own_range(struct quant *q, const struct layer *l)
{
	struct qinfo *info = quant_info(q, l);
	const struct layer *softmax = quant_softmax_reader(l);

	if (info->forced)
		return;
	if (fixed_range(l, &info->lo, &info->hi)) {
		if (l->type == HN_SOFTMAX && q->smart_softmax && !is_output(l))
			narrow_softmax(info);
		clip(info);
		return;
	}
	observed(info, &info->lo, &info->hi);
	if (softmax && q->smart_softmax && isfinite(info->top_min))
		forget_vanishing(info, softmax);
	clip(info);
}

/* A padding value other than 0 (or -inf before a max pool) must be a code too. */
static void widen_for_padding(struct quant *q, const struct layer *l)
{
	struct qinfo *info;

	if (l->type != HN_EXTERNAL_PAD || !isfinite(l->p.pad_value))
		return;
	info = quant_info(q, quant_source(l));
	info->lo = fmin(info->lo, (double)l->p.pad_value);
	info->hi = fmax(info->hi, (double)l->p.pad_value);
}

static void unite_concat(struct quant *q, const struct layer *l)
{
	struct qinfo *info = quant_info(q, l);

	for (size_t i = 0; i < l->nin; i++) {
		const struct qinfo *in = quant_info(q, quant_source(l->in[i].layer));

		info->lo = fmin(info->lo, in->lo);
		info->hi = fmax(info->hi, in->hi);
	}
	clip(info);
	for (size_t i = 0; i < l->nin && !info->vector; i++) {
		const struct layer *from = quant_source(l->in[i].layer);
		struct qinfo *in = quant_info(q, from);

		if (!only_feeds(from, l) || from->type == HN_INPUT || in->forced || in->clipped ||
		    quant_fixed_range(from))
			continue;
		in->lo = info->lo;
		in->hi = info->hi;
	}
}

static void encode(struct qinfo *info)
{
	double top = qop_top(info->bits);
	double width = info->hi - info->lo;

	info->scale = width > 0 ? (float)(width / top) : (float)(1 / top);
	/* A denormal scale would make multipliers infinite. */
	if (info->scale < 1e-30f)
		info->scale = 1e-30f;
	info->zp = (int32_t)round(-info->lo / (double)info->scale);
	info->zp = info->zp < 0 ? 0 : info->zp > (int32_t)top ? (int32_t)top : info->zp;
}

static void encode_input(struct qinfo *info)
{
	encode(info);
	if (!info->bytes)
		return;
	info->scale = 1;
	info->zp = 0;
}

static void encode_argmax(struct qinfo *info, int32_t features)
{
	info->bits = features > 256 ? 16 : 8;
	info->scale = 1;
	info->zp = 0;
}

int quant_ranges(struct quant *q, struct err *e)
{
	if (vector_mark(q, e) < 0)
		return -1;
	precision_bits(q);
	for (size_t i = 0; i < q->g->nlayers; i++)
		own_range(q, q->g->layers[i]);
	for (size_t i = 0; i < q->g->nlayers; i++)
		widen_for_padding(q, q->g->layers[i]);
	/* From the outputs back, so that a concat of concats unites before its inputs do. */
	for (size_t i = q->g->nlayers; i-- > 0;)
		if (q->g->layers[i]->type == HN_CONCAT)
			unite_concat(q, q->g->layers[i]);
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct qinfo *info = &q->info[i];

		if (l->type == HN_INPUT)
			encode_input(info);
		else if (l->type == HN_ARGMAX)
			encode_argmax(info, layer_in_shape(l, 0)->c);
		else if (!quant_forwards(l))
			encode(info);
		else {
			const struct qinfo *from = quant_info(q, quant_source(l));

			info->scale = from->scale;
			info->zp = from->zp;
			info->bits = from->bits;
		}
	}
	vector_encode(q);
	return 0;
}
