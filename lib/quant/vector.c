/*
 * output_encoding_vector (guide 5.3.4): a layer whose values leave the network has a scale for
 * every feature, with one zero point, so that features of small values have as many codes as large
 * ones. A concat along features has a scale for each of its inputs, whose codes it then copies.
 */
#include "base/log.h"
#include "quant/quant_ops.h"

#include <math.h>

/* Why the layer cannot have a scale per feature; NULL: it can. */
static const char *reason(const struct quant *q, const struct layer *l)
{
	if (l->nsucc != 1 || l->succ[0]->type != HN_OUTPUT)
		return "it does not make an output alone";
	if (quant_info(q, l)->forced)
		return "its range is forced";
	if (!quant_by_feature(l->type))
		return "its type has one scale";
	if (l->type == HN_CONCAT)
		return l->p.concat_axis == 3 ? NULL : "it is not a concat along features";
	return hn_act_is_clip(l->p.activation) || l->p.activation == ACT_LEAKY ||
		       l->p.activation == ACT_PRELU
		   ? NULL
		   : "its activation is a table, which gives one kind of codes";
}

/* The layer that a command about an output layer speaks of. */
static const struct layer *maker(const struct layer *l)
{
	return l->type == HN_OUTPUT ? l->in[0].layer : l;
}

int vector_mark(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		const struct qinfo *info = &q->info[i];
		const struct layer *from = maker(l);
		const bool all = q->vectors && l->type == HN_OUTPUT && info->vector_asked != 0 &&
				 quant_info(q, from)->vector_asked != 0;
		const char *why;

		if (info->vector_asked != 1 && !all)
			continue;
		why = reason(q, from);
		if (why && info->vector_asked == 1 && !info->vector_named)
			continue;
		quant_info(q, from)->vector = !why;
		if (why && info->vector_asked == 1)
			return err_set(e, "layer '%s' cannot have an output_encoding_vector: %s",
				       quote(from->name), why);
		if (why)
			log_warn("output '%s' has one scale, no vector: %s", quote(l->name), why);
	}
	return 0;
}

/* Extremes of the features [from, to), within the tensor's range, zero included. */
static void extremes(const struct qinfo *info, size_t from, size_t to, double *lo, double *hi)
{
	*lo = *hi = 0;
	for (size_t c = from; c < to; c++) {
		*lo = fmin(*lo, (double)info->min[c]);
		*hi = fmax(*hi, (double)info->max[c]);
	}
	*lo = fmax(*lo, info->lo);
	*hi = fmin(*hi, info->hi);
}

/* The features that have one scale together: each, or those of one input of a concat. */
static size_t part_end(const struct layer *l, size_t from)
{
	size_t at = 0;

	if (l->type != HN_CONCAT)
		return from + 1;
	for (size_t i = 0; i < l->nin && at <= from; i++)
		at += (size_t)layer_in_shape(l, i)->c;
	return at;
}

/*
 * The zero point for which the worst feature loses least.  With f the part of a feature's range
 * that is below 0 and z that of the codes, its codes are max(f / z, (1 - f) / (1 - z)) times as
 * coarse as with a zero point of its own; over all features that is least where the largest f and
 * the smallest lose the same.
 */
static int32_t common_zero(const struct layer *l, const struct qinfo *info)
{
	const int32_t top = qop_top(info->bits);
	double least = 1, most = 0;

	for (size_t c = 0; c < info->c; c = part_end(l, c)) {
		double lo, hi;

		extremes(info, c, part_end(l, c), &lo, &hi);
		if (hi <= lo)
			continue;
		least = fmin(least, -lo / (hi - lo));
		most = fmax(most, -lo / (hi - lo));
	}
	if (most <= 0 || least >= 1)
		return most <= 0 ? 0 : top;
	return (int32_t)fmax(fmin(round(top * most / (1 - least + most)), top - 1), 1);
}

static void encode(const struct layer *l, struct qinfo *info)
{
	const double top = qop_top(info->bits);
	float largest = 0;

	free(info->scales);
	info->scales = xreallocarray(NULL, info->c, sizeof *info->scales);
	info->zp = common_zero(l, info);
	for (size_t c = 0; c < info->c;) {
		const size_t end = part_end(l, c);
		double lo, hi, scale;

		extremes(info, c, end, &lo, &hi);
		scale = fmax(info->zp > 0 ? -lo / info->zp : 0,
			     info->zp < (int32_t)top ? hi / (top - info->zp) : 0);
		for (; c < end; c++)
			info->scales[c] = scale > 1e-30 ? (float)scale : info->scale;
		largest = fmaxf(largest, info->scales[c - 1]);
	}
	info->scale = largest;
}

void vector_encode(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		const struct layer *l = q->g->layers[i];
		struct qinfo *info = &q->info[i], *out;

		if (!info->vector)
			continue;
		encode(l, info);
		out = quant_info(q, l->succ[0]);
		free(out->scales);
		out->scales = xreallocarray(NULL, out->c, sizeof *out->scales);
		out->scale = info->scale;
		out->zp = info->zp;
		for (size_t c = 0; c < out->c; c++)
			out->scales[c] = info->scales[c];
	}
}
