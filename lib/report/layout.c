/*
 * A layered layout (Sugiyama, Tagawa, Toda 1981): layers in rows by their depth, long edges cut at
 * every row that they cross, an order in the rows with few crossings, then coordinates.
 */
#include "report/picture_int.h"

enum {
	MAX_LINKS = 1 << 19
};

/* Depth: one more than the deepest input; sources stand directly above their first use. */
static void set_ranks(const struct graph *g, int32_t *rank)
{
	size_t i, k;

	for (i = 0; i < g->nlayers; i++)
		for (k = 0; k < g->layers[i]->nin; k++) {
			int32_t r = rank[g->layers[i]->in[k].layer->index] + 1;

			if (r > rank[i])
				rank[i] = r;
		}
	for (i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];
		int32_t first = INT32_MAX;

		for (k = 0; k < l->nsucc; k++)
			if (rank[l->succ[k]->index] < first)
				first = rank[l->succ[k]->index];
		if (l->nin == 0 && l->nsucc)
			rank[i] = first - 1;
	}
}

/* Links of all edges, those longer than `longest` rows counted as one. */
static size_t count_links(const struct graph *g, const int32_t *rank, int32_t longest)
{
	size_t n = 0;
	size_t i, k;

	for (i = 0; i < g->nlayers; i++)
		for (k = 0; k < g->layers[i]->nin; k++) {
			int32_t span = rank[i] - rank[g->layers[i]->in[k].layer->index];

			n += span > longest ? 1 : (size_t)span;
		}
	return n;
}

/* Longer edges than this are drawn over the rows, so that no graph takes more than its share. */
static int32_t longest_edge(const struct graph *g, const int32_t *rank)
{
	int32_t longest = (int32_t)g->nlayers;

	while (longest > 1 && count_links(g, rank, longest) > MAX_LINKS)
		longest /= 2;
	return longest;
}

/* The links of input k of layer i, from its producer down. */
static void cut_edge(struct layout *y, const struct graph *g, const int32_t *rank, size_t i,
		     size_t k, int32_t longest)
{
	size_t from = g->layers[i]->in[k].layer->index;
	int32_t r = rank[from] + 1;

	if (rank[i] - rank[from] > longest)
		r = rank[i];
	for (; r <= rank[i]; r++) {
		size_t to = r < rank[i] ? y->nv++ : i;

		if (r < rank[i])
			y->v[to] = (struct vertex){ .layer = SIZE_MAX, .rank = r, .w = 2 };
		y->e[y->ne++] = (struct link){ from, to, i, k };
		from = to;
	}
}

static void fill_rows(struct layout *y)
{
	size_t i;

	y->row = arena_array(&y->arena, (size_t)y->rows + 1, sizeof *y->row);
	y->nrow = arena_array(&y->arena, (size_t)y->rows + 1, sizeof *y->nrow);
	for (i = 0; i < y->nv; i++)
		y->nrow[y->v[i].rank]++;
	for (int32_t r = 0; r < y->rows; r++) {
		y->row[r] = arena_array(&y->arena, y->nrow[r] + 1, sizeof **y->row);
		y->nrow[r] = 0;
	}
	for (i = 0; i < y->nv; i++) {
		struct vertex *v = &y->v[i];

		v->order = y->nrow[v->rank]++;
		y->row[v->rank][v->order] = i;
	}
}

static bool is_short(const struct layout *y, const struct link *l)
{
	return y->v[l->to].rank == y->v[l->from].rank + 1;
}

static void fill_neighbours(struct layout *y)
{
	size_t *fu = xcalloc(y->nv + 1, sizeof *fu);
	size_t *fd = xcalloc(y->nv + 1, sizeof *fd);
	size_t i;

	y->up = arena_array(&y->arena, y->nv + 2, sizeof *y->up);
	y->down = arena_array(&y->arena, y->nv + 2, sizeof *y->down);
	y->above = arena_array(&y->arena, y->ne + 1, sizeof *y->above);
	y->below = arena_array(&y->arena, y->ne + 1, sizeof *y->below);
	for (i = 0; i < y->ne; i++) {
		y->up[y->e[i].to + 1] += is_short(y, &y->e[i]);
		y->down[y->e[i].from + 1] += is_short(y, &y->e[i]);
	}
	for (i = 0; i < y->nv; i++) {
		y->up[i + 1] += y->up[i];
		y->down[i + 1] += y->down[i];
	}
	for (i = 0; i < y->ne; i++) {
		size_t t = y->e[i].to, f = y->e[i].from;

		if (!is_short(y, &y->e[i]))
			continue;
		y->above[y->up[t] + fu[t]++] = f;
		y->below[y->down[f] + fd[f]++] = t;
	}
	free(fu);
	free(fd);
}

void layout_make(struct layout *y, const struct graph *g, const double *w, const double *h)
{
	int32_t *rank = xcalloc(g->nlayers + 1, sizeof *rank);
	int32_t longest;
	size_t i, k;

	*y = (struct layout){ .rows = 0 };
	set_ranks(g, rank);
	longest = longest_edge(g, rank);
	y->ne = count_links(g, rank, longest);
	y->v = arena_array(&y->arena, g->nlayers + y->ne + 1, sizeof *y->v);
	y->e = arena_array(&y->arena, y->ne + 1, sizeof *y->e);
	y->nv = g->nlayers;
	y->ne = 0;
	for (i = 0; i < g->nlayers; i++) {
		y->v[i] = (struct vertex){ .layer = i, .rank = rank[i], .w = w[i], .h = h[i] };
		y->rows = rank[i] + 1 > y->rows ? rank[i] + 1 : y->rows;
	}
	for (i = 0; i < g->nlayers; i++)
		for (k = 0; k < g->layers[i]->nin; k++)
			cut_edge(y, g, rank, i, k, longest);
	free(rank);
	fill_rows(y);
	fill_neighbours(y);
	layout_order(y);
	layout_place(y);
}

void layout_release(struct layout *y)
{
	arena_release(&y->arena);
}
