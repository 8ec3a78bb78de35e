/*
 * The order in which layers are made, which gives them their numbers.
 *
 * Scripts name layers by type and number, so the order is that of the real product as its public
 * scripts show it: convolutions go breadth first, siblings in the file's order; pooling,
 * depthwise and transposed convolutions wait until no convolution is left; joins (and resizing,
 * whose scales are an input) wait longest, and are taken by their place in the file.  So of a
 * detector's level the heads are numbered before the block that its next level starts with.
 */
#include "import/import.h"

enum rank {
	RANK_AT_ONCE, /* follows its only input: activations, reshapes ... */
	RANK_CONV,
	RANK_OTHER,
	RANK_JOIN,
	RANKS
};

/* Nodes that are ready, by their place in the file: first in first out, or lowest first. */
struct ready {
	size_t *v;
	size_t n, cap, at;
};

struct numbering {
	struct im_graph *g;
	size_t *waits; /* producers that have no number yet */
	bool *free;    /* no producer at all */
	size_t *first; /* of node i's consumers in next */
	size_t *next;  /* consumers, in the file's order */
	uint8_t *rank; /* enum rank */
	struct ready ready[RANKS];
};

/* What follows one layer and waits, beside depthwise convolutions. */
static const char *const waiting[] = {
	"AveragePool", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool", "MaxPool",
};

/* A convolution with one kernel per feature. */
static bool is_depthwise(const struct im_node *n)
{
	const struct im_value *w = n->nin > 1 ? n->in[1] : NULL;
	const int64_t groups = im_int(n, "group", 1);

	if (groups <= 1 || !w || !w->is_const || w->data.rank < 2)
		return false;
	/* Stored as IHWO, with several outputs for a feature it is a grouped one. */
	if (im_string(n, "kernel_layout", "O")[0] == 'I')
		return w->data.rank == 4 && w->data.dim[3] == groups;
	return w->data.dim[1] == 1;
}

static enum rank rank_of(const struct im_node *n, size_t feeds)
{
	if (feeds > 1 || strcmp(n->op, "Resize") == 0 || strcmp(n->op, "Upsample") == 0)
		return RANK_JOIN;
	if (strcmp(n->op, "Gemm") == 0 || strcmp(n->op, "MatMul") == 0 ||
	    strcmp(n->op, "Conv") == 0)
		return is_depthwise(n) ? RANK_OTHER : RANK_CONV;
	for (size_t i = 0; i < sizeof waiting / sizeof waiting[0]; i++)
		if (strcmp(n->op, waiting[i]) == 0)
			return RANK_OTHER;
	return RANK_AT_ONCE;
}

static void push(struct ready *r, size_t i)
{
	VEC_GROW(r->v, r->n, &r->cap);
	r->v[r->n++] = i;
}

static size_t pop(struct ready *r)
{
	return r->v[r->at++];
}

/* The same for a heap whose top is the lowest. */
static void push_lowest(struct ready *r, size_t i)
{
	size_t k = r->n;

	push(r, i);
	for (; k && r->v[(k - 1) / 2] > i; k = (k - 1) / 2)
		r->v[k] = r->v[(k - 1) / 2];
	r->v[k] = i;
}

static size_t pop_lowest(struct ready *r)
{
	const size_t top = r->v[0], last = r->v[--r->n];
	size_t k = 0, child;

	for (; (child = 2 * k + 1) < r->n; k = child) {
		if (child + 1 < r->n && r->v[child + 1] < r->v[child])
			child++;
		if (r->v[child] >= last)
			break;
		r->v[k] = r->v[child];
	}
	if (r->n)
		r->v[k] = last;
	return top;
}

static void is_ready(struct numbering *u, size_t i)
{
	struct ready *r = &u->ready[u->rank[i]];

	if (u->rank[i] == RANK_JOIN)
		push_lowest(r, i);
	else
		push(r, i);
}

