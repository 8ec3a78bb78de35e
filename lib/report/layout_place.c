/*
 * Coordinates.  Every row is placed as near as its order allows to where its neighbours are: least
 * squares with distances kept, solved by pooling blocks that would overlap.  Links of long edges
 * weigh more, so that they run straight.
 */
#include "report/picture_int.h"

enum {
	ROUNDS = 80,
	FEW_ROUNDS = 16, /* of a picture that nobody looks at as a whole */
	LARGE = 20000
};

static const double gap_x = 26, gap_y = 34, margin = 24;

/* Vertices that touch: their place is that of all together. */
struct block {
	double sum, weight; /* of wanted places, less the offset in the block */
	double width;       /* from the center of the first to that of the last */
	size_t n;
};

static double distance(const struct vertex *a, const struct vertex *b)
{
	double gap = a->layer == SIZE_MAX && b->layer == SIZE_MAX ? gap_x / 2 : gap_x;

	return (a->w + b->w) / 2 + gap;
}

/* Long edges run straight first, then chains of layers. */
static double link_weight(const struct layout *y, size_t a, size_t b)
{
	int crossings = (y->v[a].layer == SIZE_MAX) + (y->v[b].layer == SIZE_MAX);
	size_t upper = y->v[a].rank < y->v[b].rank ? a : b;
	size_t lower = upper == a ? b : a;

	if (crossings)
		return crossings == 2 ? 8 : 2;
	return y->down[upper + 1] - y->down[upper] == 1 && y->up[lower + 1] - y->up[lower] == 1 ? 8
												: 1;
}

static void pull(const struct layout *y, const size_t *first, const size_t *list, size_t i,
		 double *sum, double *weight)
{
	size_t k;

	for (k = first[i]; k < first[i + 1]; k++) {
		double w = link_weight(y, i, list[k]);

		*sum += w * y->v[list[k]].x;
		*weight += w;
	}
}

/* Where vertex i would be if it were alone, and with what weight. */
static struct block want(const struct layout *y, size_t i, bool above, bool below)
{
	struct block b = { y->v[i].x * 1e-3, 1e-3, 0, 1 }; /* without neighbours it stays */

	if (above)
		pull(y, y->up, y->above, i, &b.sum, &b.weight);
	if (below)
		pull(y, y->down, y->below, i, &b.sum, &b.weight);
	return b;
}

/* Blocks from left to right; one that would overlap the last is joined with it. */
static void place_row(struct layout *y, int32_t r, bool above, bool below, struct block *blocks)
{
	const size_t *row = y->row[r];
	size_t n = 0, i, k, at = 0;

	for (i = 0; i < y->nrow[r]; i++) {
		const struct vertex *v = &y->v[row[i]];
		double apart = i ? distance(&y->v[row[i - 1]], v) : 0;

		blocks[n++] = want(y, row[i], above, below);
		while (n > 1) {
			struct block *a = &blocks[n - 2];
			struct block *b = &blocks[n - 1];
			double offset = a->width + apart;

			if (b->sum / b->weight >= a->sum / a->weight + offset)
				break;
			a->sum += b->sum - b->weight * offset;
			a->weight += b->weight;
			a->width = offset + b->width;
			a->n += b->n;
			n--;
			/* Distance between the joined block and the one before it. */
			if (n > 1) {
				size_t first = i + 1 - a->n;

				apart = distance(&y->v[row[first - 1]], &y->v[row[first]]);
			}
		}
	}
	for (i = 0; i < n; i++) {
		double x = blocks[i].sum / blocks[i].weight;

		for (k = 0; k < blocks[i].n; k++, at++) {
			if (k)
				x += distance(&y->v[row[at - 1]], &y->v[row[at]]);
			y->v[row[at]].x = x;
		}
	}
}

/* Side by side, from 0. */
static void line_up(struct layout *y, int32_t r)
{
	for (size_t i = 1; i < y->nrow[r]; i++) {
		const struct vertex *left = &y->v[y->row[r][i - 1]];
		struct vertex *v = &y->v[y->row[r][i]];

		v->x = left->x + distance(left, v);
	}
}

/* Down, then up, each by the rows that were placed just before; then by both sides. */
static void place_columns(struct layout *y)
{
	struct block *blocks = xcalloc(y->nv + 1, sizeof *blocks);
	int rounds = y->nv < LARGE ? ROUNDS : FEW_ROUNDS;
	int32_t r;

	for (r = 0; r < y->rows; r++)
		line_up(y, r);
	for (int round = 0; round < rounds; round++) {
		bool down = round % 2 == 0;
		bool both = round > 1;

		for (r = 0; r < y->rows; r++)
			place_row(y, down ? r : y->rows - 1 - r, both || down, both || !down,
				  blocks);
	}
	free(blocks);
}

static void place_rows(struct layout *y)
{
	double top = margin;
	double tallest;

	for (int32_t r = 0; r < y->rows; r++) {
		tallest = 0;
		for (size_t i = 0; i < y->nrow[r]; i++)
			if (y->v[y->row[r][i]].h > tallest)
				tallest = y->v[y->row[r][i]].h;
		for (size_t i = 0; i < y->nrow[r]; i++) {
			struct vertex *v = &y->v[y->row[r][i]];

			v->y = top + tallest / 2;
			if (v->layer == SIZE_MAX)
				v->h = tallest;
		}
		top += tallest + gap_y;
	}
	y->height = y->rows ? top - gap_y + margin : 2 * margin;
}

/* The leftmost box begins at the margin. */
static void shift(struct layout *y)
{
	double left = 0, right = 0;

	for (size_t i = 0; i < y->nv; i++) {
		const struct vertex *v = &y->v[i];

		left = i == 0 || v->x - v->w / 2 < left ? v->x - v->w / 2 : left;
		right = i == 0 || v->x + v->w / 2 > right ? v->x + v->w / 2 : right;
	}
	for (size_t i = 0; i < y->nv; i++)
		y->v[i].x += margin - left;
	y->width = right - left + 2 * margin;
}

void layout_place(struct layout *y)
{
	place_columns(y);
	place_rows(y);
	shift(y);
}
