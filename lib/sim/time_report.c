/* Times as JSON and as text. */
#include "sim/sim.h"

/* Names of the layers that layer i is merged with; an empty list when it has its own controller. */
static json_t *merged_json(const struct isa_prog *p, size_t i)
{
	json_t *j = json_array();

	for (size_t k = 0; k < p->nlayers && p->layers[i].group >= 0; k++)
		if (k != i && p->layers[k].group == p->layers[i].group)
			json_array_append_new(j, json_string(p->layers[k].name));
	return j;
}

static json_t *layer_json(const struct isa_prog *p, size_t i, const struct process_time *t)
{
	const struct isa_layer *l = &p->layers[i];

	return json_pack(
	    "{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name",
	    l->name, "layer", l->layer, "context", (int)l->context, "cluster", (int)l->cluster,
	    "subclusters", (int)l->subclusters, "lcus", (int)l->lcus, "rows", (int)l->rows,
	    "row_cycles", (json_int_t)l->row_cycles, "busy_cycles", (json_int_t)t->busy,
	    "starved_cycles", (json_int_t)t->starved, "blocked_cycles", (json_int_t)t->blocked,
	    "shared_cycles", (json_int_t)t->shared, "first_cycle", (json_int_t)t->first,
	    "last_cycle", (json_int_t)t->last, "merged_with", merged_json(p, i));
}

static json_t *context_json(const struct isa_prog *p, const struct sim_context_time *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:s}", "load_cycles", (json_int_t)c->load,
			 "latency_cycles", (json_int_t)c->latency, "interval_cycles",
			 (json_int_t)c->interval, "batch_cycles", (json_int_t)c->batch,
			 "bottleneck", p->layers[c->slowest].name);
}

static json_t *edge_json(const struct isa_prog *p, size_t i, const struct sim_edge_time *t)
{
	static const char *const kind[] = { [EDGE_L3] = "l3",
					    [EDGE_BOUNDARY] = "boundary",
					    [EDGE_INTER_CONTEXT] = "inter_context",
					    [EDGE_DDR] = "ddr" };
	const struct isa_edge *d = &p->edges[i];

	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:i}", "from", p->layers[d->from].name,
			 "to", p->layers[d->to].name, "input", (int)d->input, "kind", kind[d->kind],
			 "rows", (int)d->rows, "peak_rows", (int)t->peak, "row_bytes",
			 (int)d->row_bytes);
}

json_t *sim_time_json(const struct isa_prog *p, const struct sim_time *t)
{
	json_t *j = json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:i, s:i}", "network", p->net, "arch",
			      p->machine.arch, "clock_hz", t->clock_hz, "fps", t->fps, "latency_ms",
			      1e3 * t->latency_s, "batch_ms", 1e3 * t->batch_s, "batch",
			      (int)t->batch, "simulated_frames", (int)t->frames);
	json_t *contexts = json_array(), *layers = json_array(), *edges = json_array();

	for (int32_t c = 0; c < p->ncontexts; c++)
		json_array_append_new(contexts, context_json(p, &t->contexts[c]));
	for (size_t i = 0; i < p->nlayers; i++)
		json_array_append_new(layers, layer_json(p, i, &t->layers[i]));
	for (size_t i = 0; i < p->nedges; i++)
		json_array_append_new(edges, edge_json(p, i, &t->edges[i]));
	json_object_set_new(j, "contexts", contexts);
	json_object_set_new(j, "layers", layers);
	json_object_set_new(j, "edges", edges);
	return j;
}

static void layer_table(const struct isa_prog *p, const struct sim_time *t, struct str *out)
{
	str_printf(out, "%-40s %3s %7s %6s %10s %12s %12s %12s %12s\n", "layer", "ctx", "cluster",
		   "rows", "row cycles", "busy", "starved", "blocked", "shared");
	for (size_t i = 0; i < p->nlayers; i++) {
		const struct isa_layer *l = &p->layers[i];
		char cluster[16] = "-";

		if (l->cluster >= 0)
			snprintf(cluster, sizeof cluster, "%d", l->cluster);
		str_printf(out, "%-40s %3d %7s %6d %10lld %12lld %12lld %12lld %12lld\n",
			   quote(l->name), l->context, cluster, l->rows, (long long)l->row_cycles,
			   (long long)t->layers[i].busy, (long long)t->layers[i].starved,
			   (long long)t->layers[i].blocked, (long long)t->layers[i].shared);
	}
}

void sim_time_text(const struct isa_prog *p, const struct sim_time *t, bool layers, struct str *out)
{
	if (layers)
		layer_table(p, t, out);
	for (int32_t c = 0; c < p->ncontexts; c++) {
		const struct sim_context_time *k = &t->contexts[c];

		str_printf(
		    out,
		    "context %d: %lld cycles per frame, bottleneck %s; first frame %lld cycles; "
		    "configuration %lld cycles\n",
		    c, (long long)k->interval, quote(p->layers[k->slowest].name),
		    (long long)k->latency, (long long)k->load);
	}
	if (p->ncontexts > 1)
		str_printf(out, "%s on %s: %.2f FPS in batches of %d, latency %.3f ms\n",
			   quote(p->net), quote(p->machine.arch), t->fps, t->batch,
			   1e3 * t->latency_s);
	else
		str_printf(out, "%s on %s: %.2f FPS, latency %.3f ms\n", quote(p->net),
			   quote(p->machine.arch), t->fps, 1e3 * t->latency_s);
}
