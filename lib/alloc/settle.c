/* Rows, cuts and clusters of what has been chosen: does it fit? */
#include "alloc/alloc_int.h"

/* Where a context does not fit: the buffer that takes the most, if that may be why. */
static void hint_buffer(const struct plan *p, const struct allocation *a, struct err *e)
{
	const struct alloc_edge *ed = spill_largest(p, a);
	int64_t cuts = ed ? ceil_div((int64_t)ed->rows * ed->row_bytes, p->t->l3_cut_bytes) : 0;

	/* What is at most a quarter of a cluster is not the reason. */
	if (4 * cuts > p->t->l3_cuts)
		err_hint(e,
			 "the buffer from '%s' to '%s' takes %lld of the %d L3 cuts of a cluster",
			 quote(a->layers[ed->from].name), quote(a->layers[ed->to].name),
			 (long long)cuts, p->t->l3_cuts);
}

/* Clusters and L4 of a context. */
static bool settle_places(const struct plan *p, struct allocation *a, int32_t c, struct err *e)
{
	if (place_context(p, a, c, e) < 0) {
		hint_buffer(p, a, e);
		return false;
	}
	if (place_l4(p, a, c, e) == 0)
		return true;
	if (p->l4_over && alloc_l4_cuts(a, p->t, c) - p->t->l4_cuts > *p->l4_over)
		*p->l4_over = alloc_l4_cuts(a, p->t, c) - p->t->l4_cuts;
	return false;
}

/* Cycles between the frames for which buffers are sized: no fewer than the slowest layer takes. */
static double buffer_interval(const struct plan *p, const struct allocation *a, int32_t context)
{
	const double own = ideal_interval(p, a, context);
	const double given = p->buffer_fps > 0 ? p->t->clock_hz / p->buffer_fps : 0;

	return given > own ? given : own;
}

/* Rows, cuts and clusters of all contexts; false when a context does not fit. */
bool settle(const struct plan *p, struct allocation *a, const struct flow *f, double pace,
	    struct err *e)
{
	bool fits = true;
	int32_t c;

	if (p->l4_over)
		*p->l4_over = 0;
	for (c = 0; c < a->ncontexts; c++)
		rows_size(p, a, f, c, pace * buffer_interval(p, a, c));
	if (rows_force(p, a, e) < 0)
		return false;
	rows_cuts(p, a);
	if (p->misfit)
		memset(p->misfit, 0, (size_t)a->ncontexts * sizeof *p->misfit);
	for (c = 0; c < a->ncontexts; c++) {
		struct err why = { 0 };
		const int32_t wide = streams_over(p, a, c, &why);
		bool ok = wide < 0 && settle_places(p, a, c, &why);

		/* Narrower layers have fewer parts: those of the context that sends them. */
		if (p->misfit && !ok)
			p->misfit[wide < 0 ? c : wide] = true;
		if (!ok && fits)
			*e = why;
		fits = fits && ok;
	}
	return fits;
}

bool settle_context(const struct plan *p, struct allocation *a, int32_t context)
{
	struct err ignored = { 0 };
	struct flow f;

	flow_init(&f, p, a);
	rows_size(p, a, &f, context, buffer_interval(p, a, context));
	flow_release(&f, a);
	rows_cuts(p, a);
	return place_context(p, a, context, &ignored) == 0 &&
	       place_l4(p, a, context, &ignored) == 0;
}
