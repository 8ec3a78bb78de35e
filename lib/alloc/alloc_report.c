/* What the tables say, as JSON: hn-alloc's --report, and the record in the bundle's metadata. */
#include "alloc/alloc.h"
#include "io/json.h"

static void put(json_t *j, const char *key, double v)
{
	json_object_set_new(j, key, json_real(v));
}

static json_t *use_json(int32_t context, int32_t cluster, struct alloc_use u)
{
	static const char *const keys[SHARE_COUNT] = { "control", "compute", "memory",
						       "input_aligners", "apus" };
	json_t *j = json_object();

	json_object_set_new(j, "context", json_integer(context));
	if (cluster >= 0)
		json_object_set_new(j, "cluster", json_integer(cluster));
	for (int i = 0; i < SHARE_COUNT; i++)
		put(j, keys[i], u.share[i]);
	return j;
}

static json_t *clusters_json(const struct allocation *a, const struct target *t)
{
	json_t *list = json_array();

	for (int32_t c = 0; c < a->ncontexts; c++)
		for (int32_t k = 0; k < t->clusters; k++)
			json_array_append_new(
			    list, use_json(c, t->cluster_id[k],
					   alloc_cluster_use(a, t, c, t->cluster_id[k])));
	return list;
}

static void put_traffic(json_t *j, const struct alloc_traffic *f)
{
	put(j, "input_bytes", f->in);
	put(j, "output_bytes", f->out);
	put(j, "read_bytes", f->read);
	put(j, "written_bytes", f->written);
	put(j, "ddr_bytes", f->ddr);
}

static json_t *contexts_json(const struct allocation *a, const struct target *t)
{
	json_t *list = json_array();

	for (int32_t c = 0; c < a->ncontexts; c++) {
		json_t *j = use_json(c, -1, alloc_context_use(a, t, c));
		struct alloc_traffic f;

		alloc_traffic_of(a, c, &f);
		put(j, "l2", alloc_l2_share(a, t, c));
		json_object_set_new(j, "l4_cuts", json_integer(alloc_l4_cuts(a, t, c)));
		json_object_set_new(j, "bottleneck",
				    json_string(a->layers[alloc_slowest(a, c)].name));
		put(j, "fps", a->interval[c] > 0 ? t->clock_hz / a->interval[c] : 0);
		put(j, "load_bytes", a->load[c]);
		put_traffic(j, &f); /* per frame */
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *rates_json(const struct allocation *a, const struct target *t)
{
	json_t *list = json_array();

	for (int i = 0; i < ALLOC_BATCHES && a->stuck < 0; i++) {
		const double s = alloc_batch_seconds(a, t, alloc_batches[i]);
		json_t *j = json_object();

		json_object_set_new(j, "batch", json_integer(alloc_batches[i]));
		put(j, "fps", alloc_batches[i] / s);
		put(j, "batch_s", s);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *search_json(const struct allocation *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->ntries; i++) {
		const struct alloc_try *k = &a->tries[i];
		json_t *j = json_object();

		put(j, "fill", k->fill);
		put(j, "threshold", k->util);
		json_object_set_new(j, "contexts", json_integer(k->contexts));
		put(j, "fps", k->fps);
		if (k->why)
			json_object_set_new(j, "reason", json_string(k->why));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *bound_json(const struct allocation *a, const struct target *t)
{
	const double bound = alloc_bound_seconds(&a->bound, a->batch);
	json_t *j = json_object();

	put(j, "batch_s", bound);
	put(j, "compute_s", a->bound.compute_s);
	put(j, "link_s", a->bound.link_s);
	put(j, "load_s", a->bound.load_s);
	if (bound > 0 && a->stuck < 0)
		put(j, "distance", alloc_batch_seconds(a, t, a->batch) / bound - 1);
	return j;
}

json_t *alloc_report(const struct allocation *a, const struct target *t)
{
	json_t *j = alloc_to_json(a);
	const double watts = alloc_power(a, t);

	json_object_set_new(j, "utilization", clusters_json(a, t));
	json_object_set_new(j, "context_utilization", contexts_json(a, t));
	json_object_set_new(j, "rates", rates_json(a, t));
	json_object_set_new(j, "search", search_json(a));
	json_object_set_new(j, "bound", bound_json(a, t));
	if (watts > 0) {
		put(j, "power_w", watts);
		json_object_set_new(j, "power_uncertainty_percent",
				    json_integer(ALLOC_POWER_PERCENT));
	}
	if (a->unmet) {
		put(j, "fps_wanted", a->wanted);
		json_object_set_new(j, "fps_reason", json_string(a->unmet));
	}
	if (a->lowered) {
		put(j, "thresholds_scale", a->scale);
		json_object_set_new(j, "thresholds_reason", json_string(a->lowered));
	}
	return j;
}

json_t *alloc_summary(const struct allocation *a)
{
	json_t *j = json_object();

	json_object_set_new(j, "hw_arch", json_string(a->arch));
	json_object_set_new(j, "contexts", json_integer(a->ncontexts));
	json_object_set_new(j, "batch", json_integer(a->batch));
	json_object_set_new(j, "physical_layers", json_integer((json_int_t)a->nlayers));
	put(j, "fps", a->fps);
	put(j, "latency_s", a->latency_s);
	put(j, "bound_batch_s", alloc_bound_seconds(&a->bound, a->batch));
	json_object_set_new(j, "bottleneck", json_string(a->layers[a->bottleneck].name));
	return j;
}
