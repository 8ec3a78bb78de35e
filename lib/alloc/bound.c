/*
 * A lower bound of the time of a batch, whatever the placement: every subcluster, aligner and APU
 * of the device works without a pause, boundary tensors cross the link once, and, where one context
 * does not do, all weights are loaded for each batch.
 */
#include "alloc/alloc_int.h"
#include <math.h>

/* Cycles of one subcluster, the least over the modes, for a frame of this layer. */
static double subcluster_cycles(const struct plan *p, const struct unit *u)
{
	const struct cost *k = &u->cost;
	double least = HUGE_VAL;

	if (!k->macs)
		return k->rows; /* it holds one for a cycle a row at the least */
	for (int m = 0; m < (k->mode16 ? TARGET_MODES : 1); m++) {
		const struct target_mode *mode = &p->t->mode[m];
		const int32_t lanes = k->depthwise ? p->t->dw_features_per_cycle : mode->features;
		const int32_t group = k->depthwise ? k->features : k->group;
		const double blocks =
		    (double)ceil_div(k->features, group) * (double)ceil_div(group, lanes);
		const double cycles = (double)ceil_div(k->cols, mode->columns) * blocks *
				      (double)k->taps / k->rate * k->rows;

		least = cycles < least ? cycles : least;
	}
	return least;
}

/* Seconds of a frame when all layers share the device's resources evenly. */
static double compute_seconds(const struct plan *p)
{
	const struct need capacity = device_capacity(p->t);
	double work[RES_COUNT] = { 0 };
	double worst = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct unit *u = &p->units[i];

		if (u->cost.outside)
			continue;
		work[RES_SC] += subcluster_cycles(p, u);
		work[RES_IA] += (double)u->cost.ia_cycles * u->cost.rows;
		work[RES_APU] += (double)u->cost.apu_cycles * u->cost.features * u->cost.rows;
	}
	for (int r = 0; r < RES_COUNT; r++)
		if (work[r] / (double)capacity.v[r] > worst)
			worst = work[r] / (double)capacity.v[r];
	return worst / p->t->clock_hz;
}

/* Seconds of a frame in which the link carries the network's inputs and outputs. */
static double boundary_seconds(const struct plan *p)
{
	double seconds = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct layer *l = p->units[i].l;
		const struct hn_shape *s;
		int bits;

		if (l->type != HN_INPUT && l->type != HN_OUTPUT)
			continue;
		s = l->type == HN_OUTPUT ? layer_in_shape(l, 0) : &l->out[0];
		bits = l->type == HN_OUTPUT ? p->units[l->in[0].layer->index].q->out_bits
					    : p->units[i].q->out_bits;
		seconds += (double)s->h * s->w * s->c * (bits / 8.0) / target_boundary(p->t) +
			   p->t->boundary_transfer_s;
	}
	return seconds;
}

struct alloc_bound lower_bound(const struct plan *p, bool several)
{
	struct alloc_bound b = { .compute_s = compute_seconds(p), .link_s = boundary_seconds(p) };
	const double l3 = (double)device_capacity(p->t).v[RES_WEIGHTS] * (double)p->t->l3_cut_bytes;
	double bytes = 0;
	double contexts;

	if (!several)
		return b;
	for (size_t i = 0; i < p->n; i++)
		bytes += unit_load_bytes(&p->units[i], p->units[i].cost.features);
	contexts = fmax(2, ceil(bytes / l3));
	b.load_s =
	    fmax(bytes / p->t->bandwidth, contexts * p->t->per_context_s) + p->t->fixed_s_per_batch;
	return b;
}

double alloc_bound_seconds(const struct alloc_bound *b, int32_t batch)
{
	return batch * fmax(b->compute_s, b->link_s) + b->load_s;
}
