/*
 * Normalization layers (y = k x + b by feature): chains become one, and one beside a convolution
 * goes into it where that is exact: behind a linear convolution always, before one when no padding
 * is added that the offset would have to reach.
 */
#include "pass/edit.h"
#include "pass/passes.h"

static bool is_scaling(const struct layer *l)
{
	return hn_is(l->type, HNF_KERNEL | HNF_ELTWISE);
}

static float *copy(const struct tensors *w, const struct layer *l, const char *key, float fill,
		   struct tensor *t)
{
	*t = edit_weight(w, l, key, (size_t)l->out[0].c, fill);
	return tensor_data(t);
}

/* to: y = k (k0 x + b0) + b, with k0, b0 of the layer or convolution before. */
static void scale_after(struct tensors *w, struct layer *to, const struct layer *norm)
{
	const size_t n = (size_t)norm->out[0].c;
	const struct tensor *k = layer_weight(w, norm, "kernel");
	const struct tensor *b = layer_weight(w, norm, "bias");
	struct tensor kernel = edit_weight(w, to, "kernel", 0, 0);
	struct tensor bias = edit_weight(w, to, "bias", n, 0);
	float *kv = tensor_data(&kernel);
	float *bv = tensor_data(&bias);

	for (size_t i = 0; i < tensor_count(&kernel); i++)
		kv[i] = (float)((double)kv[i] * tensor_get(k, i % n));
	for (size_t c = 0; c < n; c++)
		bv[c] = (float)((double)bv[c] * tensor_get(k, c) + (b ? tensor_get(b, c) : 0));
	layer_set_weight(w, to, "kernel", kernel);
	layer_set_weight(w, to, "bias", bias);
}

/* Puts a scaling into the layer before it and takes over its activation. */
static void absorb_after(struct graph *g, struct tensors *w, struct layer *norm)
{
	struct layer *to = norm->in[0].layer;

	scale_after(w, to, norm);
	edit_move_activation(w, norm, to);
	edit_absorb(g, norm, to);
}

int pass_merge_normalization(struct graph *g, struct tensors *w, const struct pass_opts *o,
			     struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (!is_scaling(l) || l->pinned || !is_scaling(l->in[0].layer) ||
		    l->in[0].layer->p.activation != ACT_LINEAR ||
		    edit_consumer(l->in[0].layer) != l)
			continue;
		absorb_after(g, w, l);
	}
	return 0;
}

static bool has_offset(const struct tensors *w, const struct layer *norm)
{
	const struct tensor *b = layer_weight(w, norm, "bias");
	const size_t n = b ? tensor_count(b) : 0;

	for (size_t i = 0; i < n; i++)
		if (tensor_get(b, i) != 0)
			return true;
	return false;
}

/* A layer that a script put in keeps its name: commands may speak of it. */
static bool folds_before(const struct tensors *w, const struct layer *norm)
{
	const struct layer *to = edit_consumer(norm);
	const int32_t *pad;

	if (!to || norm->p.activation != ACT_LINEAR || norm->pinned ||
	    !hn_is(to->type, HNF_KERNEL | HNF_BN) || to->in[0].layer != norm)
		return false;
	if (!has_offset(w, norm) || !hn_is(to->type, HNF_WINDOW))
		return true;
	pad = to->p.pad;
	/* A deconvolution's windows do not all see the same inputs. */
	return to->type != HN_DECONV && pad[0] + pad[1] + pad[2] + pad[3] == 0;
}

/* How a kernel is laid out: value i belongs to an input and an output feature. */
struct layout {
	size_t in;     /* input features that one kernel row walks over */
	size_t out;    /* output features */
	size_t groups; /* convolution groups */
	bool dw;
	size_t mult;
	size_t features; /* of the input */
};

static struct layout layout_of(const struct layer *l)
{
	const struct hn_params *p = &l->p;

	return (struct layout){
		.in = (size_t)p->kernel[2],
		.out = (size_t)p->kernel[3],
		.groups = (size_t)p->groups,
		.dw = l->type == HN_DW,
		.mult = (size_t)p->kernel[3],
		.features = (size_t)layer_in_shape(l, 0)->c,
	};
}

static size_t input_feature(const struct layout *y, size_t i)
{
	const size_t ci = i / y->out % y->in;

	if (y->dw)
		return ci;
	return (i % y->out / (y->out / y->groups) * y->in + ci) % y->features;
}

static size_t output_feature(const struct layout *y, size_t i)
{
	return y->dw ? i % (y->in * y->mult) : i % y->out;
}

/* kernel' = kernel k[input], bias' = bias + sum of kernel b[input]. */
static void absorb_before(struct graph *g, struct tensors *w, struct layer *norm, struct layer *to)
{
	const struct layout y = layout_of(to);
	const size_t n = (size_t)to->out[0].c;
	struct tensor k, b;
	const float *kv = copy(w, norm, "kernel", 1, &k);
	const float *bv = copy(w, norm, "bias", 0, &b);
	struct tensor kernel = edit_weight(w, to, "kernel", 0, 0);
	struct tensor bias = edit_weight(w, to, "bias", n, 0);
	double *sum = xcalloc(n, sizeof *sum);
	float *v = tensor_data(&kernel);
	float *out = tensor_data(&bias);

	for (size_t i = 0; i < tensor_count(&kernel); i++) {
		const size_t ci = input_feature(&y, i);

		sum[output_feature(&y, i)] += (double)v[i] * (double)bv[ci];
		v[i] = (float)((double)v[i] * (double)kv[ci]);
	}
	for (size_t c = 0; c < n; c++)
		out[c] = (float)((double)out[c] + sum[c]);
	free(sum);
	tensor_release(&k);
	tensor_release(&b);
	layer_set_weight(w, to, "kernel", kernel);
	layer_set_weight(w, to, "bias", bias);
	edit_absorb_before(g, norm, to);
}

int pass_fold_normalization(struct graph *g, struct tensors *w, const struct pass_opts *o,
			    struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (!is_scaling(l) || l->pinned)
			continue;
		if (edit_is_open(l->in[0].layer) && edit_consumer(l->in[0].layer) == l)
			absorb_after(g, w, l);
		else if (folds_before(w, l))
			absorb_before(g, w, l, edit_consumer(l));
	}
	return 0;
}
