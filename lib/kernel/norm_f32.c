/* batch_norm, normalization: y = scale[c] x + offset[c]; layer_normalization over the features. */
#include "kernel/f32_int.h"
#include <math.h>

/* Scale, then offset: 2c values. */
static int affine_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	const size_t c = (size_t)f32_out(k)->c;
	float *scale = NULL, *offset = NULL, *both;

	if (hn_is(k->l->type, HNF_BN)) {
		if (f32_batch_norm(k->l, w, &scale, &offset, e) < 0)
			return -1;
	} else if (!(scale = f32_weight(k->l, w, "kernel", c, false, e))) {
		return -1;
	} else {
		offset = f32_weight(k->l, w, "bias", c, true, e);
	}
	if (!err_is(e)) {
		k->state = both = xcalloc(2 * c, sizeof *both);
		memcpy(both, scale, c * sizeof *both);
		if (offset)
			memcpy(both + c, offset, c * sizeof *both);
	}
	free(scale);
	free(offset);
	return err_is(e) ? -1 : 0;
}

F32_WIDE static void affine_pixel(const float *restrict from, const float *restrict scale,
				  const float *restrict offset, float *restrict to, size_t c)
{
#pragma omp simd
	for (size_t j = 0; j < c; j++)
		to[j] = from[j] * scale[j] + offset[j];
}

static int affine_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const struct hn_shape *s = f32_out(k);
	const size_t c = (size_t)s->c;
	const int64_t pixels = (int64_t)k->n * s->h * s->w;
	const float *scale = k->state, *offset = scale + c;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pixels; i++)
		affine_pixel(in[0] + (size_t)i * c, scale, offset, out[0] + (size_t)i * c, c);
	return 0;
}

static int layer_norm_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	const size_t c = (size_t)f32_out(k)->c;
	float *gamma = f32_weight(k->l, w, "gamma", c, true, e);
	float *beta = f32_weight(k->l, w, "beta", c, true, e);
	float *both = xcalloc(2 * c, sizeof *both);

	for (size_t i = 0; i < c; i++) {
		both[i] = gamma ? gamma[i] : 1;
		both[c + i] = beta ? beta[i] : 0;
	}
	free(gamma);
	free(beta);
	k->state = both;
	return err_is(e) ? -1 : 0;
}

static void layer_norm_pixel(const float *from, float *to, size_t c, double epsilon,
			     const float *gamma, const float *beta)
{
	double mean = 0, var = 0;

	for (size_t j = 0; j < c; j++)
		mean += (double)from[j];
	mean /= (double)c;
	for (size_t j = 0; j < c; j++)
		var += ((double)from[j] - mean) * ((double)from[j] - mean);
	var = 1 / sqrt(var / (double)c + epsilon);
	for (size_t j = 0; j < c; j++)
		to[j] = (float)(((double)from[j] - mean) * var) * gamma[j] + beta[j];
}

static int layer_norm_run(const struct f32k *k, const float *const in[], float *const out[],
			  struct err *e)
{
	const struct hn_shape *s = f32_out(k);
	const size_t c = (size_t)s->c;
	const int64_t pixels = (int64_t)k->n * s->h * s->w;
	const float *gamma = k->state;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pixels; i++)
		layer_norm_pixel(in[0] + (size_t)i * c, out[0] + (size_t)i * c, c,
				 (double)k->l->p.bn_epsilon, gamma, gamma + c);
	return 0;
}

const struct f32_impl affine_f32 = { affine_make, affine_run, NULL };
const struct f32_impl layer_norm_f32 = { layer_norm_make, layer_norm_run, NULL };
