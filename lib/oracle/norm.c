/* Normalizations and softmax. */
#include "oracle/oracle_int.h"

/* A row vector of n floats at input i. */
static const float *vector(const struct or_node *x, size_t i, int64_t n, struct err *e)
{
	const struct tensor *t = or_in_f(x, i, e);

	if (!t)
		return NULL;
	if ((int64_t)tensor_count(t) == n)
		return or_f(t);
	err_set(e, "its input %zu has shape %s, %lld values expected", i, tensor_shape_text(t),
		(long long)n);
	return NULL;
}

int or_batch_norm(struct or_node *x, struct err *e)
{
	const double epsilon = (double)im_float(x->n, "epsilon", 1e-5f);
	const struct tensor *t = or_in_f(x, 0, e);
	struct or_lane lane;
	const float *v[4];
	float *y;

	if (!t)
		return -1;
	if (im_int(x->n, "training_mode", 0) || (x->opset >= 9 && x->opset < 14 && x->nout > 1))
		return err_set(e, "it is in training mode");
	lane = t->rank > 1 ? or_lane(t, 1) : (struct or_lane){ (int64_t)tensor_count(t), 1, 1 };
	for (size_t i = 0; i < 4; i++)
		if ((v[i] = vector(x, i + 1, lane.n, e)) == NULL)
			return -1;
	y = or_like(x, 0, DT_F32, t, e);
	for (int64_t o = 0; y && o < lane.outer * lane.n; o++) {
		const int64_t c = o % lane.n;
		const double k = (double)v[0][c] / sqrt((double)v[3][c] + epsilon);

		for (int64_t i = o * lane.inner; i < (o + 1) * lane.inner; i++)
			y[i] =
			    (float)(k * ((double)or_f(t)[i] - (double)v[2][c]) + (double)v[1][c]);
	}
	return y ? 0 : -1;
}

struct moments {
	double mean, variance;
};

/* Mean and variance of n values that lie together. */
static struct moments moments(const float *p, int64_t n)
{
	struct moments m = { 0, 0 };

	for (int64_t i = 0; i < n; i++)
		m.mean += (double)p[i];
	m.mean /= (double)n;
	for (int64_t i = 0; i < n; i++)
		m.variance += ((double)p[i] - m.mean) * ((double)p[i] - m.mean);
	m.variance /= (double)n;
	return m;
}

/* Groups of planes; scale and bias per plane, or per group. */
static int normalize_planes(struct or_node *x, const struct tensor *t, int64_t groups,
			    bool per_group, struct err *e)
{
	const double epsilon = (double)im_float(x->n, "epsilon", 1e-5f);
	const int64_t c = t->dim[1], inner = or_count(t->rank - 2, t->dim + 2);
	const int64_t n = c / groups * inner;
	const float *scale = vector(x, 1, per_group ? groups : c, e);
	const float *bias = scale ? vector(x, 2, per_group ? groups : c, e) : NULL;
	float *y = bias ? or_like(x, 0, DT_F32, t, e) : NULL;

	for (int64_t g = 0; y && g < t->dim[0] * groups; g++) {
		const struct moments m = moments(or_f(t) + g * n, n);
		const double k = 1 / sqrt(m.variance + epsilon);

		for (int64_t i = 0; i < n; i++) {
			const int64_t f =
			    per_group ? g % groups : g % groups * (c / groups) + i / inner;

			y[g * n + i] =
			    (float)(((double)or_f(t)[g * n + i] - m.mean) * k * (double)scale[f] +
				    (double)bias[f]);
		}
	}
	return y ? 0 : -1;
}

int or_instance_norm(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in_f(x, 0, e);

	if (!t)
		return -1;
	if (t->rank < 2)
		return err_set(e, "its input has shape %s", tensor_shape_text(t));
	return normalize_planes(x, t, t->dim[1], false, e);
}

int or_group_norm(struct or_node *x, struct err *e)
{
	const int64_t groups = im_int(x->n, "num_groups", 0);
	const struct tensor *t = or_in_f(x, 0, e);

	if (!t)
		return -1;
	if (t->rank < 2 || groups < 1 || t->dim[1] % groups != 0)
		return err_set(e, "%lld groups of shape %s", (long long)groups,
			       tensor_shape_text(t));
	return normalize_planes(x, t, groups, x->opset < 21, e);
}

