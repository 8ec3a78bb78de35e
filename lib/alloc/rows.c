/*
 * Buffer sizes.  A schedule with unlimited buffers and a paced input is computed layer by layer;
 * the most that each buffer holds in it becomes its capacity.  Since the machine is a network of
 * processes with blocking reads and writes, any schedule that keeps the capacities shows that no
 * schedule can end in a deadlock, and running as early as possible is at least as fast.
 */
#include "alloc/alloc_int.h"
#include <math.h>

enum {
	MAX_FRAMES = 256,
	LATE_ROWS = 2, /* of a layer that waits for the link */
	MAX_EVENTS = 1 << 23
};

/* Times of every step of every layer of a context. */
struct timeline {
	double **start, **finish; /* by layer, NULL outside the context */
	int32_t frames;
};

/* The last step of a producer's row. */
static size_t last_step(const struct flow *f, const struct alloc_edge *ed, size_t row)
{
	size_t steps = (size_t)f->steps[ed->from];

	return row * steps + steps - 1;
}

static double arrival(const struct allocation *a, const struct flow *f, const struct timeline *tl,
		      const struct alloc_edge *ed, int32_t frame, int32_t row, double interval)
{
	int32_t rows = a->layers[ed->from].rows;

	if (ed->kind == EDGE_INTER_CONTEXT)
		return (frame + (double)row / rows) * interval;
	return tl->finish[ed->from][last_step(f, ed, (size_t)frame * (size_t)rows + (size_t)row)];
}

/* Starts of the steps of layer v; its producers are done. */
static void run_layer(const struct allocation *a, const struct flow *f, struct timeline *tl,
		      size_t v, double interval)
{
	const struct alloc_layer *l = &a->layers[v];
	double cycles = (double)ceil_div(l->row_cycles, f->steps[v]);
	/*
	 * A row is not made sooner than the frame's rate asks: what was held back by a wait for a
	 * whole map would otherwise fill the buffers behind it.
	 */
	double spacing = interval / ((double)l->rows * f->steps[v]);
	double now = 0;
	double t;
	size_t i, k = 0;
	int32_t frame, y, last;

	for (frame = 0; frame < tl->frames; frame++)
		for (y = 0; y < l->rows * f->steps[v]; y++, k++) {
			if (f->in_at[v] == f->in_at[v + 1]) { /* a source */
				t = (frame + (double)y / l->rows) * interval;
				now = t > now ? t : now;
			}
			for (i = f->in_at[v]; i < f->in_at[v + 1]; i++) {
				last = f->edges[f->in[i]].last[y];
				if (last < 0)
					continue;
				t = arrival(a, f, tl, &a->edges[f->in[i]], frame, last, interval);
				now = t > now ? t : now;
			}
			tl->start[v][k] = now;
			tl->finish[v][k] = now + cycles;
			now += cycles > spacing ? cycles : spacing;
		}
}

/* Returns the end of the first frame. */
static double run_all(const struct allocation *a, const struct flow *f, struct timeline *tl,
		      int32_t context, double interval)
{
	double end = 0;
	double t;
	size_t v, n;

	for (v = 0; v < a->nlayers; v++) {
		if (a->layers[v].context != context)
			continue;
		n = (size_t)a->layers[v].rows * (size_t)f->steps[v] * (size_t)tl->frames;
		tl->start[v] = xreallocarray(tl->start[v], n, sizeof(double));
		tl->finish[v] = xreallocarray(tl->finish[v], n, sizeof(double));
		run_layer(a, f, tl, v, interval);
		t = tl->finish[v][a->layers[v].rows * f->steps[v] - 1];
		end = t > end ? t : end;
	}
	return end;
}

/* When row k of the producer leaves the buffer. */
static double leaves(const struct allocation *a, const struct flow *f, const struct timeline *tl,
		     size_t edge, size_t k)
{
	const struct alloc_edge *ed = &a->edges[edge];
	size_t rows = (size_t)a->layers[ed->from].rows;
	size_t steps = (size_t)a->layers[ed->to].rows * (size_t)f->steps[ed->to];
	size_t consumer = (k / rows) * steps + (size_t)f->edges[edge].release[k % rows];
	double written = tl->finish[ed->from][last_step(f, ed, k)];
	double used = tl->finish[ed->to][consumer];

	return used > written ? used : written;
}

/* Most rows that are reserved or held at once; releases come in the order of rows. */
static int32_t occupancy(const struct allocation *a, const struct flow *f,
			 const struct timeline *tl, size_t edge)
{
	const struct alloc_edge *ed = &a->edges[edge];
	size_t n = (size_t)a->layers[ed->from].rows * (size_t)tl->frames;
	size_t gone = 0;
	size_t most = 1;
	size_t k;

	for (k = 0; k < n; k++) {
		while (gone < k &&
		       leaves(a, f, tl, edge, gone) <= tl->start[ed->from][last_step(f, ed, k)])
			gone++;
		if (k - gone + 1 > most)
			most = k - gone + 1;
	}
	return (int32_t)most;
}

