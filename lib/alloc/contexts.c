/*
 * Partition into contexts.  Layers, in topological order, are cut into runs that fit with their
 * smallest choices under the thresholds and read few enough tensors of earlier runs.  Of all cuts
 * those with the fewest contexts are taken, among these the one that moves the fewest bytes.
 */
#include "alloc/alloc_int.h"

struct partition {
	struct plan *p;
	double allowed[RES_COUNT];
	double memory; /* L3 cuts for weights and input windows together */
	struct waits waits;
	struct cut_order cuts;
	struct unit **order; /* those of cuts */
	size_t n;
	size_t *at;
	/* best way to begin a context at order[i] */
	int32_t *contexts; /* contexts before it, -1: impossible */
	double *bytes;     /* moved into contexts before it */
	size_t *from;      /* where the context before it begins */
	size_t *seen;      /* by unit: 1 + begin of the run that reads it */
};

/* No cut between the first layer of a bucket and its last. */
static void keep_buckets(const struct plan *p, struct cut_order *t)
{
	size_t *first = xcalloc((size_t)p->nbuckets + 1, sizeof *first);
	size_t *last = xcalloc((size_t)p->nbuckets + 1, sizeof *last);

	t->whole = xcalloc(t->n + 1, 1);
	for (size_t i = 0; i < p->n; i++) {
		const int32_t b = p->units[i].bucket;

		if (b && (!last[b] || t->at[i] < first[b]))
			first[b] = t->at[i];
		if (b && t->at[i] + 1 > last[b])
			last[b] = t->at[i] + 1;
	}
	for (int32_t b = 1; b <= p->nbuckets; b++)
		for (size_t k = first[b] + 1; k < last[b]; k++)
			t->whole[k] = true;
	free(first);
	free(last);
}

/* The same for layers that the script merges. */
static void keep_merged(const struct plan *p, struct cut_order *t)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = t->at[i] + 1; k <= t->at[p->units[i].given_next]; k++)
			t->whole[k] = true;
}

void contexts_order(struct plan *p, struct cut_order *t)
{
	struct unit *u;
	size_t i, s, k;

	t->units = xcalloc(p->n + 1, sizeof(struct unit *));
	t->at = xcalloc(p->n + 1, sizeof *t->at);
	t->n = 0;
	for (i = 0; i < p->n; i++)
		if (p->units[i].l->nin > 0) {
			t->at[i] = t->n;
			t->units[t->n++] = &p->units[i];
		}
	for (i = 0; i < p->n; i++) {
		u = &p->units[i];
		if (u->l->nin > 0)
			continue;
		t->at[i] = t->n ? t->n - 1 : 0;
		for (s = 0; s < u->l->nsucc; s++) {
			k = t->at[u->l->succ[s]->index];
			t->at[i] = k < t->at[i] ? k : t->at[i];
		}
	}
	keep_buckets(p, t);
	keep_merged(p, t);
}

void cut_order_release(struct cut_order *t)
{
	free(t->units);
	free(t->at);
	free(t->whole);
}

static double tensor_bytes_of(const struct unit *u, int32_t port)
{
	const struct hn_shape *s = &u->l->out[port];

	return (double)s->h * s->w * s->c * (u->q->out_bits / 8.0);
}

/* Tensors that a run from `begin` reads from earlier ones because of u; their bytes are added. */
static int32_t enter(struct partition *t, const struct unit *u, size_t begin, double *bytes)
{
	int32_t streams = 0;
	size_t i, index;

	for (i = 0; i < u->l->nin; i++) {
		index = u->l->in[i].layer->index;
		if (t->at[index] >= begin || t->seen[index] == begin + 1)
			continue;
		t->seen[index] = begin + 1;
		streams++;
		*bytes += tensor_bytes_of(&t->p->units[index], u->l->in[i].port);
	}
	return streams;
}

/* Of the maps that u holds whole when the run begins at `begin`. */
static int64_t held_bytes(const struct partition *t, const struct unit *u, size_t begin)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < u->l->nin; i++)
		if (t->at[u->l->in[i].layer->index] >= begin)
			bytes += waits_bytes(&t->waits, t->p, u, i);
	return bytes;
}

/* May the layer be computed in one cluster with these buffers? */
static bool in_cluster(const struct partition *t, int64_t bytes)
{
	return bytes <= (int64_t)t->p->t->l3_cuts * t->p->t->l3_cut_bytes;
}

