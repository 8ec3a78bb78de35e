/* The importer's graph: values by name, nodes, attributes. */
#include "base/rng.h"
#include "import/import.h"

struct im_graph *im_new(void)
{
	return xcalloc(1, sizeof(struct im_graph));
}

static void release_node(struct im_node *n)
{
	for (size_t i = 0; i < n->nattr; i++)
		tensor_release(&n->attr[i].t);
}

void im_free(struct im_graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->nvalue; i++)
		tensor_release(&g->value[i]->data);
	for (size_t i = 0; i < g->nnode; i++)
		release_node(g->node[i]);
	arena_release(&g->arena);
	free(g->node);
	free(g->value);
	free(g->in);
	free(g->out);
	free(g->index);
	free(g->names);
	free(g);
}

static struct im_value **slot(const struct im_graph *g, const char *name)
{
	size_t i = (size_t)hash_xxh3(name, strlen(name)) & (g->nindex - 1);

	while (g->index[i] && strcmp(g->index[i]->name, name) != 0)
		i = (i + 1) & (g->nindex - 1);
	return &g->index[i];
}

static void grow_index(struct im_graph *g)
{
	free(g->index);
	g->nindex = g->nindex ? 2 * g->nindex : 256;
	g->index = xcalloc(g->nindex, sizeof *g->index);
	for (size_t i = 0; i < g->nvalue; i++)
		*slot(g, g->value[i]->name) = g->value[i];
}

struct im_value *im_find_value(const struct im_graph *g, const char *name)
{
	return g->nindex ? *slot(g, name) : NULL;
}

struct im_value *im_value(struct im_graph *g, const char *name)
{
	struct im_value *v = im_find_value(g, name);

	if (v)
		return v;
	if (2 * (g->nvalue + 1) > g->nindex)
		grow_index(g);
	v = arena_alloc(&g->arena, sizeof *v);
	v->name = arena_strdup(&g->arena, name);
	v->rank = -1;
	VEC_GROW(g->value, g->nvalue, &g->cap_value);
	g->value[g->nvalue++] = v;
	*slot(g, name) = v;
	return v;
}

struct im_node *im_add(struct im_graph *g, const char *op, const char *name, size_t nin,
		       size_t nout, size_t nattr)
{
	struct im_node *n = arena_alloc(&g->arena, sizeof *n);

	n->op = arena_strdup(&g->arena, op);
	n->name = arena_strdup(&g->arena, name);
	n->domain = "";
	n->in = arena_array(&g->arena, nin, sizeof(struct im_value *));
	n->out = arena_array(&g->arena, nout, sizeof(struct im_value *));
	n->attr = arena_array(&g->arena, nattr, sizeof *n->attr);
	n->nin = nin;
	n->nout = nout;
	n->nattr = nattr;
	n->origin = arena_array(&g->arena, 1, sizeof(char *));
	n->origin[n->norigin++] = n->name;
	VEC_GROW(g->node, g->nnode, &g->cap_node);
	g->node[g->nnode++] = n;
	return n;
}

void im_add_input(struct im_graph *g, struct im_value *v)
{
	v->is_input = true;
	VEC_GROW(g->in, g->nin, &g->cap_in);
	g->in[g->nin++] = v;
}

void im_add_output(struct im_graph *g, struct im_value *v)
{
	v->is_output = true;
	VEC_GROW(g->out, g->nout, &g->cap_out);
	g->out[g->nout++] = v;
}

void im_set_const(struct im_value *v, struct tensor t)
{
	tensor_release(&v->data);
	v->data = t;
	v->is_const = true;
	v->done = true;
}

const char *im_word(const struct im_node *n)
{
	return n->kind ? n->kind : n->op;
}

struct im_node *im_whole(struct im_node *n)
{
	return n->part_of ? n->part_of : n;
}

const struct im_attr *im_attr(const struct im_node *n, const char *name)
{
	for (size_t i = 0; i < n->nattr; i++)
		if (n->attr[i].name && strcmp(n->attr[i].name, name) == 0)
			return &n->attr[i];
	return NULL;
}

int64_t im_int(const struct im_node *n, const char *name, int64_t dflt)
{
	const struct im_attr *a = im_attr(n, name);

	return a && a->kind == IM_INT ? a->i : dflt;
}

float im_float(const struct im_node *n, const char *name, float dflt)
{
	const struct im_attr *a = im_attr(n, name);

	return a && a->kind == IM_FLOAT ? a->f : dflt;
}

const char *im_string(const struct im_node *n, const char *name, const char *dflt)
{
	const struct im_attr *a = im_attr(n, name);

	return a && a->kind == IM_STRING ? a->s : dflt;
}

const int64_t *im_ints(const struct im_node *n, const char *name, size_t *count)
{
	const struct im_attr *a = im_attr(n, name);

	*count = a && a->kind == IM_INTS ? a->n : 0;
	return *count ? a->ints : NULL;
}
