/* softmax, argmax, reduce_*, matmul: layers that combine values across features or pixels. */
#include "kernel/f32_int.h"
#include <math.h>

static void softmax_row(const float *from, float *to, size_t n)
{
	float max = from[0], sum = 0;

	for (size_t i = 1; i < n; i++)
		max = from[i] > max ? from[i] : max;
	for (size_t i = 0; i < n; i++)
		sum += to[i] = expf(from[i] - max);
	for (size_t i = 0; i < n; i++)
		to[i] /= sum;
}

static int softmax_run(const struct f32k *k, const float *const in[], float *const out[],
		       struct err *e)
{
	const struct hn_shape *s = f32_out(k);
	const int32_t groups = k->l->p.softmax_groups > 0 ? k->l->p.softmax_groups : 1;
	const size_t n = (size_t)(s->c / groups);
	const int64_t rows = (int64_t)k->n * s->h * s->w * groups;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++)
		softmax_row(in[0] + (size_t)r * n, out[0] + (size_t)r * n, n);
	return 0;
}

/* The first of several largest wins. */
static int argmax_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0);
	const size_t c = (size_t)s->c;
	const int64_t pixels = (int64_t)k->n * s->h * s->w;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pixels; i++) {
		const float *x = in[0] + (size_t)i * c;
		size_t best = 0;

		for (size_t j = 1; j < c; j++)
			if (x[j] > x[best])
				best = j;
		out[0][i] = (float)best;
	}
	return 0;
}

typedef double (*reduce_fn)(double so_far, double x);

static double reduce_max(double so_far, double x)
{
	return x > so_far ? x : so_far;
}

static double reduce_min(double so_far, double x)
{
	return x < so_far ? x : so_far;
}

static double reduce_sum(double so_far, double x)
{
	return so_far + x;
}

static const struct {
	reduce_fn fn;
	double start;
	bool mean;
} reductions[HN_TYPE_COUNT] = {
	[HN_REDUCE_MAX] = { reduce_max, -INFINITY, false },
	[HN_REDUCE_MIN] = { reduce_min, INFINITY, false },
	[HN_REDUCE_SUM] = { reduce_sum, 0, false },
	[HN_REDUCE_MEAN] = { reduce_sum, 0, true },
};

/* Reduces one image into sums[], which has the output's shape. */
static void reduce_image(const struct f32k *k, const float *in, double *sums)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const int32_t axes = k->l->p.reduce_axes, group = axes & 4 ? s->c / o->c : 1;
	const reduce_fn fn = reductions[k->l->type].fn;

	for (int32_t y = 0; y < s->h; y++)
		for (int32_t x = 0; x < s->w; x++) {
			double *to = sums + ((axes & 1 ? 0 : y) * o->w + (axes & 2 ? 0 : x)) * o->c;

			for (int32_t c = 0; c < s->c; c++)
				to[c / group] = fn(to[c / group], (double)*in++);
		}
}

static int reduce_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const size_t from = hn_shape_count(f32_in(k, 0)), to = hn_shape_count(f32_out(k));
	const double divide = reductions[k->l->type].mean ? (double)(from / to) : 1;
	double *sums = xcalloc(to, sizeof *sums);

	(void)e;
	for (int32_t b = 0; b < k->n; b++) {
		for (size_t i = 0; i < to; i++)
			sums[i] = reductions[k->l->type].start;
		reduce_image(k, in[0] + (size_t)b * from, sums);
		for (size_t i = 0; i < to; i++)
			out[0][(size_t)b * to + i] = (float)(sums[i] / divide);
	}
	free(sums);
	return 0;
}

const struct f32_impl softmax_f32 = { NULL, softmax_run, NULL };
const struct f32_impl argmax_f32 = { NULL, argmax_run, NULL };
const struct f32_impl reduce_f32 = { NULL, reduce_run, NULL };
