/*
 * Batch norm: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, in double.  As an attribute
 * of a convolution it goes into kernel and bias; as a layer it becomes a normalization.
 */
#include "base/log.h"
#include "pass/edit.h"
#include "pass/passes.h"
#include <math.h>

/* gain[c] and offset[c] with y = gain x + offset; a dead channel keeps only its beta.  Counts them.
 */
static size_t gains(const struct tensors *w, const struct layer *l, double cutoff, double *gain,
		    double *offset)
{
	const struct tensor *gamma = layer_weight(w, l, "gamma");
	const struct tensor *beta = layer_weight(w, l, "beta");
	const struct tensor *mean = layer_weight(w, l, "moving_mean");
	const struct tensor *var = layer_weight(w, l, "moving_variance");
	const double eps = (double)l->p.bn_epsilon;
	size_t dead = 0;

	for (size_t c = 0; c < tensor_count(gamma); c++) {
		const double v = tensor_get(var, c);

		gain[c] = tensor_get(gamma, c) / sqrt(v + eps);
		if (v < cutoff * eps) {
			gain[c] = 0;
			dead++;
		}
		offset[c] = tensor_get(beta, c) - gain[c] * tensor_get(mean, c);
	}
	return dead;
}

/* Output feature of kernel value i is i mod features, in every kernel layout. */
static void scale_kernel(float *k, size_t n, const double *gain, size_t features)
{
	for (size_t i = 0; i < n; i += features)
		for (size_t c = 0; c < features; c++)
			k[i + c] = gain[c] == 0 ? 0 : (float)((double)k[i + c] * gain[c]);
}

static void fold(struct tensors *w, struct layer *l, double cutoff)
{
	const size_t n = (size_t)l->out[0].c;
	double *gain = xcalloc(n, sizeof *gain);
	double *offset = xcalloc(n, sizeof *offset);
	struct tensor kernel = edit_weight(w, l, "kernel", 0, 0);
	struct tensor bias = edit_weight(w, l, "bias", n, 0);
	float *b = tensor_data(&bias);
	const size_t dead = gains(w, l, cutoff, gain, offset);

	scale_kernel(tensor_data(&kernel), tensor_count(&kernel), gain, n);
	for (size_t c = 0; c < n; c++)
		b[c] = (float)((double)b[c] * gain[c] + offset[c]);
	layer_set_weight(w, l, "kernel", kernel);
	layer_set_weight(w, l, "bias", bias);
	l->p.batch_norm = false;
	if (dead)
		log_info("%s: %zu of %zu features cut (variance below the cut-off)", quote(l->name),
			 dead, n);
	free(gain);
	free(offset);
}

/* quantization_param(LAYERS, null_channels_cutoff_factor=F) of the script, one factor per layer. */
static int script_factors(const struct alls *s, const struct graph *g, double *factor,
			  struct err *e)
{
	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];
		struct layer **layers;
		size_t n;
		double f;

		if (!alls_is(st, "quantization_param", NULL) ||
		    !alls_get(st, "null_channels_cutoff_factor"))
			continue;
		f = alls_get_number(st, "null_channels_cutoff_factor", 0);
		if (alls_layers(st, alls_get(st, "layers"), g, &layers, &n, e) < 0)
			return -1;
		for (size_t k = 0; k < n; k++)
			factor[layers[k]->index] = f;
		free(layers);
	}
	return 0;
}

int pass_fold_batch_norm(struct graph *g, struct tensors *w, const struct pass_opts *o,
			 struct err *e)
{
	double *factor = xcalloc(g->nlayers, sizeof *factor);
	int r;

	for (size_t i = 0; i < g->nlayers; i++)
		factor[i] = o->null_channels_cutoff_factor;
	r = script_factors(o->script, g, factor, e);
	for (size_t i = 0; r == 0 && i < g->nlayers; i++) {
		struct layer *l = g->layers[i];

		if (hn_is(l->type, HNF_BN | HNF_KERNEL) && l->p.batch_norm)
			fold(w, l, factor[i]);
	}
	free(factor);
	return r;
}

static void to_normalization(struct tensors *w, struct layer *l)
{
	const size_t n = (size_t)l->out[0].c;
	double *gain = xcalloc(n, sizeof *gain);
	double *offset = xcalloc(n, sizeof *offset);
	struct tensor kernel = edit_vector(n);
	struct tensor bias = edit_vector(n);
	float *k = tensor_data(&kernel);
	float *b = tensor_data(&bias);

	gains(w, l, 0, gain, offset);
	for (size_t c = 0; c < n; c++) {
		k[c] = (float)gain[c];
		b[c] = (float)offset[c];
	}
	layer_set_weight(w, l, "kernel", kernel);
	layer_set_weight(w, l, "bias", bias);
	l->type = HN_NORMALIZATION;
	l->p.batch_norm = false;
	free(gain);
	free(offset);
}

int pass_plain_batch_norm(struct graph *g, struct tensors *w, const struct pass_opts *o,
			  struct err *e)
{
	(void)o;
	(void)e;
	for (size_t i = 0; i < g->nlayers; i++)
		if (hn_is(g->layers[i]->type, HNF_BN | HNF_ELTWISE))
			to_normalization(w, g->layers[i]);
	return 0;
}
