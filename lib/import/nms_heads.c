/* Heads: the convolutions that are nearest to the outputs. */
#include "import/nms.h"

struct walk {
	struct nms *m;
	const struct nms_hints *h;
	const struct im_value **stack;
	size_t n, cap;
};

static bool is(const struct im_node *n, const char *op)
{
	return strcmp(n->op, op) == 0;
}

/* Layers that a head cannot be behind of: the outputs are no detector's. */
static bool is_other(const struct im_node *n)
{
	static const char *const ops[] = { "AveragePool",       "ConvTranspose", "GRU", "Gemm",
					   "GlobalAveragePool", "LSTM",          "RNN", "Resize" };

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (is(n, ops[i]))
			return true;
	return false;
}

/* The expectation over bins is decoding. */
static bool is_expectation(const struct walk *w, const struct im_node *n)
{
	for (int i = 0; i < w->h->nexpect; i++)
		if (w->h->expect[i] == n)
			return true;
	return false;
}

static bool is_activation(const struct im_node *n)
{
	static const char *const ops[] = { "CLIP",  "Clip", "HardSwish", "LeakyRelu",
					   "PRelu", "Relu", "SILU",      "Sigmoid" };
	float f;

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (is(n, ops[i]))
			return true;
	return im_with_scalar(n, "Mul", &f) != NULL;
}

static bool is_conv(const struct walk *w, const struct im_value *v)
{
	return v && v->from && is(v->from, "Conv") && !is_expectation(w, v->from);
}

/* A convolution, and what follows it alone. */
static bool add(struct walk *w, const struct im_value *conv, const struct im_value *end)
{
	struct nms_head *h = &w->m->head[w->m->nhead];

	for (int i = 0; i < w->m->nhead; i++)
		if (w->m->head[i].conv == conv->from)
			return true;
	if (w->m->nhead == NMS_HEADS || !conv->done || conv->bad || !conv->view.layer)
		return false;
	*h = (struct nms_head){ .conv = conv->from,
				.end = end,
				.sigmoid = end != conv && is(end->from, "Sigmoid"),
				.h = conv->view.base[0],
				.w = conv->view.base[1],
				.c = conv->view.base[2] };
	h->active = end != conv && !h->sigmoid && !is(end->from, "Mul");
	w->m->nhead++;
	return true;
}

static void push(struct walk *w, const struct im_value *v)
{
	if (!v || v->is_const || !v->from)
		return;
	VEC_GROW(w->stack, w->n, &w->cap);
	w->stack[w->n++] = v;
}

/* false: no detector. */
static bool step(struct walk *w, const struct im_value *v)
{
	struct im_node *n = v->from;
	const struct im_value *x = n->nin ? n->in[0] : NULL;

	if (is_conv(w, v))
		return add(w, v, v);
	if (is_activation(n)) {
		float f;
		const struct im_value *scaled = im_with_scalar(n, "Mul", &f);

		x = scaled ? scaled : x;
		if (is_conv(w, x) && x->nuse == 1 && !x->is_output)
			return add(w, x, v);
	}
	if (is_other(n))
		return false;
	if (n->mark)
		return true;
	n->mark = 1;
	for (size_t i = 0; i < n->nin; i++)
		push(w, n->in[i]);
	return true;
}

/* Fine levels first, then as layers are numbered: heads are few. */
static void sort(struct im_graph *g, struct nms *m)
{
	for (size_t i = 0; i < g->nnode; i++)
		g->node[i]->mark = (int)i;
	for (int i = 1; i < m->nhead; i++)
		for (int k = i; k > 0; k--) {
			struct nms_head *a = &m->head[k - 1], *b = &m->head[k], t = *a;

			if (a->h * a->w > b->h * b->w ||
			    (a->h * a->w == b->h * b->w && a->conv->mark < b->conv->mark))
				break;
			*a = *b;
			*b = t;
		}
}

bool nms_heads(struct im_graph *g, const struct nms_hints *h, struct nms *m)
{
	struct walk w = { .m = m, .h = h };
	bool ok = true;

	for (size_t i = 0; i < g->nnode; i++)
		g->node[i]->mark = 0;
	for (size_t i = 0; i < g->nout; i++)
		push(&w, g->out[i]);
	while (ok && w.n)
		ok = step(&w, w.stack[--w.n]);
	free(w.stack);
	sort(g, m);
	for (size_t i = 0; i < g->nnode; i++)
		g->node[i]->mark = 0;
	return ok && m->nhead >= 2;
}
