/* Memory of intermediate tensors: greedy by size, sharing by lifetime. */
#include "emu/plan.h"

#include "base/mem.h"
#include <stdlib.h>

enum {
	ALIGN = 64
};

static bool owns_memory(const struct value *v, size_t i)
{
	return v[i].root == i && !v[i].external && v[i].bytes > 0;
}

static bool live_together(const struct value *a, const struct value *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* Sort keys: larger first, then the earlier value. */
struct order {
	size_t bytes, index;
};

static int by_size(const void *pa, const void *pb)
{
	const struct order *a = pa, *b = pb;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->index < b->index ? -1 : 1;
}

/* Values already placed, by offset. */
struct placed {
	size_t *at;
	size_t n;
};

/* Lowest offset where v fits beside the placed values that live at the same time. */
static size_t lowest_gap(const struct value *values, const struct placed *p, const struct value *v)
{
	size_t offset = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct value *other = &values[p->at[i]];

		if (!live_together(other, v))
			continue;
		if (offset + v->bytes <= other->offset)
			return offset;
		if (other->offset + other->bytes > offset)
			offset = (other->offset + other->bytes + ALIGN - 1) / ALIGN * ALIGN;
	}
	return offset;
}

static void insert(const struct value *values, struct placed *p, size_t v)
{
	size_t i = p->n++;

	for (; i > 0 && values[p->at[i - 1]].offset > values[v].offset; i--)
		p->at[i] = p->at[i - 1];
	p->at[i] = v;
}

size_t plan_memory(struct value *v, size_t n)
{
	struct order *order = xcalloc(n, sizeof *order);
	struct placed placed = { xcalloc(n, sizeof *placed.at), 0 };
	size_t count = 0, total = 0;

	for (size_t i = 0; i < n; i++)
		if (owns_memory(v, i))
			order[count++] = (struct order){ v[i].bytes, i };
	qsort(order, count, sizeof *order, by_size);
	for (size_t i = 0; i < count; i++) {
		struct value *it = &v[order[i].index];

		it->offset = lowest_gap(v, &placed, it);
		insert(v, &placed, order[i].index);
		if (it->offset + it->bytes > total)
			total = it->offset + it->bytes;
	}
	free(placed.at);
	free(order);
	return total;
}

bool plan_overlaps(const struct value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (owns_memory(v, i) && owns_memory(v, j) && live_together(&v[i], &v[j]) &&
			    v[i].offset < v[j].offset + v[j].bytes &&
			    v[j].offset < v[i].offset + v[i].bytes)
				return true;
	return false;
}
