/* batch_norm, normalization: y = scale[c] x + offset[c]; layer_normalization over
 * any axes. */
#include "kernel/f32_int.h"
#include <math.h>

enum {
	LANES = 16
};

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

/* The statistics of one image: a cell for what the layer keeps of each axis. */
struct cells {
	size_t w, c;       /* of cells along columns and features */
	size_t step[3];    /* 0: the layer runs over this axis */
	size_t group;      /* features of a group when it runs over features */
	double population; /* values in a cell */
};

static struct cells cells_of(const struct f32k *k)
{
	const struct hn_shape *s = f32_out(k);
	const int32_t axes = k->l->p.reduce_axes, groups = k->l->p.softmax_groups;
	struct cells n = { .w = axes & 2 ? 1 : (size_t)s->w,
			   .c = axes & 4 ? (size_t)groups : (size_t)s->c,
			   .step = { !(axes & 1), !(axes & 2), !(axes & 4) },
			   .group = (size_t)(s->c / groups) };

	n.population = (axes & 1 ? s->h : 1) * (double)(axes & 2 ? s->w : 1) *
		       (axes & 4 ? (double)n.group : 1);
	return n;
}

static size_t first_cell(const struct cells *n, size_t y, size_t x)
{
	return (y * n->step[0] * n->w + x * n->step[1]) * n->c;
}

static size_t cell(const struct cells *n, size_t j)
{
	return n->step[2] ? j : j / n->group;
}

/* Sums of the image: x, or (x - mean)^2 when there is a mean. */
static void gather(const struct cells *n, const struct hn_shape *s, const float *from,
		   const double *mean, double *sums)
{
	const size_t h = (size_t)s->h, w = (size_t)s->w, c = (size_t)s->c;

	for (size_t i = 0; i < h * w; i++) {
		const size_t at = first_cell(n, i / w, i % w);

		for (size_t j = 0; j < c; j++) {
			const double v = (double)from[i * c + j];
			const double d = mean ? v - mean[at + cell(n, j)] : v;

			sums[at + cell(n, j)] += mean ? d * d : d;
		}
	}
}

static void layer_norm_image(const struct f32k *k, const float *from, float *to)
{
	const struct hn_shape *s = f32_out(k);
	const struct cells n = cells_of(k);
	const size_t h = (size_t)s->h, w = (size_t)s->w, c = (size_t)s->c;
	const size_t count = (n.step[0] ? h : 1) * n.w * n.c;
	const float *gamma = k->state, *beta = gamma + c;
	const double epsilon = (double)k->l->p.bn_epsilon;
	double *mean = xcalloc(count, sizeof *mean), *norm = xcalloc(count, sizeof *norm);

	if (k->l->p.variant == 0)
		gather(&n, s, from, NULL, mean);
	for (size_t i = 0; i < count; i++)
		mean[i] /= n.population;
	gather(&n, s, from, mean, norm);
	for (size_t i = 0; i < count; i++)
		norm[i] = k->l->p.variant == 0 ? 1 / sqrt(norm[i] / n.population + epsilon)
					       : 1 / sqrt(fmax(norm[i], epsilon));
	for (size_t i = 0; i < h * w; i++) {
		const size_t at = first_cell(&n, i / w, i % w);

		for (size_t j = 0; j < c; j++) {
			const size_t q = at + cell(&n, j);

			to[i * c + j] =
			    (float)(((double)from[i * c + j] - mean[q]) * norm[q]) * gamma[j] +
			    beta[j];
		}
	}
	free(mean);
	free(norm);
}

/* The sum of n values less m, or of their squares: in lanes, so that every vector width adds alike.
 */
F32_WIDE static double lane_sum(const float *x, size_t n, double m, bool squares)
{
	double lane[LANES] = { 0 }, sum = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
#pragma omp simd
		for (int k = 0; k < LANES; k++) {
			const double d = (double)x[i + (size_t)k] - m;

			lane[k] += squares ? d * d : d;
		}
	for (; i < n; i++) {
		const double d = (double)x[i] - m;

		sum += squares ? d * d : d;
	}
	for (int k = 0; k < LANES; k++)
		sum += lane[k];
	return sum;
}

F32_WIDE static void normalize_run(const float *restrict x, size_t n, double mean, double norm,
				   const float *restrict gamma, const float *restrict beta,
				   float *restrict to)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++)
		to[i] = (float)(((double)x[i] - mean) * norm) * gamma[i] + beta[i];
}

/* Over features alone every pixel stands for itself. */
static void layer_norm_pixel(const struct f32k *k, const float *x, float *to)
{
	const size_t c = (size_t)f32_out(k)->c, n = c / (size_t)k->l->p.softmax_groups;
	const float *gamma = k->state;
	const double epsilon = (double)k->l->p.bn_epsilon;

	for (size_t at = 0; at < c; at += n) {
		const bool l2 = k->l->p.variant != 0;
		const double mean = l2 ? 0 : lane_sum(x + at, n, 0, false) / (double)n;
		const double sum = lane_sum(x + at, n, mean, true);
		const double norm = 1 / sqrt(l2 ? fmax(sum, epsilon) : sum / (double)n + epsilon);

		normalize_run(x + at, n, mean, norm, gamma + at, gamma + c + at, to + at);
	}
}

static int layer_norm_run(const struct f32k *k, const float *const in[], float *const out[],
			  struct err *e)
{
	const size_t image = hn_shape_count(f32_out(k)), c = (size_t)f32_out(k)->c;

	(void)e;
	if (k->l->p.reduce_axes == 4) {
		const int64_t pixels = (int64_t)(image / c) * k->n;

#pragma omp parallel for schedule(static)
		for (int64_t i = 0; i < pixels; i++)
			layer_norm_pixel(k, in[0] + (size_t)i * c, out[0] + (size_t)i * c);
		return 0;
	}
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < k->n; i++)
		layer_norm_image(k, in[0] + (size_t)i * image, out[0] + (size_t)i * image);
	return 0;
}

const struct f32_impl affine_f32 = { affine_make, affine_run, NULL };
const struct f32_impl layer_norm_f32 = { layer_norm_make, layer_norm_run, NULL };
