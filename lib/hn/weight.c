/* Weights of a layer by key; multiply-accumulates. */
#include "hn/hn.h"

const struct tensor *layer_weight(const struct tensors *w, const struct layer *l, const char *key)
{
	return w ? tensors_getf(w, "%s/%s:0", l->name, key) : NULL;
}

void layer_set_weight(struct tensors *w, const struct layer *l, const char *key, struct tensor t)
{
	tensors_setf(w, t, "%s/%s:0", l->name, key);
}

uint64_t layer_macs(const struct layer *l)
{
	const struct hn_params *p = &l->p;
	const uint64_t outputs = l->nout ? hn_shape_count(&l->out[0]) : 0;
	const uint64_t window = (uint64_t)p->kernel[0] * (uint64_t)p->kernel[1];

	if (l->type == HN_MATMUL)
		return outputs * (uint64_t)(layer_in_shape(l, 0)->c / p->groups);
	if (l->type == HN_DENSE)
		return outputs * (uint64_t)p->kernel[2];
	if (l->type == HN_DECONV)
		return hn_shape_count(layer_in_shape(l, 0)) * window *
		       (uint64_t)(p->kernel[3] / p->groups);
	if (l->type == HN_DW)
		return outputs * window;
	if (hn_is(l->type, HNF_KERNEL | HNF_WINDOW))
		return outputs * window * (uint64_t)p->kernel[2];
	return hn_is(l->type, HNF_KERNEL) ? outputs : 0;
}
