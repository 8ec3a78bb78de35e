/* Nodes, their values and attributes, as readers make them. */
#include "import/import.h"

enum {
	ROOM = 12
};

struct im_node *im_add_open(struct im_graph *g, const char *op, const char *name, size_t nin,
			    size_t nout)
{
	struct im_node *n = im_add(g, op, name, nin, nout, ROOM);

	n->nattr = 0;
	return n;
}

struct im_value *im_fresh(struct im_graph *g, const char *base, char mark, size_t *count)
{
	char *name;

	do
		name = arena_printf(&g->arena, "%.900s%c%zu", base, mark, ++*count);
	while (im_find_value(g, name));
	return im_value(g, name);
}

static struct im_attr *put(struct im_node *n, const char *name, enum im_kind kind)
{
	struct im_attr *a = &n->attr[n->nattr++];

	if (n->nattr > ROOM)
		BUG("node '%s' has room for %d attributes", n->name, ROOM);
	a->name = name;
	a->kind = kind;
	return a;
}

void im_put_int(struct im_node *n, const char *name, int64_t i)
{
	put(n, name, IM_INT)->i = i;
}

void im_put_float(struct im_node *n, const char *name, float f)
{
	put(n, name, IM_FLOAT)->f = f;
}

void im_put_text(struct im_node *n, const char *name, const char *s)
{
	put(n, name, IM_STRING)->s = s;
}

void im_put_ints(struct im_graph *g, struct im_node *n, const char *name, const int64_t *v,
		 size_t count)
{
	struct im_attr *a = put(n, name, IM_INTS);
	int64_t *copy = arena_array(&g->arena, count, sizeof *copy);

	if (count)
		memcpy(copy, v, count * sizeof *copy);
	a->ints = copy;
	a->n = count;
}
