/*
 * activation_clipping (guide 5.3.3): values beyond some limits have the limits' codes.  The limits
 * are a script's, or percentiles of all values of the layer.  They narrow the range that was
 * observed; zero is a code in any case.
 */
#include "base/log.h"
#include "quant/quant_int.h"

static void observed_extremes(const struct qinfo *info, double *lo, double *hi)
{
	*lo = (double)info->min[0];
	*hi = (double)info->max[0];
	for (size_t c = 0; c < info->c; c++) {
		*lo = (double)info->min[c] < *lo ? (double)info->min[c] : *lo;
		*hi = (double)info->max[c] > *hi ? (double)info->max[c] : *hi;
	}
}

static void set_limits(struct qinfo *info)
{
	const struct clip *c = &info->value_clip;
	double lo, hi;

	info->clip_lo = c->v[0];
	info->clip_hi = c->v[1];
	info->clipped = true;
	if (c->mode == CLIP_MANUAL)
		return;
	/* Extremes are equalized already, histograms are not. */
	observed_extremes(info, &lo, &hi);
	info->clip_lo = hist_quantile(info->hist, info->eq, info->c, c->v[0] / 100, lo, hi);
	info->clip_hi = hist_quantile(info->hist, info->eq, info->c, c->v[1] / 100, lo, hi);
}

/* percentile leaves alone what has a range by its meaning; percentile_force does not. */
static bool exempt(const struct layer *l, const struct qinfo *info)
{
	return info->value_clip.mode == CLIP_PERCENTILE && quant_fixed_range(l);
}

static void force(struct qinfo *info)
{
	info->lo = info->clip_lo < 0 ? info->clip_lo : 0;
	info->hi = info->clip_hi > 0 ? info->clip_hi : 0;
	info->forced = true;
}

static void clip_layer(struct quant *q, const struct layer *l)
{
	struct qinfo *info = quant_info(q, l);

	if (info->value_clip.mode == CLIP_NONE && !info->forced)
		return;
	if (quant_source(l) != l) {
		(info->forced ? log_warn : log_info)(
		    "layer '%s': it has the codes of '%s': %s that layer", quote(l->name),
		    quote(quant_source(l)->name), info->forced ? "force the range of" : "clip");
		return;
	}
	if (info->bytes)
		(info->forced ? log_warn : log_info)(
		    "layer '%s': its images are bytes, which are its codes as they are: its range "
		    "stays",
		    quote(l->name));
	if (info->forced || info->bytes || exempt(l, info))
		return;
	set_limits(info);
	log_debug("layer '%s': values clipped to %g .. %g", quote(l->name), info->clip_lo,
		  info->clip_hi);
	if (info->value_clip.mode == CLIP_PERCENTILE_FORCE)
		force(info);
}

int quant_clip_values(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++)
		clip_layer(q, q->g->layers[i]);
	return q->recollect ? quant_recollect(q, e) : 0;
}
