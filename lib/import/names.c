/* Nodes by name, and names that are near one that is not there. */
#include "base/rng.h"
#include "import/import.h"
#include <ctype.h>

static struct im_node **slot(const struct im_graph *g, const char *name)
{
	size_t i = (size_t)hash_xxh3(name, strlen(name)) & (g->nnames - 1);

	while (g->names[i] && strcmp(g->names[i]->name, name) != 0)
		i = (i + 1) & (g->nnames - 1);
	return &g->names[i];
}

static void make_index(struct im_graph *g)
{
	for (g->nnames = 16; g->nnames < 2 * g->nnode;)
		g->nnames *= 2;
	g->names = xcalloc(g->nnames, sizeof(struct im_node *));
	for (size_t i = 0; i < g->nnode; i++) {
		struct im_node **s = slot(g, g->node[i]->name);

		if (!*s && !g->node[i]->part_of)
			*s = g->node[i];
	}
}

struct im_node *im_find_node(struct im_graph *g, const char *name)
{
	struct im_value *v;
	struct im_node *n;

	if (!g->names)
		make_index(g);
	n = *slot(g, name);
	if (n)
		return n;
	v = im_find_value(g, name);
	return v && v->from ? im_whole(v->from) : NULL;
}

void im_note_origin(struct im_graph *g)
{
	g->origin = arena_array(&g->arena, g->nnode, sizeof *g->origin);
	g->norigin = 0;
	for (size_t i = 0; i < g->nnode; i++)
		if (!g->node[i]->part_of)
			g->origin[g->norigin++] =
			    (struct im_origin){ g->node[i]->name, im_word(g->node[i]),
						g->node[i]->domain, g->node[i] };
}

/* ---- near names ---- */
enum {
	NEAR_LEN = 256, /* longer names are not compared */
	NEAR_COUNT = 3
};

struct near {
	const char *name[NEAR_COUNT];
	size_t cost[NEAR_COUNT];
	size_t n;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that make one of the other, upper and lower case alike; above `max`: anything above. */
static size_t distance(const char *a, const char *b, size_t max)
{
	const size_t na = strlen(a), nb = strlen(b);
	size_t row[NEAR_LEN + 1];

	if (na > NEAR_LEN || nb > NEAR_LEN || na > nb + max || nb > na + max)
		return max + 1;
	for (size_t k = 0; k <= nb; k++)
		row[k] = k;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0], best = row[0] = i;

		for (size_t k = 1; k <= nb; k++) {
			const size_t above = row[k];
			const bool same =
			    tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[k - 1]);

			row[k] = least(least(above, row[k - 1]) + 1, corner + !same);
			corner = above;
			best = least(best, row[k]);
		}
		if (best > max)
			return max + 1;
	}
	return row[nb];
}

/* What was typed is the end of the name behind a slash: scopes are often left out. */
static bool is_tail(const char *name, const char *tail)
{
	const size_t n = strlen(name), k = strlen(tail);

	return k < n && strcmp(name + n - k, tail) == 0 &&
	       (tail[0] == '/' || name[n - k - 1] == '/');
}

static void consider(struct near *near, const char *name, const char *typed)
{
	const size_t len = strlen(typed), max = len < 6 ? 1 : len / 3;
	const size_t cost = is_tail(name, typed) ? 1 : distance(name, typed, max);
	size_t at = near->n;

	if (cost > max)
		return;
	for (size_t i = 0; i < near->n; i++)
		if (strcmp(near->name[i], name) == 0)
			return;
	while (at > 0 && near->cost[at - 1] > cost)
		at--;
	if (at == NEAR_COUNT)
		return;
	if (near->n < NEAR_COUNT)
		near->n++;
	for (size_t i = near->n - 1; i > at; i--) {
		near->name[i] = near->name[i - 1];
		near->cost[i] = near->cost[i - 1];
	}
	near->name[at] = name;
	near->cost[at] = cost;
}

const char *im_near(struct im_graph *g, const char *name)
{
	struct near near = { .n = 0 };
	struct str s = { 0 };
	const char *text;

	for (size_t i = 0; i < g->nnode; i++)
		consider(&near, g->node[i]->name, name);
	for (size_t i = 0; i < g->nvalue; i++)
		if (g->value[i]->from && !g->value[i]->from->part_of)
			consider(&near, g->value[i]->name, name);
	for (size_t i = 0; i < near.n; i++)
		str_printf(&s, "%s'%s'", i ? ", " : " (did you mean ", quote(near.name[i]));
	text = near.n ? arena_printf(&g->arena, "%s?)", s.p) : "";
	str_release(&s);
	return text;
}