int32_t edge_window(const struct plan *p, const struct allocation *a, const struct alloc_edge *ed)
{
	if (!phys_kernel(p, a, ed->to))
		return 2;
	return unit_window(phys_unit(p, a, (size_t)ed->to), (size_t)ed->input,
			   a->layers[ed->from].rows);
}

/* A relay that keeps rows before it takes as long to free one as what it feeds. */
static double leaves_lazily(const struct allocation *a, const struct flow *f,
			    const struct timeline *tl, const struct alloc_edge *ed, size_t k)
{
	double last = leaves(a, f, tl, (size_t)(ed - a->edges), k);
	const size_t relay = (size_t)ed->to;

	for (size_t i = f->out_at[relay]; i < f->out_at[relay + 1]; i++) {
		const struct alloc_edge *out = &a->edges[f->out[i]];
		double t;

		if (a->layers[out->to].context != a->layers[relay].context)
			continue;
		t = leaves(a, f, tl, f->out[i], k);
		last = t > last ? t : last;
	}
	return last;
}

/* The same before such a relay. */
static int32_t occupancy_lazy(const struct allocation *a, const struct flow *f,
			      const struct timeline *tl, const struct alloc_edge *ed)
{
	size_t n = (size_t)a->layers[ed->from].rows * (size_t)tl->frames;
	size_t gone = 0;
	size_t most = 1;

	for (size_t k = 0; k < n; k++) {
		while (gone < k && leaves_lazily(a, f, tl, ed, gone) <=
				       tl->start[ed->from][last_step(f, ed, k)])
			gone++;
		if (k - gone + 1 > most)
			most = k - gone + 1;
	}
	return (int32_t)most;
}

/*
 * Is this a relay that keeps rows before it, and feeds one layer?  Behind it a window will do,
 * since nothing but that layer waits for its rows.
 */
static bool feeds_one(const struct allocation *a, const struct flow *f, size_t relay)
{
	const char *layer = NULL;

	if (!relay_kind_of(a->layers[relay].kind)->lazy)
		return false;
	for (size_t i = f->out_at[relay]; i < f->out_at[relay + 1]; i++) {
		const char *to = a->layers[a->edges[f->out[i]].to].layer;

		if (layer && strcmp(layer, to) != 0)
			return false;
		layer = to;
	}
	return true;
}

/* The link is shared: who waits for it makes rows later than the schedule says. */
static int32_t late_rows(const struct plan *p, const struct allocation *a,
			 const struct alloc_edge *ed)
{
	if (!phys_on_link(p, a, (size_t)ed->from) && !phys_on_link(p, a, (size_t)ed->to))
		return 0;
	return LATE_ROWS;
}

/* Rows of an edge in the schedule. */
static int32_t rows_of(const struct plan *p, const struct allocation *a, const struct flow *f,
		       const struct timeline *tl, size_t edge)
{
	const struct alloc_edge *ed = &a->edges[edge];
	int32_t rows, window;

	if (ed->kind == EDGE_INTER_CONTEXT)
		return a->layers[ed->from].rows;
	if (relay_kind_of(a->layers[ed->to].kind)->lazy)
		return occupancy_lazy(a, f, tl, ed);
	rows = occupancy(a, f, tl, edge) + late_rows(p, a, ed);
	if (!feeds_one(a, f, (size_t)ed->from))
		return rows;
	window = edge_window(p, a, ed);
	return rows < window ? rows : window;
}

/* All buffers behind a layer, inside its context, as large as the largest one. */
static void balance(struct allocation *a, const struct flow *f, size_t layer)
{
	int32_t most = 0;

	for (int set = 0; set < 2; set++)
		for (size_t i = f->out_at[layer]; i < f->out_at[layer + 1]; i++) {
			struct alloc_edge *ed = &a->edges[f->out[i]];

			if (ed->kind == EDGE_INTER_CONTEXT)
				continue;
			if (set)
				ed->rows = most;
			else if (ed->rows > most)
				most = ed->rows;
		}
}

static bool is_shared(const struct allocation *a, int32_t context)
{
	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context && a->layers[i].group >= 0)
			return true;
	return false;
}

/* Unlimited, but behind a relay that keeps its rows before it. */
static int64_t capacity_shared(const struct plan *p, const struct allocation *a, int32_t edge)
{
	if (edge < 0 || !relay_kind_of(a->layers[a->edges[edge].from].kind)->lazy)
		return INT64_MAX / 2;
	return edge_window(p, a, &a->edges[edge]);
}

/* Merged layers hold each other up: their rows follow from all layers at once. */
static void size_shared(const struct plan *p, struct allocation *a, int32_t context,
			double interval)
{
	struct net_source s;
	struct network n;

	pace_source(p, a, &s);
	network_build(&n, &s, context);
	for (size_t i = 0; i < n.nline; i++)
		n.line[i].capacity = capacity_shared(p, a, n.line[i].edge);
	network_peaks(&n, interval);
	for (size_t i = 0; i < n.nline; i++)
		if (n.line[i].edge >= 0)
			a->edges[n.line[i].edge].rows = (int32_t)n.line[i].peak;
	for (size_t i = 0; i < a->nedges; i++)
		if (a->edges[i].kind == EDGE_INTER_CONTEXT &&
		    a->layers[a->edges[i].to].context == context)
			a->edges[i].rows = a->layers[a->edges[i].from].rows;
	network_release(&n);
	free(s.layers);
	free(s.edges);
}

