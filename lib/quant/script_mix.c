/* mix_precision_search of a model script. */
#include "quant/script_int.h"

/* The guide's. */
static const double default_markers[] = { 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2 };

static enum mix_metric metric_of(const struct alls_stmt *st)
{
	if (alls_has_word(st, "comprecision_metric", "macs"))
		return MIX_MACS;
	return alls_has_word(st, "comprecision_metric", "weighs") ? MIX_WEIGHTS : MIX_BOPS;
}

int script_mix(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	struct mix_opts *m = &q->mix;

	(void)e;
	*m = (struct mix_opts){
		.on = alls_get_switch(st, "policy") == 1,
		.pareto = alls_has_word(st, "optimizer", "pareto"),
		.images = alls_get_int(st, "dataset_size", 16),
		.batch = alls_get_int(st, "batch_size", 0),
		.snr_cap = alls_get_int(st, "snr_cap", 140),
		.metric = metric_of(st),
	};
	m->nmarkers = alls_get_numbers(st, "compresions_markers", m->marker, MIX_MARKERS);
	if (m->nmarkers)
		return 0;
	m->nmarkers = sizeof default_markers / sizeof *default_markers;
	for (size_t i = 0; i < m->nmarkers; i++)
		m->marker[i] = default_markers[i];
	return 0;
}
