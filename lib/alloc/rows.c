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
	MAX_EVENTS = 1 << 23
};

/* Times of every row of every layer of a context. */
struct timeline {
	double **start, **finish; /* by layer, NULL outside the context */
	int32_t frames;
};

static double arrival(const struct allocation *a, const struct timeline *tl,
		      const struct alloc_edge *ed, int32_t frame, int32_t row, double interval)
{
	int32_t rows = a->layers[ed->from].rows;

	if (ed->kind == EDGE_INTER_CONTEXT)
		return (frame + (double)(row + 1) / rows) * interval;
	return tl->finish[ed->from][(size_t)frame * (size_t)rows + (size_t)row];
}

/* Starts of the rows of layer v; its producers are done. */
static void run_layer(const struct allocation *a, const struct flow *f, struct timeline *tl,
		      size_t v, double interval)
{
	const struct alloc_layer *l = &a->layers[v];
	double cycles = (double)l->row_cycles;
	double now = 0;
	double t;
	size_t i, k = 0;
	int32_t frame, y, last;

	for (frame = 0; frame < tl->frames; frame++)
		for (y = 0; y < l->rows; y++, k++) {
			if (f->in_at[v] == f->in_at[v + 1]) { /* a source */
				t = (frame + (double)y / l->rows) * interval;
				now = t > now ? t : now;
			}
			for (i = f->in_at[v]; i < f->in_at[v + 1]; i++) {
				last = f->edges[f->in[i]].last[y];
				if (last < 0)
					continue;
				t = arrival(a, tl, &a->edges[f->in[i]], frame, last, interval);
				now = t > now ? t : now;
			}
			tl->start[v][k] = now;
			now += cycles;
			tl->finish[v][k] = now;
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
		n = (size_t)a->layers[v].rows * (size_t)tl->frames;
		tl->start[v] = xreallocarray(tl->start[v], n, sizeof(double));
		tl->finish[v] = xreallocarray(tl->finish[v], n, sizeof(double));
		run_layer(a, f, tl, v, interval);
		t = tl->finish[v][a->layers[v].rows - 1];
		end = t > end ? t : end;
	}
	return end;
}

/* When row k of the producer leaves the buffer. */
static double leaves(const struct allocation *a, const struct flow_edge *fe,
		     const struct timeline *tl, const struct alloc_edge *ed, size_t k)
{
	size_t rows = (size_t)a->layers[ed->from].rows;
	size_t consumer =
	    (k / rows) * (size_t)a->layers[ed->to].rows + (size_t)fe->release[k % rows];
	double written = tl->finish[ed->from][k];
	double used = tl->finish[ed->to][consumer];

	return used > written ? used : written;
}

/* Most rows that are reserved or held at once; releases come in the order of rows. */
static int32_t occupancy(const struct allocation *a, const struct flow_edge *fe,
			 const struct timeline *tl, const struct alloc_edge *ed)
{
	size_t n = (size_t)a->layers[ed->from].rows * (size_t)tl->frames;
	size_t gone = 0;
	size_t most = 1;
	size_t k;

	for (k = 0; k < n; k++) {
		while (gone < k && leaves(a, fe, tl, ed, gone) <= tl->start[ed->from][k])
			gone++;
		if (k - gone + 1 > most)
			most = k - gone + 1;
	}
	return (int32_t)most;
}

void rows_size(struct allocation *a, const struct flow *f, int32_t context, double interval)
{
	struct timeline tl = { .start = xcalloc(a->nlayers + 1, sizeof *tl.start),
			       .finish = xcalloc(a->nlayers + 1, sizeof *tl.finish),
			       .frames = 1 };
	struct alloc_edge *ed;
	int64_t events = 1;
	double frames;
	size_t i;

	for (i = 0; i < a->nlayers; i++)
		events += a->layers[i].context == context ? a->layers[i].rows : 0;
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
		ed->rows = ed->kind == EDGE_INTER_CONTEXT ? a->layers[ed->from].rows
							  : occupancy(a, &f->edges[i], &tl, ed);
	}
	for (i = 0; i < a->nlayers; i++) {
		free(tl.start[i]);
		free(tl.finish[i]);
	}
	free(tl.start);
	free(tl.finish);
}

int rows_force(const struct plan *p, struct allocation *a, struct err *e)
{
	const struct script_buffer *b;
	const struct alloc_edge *ed;
	size_t i, k, hits;

	for (k = 0; k < p->nbuffers; k++) {
		b = &p->buffers[k];
		hits = 0;
		for (i = 0; i < a->nedges; i++) {
			ed = &a->edges[i];
			if (strcmp(a->layers[ed->from].name, b->from) != 0 ||
			    strcmp(a->layers[ed->to].name, b->to) != 0)
				continue;
			hits++;
			if (ed->kind != EDGE_INTER_CONTEXT)
				a->edges[i].rows = b->rows;
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
			rows = unit_window(phys_unit(p, a, (size_t)ed->to), (size_t)ed->input);
		if (rows > ed->rows)
			rows = ed->rows;
		bytes[ed->to] += ceil_div(rows * ed->row_bytes, 64) * 64;
	}
	for (i = 0; i < a->nlayers; i++)
		a->layers[i].l3_buffer_cuts =
		    a->layers[i].lcus > 0 ? (int32_t)ceil_div(bytes[i], p->t->l3_cut_bytes) : 0;
	free(bytes);
}
