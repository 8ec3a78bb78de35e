/*
 * An open-addressing table from full and from unscoped names to layers; where several scopes hold
 * the same unscoped name, the first in the graph's order is found.
 */
#include "hn/names.h"
#include "base/rng.h"

struct entry {
	struct layer *layer; /* NULL: free */
	const char *key;     /* its full name or the part after the scope */
};

struct counter {
	char *base;
	unsigned last;
};

struct name_index {
	struct entry *tab;
	size_t size; /* a power of two */
	size_t used;
	bool spoiled;
	struct counter *counters;
	size_t ncounters, cap_counters;
};

const char *name_unscoped(const char *full)
{
	const char *slash = strchr(full, '/');

	return slash ? slash + 1 : full;
}

struct name_index *names_new(void)
{
	struct name_index *x = xcalloc(1, sizeof *x);

	x->size = 64;
	x->tab = xcalloc(x->size, sizeof *x->tab);
	return x;
}

void names_free(struct name_index *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->ncounters; i++)
		free(x->counters[i].base);
	free(x->counters);
	free(x->tab);
	free(x);
}

static struct entry *slot(const struct name_index *x, const char *key)
{
	size_t i = (size_t)hash_xxh3(key, strlen(key)) & (x->size - 1);

	while (x->tab[i].layer && strcmp(x->tab[i].key, key) != 0)
		i = (i + 1) & (x->size - 1);
	return &x->tab[i];
}

static void put(struct name_index *x, const char *key, struct layer *l)
{
	struct entry *s = slot(x, key);

	if (s->layer)
		return;
	*s = (struct entry){ l, key };
	x->used++;
}

static void grow(struct name_index *x)
{
	struct entry *old = x->tab;
	const size_t n = x->size;

	x->size *= 2;
	x->tab = xcalloc(x->size, sizeof *x->tab);
	for (size_t i = 0; i < n; i++)
		if (old[i].layer)
			*slot(x, old[i].key) = old[i];
	free(old);
}

void names_add(struct name_index *x, struct layer *l)
{
	if (2 * (x->used + 2) > x->size)
		grow(x);
	put(x, l->name, l);
	put(x, name_unscoped(l->name), l);
}

void names_spoil(struct name_index *x)
{
	x->spoiled = true;
}

static void rebuild(struct name_index *x, const struct graph *g)
{
	memset(x->tab, 0, x->size * sizeof *x->tab);
	x->used = 0;
	x->spoiled = false;
	for (size_t i = 0; i < g->nlayers; i++)
		names_add(x, g->layers[i]);
}

struct layer *names_find(struct name_index *x, const struct graph *g, const char *name)
{
	if (x->spoiled)
		rebuild(x, g);
	return slot(x, name)->layer;
}

unsigned names_next(struct name_index *x, const char *base)
{
	for (size_t i = 0; i < x->ncounters; i++)
		if (strcmp(x->counters[i].base, base) == 0)
			return ++x->counters[i].last;
	VEC_GROW(x->counters, x->ncounters, &x->cap_counters);
	x->counters[x->ncounters++] = (struct counter){ xstrdup(base), 1 };
	return 1;
}
