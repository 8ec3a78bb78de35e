#include "pass/edit.h"

struct layer *edit_consumer(const struct layer *l)
{
	return l->nout == 1 && l->nsucc == 1 ? l->succ[0] : NULL;
}

bool edit_is_open(const struct layer *l)
{
	return hn_is(l->type, HNF_KERNEL | HNF_BIAS | HNF_ACT) && l->p.activation == ACT_LINEAR &&
	       !l->p.elementwise_add && !l->p.conversion;
}

struct tensor edit_vector(size_t n)
{
	const int64_t dim = (int64_t)n;

	return tensor_new(DT_F32, 1, &dim);
}

struct tensor edit_weight(const struct tensors *w, const struct layer *l, const char *key, size_t n,
			  float fill)
{
	const struct tensor *t = layer_weight(w, l, key);
	struct tensor r;
	float *v;

	if (t) {
		r = tensor_new(DT_F32, t->rank, t->dim);
		memcpy(tensor_data(&r), t->data, tensor_bytes(t));
		return r;
	}
	r = edit_vector(n);
	v = tensor_data(&r);
	for (size_t i = 0; i < n; i++)
		v[i] = fill;
	return r;
}

void edit_move_activation(struct tensors *w, struct layer *from, struct layer *to)
{
	const struct tensor *slope = layer_weight(w, from, "slope");

	to->p.activation = from->p.activation;
	to->p.act = from->p.act;
	if (slope)
		layer_set_weight(w, to, "slope", tensor_ref(slope));
	from->p.activation = ACT_LINEAR;
}

/* The record of a merged layer is kept where the remaining one says nothing. */
static void keep_quant(struct hn_quant *to, struct hn_quant *from)
{
	if (!to->precision_mode)
		to->precision_mode = from->precision_mode;
	if (!to->bias_mode)
		to->bias_mode = from->bias_mode;
	if (!to->extra) {
		to->extra = from->extra;
		from->extra = NULL;
	}
}

/* One edge of `from` goes to `to` instead of `old`. */
static void move_edge(struct layer *from, const struct layer *old, struct layer *to)
{
	for (size_t i = 0; i < from->nsucc; i++)
		if (from->succ[i] == old) {
			from->succ[i] = to;
			return;
		}
	BUG("'%s' does not feed '%s'", from->name, old->name);
}

static void drop_edge(struct layer *from, const struct layer *to)
{
	size_t i = 0;

	while (i < from->nsucc && from->succ[i] != to)
		i++;
	if (i == from->nsucc)
		BUG("'%s' does not feed '%s'", from->name, to->name);
	from->nsucc--;
	memmove(&from->succ[i], &from->succ[i + 1], (from->nsucc - i) * sizeof(struct layer *));
}

static void bury(struct graph *g, struct layer *l, struct layer *into)
{
	for (size_t i = 0; i < l->noriginal; i++)
		layer_add_original(g, into, l->original_names[i]);
	keep_quant(&into->quant, &l->quant);
	l->dead = true;
}

void edit_absorb(struct graph *g, struct layer *l, struct layer *into)
{
	drop_edge(into, l);
	for (size_t i = 0; i < l->nsucc; i++) {
		struct layer *to = l->succ[i];

		/* A consumer that uses the layer twice has two edges. */
		for (size_t k = 0; k < to->nin; k++)
			if (to->in[k].layer == l)
				graph_redirect(g, to, k, into, 0);
		VEC_GROW(into->succ, into->nsucc, &into->cap_succ);
		into->succ[into->nsucc++] = to;
	}
	bury(g, l, into);
}

void edit_absorb_before(struct graph *g, struct layer *l, struct layer *into)
{
	move_edge(l->in[0].layer, l, into);
	into->in[0] = l->in[0];
	bury(g, l, into);
}

void edit_take_input(struct graph *g, struct layer *l, struct layer *from, size_t i)
{
	move_edge(from->in[i].layer, from, l);
	layer_add_input(g, l, from->in[i].layer, from->in[i].port);
}

/* Keys "LAYER/WEIGHT:0" of dead layers, and batch-norm vectors where none are used any more. */
static bool is_wanted(const char *key, void *ctx)
{
	const struct graph *g = ctx;
	const char *weight = strrchr(key, '/');
	char *name = weight ? xstrndup(key, (size_t)(weight - key)) : NULL;
	const struct layer *l = name ? graph_find(g, name) : NULL;

	free(name);
	if (!l)
		return true;
	if (l->dead)
		return false;
	if (strcmp(weight, "/moving_mean:0") == 0 || strcmp(weight, "/moving_variance:0") == 0)
		return l->p.batch_norm || l->type == HN_BATCH_NORM;
	if (strcmp(weight, "/gamma:0") == 0 || strcmp(weight, "/beta:0") == 0)
		return l->p.batch_norm || l->type == HN_BATCH_NORM || l->type == HN_LAYER_NORM;
	return true;
}

void edit_sweep(struct graph *g, struct tensors *w)
{
	tensors_filter(w, is_wanted, g);
	graph_sweep(g);
}
