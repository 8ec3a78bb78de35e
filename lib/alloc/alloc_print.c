/* The tables that hn-alloc prints. */
#include "alloc/alloc.h"
#include <math.h>
#include <stdarg.h>

/* Columns of a table: titles, and cells of the same width. */
struct table {
	struct str *out;
	const char *const *titles;
	int columns;
};

static int width_of(const struct table *t, int column)
{
	const int n = (int)strlen(t->titles[column]);

	return n < 9 ? 9 : n;
}

static void rule(const struct table *t)
{
	for (int c = 0; c < t->columns; c++) {
		str_puts(t->out, "+--");
		for (int i = 0; i < width_of(t, c); i++)
			str_puts(t->out, "-");
	}
	str_puts(t->out, "+\n");
}

static void cells(const struct table *t, const char *const *text)
{
	for (int c = 0; c < t->columns; c++)
		str_printf(t->out, "| %-*s ", width_of(t, c), text[c]);
	str_puts(t->out, "|\n");
}

static void head(const struct table *t)
{
	rule(t);
	cells(t, t->titles);
	rule(t);
}

enum {
	CELL = 48
};

static void cell(char out[CELL], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void cell(char out[CELL], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, CELL, fmt, ap);
	va_end(ap);
}

/* One decimal, ".0" dropped, as the guide's logs have it. */
static void percent(double share, char out[CELL])
{
	double v = floor(share * 1000 + 0.5) / 10;

	cell(out, v == floor(v) ? "%.0f%%" : "%.1f%%", v);
}

/* ---- the search ---- */

static void try_row(const struct table *t, size_t i, const struct alloc_try *k)
{
	char number[CELL], fill[CELL], util[CELL], contexts[CELL], fps[CELL];

	cell(number, "%zu", i + 1);
	cell(fill, "%s", "-");
	cell(util, "%s", "usual");
	cell(contexts, "%d", k->contexts);
	cell(fps, "%.2f", k->fps);
	if (k->fill > 0)
		percent(k->fill, fill);
	if (k->util > 0)
		percent(k->util, util);
	if (k->why) {
		cell(contexts, "%s", "-");
		cell(fps, "%s", "-");
	}
	cells(t, (const char *const[]){ number, fill, util, contexts, fps });
}

static void print_search(const struct allocation *a, struct str *out)
{
	static const char *const titles[] = { "Iteration", "Context Fill", "Threshold", "Contexts",
					      "FPS" };
	const struct table t = { out, titles, 5 };

	if (a->ntries > 1) {
		str_puts(out, "Partition search:\n");
		head(&t);
		for (size_t i = 0; i < a->ntries; i++)
			try_row(&t, i, &a->tries[i]);
		rule(&t);
	}
	for (size_t i = 0; i < a->ntries; i++)
		if (a->tries[i].why)
			str_printf(out, "Iteration %zu: %s\n", i + 1, a->tries[i].why);
	if (a->lowered)
		str_printf(out, "Thresholds lowered to %.0f%%: %s\n", 100 * a->scale, a->lowered);
}

/* ---- utilization ---- */

static void use_row(const struct table *t, const char *name, const struct alloc_use *u)
{
	char share[SHARE_COUNT][CELL];

	for (int i = 0; i < SHARE_COUNT; i++)
		percent(u->share[i], share[i]);
	cells(t, (const char *const[]){ name, share[0], share[1], share[2], share[3], share[4] });
}

static void print_context(const struct allocation *a, const struct target *tg, int32_t context,
			  struct str *out)
{
	static const char *const titles[] = { "Cluster",
					      "Control Utilization",
					      "Compute Utilization",
					      "Memory Utilization",
					      "IA Utilization",
					      "APU Utilization" };
	const struct table t = { out, titles, 6 };
	struct alloc_use u;
	char name[CELL];

	if (a->ncontexts > 1)
		str_printf(out, "context_%d utilization:\n", context);
	head(&t);
	for (int32_t k = 0; k < tg->clusters; k++) {
		u = alloc_cluster_use(a, tg, context, tg->cluster_id[k]);
		if (u.share[SHARE_CONTROL] <= 0)
			continue;
		cell(name, "cluster_%d", tg->cluster_id[k]);
		use_row(&t, name, &u);
	}
	rule(&t);
	u = alloc_context_use(a, tg, context);
	use_row(&t, "Total", &u);
	rule(&t);
}

/* ---- contexts and their bottlenecks ---- */

static size_t layers_in(const struct allocation *a, int32_t context)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nlayers; i++)
		n += a->layers[i].context == context;
	return n;
}

static void context_row(const struct table *t, const struct allocation *a, const struct target *tg,
			int32_t c)
{
	const struct alloc_layer *slow = &a->layers[alloc_slowest(a, c)];
	struct alloc_traffic f;
	char name[CELL], layers[CELL], l2[CELL], l4[CELL], load[CELL], cross[CELL], fps[CELL];

	alloc_traffic_of(a, c, &f);
	cell(name, "context_%d", c);
	cell(layers, "%zu", layers_in(a, c));
	percent(alloc_l2_share(a, tg, c), l2);
	percent(tg->l4_cuts ? (double)alloc_l4_cuts(a, tg, c) / tg->l4_cuts : 0, l4);
	cell(load, "%.3f", a->load[c] / 1e6);
	cell(cross, "%.3f", (f.in + f.out + f.read + f.written + f.ddr) / 1e6);
	cell(fps, "%.2f", a->interval[c] > 0 ? tg->clock_hz / a->interval[c] : 0);
	cells(t, (const char *const[]){ name, layers, l2, l4, load, cross, fps,
					slow->merged ? slow->merged : slow->name });
}

