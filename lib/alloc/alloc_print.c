/* The tables that hn-alloc prints. */
#include "alloc/alloc.h"
#include <math.h>

struct use {
	double control, compute, memory; /* shares of a cluster */
};

/* One decimal, ".0" dropped, as the guide's logs have it. */
static void percent(double share, char out[16])
{
	double v = floor(share * 1000 + 0.5) / 10;

	if (v == floor(v))
		snprintf(out, 16, "%.0f%%", v);
	else
		snprintf(out, 16, "%.1f%%", v);
}

static void rule(struct str *out)
{
	str_puts(
	    out,
	    "+-----------+---------------------+---------------------+--------------------+\n");
}

static void row(const char *name, struct use u, struct str *out)
{
	char a[16], b[16], c[16];

	percent(u.control, a);
	percent(u.compute, b);
	percent(u.memory, c);
	str_printf(out, "| %-9s | %-19s | %-19s | %-18s |\n", name, a, b, c);
}

static struct use cluster_use(const struct allocation *a, const struct target *t, int32_t context,
			      int32_t cluster)
{
	const struct alloc_layer *l;
	struct use u = { 0 };
	size_t i;

	for (i = 0; i < a->nlayers; i++) {
		l = &a->layers[i];
		if (l->context != context || l->cluster != cluster)
			continue;
		u.control += (double)l->lcus / t->lcus;
		u.compute += (double)l->subclusters / t->subclusters;
		u.memory += (double)(l->l3_weight_cuts + l->l3_buffer_cuts) / t->l3_cuts;
	}
	return u;
}

static void print_context(const struct allocation *a, const struct target *t, int32_t context,
			  struct str *out)
{
	struct use total = { 0 };
	struct use u;
	char name[16];
	int32_t k;

	if (a->ncontexts > 1)
		str_printf(out, "context_%d utilization:\n", context);
	rule(out);
	str_puts(
	    out,
	    "| Cluster   | Control Utilization | Compute Utilization | Memory Utilization |\n");
	rule(out);
	for (k = 0; k < t->clusters; k++) {
		u = cluster_use(a, t, context, t->cluster_id[k]);
		total.control += u.control / t->clusters;
		total.compute += u.compute / t->clusters;
		total.memory += u.memory / t->clusters;
		if (u.control == 0)
			continue;
		snprintf(name, sizeof name, "cluster_%d", t->cluster_id[k]);
		row(name, u, out);
	}
	rule(out);
	row("Total", total, out);
	rule(out);
}

void alloc_print(const struct allocation *a, const struct target *t, struct str *out)
{
	const struct alloc_layer *slow = &a->layers[a->bottleneck];
	double cycles = (double)slow->row_cycles * slow->rows;
	int32_t c;

	for (c = 0; c < a->ncontexts; c++)
		print_context(a, t, c, out);
	str_printf(out, "%s: %d context%s, %zu physical layers\n", t->name, a->ncontexts,
		   a->ncontexts == 1 ? "" : "s", a->nlayers);
	str_printf(out, "Bottleneck: %s, %.0f cycles per frame (%.2f FPS)\n", quote(slow->name),
		   cycles, t->clock_hz / cycles);
	if (a->stuck >= 0)
		str_printf(out, "Expected FPS: none, the buffer from %s to %s is too small",
			   quote(a->layers[a->edges[a->stuck].from].name),
			   quote(a->layers[a->edges[a->stuck].to].name));
	else if (a->ncontexts > 1)
		str_printf(out, "Expected FPS: %.2f at batch %d, latency %.3f ms", a->fps, a->batch,
			   1e3 * a->latency_s);
	else
		str_printf(out, "Expected FPS: %.2f, latency %.3f ms", a->fps, 1e3 * a->latency_s);
}

static json_t *use_json(int32_t context, int32_t cluster, struct use u)
{
	json_t *j = json_object();

	json_object_set_new(j, "context", json_integer(context));
	json_object_set_new(j, "cluster", json_integer(cluster));
	json_object_set_new(j, "control", json_real(u.control));
	json_object_set_new(j, "compute", json_real(u.compute));
	json_object_set_new(j, "memory", json_real(u.memory));
	return j;
}

json_t *alloc_report(const struct allocation *a, const struct target *t)
{
	json_t *j = alloc_to_json(a);
	json_t *list = json_array();
	int32_t c, k;

	for (c = 0; c < a->ncontexts; c++)
		for (k = 0; k < t->clusters; k++)
			json_array_append_new(
			    list,
			    use_json(c, t->cluster_id[k], cluster_use(a, t, c, t->cluster_id[k])));
	json_object_set_new(j, "utilization", list);
	return j;
}

json_t *alloc_summary(const struct allocation *a)
{
	json_t *j = json_object();

	json_object_set_new(j, "hw_arch", json_string(a->arch));
	json_object_set_new(j, "contexts", json_integer(a->ncontexts));
	json_object_set_new(j, "batch", json_integer(a->batch));
	json_object_set_new(j, "physical_layers", json_integer((json_int_t)a->nlayers));
	json_object_set_new(j, "fps", json_real(a->fps));
	json_object_set_new(j, "latency_s", json_real(a->latency_s));
	json_object_set_new(j, "bottleneck", json_string(a->layers[a->bottleneck].name));
	return j;
}