/* Each layer by itself, in their order. */
static void size_alone(const struct plan *p, struct allocation *a, const struct flow *f,
		       int32_t context, double interval)
{
	struct timeline tl = { .start = xcalloc(a->nlayers + 1, sizeof *tl.start),
			       .finish = xcalloc(a->nlayers + 1, sizeof *tl.finish),
			       .frames = 1 };
	struct alloc_edge *ed;
	int64_t events = 1;
	double frames;
	size_t i;

	for (i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context)
			events += (int64_t)a->layers[i].rows * f->steps[i];
	/* Two frames more than are under way at once show the steady state. */
	frames = ceil(run_all(a, f, &tl, context, interval) / interval) + 2;
	tl.frames = frames < MAX_FRAMES ? (int32_t)frames : MAX_FRAMES;
	if (tl.frames > MAX_EVENTS / events)
		tl.frames = (int32_t)(MAX_EVENTS / events);
	if (tl.frames < 2)
		tl.frames = 2;
	run_all(a, f, &tl, context, interval);
	for (i = 0; i < a->nedges; i++) {
		ed = &a->edges[i];
		if (a->layers[ed->to].context != context)
			continue;
		ed->rows = rows_of(p, a, f, &tl, i);
	}
	for (i = 0; i < a->nlayers; i++) {
		free(tl.start[i]);
		free(tl.finish[i]);
	}
	free(tl.start);
	free(tl.finish);
}

/* compilation_param's no_contexts, of the layer that reads, and balance_output_multisplit. */
static void adjust(const struct plan *p, struct allocation *a, const struct flow *f,
		   int32_t context)
{
	for (size_t i = 0; i < a->nedges; i++) {
		struct alloc_edge *ed = &a->edges[i];

		if (a->layers[ed->to].context == context && ed->kind != EDGE_INTER_CONTEXT &&
		    phys_kernel(p, a, ed->to) && phys_unit(p, a, (size_t)ed->to)->no_contexts &&
		    ed->rows < edge_window(p, a, ed))
			ed->rows = edge_window(p, a, ed);
	}
	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context && !alloc_is_relay(a, i) &&
		    phys_unit(p, a, i)->balanced)
			balance(a, f, i);
}

void rows_size(const struct plan *p, struct allocation *a, const struct flow *f, int32_t context,
	       double interval)
{
	if (is_shared(a, context))
		size_shared(p, a, context, interval);
	else
		size_alone(p, a, f, context, interval);
	adjust(p, a, f, context);
}

/* A name means a physical layer, all parts of a layer, or all layers that are merged. */
static bool names(const struct alloc_layer *l, const char *name)
{
	return strcmp(l->name, name) == 0 || strcmp(l->layer, name) == 0 ||
	       (l->merged && strcmp(l->merged, name) == 0);
}

/* Several statements about two layers are about the edges between them in their order. */
int rows_force(const struct plan *p, struct allocation *a, struct err *e)
{
	const struct script_buffer *b;
	size_t i, k, hits;

	for (k = 0; k < p->nbuffers; k++) {
		b = &p->buffers[k];
		hits = 0;
		for (i = 0; i < a->nedges; i++) {
			struct alloc_edge *ed = &a->edges[i];

			if (!names(&a->layers[ed->from], b->from) ||
			    !names(&a->layers[ed->to], b->to))
				continue;
			if (ed->kind != EDGE_INTER_CONTEXT && hits >= b->number)
				ed->rows = b->rows;
			hits++;
		}
		if (!hits) {
			err_set(e, "'%s' and '%s' are not connected", quote(b->from), quote(b->to));
			return alls_in(b->st, e);
		}
	}
	return 0;
}

void rows_cuts(const struct plan *p, struct allocation *a)
{
	int64_t *bytes = xcalloc(a->nlayers + 1, sizeof *bytes);
	const struct alloc_edge *ed;
	int64_t rows;
	size_t i;

	for (i = 0; i < a->nedges; i++) {
		ed = &a->edges[i];
		rows = ed->rows;
		if (ed->kind ==
		    EDGE_INTER_CONTEXT) /* the tensor lies outside, a window of it here */
			rows = edge_window(p, a, ed);
		if (rows > ed->rows)
			rows = ed->rows;
		bytes[ed->to] += ceil_div(rows * ed->row_bytes, 64) * 64;
	}
	for (i = 0; i < a->nlayers; i++)
		a->layers[i].l3_buffer_cuts =
		    a->layers[i].lcus > 0 || relay_kind_of(a->layers[i].kind)->in_l3
			? (int32_t)ceil_div(bytes[i], p->t->l3_cut_bytes)
			: 0;
	free(bytes);
}
