/* The ordered list of recognisers and what they share. */
#include "import/import.h"
#include <math.h>

/* Order: inner forms first, so that outer ones see them as one node. */
static bool (*const recognisers[])(struct im_graph *g, struct im_node *n) = {
	pat_softplus,   pat_clip,  pat_hard_sigmoid, pat_hardswish,  pat_silu,
	pat_mish,       pat_gelu,  pat_softsign,     pat_square,     pat_gelu_tanh,
	pat_layer_norm, pat_l2,    pat_mask,         pat_expand,     pat_focus,
	pat_threshold,  pat_delta, pat_prelu,        pat_group_conv,
};

/* What is known to be wrong, or another domain's, is no operator for the recognisers. */
static bool is_foreign(const struct im_node *n)
{
	return n->fault || n->domain[0];
}

void im_patterns(struct im_graph *g)
{
	struct im_node **node;
	const char **op;
	size_t n = 0;

	im_sweep(g);
	node = xcalloc(g->nnode + 1, sizeof(struct im_node *));
	op = xcalloc(g->nnode + 1, sizeof(char *));
	for (size_t i = 0; i < g->nnode; i++)
		if (is_foreign(g->node[i])) {
			node[n] = g->node[i];
			op[n] = node[n]->op;
			node[n++]->op = "";
		}
	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0;
		     !g->node[i]->dead && k < sizeof recognisers / sizeof recognisers[0]; k++)
			if (recognisers[k](g, g->node[i]))
				k = (size_t)-1; /* the new form may be part of another */
	while (n-- > 0)
		node[n]->op = op[n];
	free(node);
	free(op);
	im_sweep(g);
}

static void drop_use(struct im_graph *g, struct im_node *into, struct im_value *v);

/* A node nobody uses any more: its name goes to the node that replaces it. */
static void absorb(struct im_graph *g, struct im_node *into, struct im_node *n)
{
	const char **names = arena_array(&g->arena, into->norigin + n->norigin, sizeof(char *));

	memcpy(names, n->origin, n->norigin * sizeof(char *));
	memcpy(names + n->norigin, into->origin, into->norigin * sizeof(char *));
	into->origin = names;
	into->norigin += n->norigin;
	n->dead = true;
	n->into = into;
	for (size_t i = 0; i < n->nin; i++)
		drop_use(g, into, n->in[i]);
}

static void drop_use(struct im_graph *g, struct im_node *into, struct im_value *v)
{
	if (v && --v->nuse == 0 && v->from && !v->from->dead)
		absorb(g, into, v->from);
}

void im_bypass(struct im_graph *g, struct im_node *n, size_t i, struct im_value *v)
{
	struct im_value *old = n->in[i];

	v->nuse++;
	n->in[i] = v;
	drop_use(g, n, old);
}

void im_become(struct im_graph *g, struct im_node *n, const char *op, struct im_value *in,
	       size_t nattr)
{
	struct im_value **old = n->in;
	const size_t nold = n->nin;

	in->nuse++;
	n->op = arena_strdup(&g->arena, op);
	n->in = arena_array(&g->arena, 1, sizeof(struct im_value *));
	n->in[0] = in;
	n->nin = 1;
	for (size_t i = 0; i < n->nattr; i++)
		tensor_release(&n->attr[i].t);
	n->attr = arena_array(&g->arena, nattr, sizeof *n->attr);
	n->nattr = nattr;
	for (size_t i = 0; i < nold; i++)
		drop_use(g, n, old[i]);
}

void im_attr_float(struct im_node *n, size_t i, const char *name, float f)
{
	n->attr[i] = (struct im_attr){ .name = name, .kind = IM_FLOAT, .f = f };
}

bool im_scalar(const struct im_value *v, float *out)
{
	if (!v || !v->is_const || tensor_count(&v->data) != 1)
		return false;
	*out = (float)tensor_get(&v->data, 0);
	return true;
}

struct im_node *im_only(const struct im_value *v, const char *op)
{
	if (!v || !v->from || v->nuse != 1 || v->is_output || strcmp(v->from->op, op) != 0)
		return NULL;
	return v->from;
}

struct im_value *im_with_scalar(const struct im_node *n, const char *op, float *scalar)
{
	const bool commutes = strcmp(op, "Add") == 0 || strcmp(op, "Mul") == 0;

	if (!n || strcmp(n->op, op) != 0 || n->nin != 2 || !n->in[0] || !n->in[1])
		return NULL;
	if (!n->in[0]->is_const && im_scalar(n->in[1], scalar))
		return n->in[0];
	if (commutes && !n->in[1]->is_const && im_scalar(n->in[0], scalar))
		return n->in[1];
	return NULL;
}
