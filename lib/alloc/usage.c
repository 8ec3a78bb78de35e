/* What an allocation takes of the device, by context and cluster. */
#include "alloc/alloc_int.h"

static void add_layer(const struct target *t, const struct allocation *a, size_t i,
		      struct alloc_use *u)
{
	const struct alloc_taken l = alloc_taken_by(a, i);

	u->share[SHARE_CONTROL] += (double)l.lcus / t->lcus;
	u->share[SHARE_COMPUTE] += (double)l.subclusters / t->subclusters;
	u->share[SHARE_MEMORY] += (double)l.l3_cuts / t->l3_cuts;
	u->share[SHARE_IA] += (double)l.input_aligners / t->input_aligners;
	u->share[SHARE_APU] += (double)l.apus / t->apus;
}

struct alloc_use alloc_cluster_use(const struct allocation *a, const struct target *t,
				   int32_t context, int32_t cluster)
{
	struct alloc_use u = { { 0 } };

	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context && a->layers[i].cluster == cluster)
			add_layer(t, a, i, &u);
	return u;
}

struct alloc_use alloc_context_use(const struct allocation *a, const struct target *t,
				   int32_t context)
{
	struct alloc_use u = { { 0 } };

	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context && a->layers[i].cluster >= 0)
			add_layer(t, a, i, &u);
	for (int i = 0; i < SHARE_COUNT; i++)
		u.share[i] /= t->clusters;
	return u;
}

double alloc_l2_share(const struct allocation *a, const struct target *t, int32_t context)
{
	const double all = (double)t->clusters * t->subclusters * (double)t->l2_bytes;
	double bytes = 0;

	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context)
			bytes += (double)a->layers[i].l2_bytes;
	return all > 0 ? bytes / all : 0;
}

/* What comes into a layer, from several parts as well, lies side by side. */
int64_t alloc_l4_cuts(const struct allocation *a, const struct target *t, int32_t context)
{
	int64_t *bytes = xcalloc(a->nlayers + 1, sizeof *bytes);
	int64_t cuts = 0;

	for (size_t i = 0; i < a->nedges; i++) {
		const struct alloc_edge *ed = &a->edges[i];

		if (a->layers[ed->to].context == context && a->layers[ed->to].cluster < 0 &&
		    ed->kind != EDGE_INTER_CONTEXT && ed->kind != EDGE_DDR)
			bytes[ed->to] += (int64_t)ed->rows * ed->row_bytes;
	}
	for (size_t i = 0; i < a->nlayers; i++)
		cuts += ceil_div(bytes[i], t->l4_cut_bytes);
	free(bytes);
	return cuts;
}

double alloc_layer_cycles(const struct alloc_layer *l)
{
	return (double)l->row_cycles * l->rows;
}

int32_t alloc_slowest(const struct allocation *a, int32_t context)
{
	double worst = -1;
	int32_t slowest = 0;

	for (size_t i = 0; i < a->nlayers; i++) {
		if (context >= 0 && a->layers[i].context != context)
			continue;
		if ((double)alloc_cycles(a, i) > worst) {
			worst = (double)alloc_cycles(a, i);
			slowest = (int32_t)i;
		}
	}
	return slowest;
}

double alloc_load_bytes(const struct allocation *a)
{
	double bytes = 0;

	for (int32_t c = 0; c < a->ncontexts; c++)
		bytes += a->load[c];
	return bytes;
}

double alloc_batch_seconds(const struct allocation *a, const struct target *t, int32_t batch)
{
	const struct switching s = { .clock_hz = t->clock_hz,
				     .load_s = alloc_load_bytes(a) / t->bandwidth,
				     .per_context_s = t->per_context_s,
				     .fixed_s = t->fixed_s_per_batch };
	struct pace *paces;
	double seconds;

	if (a->ncontexts == 1)
		return batch * a->interval[0] / t->clock_hz;
	paces = xcalloc((size_t)a->ncontexts, sizeof *paces);
	for (int32_t c = 0; c < a->ncontexts; c++) {
		paces[c].interval = (int64_t)a->interval[c];
		paces[c].latency = (int64_t)a->fill[c];
	}
	seconds = batch_seconds(paces, a->ncontexts, batch, &s);
	free(paces);
	return seconds;
}

double busy_watts(const struct target *t, bool no_ecc, const struct alloc_taken *l)
{
	const double lcu = t->power_lcu * (no_ecc ? 1 : t->power_ecc);

	return l->lcus * lcu + l->subclusters * t->power_subcluster +
	       (l->input_aligners + l->apus) * t->power_unit + l->l3_cuts * t->power_l3_cut;
}

/* What frames take beside the idle device, joules each. */
double frame_joules(const struct allocation *a, const struct target *t)
{
	double joules = 0;

	for (size_t i = 0; i < a->nlayers; i++) {
		const struct alloc_layer *l = &a->layers[i];
		const struct alloc_taken taken = { l->lcus, l->subclusters, l->input_aligners,
						   l->apus, l->l3_weight_cuts + l->l3_buffer_cuts };

		joules += alloc_layer_cycles(l) / t->clock_hz * busy_watts(t, a->no_ecc, &taken);
	}
	return joules;
}

/*
 * Power of the neural core: what it takes idle, and what each resource takes while its layer works
 * (hn-machine(7), Power).  Frames follow each other at the expected rate.
 */
double alloc_power(const struct allocation *a, const struct target *t)
{
	if (a->no_power || a->ncontexts != 1 || a->fps <= 0 || t->power_idle <= 0)
		return 0;
	return t->power_idle + a->fps * frame_joules(a, t);
}