static bool run_fits(const struct partition *t, const struct need *total, int64_t window_bytes,
		     size_t layers)
{
	double memory =
	    (double)total->v[RES_WEIGHTS] + (double)window_bytes / (double)t->p->t->l3_cut_bytes;
	int r;

	if (layers <= 1) /* a layer alone may exceed the thresholds, not the machine */
		return true;
	for (r = 0; r < RES_COUNT; r++)
		if ((double)total->v[r] > t->allowed[r])
			return false;
	return memory <= t->memory;
}

/* Parts that one context holds when it holds nothing else. */
static int32_t parts_per_context(const struct plan *p, const struct unit *u)
{
	const struct target *t = p->t;
	struct need one =
	    unit_part_need(p, u, u->choice, u->cost.features / u->choice.parts, false);
	const int64_t capacity[RES_COUNT] = { t->lcus, t->subclusters, t->input_aligners,
					      t->apus, t->l3_cuts,     t->subclusters };
	int64_t fit = MAX_PARTS;
	int r;

	one.v[RES_WEIGHTS] += ceil_div(u->window_bytes, t->l3_cut_bytes);
	for (r = 0; r < RES_COUNT; r++)
		if (one.v[r] > 0 && capacity[r] / one.v[r] < fit)
			fit = capacity[r] / one.v[r];
	fit *= t->clusters;
	return (int32_t)(fit < 1 ? 1 : fit);
}

/* Contexts that a layer takes by itself; 1 for all but those with more weights than the device. */
static int32_t span(const struct plan *p, const struct unit *u)
{
	if (u->choice.parts <= 1)
		return 1;
	return (int32_t)ceil_div(u->choice.parts, parts_per_context(p, u));
}

/* A run to order[end]: kept when it is the best way to get there. */
static void offer(struct partition *t, size_t begin, size_t end, int32_t contexts, double bytes)
{
	contexts += t->contexts[begin];
	bytes += t->bytes[begin];
	if (t->contexts[end] >= 0 && (t->contexts[end] < contexts ||
				      (t->contexts[end] == contexts && t->bytes[end] <= bytes)))
		return;
	t->contexts[end] = contexts;
	t->bytes[end] = bytes;
	t->from[end] = begin;
}

/* What u takes besides the layers of the run before it that it is merged with. */
static struct need more_need(const struct partition *t, const struct unit *u)
{
	struct need before = { { 0 } }, need;

	for (const struct unit *m = merge_next(t->p, u); m != u; m = merge_next(t->p, m)) {
		if (t->at[m - t->p->units] > t->at[u - t->p->units])
			continue;
		unit_need(t->p, m, m->choice, false, &need);
		before = merge_both(before, need);
	}
	unit_need(t->p, u, u->choice, false, &need);
	return need_add(merge_both(before, need), before, -1);
}

/* L4 cuts of the buffers before a layer outside the clusters; tensors of other contexts have none.
 */
static int64_t l4_cuts(const struct partition *t, const struct unit *u, size_t begin)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < u->l->nin && u->cost.outside; i++) {
		const struct hn_input *in = &u->l->in[i];
		const struct hn_shape *s = &in->layer->out[in->port];
		const int32_t lines = unit_input_lines(t->p, u, i);
		const int64_t line = (int64_t)qop_line_columns(s->h, s->w, lines) * s->c *
				     (t->p->m->q[in->layer->index].out_bits / 8);

		if (t->at[in->layer->index] >= begin)
			bytes += unit_window(u, i, lines) * line;
	}
	return ceil_div(bytes, t->p->t->l4_cut_bytes);
}

/* All runs that begin at order[begin]. */
static void extend(struct partition *t, size_t begin)
{
	struct need total = { { 0 } };
	int64_t window_bytes = 0, held, l4 = 0, more_l4;
	int32_t streams = 0;
	double bytes = 0;
	const struct unit *u;
	size_t end, layers = 0;

	for (end = begin; end < t->n; end++) {
		u = t->order[end];
		total = need_add(total, more_need(t, u), 1);
		total = need_add(total, relays_need(u), 1);
		more_l4 = l4_cuts(t, u, begin);
		held = u->cost.outside ? 0 : held_bytes(t, u, begin);
		window_bytes += u->cost.outside ? 0 : u->window_bytes + held;
		layers += u->cost.outside ? 0 : 1;
		streams += enter(t, u, begin, &bytes);
		if (streams > t->p->t->max_inter_context_streams ||
		    !run_fits(t, &total, window_bytes, layers) ||
		    (held > 0 && end > begin && !in_cluster(t, u->window_bytes + held)) ||
		    (l4 > 0 && more_l4 > 0 && l4 + more_l4 > t->p->t->l4_cuts - t->p->l4_spared))
			return;
		l4 += more_l4;
		if (span(t->p, u) > 1 && end > begin)
			return;
		if (!t->cuts.whole[end + 1])
			offer(t, begin, end + 1, span(t->p, u), bytes);
		if (span(t->p, u) > 1)
			return;
	}
}