int or_layer_norm(struct or_node *x, struct err *e)
{
	const double epsilon = (double)im_float(x->n, "epsilon", 1e-5f);
	const struct tensor *t = or_in_f(x, 0, e), *scale = t ? or_in_f(x, 1, e) : NULL;
	const struct tensor *bias = or_maybe(x, 2);
	int64_t dim[LIMIT_RANK], ss[LIMIT_RANK], sb[LIMIT_RANK], outer, n;
	float *y, *stat[2] = { NULL, NULL };
	int axis;

	if (!scale || (bias && !or_in_f(x, 2, e)) ||
	    or_axis(im_int(x->n, "axis", -1), t->rank, &axis, e) < 0)
		return -1;
	outer = or_count(axis, t->dim);
	n = or_count(t->rank - axis, t->dim + axis);
	if (scale->rank > t->rank - axis || (bias && bias->rank > t->rank - axis))
		return err_set(e, "its scale %s does not fit", tensor_shape_text(scale));
	for (int k = 0; k < 2; k++) {
		const struct tensor *v = k ? bias : scale;

		for (int d = 0; v && d < v->rank; d++)
			if (v->dim[d] != 1 && v->dim[d] != t->dim[t->rank - v->rank + d])
				return err_set(e, "its input %d of shape %s does not fit", k + 1,
					       tensor_shape_text(v));
	}
	or_steps(scale, t->rank - axis, t->dim + axis, ss);
	if (bias)
		or_steps(bias, t->rank - axis, t->dim + axis, sb);
	for (int d = 0; d < t->rank; d++)
		dim[d] = d < axis ? t->dim[d] : 1;
	y = or_like(x, 0, DT_F32, t, e);
	for (size_t k = 1; y && k < 3 && k < x->nout; k++)
		if ((stat[k - 1] = or_out(x, k, DT_F32, t->rank, dim, e)) == NULL)
			return -1;
	for (int64_t o = 0; y && n && o < outer; o++) {
		const struct moments m = moments(or_f(t) + o * n, n);
		const double k = 1 / sqrt(m.variance + epsilon);
		int64_t at[LIMIT_RANK] = { 0 };

		if (stat[0])
			stat[0][o] = (float)m.mean;
		if (stat[1])
			stat[1][o] = (float)k;
		for (int64_t i = o * n; i < (o + 1) * n; i++) {
			const int64_t f = or_place(at, ss, t->rank - axis);
			const int64_t g = bias ? or_place(at, sb, t->rank - axis) : 0;

			y[i] = (float)(((double)or_f(t)[i] - m.mean) * k * (double)or_f(scale)[f] +
				       (bias ? (double)or_f(bias)[g] : 0));
			or_next(at, t->dim + axis, t->rank - axis);
		}
	}
	return y ? 0 : -1;
}

int or_mean_variance(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in_f(x, 0, e);
	int64_t axis[LIMIT_RANK] = { 0, 2, 3 }, step[LIMIT_RANK], kept[LIMIT_RANK];
	int64_t at[LIMIT_RANK] = { 0 };
	double *sum, *square;
	bool over[LIMIT_RANK];
	size_t n = 3, count;
	double each = 1;
	float *y;

	if (!t || (im_attr(x->n, "axes") && or_list(x, "axes", SIZE_MAX, axis, &n, e) < 0) ||
	    or_axes(axis, n, t->rank, over, e) < 0)
		return -1;
	for (int d = 0; d < t->rank; d++) {
		kept[d] = over[d] ? 1 : t->dim[d];
		each *= over[d] ? (double)t->dim[d] : 1;
	}
	or_strides(t->rank, kept, step);
	for (int d = 0; d < t->rank; d++)
		step[d] = over[d] ? 0 : step[d];
	count = (size_t)or_count(t->rank, kept);
	y = or_like(x, 0, DT_F32, t, e);
	sum = y ? or_scratch(x, 2 * count, sizeof *sum, e) : NULL;
	if (!sum)
		return -1;
	square = sum + count;
	/* The mean, then the variance around it, then the values. */
	for (int pass = 0; pass < 3 && tensor_count(t); pass++) {
		size_t i = 0;

		do {
			const size_t k = (size_t)or_place(at, step, t->rank);
			const double v = (double)or_f(t)[i], d = v - sum[k] / each;

			if (pass == 0)
				sum[k] += v;
			else if (pass == 1)
				square[k] += d * d;
			else
				y[i] = (float)(d / (sqrt(square[k] / each) + 1e-9));
			i++;
		} while (or_next(at, t->dim, t->rank));
	}
	free(sum);
	return 0;
}

