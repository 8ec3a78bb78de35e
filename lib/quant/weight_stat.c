/* What the weights of a layer look like. */
#include "quant/noise.h"

#include <math.h>

static int by_value(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/* The largest magnitude by the p-quantile of magnitudes; both are sorted. */
static double top_by(float *v, size_t n, double p)
{
	double at;

	qsort(v, n, sizeof *v, by_value);
	at = (double)v[(size_t)(p * (double)(n - 1))];
	return at > 0 ? (double)v[n - 1] / at : v[n - 1] > 0 ? INFINITY : 1;
}

static void moments(const float *k, struct weight_stat *s)
{
	double sum = 0, square = 0;

	s->min = INFINITY;
	s->max = -INFINITY;
	for (size_t i = 0; i < s->n; i++) {
		s->min = fmin(s->min, (double)k[i]);
		s->max = fmax(s->max, (double)k[i]);
		sum += (double)k[i];
		s->zeros += k[i] == 0;
	}
	s->mean = sum / (double)s->n;
	for (size_t i = 0; i < s->n; i++)
		square += ((double)k[i] - s->mean) * ((double)k[i] - s->mean);
	s->std = sqrt(square / (double)s->n);
}

void weight_stat_of(const struct tensor *t, size_t cout, struct weight_stat *out)
{
	const float *k = t->data;
	float *top, *all;

	*out = (struct weight_stat){ .n = tensor_count(t), .cout = cout };
	moments(k, out);
	top = xcalloc(out->cout, sizeof *top);
	all = xcalloc(out->n, sizeof *all);
	for (size_t i = 0; i < out->n; i++) {
		all[i] = fabsf(k[i]);
		top[i % out->cout] = fmaxf(top[i % out->cout], all[i]);
	}
	out->ratio = top_by(top, out->cout, 0.5);
	out->outlier = top_by(all, out->n, 0.999);
	free(top);
	free(all);
}

bool weight_stat(const struct layer *l, const struct tensors *w, struct weight_stat *out)
{
	const struct tensor *t = layer_weight(w, l, "kernel");

	if (!t || t->dtype != DT_F32 || tensor_count(t) == 0)
		return false;
	weight_stat_of(t, (size_t)l->out[0].c, out);
	return true;
}
