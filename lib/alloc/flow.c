/* Tables of row dependencies, from qop_step_rows. */
#include "alloc/alloc_int.h"

static void edge_tables(const struct plan *p, const struct allocation *a, size_t i,
			struct flow_edge *fe)
{
	const struct alloc_edge *ed = &a->edges[i];
	const struct qop *q = phys_kernel(p, a, ed->to);
	int32_t rows = a->layers[ed->to].rows * phys_steps(p, a, (size_t)ed->to);
	int32_t from_rows = a->layers[ed->from].rows;
	int32_t *first = xcalloc((size_t)rows + 1, sizeof *first);
	int32_t y, r, lo, hi;

	fe->last = xcalloc((size_t)rows, sizeof *fe->last);
	fe->release = xcalloc((size_t)from_rows, sizeof *fe->release);
	for (y = 0; y < rows; y++) {
		process_rows(q, (size_t)ed->input, y, rows, from_rows, &lo, &hi);
		fe->last[y] = hi < lo ? -1 : hi;
		first[y] = hi < lo ? INT32_MAX : lo;
	}
	/* A row is free when no later step needs it. */
	first[rows] = INT32_MAX;
	for (y = rows - 1; y >= 0; y--)
		if (first[y + 1] < first[y])
			first[y] = first[y + 1];
	for (r = 0, y = 0; r < from_rows; r++) {
		while (y + 1 < rows && first[y + 1] <= r)
			y++;
		fe->release[r] = y;
	}
	free(first);
}

/* Edge numbers sorted by one end. */
static void index_edges(const struct allocation *a, bool by_to, size_t **list, size_t **at)
{
	size_t *fill = xcalloc(a->nlayers + 1, sizeof *fill);
	size_t i, k;

	*list = xcalloc(a->nedges + 1, sizeof **list);
	*at = xcalloc(a->nlayers + 1, sizeof **at);
	for (i = 0; i < a->nedges; i++)
		(*at)[(by_to ? a->edges[i].to : a->edges[i].from) + 1]++;
	for (i = 0; i < a->nlayers; i++)
		(*at)[i + 1] += (*at)[i];
	for (i = 0; i < a->nedges; i++) {
		k = (size_t)(by_to ? a->edges[i].to : a->edges[i].from);
		(*list)[(*at)[k] + fill[k]++] = i;
	}
	free(fill);
}

void flow_init(struct flow *f, const struct plan *p, const struct allocation *a)
{
	size_t i;

	f->steps = xcalloc(a->nlayers + 1, sizeof *f->steps);
	for (i = 0; i < a->nlayers; i++)
		f->steps[i] = phys_steps(p, a, i);
	f->edges = xcalloc(a->nedges + 1, sizeof *f->edges);
	for (i = 0; i < a->nedges; i++)
		edge_tables(p, a, i, &f->edges[i]);
	index_edges(a, true, &f->in, &f->in_at);
	index_edges(a, false, &f->out, &f->out_at);
}

void flow_release(struct flow *f, const struct allocation *a)
{
	size_t i;

	for (i = 0; i < a->nedges; i++) {
		free(f->edges[i].last);
		free(f->edges[i].release);
	}
	free(f->steps);
	free(f->edges);
	free(f->in);
	free(f->out);
	free(f->in_at);
	free(f->out_at);
}