int or_lp_norm(struct or_node *x, struct err *e)
{
	const int64_t p = im_int(x->n, "p", 2);
	const struct tensor *t = or_in_f(x, 0, e);
	struct or_lane lane;
	int axis;
	float *y;

	if (!t || or_axis(im_int(x->n, "axis", -1), t->rank, &axis, e) < 0)
		return -1;
	if (p != 1 && p != 2)
		return err_set(e, "p is %lld, 1 or 2 expected", (long long)p);
	lane = or_lane(t, axis);
	y = or_like(x, 0, DT_F32, t, e);
	for (int64_t o = 0; y && o < lane.outer * lane.inner; o++) {
		const int64_t from = o / lane.inner * lane.n * lane.inner + o % lane.inner;
		double sum = 0;

		for (int64_t k = 0; k < lane.n; k++) {
			const double v = (double)or_f(t)[from + k * lane.inner];

			sum += p == 1 ? fabs(v) : v * v;
		}
		sum = p == 1 ? sum : sqrt(sum);
		for (int64_t k = 0; k < lane.n; k++)
			y[from + k * lane.inner] =
			    sum > 0 ? (float)((double)or_f(t)[from + k * lane.inner] / sum) : 0;
	}
	return y ? 0 : -1;
}

int or_lrn(struct or_node *x, struct err *e)
{
	const double alpha = (double)im_float(x->n, "alpha", 1e-4f);
	const double beta = (double)im_float(x->n, "beta", 0.75f);
	const double bias = (double)im_float(x->n, "bias", 1);
	const int64_t size = im_int(x->n, "size", 0);
	const struct tensor *t = or_in_f(x, 0, e);
	struct or_lane lane;
	float *y;

	if (!t)
		return -1;
	if (t->rank < 2 || size < 1 || size > LIMIT_DIM)
		return err_set(e, "size %lld of shape %s", (long long)size, tensor_shape_text(t));
	lane = or_lane(t, 1);
	y = or_like(x, 0, DT_F32, t, e);
	for (int64_t o = 0; y && o < lane.outer * lane.n; o++)
		for (int64_t i = 0; i < lane.inner; i++) {
			const int64_t c = o % lane.n, image = o - c;
			double sum = 0;

			for (int64_t k = c - (size - 1) / 2; k <= c + size / 2; k++)
				if (k >= 0 && k < lane.n) {
					const double v =
					    (double)or_f(t)[(image + k) * lane.inner + i];

					sum += v * v;
				}
			y[o * lane.inner + i] =
			    (float)((double)or_f(t)[o * lane.inner + i] /
				    pow(bias + alpha / (double)size * sum, beta));
		}
	return y ? 0 : -1;
}

static void softmax_lane(const char *op, const float *p, float *y, int64_t n, int64_t step)
{
	double top = -INFINITY, sum = 0;
	int64_t best = 0;

	for (int64_t k = 0; k < n; k++)
		if ((double)p[k * step] > top) {
			top = (double)p[k * step];
			best = k;
		}
	for (int64_t k = 0; k < n; k++)
		sum += exp((double)p[k * step] - top);
	for (int64_t k = 0; k < n; k++) {
		const double d = (double)p[k * step] - top;

		y[k * step] = op[0] == 'S'   ? (float)(exp(d) / sum)
			      : op[0] == 'L' ? (float)(d - log(sum))
					     : (float)(k == best);
	}
}

/* Before opset 13: over all dimensions from the axis on. */
int or_softmax(struct or_node *x, struct err *e)
{
	const bool old = x->opset < 13;
	const struct tensor *t = or_in_f(x, 0, e);
	struct or_lane lane;
	int axis;
	float *y;

	if (!t || or_axis(im_int(x->n, "axis", old ? 1 : -1), t->rank, &axis, e) < 0)
		return -1;
	lane = or_lane(t, axis);
	if (old)
		lane = (struct or_lane){ lane.outer, lane.n * lane.inner, 1 };
	y = or_like(x, 0, DT_F32, t, e);
	for (int64_t o = 0; y && o < lane.outer * lane.inner; o++) {
		const int64_t from = o / lane.inner * lane.n * lane.inner + o % lane.inner;

		softmax_lane(x->n->op, or_f(t) + from, y + from, lane.n, lane.inner);
	}
	return y ? 0 : -1;
}
