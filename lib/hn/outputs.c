/* Output layers in the order of output_order: by sorting, for networks with thousands of them. */
#include "hn/layer.h"

/* An entry of output_order, by name and place; or an output layer, by place and number. */
struct entry {
	const char *name;
	struct layer *layer;
	size_t place, number;
};

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const int by = strcmp(x->name, y->name);

	return by ? by : (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->place != y->place ? (x->place > y->place) - (x->place < y->place)
				    : (x->number > y->number) - (x->number < y->number);
}

/* First place of a name in the sorted list of n; n when it is not there. */
static size_t place_of(const struct entry *list, size_t n, const char *name)
{
	size_t from = 0, to = n;

	while (from < to) {
		const size_t mid = from + (to - from) / 2;

		if (strcmp(list[mid].name, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from < n && strcmp(list[from].name, name) == 0 ? list[from].place : n;
}

static size_t count_outputs(const struct graph *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		n += g->layers[i]->type == HN_OUTPUT;
	return n;
}

size_t graph_outputs(const struct graph *g, struct layer **out, size_t max)
{
	const size_t n = count_outputs(g);
	struct entry *listed, *found;
	size_t k = 0;

	if (max == 0 || n == 0)
		return n;
	listed = xcalloc(g->noutput_order + 1, sizeof *listed);
	found = xcalloc(n, sizeof *found);
	for (size_t i = 0; i < g->noutput_order; i++)
		listed[i] = (struct entry){ .name = g->output_order[i], .place = i };
	qsort(listed, g->noutput_order, sizeof *listed, by_name);
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (l->type != HN_OUTPUT)
			continue;
		/* Unlisted ones come last. */
		found[k] = (struct entry){ .layer = l,
					   .place = l->nin ? place_of(listed, g->noutput_order,
								      l->in[0].layer->name)
							   : g->noutput_order,
					   .number = k };
		k++;
	}
	qsort(found, n, sizeof *found, by_place);
	for (size_t i = 0; i < n && i < max; i++)
		out[i] = found[i].layer;
	free(listed);
	free(found);
	return n;
}