static void print_contexts(const struct allocation *a, const struct target *tg, struct str *out)
{
	static const char *const titles[] = {
		"Context",       "Layers", "L2 Utilization", "L4 Utilization", "Weights MB",
		"Link MB/frame", "FPS",    "Bottleneck"
	};
	const struct table t = { out, titles, 8 };

	head(&t);
	for (int32_t c = 0; c < a->ncontexts; c++)
		context_row(&t, a, tg, c);
	rule(&t);
}

/* ---- rates ---- */

const int32_t alloc_batches[ALLOC_BATCHES] = { 1, 2, 4, 8, 16 };

static void print_rates(const struct allocation *a, const struct target *tg, struct str *out)
{
	static const char *const titles[] = { "Batch", "FPS", "Batch ms" };
	const struct table t = { out, titles, 3 };
	char batch[CELL], fps[CELL], ms[CELL];

	head(&t);
	for (int i = 0; i < ALLOC_BATCHES; i++) {
		const double s = alloc_batch_seconds(a, tg, alloc_batches[i]);

		cell(batch, "%d", alloc_batches[i]);
		cell(fps, "%.2f", alloc_batches[i] / s);
		cell(ms, "%.3f", 1e3 * s);
		cells(&t, (const char *const[]){ batch, fps, ms });
	}
	rule(&t);
}

static void print_bandwidth(const struct allocation *a, struct str *out)
{
	struct alloc_traffic f, all = { 0 };
	const double rate = a->fps / 1e6;

	for (int32_t c = 0; c < a->ncontexts; c++) {
		alloc_traffic_of(a, c, &f);
		all.in += f.in;
		all.out += f.out;
		all.read += f.read;
		all.written += f.written;
		all.ddr += f.ddr;
	}
	str_printf(out,
		   "Link: input %.2f MB/s, output %.2f MB/s, inter-context %.2f MB/s, DDR buffers "
		   "%.2f MB/s, weights %.2f MB/s\n",
		   all.in * rate, all.out * rate, (all.read + all.written) * rate, all.ddr * rate,
		   a->ncontexts > 1 ? alloc_load_bytes(a) * rate / a->batch : 0);
}

static void print_bound(const struct allocation *a, const struct target *t, struct str *out)
{
	const double bound = alloc_bound_seconds(&a->bound, a->batch);
	const double found = alloc_batch_seconds(a, t, a->batch);

	if (bound <= 0)
		return;
	str_printf(out,
		   "Lower bound at batch %d: %.3f ms (compute %.3f, link %.3f, loading weights "
		   "%.3f); this: %.3f ms, %.1f%% above it\n",
		   a->batch, 1e3 * bound, 1e3 * a->batch * a->bound.compute_s,
		   1e3 * a->batch * a->bound.link_s, 1e3 * a->bound.load_s, 1e3 * found,
		   100 * (found / bound - 1));
}

static void print_expected(const struct allocation *a, const struct target *t, struct str *out)
{
	const double watts = alloc_power(a, t);

	if (a->stuck >= 0) {
		str_printf(out, "Expected FPS: none, the buffer from %s to %s is too small",
			   quote(a->layers[a->edges[a->stuck].from].name),
			   quote(a->layers[a->edges[a->stuck].to].name));
		return;
	}
	print_rates(a, t, out);
	print_bandwidth(a, out);
	if (watts > 0)
		str_printf(out, "Estimated power: %.2f W, +-%d%%\n", watts, ALLOC_POWER_PERCENT);
	print_bound(a, t, out);
	if (a->ncontexts > 1)
		str_printf(out, "Expected FPS: %.2f at batch %d, latency %.3f ms", a->fps, a->batch,
			   1e3 * a->latency_s);
	else
		str_printf(out, "Expected FPS: %.2f, latency %.3f ms", a->fps, 1e3 * a->latency_s);
}

static void print_merged(const struct allocation *a, struct str *out)
{
	size_t layers = 0, groups = 0;

	for (size_t i = 0; i < a->nlayers; i++) {
		layers += a->layers[i].group >= 0;
		groups += a->layers[i].group == (int32_t)i;
	}
	if (groups)
		str_printf(out, ", %zu of them merged into %zu", layers, groups);
	str_puts(out, "\n");
}

void alloc_print(const struct allocation *a, const struct target *t, struct str *out)
{
	const struct alloc_layer *slow = &a->layers[a->bottleneck];
	const double cycles = (double)alloc_cycles(a, (size_t)a->bottleneck);
	int32_t c;

	print_search(a, out);
	for (c = 0; c < a->ncontexts; c++)
		print_context(a, t, c, out);
	print_contexts(a, t, out);
	str_printf(out, "%s: %d context%s, %zu physical layers", t->name, a->ncontexts,
		   a->ncontexts == 1 ? "" : "s", a->nlayers);
	print_merged(a, out);
	str_printf(out, "Bottleneck: %s, %.0f cycles per frame (%.2f FPS)\n",
		   quote(slow->merged ? slow->merged : slow->name), cycles, t->clock_hz / cycles);
	print_expected(a, t, out);
}
