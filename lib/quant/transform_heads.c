/*
 * defuse, type mha: attention by heads.  The block begins with the product of queries and keys and
 * ends with the product of probabilities and values; every layer between becomes one for each part
 * of the heads, on a part of the features, and a concat puts the results side by side.
 */
#include "quant/transform.h"

enum {
	PARTS_MAX = 64, /* outputs of a feature_splitter */
	CHAIN_MAX = 16
};

struct block {
	struct layer *chain[CHAIN_MAX]; /* from the first matmul to the second */
	size_t n;
	int32_t parts;
};

/* Every output feature is made of the same feature of the inputs, or of its group. */
static bool splits(const struct layer *l, int32_t heads)
{
	if (l->type == HN_SOFTMAX)
		return l->p.softmax_groups == heads;
	return l->nout == 1 &&
	       (l->type == HN_NORMALIZATION || l->type == HN_ACTIVATION || l->type == HN_EW_ADD ||
		l->type == HN_EW_SUB || l->type == HN_EW_MULT || l->type == HN_EW_DIV);
}

static bool find_block(struct layer *first, struct block *b)
{
	struct layer *l = first;

	b->n = 0;
	if (l->type != HN_MATMUL || !l->p.variant)
		return false;
	while (b->n < CHAIN_MAX) {
		struct layer *next = l->nsucc == 1 ? l->succ[0] : NULL;

		b->chain[b->n++] = l;
		if (b->n > 1 && l->type == HN_MATMUL)
			return true;
		if (!next || (next->type == HN_MATMUL
				  ? next->p.variant || next->p.groups != first->p.groups ||
					next->in[0].layer != l
				  : !splits(next, first->p.groups)))
			return false;
		l = next;
	}
	return false;
}

/* Part k of what input i of l reads: a port of one splitter for all parts. */
static struct layer *splitter(struct quant *q, struct layer *l, size_t i, int32_t parts)
{
	const int32_t c = layer_in_shape(l, i)->c;
	struct layer *s;
	char name[32];

	if (c == 1 && l->type != HN_MATMUL)
		return NULL; /* one value for all features */
	snprintf(name, sizeof name, "fs%zu", i);
	s = transform_add(q, HN_FEATURE_SPLITTER, name, l);
	s->p.nsplit = parts;
	for (int32_t k = 0; k < parts; k++)
		s->p.split[k] = c / parts;
	layer_add_input(q->g, s, l->in[i].layer, l->in[i].port);
	return s;
}

/* Vectors by feature; other weights these types have none. */
static void cut_weights(struct quant *q, const struct layer *l, struct layer *to, int32_t k,
			int32_t parts)
{
	static const char *const keys[] = { "kernel", "bias", "slope" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct tensor *t = layer_weight(q->w, l, keys[i]);
		const int64_t n = t ? (int64_t)tensor_count(t) / parts : 0;
		struct tensor part;

		if (!t || (int64_t)tensor_count(t) != l->out[0].c)
			continue;
		part = tensor_new(DT_F32, 1, &n);
		for (int64_t f = 0; f < n; f++)
			((float *)tensor_data(&part))[f] =
			    (float)tensor_get(t, (size_t)(k * n + f));
		layer_set_weight(q->w, to, keys[i], part);
	}
}

static struct layer *make_part(struct quant *q, const struct layer *l, int32_t k, int32_t parts)
{
	char name[32];
	struct layer *to;

	snprintf(name, sizeof name, "d%d", (int)k);
	to = transform_add(q, l->type, name, l);
	to->p = l->p;
	if (l->type == HN_MATMUL)
		to->p.groups /= parts;
	else if (l->type == HN_SOFTMAX)
		to->p.softmax_groups /= parts;
	cut_weights(q, l, to, k, parts);
	return to;
}

/* Layer number j of the chain in parts; made[] are those of the layer before it, then its own. */
static void divide(struct quant *q, const struct block *b, size_t j, struct layer **made)
{
	struct layer *l = b->chain[j], *from[2] = { NULL, NULL };
	const struct layer *before = j ? b->chain[j - 1] : NULL;

	for (size_t i = 0; i < l->nin; i++)
		if (l->in[i].layer != before)
			from[i] = splitter(q, l, i, b->parts);
	for (int32_t k = 0; k < b->parts; k++) {
		struct layer *to = make_part(q, l, k, b->parts);

		for (size_t i = 0; i < l->nin; i++) {
			if (l->in[i].layer == before)
				layer_add_input(q->g, to, made[k], 0);
			else if (from[i])
				layer_add_input(q->g, to, from[i], k);
			else
				layer_add_input(q->g, to, l->in[i].layer, l->in[i].port);
		}
		made[k] = to;
	}
}

int transform_heads(struct quant *q, const struct alls_stmt *st, struct layer *first, struct err *e)
{
	struct block b = { .parts = alls_get_int(st, "num_splits", 1) };
	struct layer *made[PARTS_MAX], *concat, *last;

	if (b.parts == 1)
		return 0;
	if (!find_block(first, &b))
		return err_set(e,
			       "layer '%s' is not the first matmul of an attention block (queries "
			       "times transposed keys, softmax, times values)",
			       quote(first->name));
	if (b.parts > PARTS_MAX || first->p.groups % b.parts)
		return err_set(e, "layer '%s' has %d heads, which are no %d equal parts",
			       quote(first->name), (int)first->p.groups, (int)b.parts);
	for (size_t j = 0; j < b.n; j++)
		divide(q, &b, j, made);
	last = b.chain[b.n - 1];
	concat = transform_add(q, HN_CONCAT, "dc", last);
	concat->p.concat_axis = 3;
	for (int32_t k = 0; k < b.parts; k++)
		layer_add_input(q->g, concat, made[k], 0);
	graph_replace_uses(q->g, last, 0, concat, 0);
	for (size_t j = 0; j < b.n; j++)
		transform_bury(b.chain[j]);
	return 0;
}