/* Index of the node that makes the value; of nodes the mark is the index. */
static bool made_by(const struct im_graph *g, const struct im_value *v, size_t *index)
{
	if (!v || !v->from || v->is_const)
		return false;
	*index = (size_t)v->from->mark;
	return *index < g->nnode && g->node[*index] == v->from;
}

/*
 * Edges, each pair of nodes once: counted in first[] (shifted by one), or when fill is set,
 * written.
 */
static void edges(struct numbering *u, bool fill)
{
	size_t *last = xcalloc(u->g->nnode, sizeof *last); /* consumer + 1 that was seen last */

	for (size_t i = 0; i < u->g->nnode; i++) {
		const struct im_node *n = u->g->node[i];
		const struct im_value *input = NULL;
		size_t feeds = 0, p;

		for (size_t k = 0; k < n->nin; k++) {
			if (!made_by(u->g, n->in[k], &p)) {
				feeds += n->in[k] && !n->in[k]->is_const && n->in[k] != input;
				input = n->in[k];
				continue;
			}
			if (last[p] == i + 1)
				continue;
			last[p] = i + 1;
			feeds++;
			if (fill)
				u->next[u->first[p]++] = i;
			else
				u->first[p + 1]++, u->waits[i]++;
		}
		u->rank[i] = (uint8_t)rank_of(n, feeds);
	}
	free(last);
}

/* Consumers of node i that wait for nothing else are ready, in the file's order. */
static void release(struct numbering *u, size_t i)
{
	for (size_t c = i ? u->first[i - 1] : 0; c < u->first[i]; c++)
		if (--u->waits[u->next[c]] == 0)
			is_ready(u, u->next[c]);
}

/*
 * Node i waits for nothing.  Padding is the next operator's own: that takes its place among its
 * siblings.
 */
static void arrive(struct numbering *u, size_t i, struct im_node **order, size_t *n)
{
	if (strcmp(u->g->node[i]->op, "Pad") != 0) {
		is_ready(u, i);
		return;
	}
	order[(*n)++] = u->g->node[i];
	release(u, i);
}

static void walk(struct numbering *u, struct im_node **order)
{
	size_t n = 0;

	for (size_t i = 0; i < u->g->nnode; i++)
		if (u->free[i])
			arrive(u, i, order, &n);
	for (;;) {
		int k = 0;
		size_t i;

		while (k < RANKS && u->ready[k].at == u->ready[k].n)
			k++;
		if (k == RANKS)
			return;
		i = k == RANK_JOIN ? pop_lowest(&u->ready[k]) : pop(&u->ready[k]);
		order[n++] = u->g->node[i];
		for (size_t c = i ? u->first[i - 1] : 0; c < u->first[i]; c++)
			if (--u->waits[u->next[c]] == 0)
				arrive(u, u->next[c], order, &n);
	}
}

void im_number(struct im_graph *g)
{
	const size_t n = g->nnode;
	struct numbering u = { .g = g,
			       .waits = xcalloc(n, sizeof(size_t)),
			       .free = xcalloc(n, sizeof(bool)),
			       .first = xcalloc(n + 1, sizeof(size_t)),
			       .rank = xcalloc(n, 1) };
	struct im_node **order = xcalloc(n, sizeof(struct im_node *));

	for (size_t i = 0; i < n; i++)
		g->node[i]->mark = (int)i;
	edges(&u, false);
	for (size_t i = 0; i < n; i++)
		u.first[i + 1] += u.first[i];
	u.next = xcalloc(u.first[n] + 1, sizeof(size_t));
	edges(&u, true); /* first[i] is now the end of i's consumers */
	for (size_t i = 0; i < n; i++)
		u.free[i] = u.waits[i] == 0;
	walk(&u, order);
	if (n)
		memcpy(g->node, order, n * sizeof(struct im_node *));
	for (int k = 0; k < RANKS; k++)
		free(u.ready[k].v);
	for (size_t i = 0; i < n; i++)
		g->node[i]->mark = 0;
	free(u.waits);
	free(u.free);
	free(u.first);
	free(u.next);
	free(u.rank);
	free(order);
}