static int no_partition(const struct partition *t, struct err *e)
{
	size_t i = t->n;

	while (i > 0 && t->contexts[i] < 0)
		i--;
	if (t->cuts.whole[i + 1])
		return err_set(e, "no context can hold the %s of layer '%s'",
			       t->order[i]->bucket ? "bucket" : "merged layers",
			       quote(t->order[i]->l->name));
	return err_set(
	    e, "no context can hold layer '%s': it reads more than %d tensors of other contexts",
	    quote(t->order[i]->l->name), t->p->t->max_inter_context_streams);
}

/* A run's contexts: one, or several for the parts of one layer. */
static void settle_run(const struct partition *t, size_t begin, size_t end, int32_t context,
		       int32_t contexts)
{
	struct unit *u = t->order[begin];
	int32_t each;
	int32_t k;
	size_t i;

	for (i = begin; i < end; i++) {
		t->order[i]->context = context;
		t->order[i]->last_context = context + contexts - 1;
	}
	if (contexts <= 1)
		return;
	each = parts_per_context(t->p, u);
	for (k = 0; k < u->choice.parts; k++)
		u->part_context[k] = context + k / each;
}

/* Contexts of the units, from the last run back. */
static void settle_contexts(const struct partition *t)
{
	struct plan *p = t->p;
	struct unit *u;
	size_t end, begin, i;

	p->ncontexts = t->contexts[t->n];
	for (end = t->n; end > 0; end = begin) {
		begin = t->from[end];
		settle_run(t, begin, end, t->contexts[begin],
			   t->contexts[end] - t->contexts[begin]);
	}
	for (i = 0; i < p->n; i++) { /* inputs and constants: with their first consumer */
		u = &p->units[i];
		if (u->l->nin == 0)
			u->context = u->last_context = t->order[t->at[i]]->context;
	}
}

/* Merged layers are more than there are controllers. */
static double share_of(const struct plan *p, int r, double share)
{
	const double most = r == RES_LCU && merge_auto(p, false) ? p->t->util_control_max : 1;

	return share < most ? share : most;
}

static void divide_init(struct partition *t, double fill)
{
	struct plan *p = t->p;
	struct limits lim = plan_limits(p, -1, false);
	struct need capacity = device_capacity(p->t);
	size_t i;
	int r;

	for (r = 0; r < RES_COUNT; r++)
		t->allowed[r] =
		    share_of(p, r,
			     p->partition.given[r] ? p->partition.util[r] : fill * lim.util[r]) *
		    (double)capacity.v[r];
	t->memory = 0.9 * share_of(p, RES_WEIGHTS, fill) * (double)capacity.v[RES_WEIGHTS];
	if (p->partition.given[RES_WEIGHTS])
		t->memory = t->allowed[RES_WEIGHTS];
	t->contexts = xcalloc(p->n + 1, sizeof *t->contexts);
	t->bytes = xcalloc(p->n + 1, sizeof *t->bytes);
	t->from = xcalloc(p->n + 1, sizeof *t->from);
	t->seen = xcalloc(p->n + 1, sizeof *t->seen);
	for (i = 1; i <= p->n; i++)
		t->contexts[i] = -1;
	waits_init(&t->waits, p);
	contexts_order(p, &t->cuts);
	t->order = t->cuts.units;
	t->at = t->cuts.at;
	t->n = t->cuts.n;
}

int contexts_divide(struct plan *p, double fill, struct err *e)
{
	struct partition t = { .p = p };
	int rc = 0;
	size_t i;

	divide_init(&t, fill);
	for (i = 0; i < t.n; i++)
		if (t.contexts[i] >= 0)
			extend(&t, i);
	if (t.contexts[t.n] < 0)
		rc = no_partition(&t, e);
	else if (t.contexts[t.n] > p->t->max_contexts)
		rc = err_set(e, "%d contexts are needed, %s has at most %d", t.contexts[t.n],
			     p->t->name, p->t->max_contexts);
	else
		settle_contexts(&t);
	cut_order_release(&t.cuts);
	waits_release(&t.waits);
	free(t.contexts);
	free(t.bytes);
	free(t.from);
	free(t.seen);
	return rc;
}
