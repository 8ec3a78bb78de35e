#include "pass/edit.h"

struct layer *edit_consumer(const struct layer *l)
{
	return l->nout == 1 && l->nsucc == 1 ? l->succ[0] : NULL;
}

bool edit_is_open(const struct layer *l)
{
	return hn_is(l->type, HNF_KERNEL | HNF_BIAS | HNF_ACT) && l->p.activation == ACT_LINEAR &&
	       !l->p.elementwise_add;
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

/* Keys of weights that a layer may have. */
static void drop_weights(struct tensors *w, const struct layer *l)
{
	static const char *const keys[] = { "kernel", "bias",        "gamma",
					    "beta",   "moving_mean", "moving_variance",
					    "slope",  "value" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		char *key;

		if (!layer_weight(w, l, keys[i]))
			continue;
		key = xasprintf("%s/%s:0", l->name, keys[i]);
		tensors_remove(w, key);
		free(key);
	}
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

void edit_absorb(struct graph *g, struct tensors *w, struct layer *l, struct layer *into)
{
	for (size_t i = 0; i < l->noriginal; i++)
		layer_add_original(g, into, l->original_names[i]);
	keep_quant(&into->quant, &l->quant);
	graph_replace_uses(g, l, 0, into, 0);
	drop_weights(w, l);
	graph_remove(g, l);
}
