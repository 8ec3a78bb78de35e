/* The order of the layers with the relays between them. */
#include "alloc/weave.h"

static int by_ends(const void *x, const void *y)
{
	const struct alloc_edge *a = x, *b = y;

	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->input != b->input)
		return a->input < b->input ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

struct key {
	int64_t key;
	int32_t node;
};

static int by_key(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

/* The last part of a layer: no relay stands between parts. */
static int32_t last_part(const struct allocation *a, size_t n, int32_t node)
{
	while ((size_t)node < n && (size_t)node + 1 < n && a->unit[node + 1] == a->unit[node])
		node++;
	return node;
}

/* Layers as they were, each relay behind the last one that it reads; n are no relays.  NULL: a
 * loop. */
static struct key *keys_of(const struct allocation *a, size_t n)
{
	struct key *keys = xcalloc(a->nlayers + 1, sizeof *keys);
	bool moved = true;
	size_t pass;

	for (size_t i = 0; i < a->nlayers; i++)
		keys[i] = (struct key){ i < n ? (int64_t)i << 20 : 0, (int32_t)i };
	for (pass = 0; moved && pass <= a->nlayers; pass++) {
		moved = false;
		for (size_t i = 0; i < a->nedges; i++) {
			const int32_t to = a->edges[i].to;
			int32_t from = a->edges[i].from;

			if ((size_t)to >= n)
				from = last_part(a, n, from);
			if (keys[to].key > keys[from].key)
				continue;
			keys[to].key = keys[from].key + 1;
			moved = true;
		}
	}
	if (moved) {
		free(keys);
		return NULL;
	}
	qsort(keys, a->nlayers, sizeof *keys, by_key);
	return keys;
}

int weave_order(struct allocation *a, size_t n, struct err *e)
{
	struct key *keys = keys_of(a, n);
	struct alloc_layer *layers;
	int32_t *unit, *place;

	if (!keys)
		return err_set(e, "the layers that the script puts between others wait for each "
				  "other");
	layers = arena_array(&a->arena, a->nlayers, sizeof *layers);
	unit = arena_array(&a->arena, a->nlayers, sizeof *unit);
	place = xcalloc(a->nlayers + 1, sizeof *place);
	for (size_t i = 0; i < a->nlayers; i++) {
		layers[i] = a->layers[keys[i].node];
		unit[i] = a->unit[keys[i].node];
		place[keys[i].node] = (int32_t)i;
	}
	for (size_t i = 0; i < a->nedges; i++) {
		a->edges[i].from = place[a->edges[i].from];
		a->edges[i].to = place[a->edges[i].to];
	}
	qsort(a->edges, a->nedges, sizeof *a->edges, by_ends);
	a->layers = layers;
	a->unit = unit;
	free(place);
	free(keys);
	return 0;
}
