#include "quant/mix.h"

/* A choice for the layers so far. */
struct point {
	double cost, noise;
	uint32_t before; /* which point of the layers before */
	uint32_t choice; /* of this layer */
};

struct level {
	struct point *point; /* by cost, noise falling */
	size_t n;
};

struct mix_front {
	struct level *level; /* by layer */
	size_t n;
};

static int by_cost(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;

	if (a->cost < b->cost || a->cost > b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->noise < b->noise || a->noise > b->noise)
		return a->noise < b->noise ? -1 : 1;
	if (a->before != b->before)
		return a->before < b->before ? -1 : 1;
	return a->choice < b->choice ? -1 : a->choice > b->choice;
}

/* Those that are better than all cheaper ones. */
static void drop_dominated(struct level *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		if (n == 0 || v->point[i].noise < v->point[n - 1].noise)
			v->point[n++] = v->point[i];
	v->n = n;
}

/* The cheapest stays, and the least noise of each part. */
static void thin(struct level *v)
{
	const double low = v->point[0].cost, width = v->point[v->n - 1].cost - low;
	size_t n = 1, part = 0;

	if (v->n <= MIX_POINTS)
		return;
	for (size_t i = 1; i < v->n; i++) {
		const size_t here = (size_t)((v->point[i].cost - low) / width * (MIX_POINTS - 1));

		if (n > 1 && here == part)
			n--;
		part = here;
		v->point[n++] = v->point[i];
	}
	v->n = n;
}

static void extend(const struct level *from, const struct mix_layer *l, struct level *to)
{
	to->point = xcalloc(from->n * l->n, sizeof *to->point);
	for (size_t i = 0; i < from->n; i++)
		for (size_t k = 0; k < l->n; k++)
			to->point[to->n++] = (struct point){
				.cost = from->point[i].cost + l->choice[k].cost,
				.noise = from->point[i].noise + l->choice[k].noise,
				.before = (uint32_t)i,
				.choice = (uint32_t)k,
			};
	qsort(to->point, to->n, sizeof *to->point, by_cost);
	drop_dominated(to);
	thin(to);
}

struct mix_front *mix_front_new(const struct mix_layer *l, size_t n)
{
	struct mix_front *f = xcalloc(1, sizeof *f);
	struct point nothing = { 0 };
	struct level start = { &nothing, 1 };

	f->n = n;
	f->level = xcalloc(n + 1, sizeof *f->level);
	for (size_t i = 0; i < n; i++)
		extend(i ? &f->level[i - 1] : &start, &l[i], &f->level[i]);
	return f;
}

void mix_front_free(struct mix_front *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->level[i].point);
	free(f->level);
	free(f);
}

bool mix_front_pick(const struct mix_front *f, double budget, size_t *pick)
{
	const struct level *last = &f->level[f->n ? f->n - 1 : 0];
	const bool fits = f->n == 0 || last->point[0].cost <= budget;
	size_t at = 0;

	while (at + 1 < last->n && last->point[at + 1].cost <= budget)
		at++;
	for (size_t i = f->n; i-- > 0;) {
		const struct point *p = &f->level[i].point[at];

		pick[i] = p->choice;
		at = p->before;
	}
	return fits;
}
