/* What the decoding of boxes tells: anchors, bins of distances, priors, parts of a head. */
#include "import/nms.h"

enum {
	STEPS = 24,            /* nodes between a head and what tells of it */
	LIMIT_ANCHOR = 1 << 14 /* pixels */
};

/* The convolution that v is decoded from, along first inputs. */
static const struct im_node *decoded_conv(const struct im_value *v)
{
	for (int i = 0; v && v->from && i < STEPS; i++) {
		const struct im_node *n = v->from;

		if (strcmp(n->op, "Conv") == 0)
			return n;
		if (strcmp(n->op, "Concat") == 0 || n->nin == 0)
			return NULL;
		v = n->in[0] && !n->in[0]->is_const ? n->in[0] : n->nin > 1 ? n->in[1] : NULL;
	}
	return NULL;
}

static struct nms_hint *hint_of(struct nms_hints *h, const char *conv)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->hint[i].conv, conv) == 0)
			return &h->hint[i];
	VEC_GROW(h->hint, h->n, &h->cap);
	h->hint[h->n] = (struct nms_hint){ .conv = conv };
	return &h->hint[h->n++];
}

/* Pairs [.., n, cells .., 2], the same for all cells, are anchors; the first dimensions are 1. */
static int anchor_pairs(const struct tensor *t, int64_t *cells)
{
	int first = 0;

	if (t->rank < 2 || t->dim[t->rank - 1] != 2 || tensor_count(t) > 1 << 24)
		return 0;
	while (first < t->rank - 1 && t->dim[first] == 1)
		first++;
	if (first >= t->rank - 1 || t->dim[first] < 2 || t->dim[first] > NMS_ANCHORS)
		return 0;
	*cells = 1;
	for (int d = first + 1; d < t->rank - 1; d++)
		*cells *= t->dim[d];
	return *cells > 0 ? (int)t->dim[first] : 0;
}

static void anchors(struct nms_hints *h, const struct im_value *x, const struct tensor *t)
{
	const struct im_node *conv;
	struct nms_hint *hint;
	int64_t cells;
	const int n = anchor_pairs(t, &cells);
	bool differ = false;

	if (n == 0 || !(conv = decoded_conv(x)))
		return;
	for (int k = 0; k < n; k++)
		for (int64_t i = 0; i < 2 * cells; i++) {
			const size_t at = (size_t)(2 * cells * k + i);
			const double v = tensor_get(t, at);

			if (!(v > 0 && v < LIMIT_ANCHOR) ||
			    v != tensor_get(t, (size_t)(2 * cells * k + i % 2)))
				return;
			differ |= v != tensor_get(t, 0);
		}
	if (!differ)
		return;
	hint = hint_of(h, conv->name);
	hint->n = n;
	for (int k = 0; k < n; k++) {
		hint->w[k] = (float)tensor_get(t, (size_t)(2 * cells * k));
		hint->h[k] = (float)tensor_get(t, (size_t)(2 * cells * k + 1));
	}
}

/* Weights 0, 1 .. n - 1: the expectation over bins. */
static void bins(struct nms_hints *h, const struct im_node *n, const struct tensor *t)
{
	const size_t count = tensor_count(t);

	if (count < 4 || count > 64 || t->rank == 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (tensor_get(t, i) != (double)i)
			return;
	h->bins = (int64_t)count;
	if (h->nexpect < NMS_LEVELS)
		h->expect[h->nexpect++] = n;
}

/* [1][n][4] or [n][2]: sizes in the last two columns, all within some images. */
static void priors(struct nms_hints *h, const struct tensor *t)
{
	const int64_t last = t->rank ? t->dim[t->rank - 1] : 0;
	const size_t n = last ? tensor_count(t) / (size_t)last : 0;

	if ((last != 2 && last != 4) || t->rank < 2 || n < 16 || n > 1 << 20 ||
	    (t->rank == 3 && t->dim[0] != 1) || t->rank > 3 || h->prior)
		return;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 2; k++) {
			const double v = tensor_get(t, i * (size_t)last + (size_t)(last - 2 + k));

			if (!(v > 0 && v <= 4))
				return;
		}
	h->prior = xcalloc(2 * n, sizeof *h->prior);
	h->nprior = n;
	for (size_t i = 0; i < 2 * n; i++)
		h->prior[i] = (float)tensor_get(t, i / 2 * (size_t)last + (size_t)last - 2 + i % 2);
}

/* [1][n][2] or [n][2], added to what is decoded: centres. */
static void centres(struct nms_hints *h, const struct tensor *t)
{
	const size_t n = tensor_count(t) / 2;

	if (t->rank < 2 || t->rank > 3 || (t->rank == 3 && t->dim[0] != 1) ||
	    t->dim[t->rank - 1] != 2 || n < 16 || n > 1 << 20 || h->centre)
		return;
	h->centre = xcalloc(2 * n, sizeof *h->centre);
	h->ncentre = n;
	for (size_t i = 0; i < 2 * n; i++)
		h->centre[i] = (float)tensor_get(t, i);
}

/* Scores of an SSD: an output behind a softmax. */
static void scores(struct nms_hints *h, const struct im_graph *g)
{
	for (size_t i = 0; i < g->nout; i++) {
		const struct im_value *v = g->out[i];

		for (int k = 0; k < STEPS && v && v->from && strcmp(v->from->op, "Conv") != 0;
		     k++) {
			h->softmax |= strcmp(v->from->op, "Softmax") == 0;
			v = v->from->nin ? v->from->in[0] : NULL;
		}
	}
}

static void parts(struct nms_hints *h, const struct im_node *n)
{
	const struct im_value *sizes = n->nin > 1 ? n->in[1] : NULL;
	const struct im_attr *a = im_attr(n, "split");
	struct nms_hint *hint;

	if (n->nout != 2 || !n->in[0] || !n->in[0]->from || im_int(n, "axis", 0) != 1 ||
	    strcmp(n->in[0]->from->op, "Conv") != 0)
		return;
	hint = hint_of(h, n->in[0]->from->name);
	for (int i = 0; i < 2; i++)
		if (sizes && sizes->is_const && tensor_count(&sizes->data) == 2)
			hint->split[i] = tensor_get_int(&sizes->data, (size_t)i);
		else if (a && a->n == 2)
			hint->split[i] = a->ints[i];
}

void nms_hints_find(struct im_graph *g, struct nms_hints *h)
{
	*h = (struct nms_hints){ 0 };
	scores(h, g);
	for (size_t i = 0; i < g->nnode; i++) {
		const struct im_node *n = g->node[i];
		const bool weighs = strcmp(n->op, "Conv") == 0 || strcmp(n->op, "MatMul") == 0 ||
				    strcmp(n->op, "Mul") == 0 || strcmp(n->op, "Add") == 0;

		if (strcmp(n->op, "Split") == 0)
			parts(h, n);
		if (!weighs || n->nin < 2 || !n->in[0] || !n->in[1])
			continue;
		for (int k = 0; k < 2; k++) {
			const struct tensor *t = &n->in[k]->data;

			if (!n->in[k]->is_const || n->in[!k]->is_const)
				continue;
			if (strcmp(n->op, "Add") == 0) {
				centres(h, t);
				continue;
			}
			bins(h, n, t);
			if (strcmp(n->op, "Mul") == 0) {
				anchors(h, n->in[!k], t);
				priors(h, t);
			}
		}
	}
}

void nms_hints_release(struct nms_hints *h)
{
	free(h->hint);
	free(h->prior);
	free(h->centre);
	*h = (struct nms_hints){ 0 };
}
