/* Order in the rows: sweeps of barycenters, down and up; the order with the fewest crossings stays.
 */
#include "report/picture_int.h"

enum {
	SWEEPS = 12
};

struct key {
	double at;
	size_t vertex, order;
};

static int by_key(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Mean place of the neighbours in the row above or below; its own place without any. */
static double barycenter(const struct layout *y, const size_t *first, const size_t *list, size_t v)
{
	double sum = 0;
	size_t i;

	for (i = first[v]; i < first[v + 1]; i++)
		sum += (double)y->v[list[i]].order;
	return first[v] == first[v + 1] ? (double)y->v[v].order
					: sum / (double)(first[v + 1] - first[v]);
}

static void sort_row(struct layout *y, int32_t r, const size_t *first, const size_t *list,
		     struct key *keys)
{
	size_t n = y->nrow[r];
	size_t i;

	for (i = 0; i < n; i++) {
		size_t v = y->row[r][i];

		keys[i] = (struct key){ barycenter(y, first, list, v), v, i };
	}
	qsort(keys, n, sizeof *keys, by_key);
	for (i = 0; i < n; i++) {
		y->row[r][i] = keys[i].vertex;
		y->v[keys[i].vertex].order = i;
	}
}

static int by_place(const void *a, const void *b)
{
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Crossings between rows r and r + 1, counted with a tree of sums (Barth, Junger, Mutzel 2002). */
static size_t crossings(const struct layout *y, int32_t r, size_t *tree, size_t *places)
{
	size_t width = y->nrow[r + 1];
	size_t total = 0, seen = 0;
	size_t i, k, n, p;

	memset(tree, 0, (width + 1) * sizeof *tree);
	for (i = 0; i < y->nrow[r]; i++) {
		size_t v = y->row[r][i];

		n = y->down[v + 1] - y->down[v];
		for (k = 0; k < n; k++)
			places[k] = y->v[y->below[y->down[v] + k]].order;
		qsort(places, n, sizeof *places, by_place);
		for (k = 0; k < n; k++) { /* those seen that end to the right of this one */
			size_t left = 0;

			for (p = places[k] + 1; p; p &= p - 1)
				left += tree[p];
			total += seen - left;
		}
		for (k = 0; k < n; k++, seen++)
			for (p = places[k] + 1; p <= width; p += p & (~p + 1))
				tree[p]++;
	}
	return total;
}

static size_t all_crossings(const struct layout *y, size_t *tree, size_t *places)
{
	size_t total = 0;

	for (int32_t r = 0; r + 1 < y->rows; r++)
		total += crossings(y, r, tree, places);
	return total;
}

static void remember(const struct layout *y, size_t *best)
{
	for (size_t i = 0; i < y->nv; i++)
		best[i] = y->v[i].order;
}

static void recall(struct layout *y, const size_t *best)
{
	for (size_t i = 0; i < y->nv; i++) {
		y->v[i].order = best[i];
		y->row[y->v[i].rank][best[i]] = i;
	}
}

void layout_order(struct layout *y)
{
	struct key *keys = xcalloc(y->nv + 1, sizeof *keys);
	size_t *tree = xcalloc(y->nv + 2, sizeof *tree);
	size_t *places = xcalloc(y->ne + 1, sizeof *places);
	size_t *best = xcalloc(y->nv + 1, sizeof *best);
	size_t fewest, now;
	int32_t r;

	fewest = all_crossings(y, tree, places);
	remember(y, best);
	for (int sweep = 0; sweep < SWEEPS && fewest; sweep++) {
		for (r = 1; r < y->rows && sweep % 2 == 0; r++)
			sort_row(y, r, y->up, y->above, keys);
		for (r = y->rows - 2; r >= 0 && sweep % 2 == 1; r--)
			sort_row(y, r, y->down, y->below, keys);
		now = all_crossings(y, tree, places);
		if (now < fewest) {
			fewest = now;
			remember(y, best);
		}
	}
	recall(y, best);
	free(keys);
	free(tree);
	free(places);
	free(best);
}
