/* Pooling: windows and whole planes. */
#include "oracle/oracle_int.h"

struct pool {
	struct or_window w;
	bool max, lp, whole; /* whole: padding counts in the mean */
	double p;            /* of Lp */
	int64_t step[OR_SPACE];
	bool columns; /* indices of places count columns first */
};

/* One window: its value, and the place of the maximum. */
static double window(const struct pool *q, const float *x, const int64_t *pos, int64_t *best)
{
	const struct or_window *w = &q->w;
	int64_t tap[OR_SPACE] = { 0 }, n = 0;
	double v = q->max ? -INFINITY : 0;

	*best = -1;
	do {
		bool inside = true, padded = true;
		int64_t at = 0;

		for (int d = 0; d < w->rank; d++) {
			const int64_t p =
			    pos[d] * w->stride[d] - w->begin[d] + tap[d] * w->dilation[d];

			inside &= p >= 0 && p < w->in[d];
			padded &= p < w->in[d] + w->end[d];
			at += p * q->step[d];
		}
		n += inside || (q->whole && padded);
		if (!inside)
			continue;
		if (!q->max)
			v += q->lp ? pow(fabs((double)x[at]), q->p) : (double)x[at];
		else if (*best < 0 || (double)x[at] > v || isnan(x[at])) {
			v = (double)x[at];
			*best = at;
		}
	} while (or_next(tap, w->kernel, w->rank));
	return q->max ? v : q->lp ? pow(v, 1 / q->p) : v / (double)(n ? n : 1);
}

/* The place of a maximum as the operator counts it. */
static int64_t place_of(const struct pool *q, int64_t at)
{
	int64_t r = 0, factor = 1;

	if (!q->columns)
		return at;
	for (int d = 0; d < q->w.rank; d++) {
		r += at / q->step[d] % q->w.in[d] * factor;
		factor *= q->w.in[d];
	}
	return r;
}

static void pool_all(const struct pool *q, const struct tensor *t, int64_t out, float *y,
		     int64_t *index)
{
	const int64_t planes = t->dim[0] * t->dim[1];
	const int64_t in = or_count(q->w.rank, q->w.in);

#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < planes; i++) {
		int64_t pos[OR_SPACE] = { 0 }, best;

		for (int64_t k = i * out; k < (i + 1) * out; k++) {
			y[k] = (float)window(q, or_f(t) + i * in, pos, &best);
			if (index)
				index[k] = best < 0 ? 0 : i * in + place_of(q, best);
			or_next(pos, q->w.out, q->w.rank);
		}
	}
}

int or_pool(struct or_node *x, struct err *e)
{
	const bool ceil = im_int(x->n, "ceil_mode", 0) != 0;
	struct pool q = { .max = strcmp(x->n->op, "MaxPool") == 0,
			  .lp = strcmp(x->n->op, "LpPool") == 0,
			  .whole = im_int(x->n, "count_include_pad", 0) != 0,
			  .columns = im_int(x->n, "storage_order", 0) != 0,
			  .p = (double)im_int(x->n, "p", 2) };
	const struct tensor *t = or_in_f(x, 0, e);
	int64_t dim[LIMIT_RANK], *index = NULL;
	size_t n;
	float *y;

	if (!t)
		return -1;
	if (t->rank < 3 || !im_ints(x->n, "kernel_shape", &n))
		return err_set(e, "it has no kernel_shape, or its input %s no spatial dimension",
			       tensor_shape_text(t));
	if (or_ints(x, "kernel_shape", (size_t)t->rank - 2, 1, q.w.kernel, e) < 0 ||
	    or_window(x, t, &q.w, ceil, e) < 0)
		return -1;
	or_strides(q.w.rank, q.w.in, q.step);
	dim[0] = t->dim[0];
	dim[1] = t->dim[1];
	for (int d = 0; d < q.w.rank; d++)
		dim[d + 2] = q.w.out[d];
	y = or_out(x, 0, DT_F32, t->rank, dim, e);
	if (y && x->nout > 1 && q.max)
		index = or_out(x, 1, DT_I64, t->rank, dim, e);
	if (!y || (x->nout > 1 && q.max && !index))
		return -1;
	pool_all(&q, t, or_count(q.w.rank, q.w.out), y, index);
	return 0;
}

int or_global_pool(struct or_node *x, struct err *e)
{
	const bool max = strcmp(x->n->op, "GlobalMaxPool") == 0;
	const bool lp = strcmp(x->n->op, "GlobalLpPool") == 0;
	const double p = (double)im_int(x->n, "p", 2);
	const struct tensor *t = or_in_f(x, 0, e);
	int64_t dim[LIMIT_RANK] = { 0 }, planes, n;
	float *y;

	if (!t)
		return -1;
	if (t->rank < 3)
		return err_set(e, "its input %s has no spatial dimension", tensor_shape_text(t));
	for (int d = 0; d < t->rank; d++)
		dim[d] = d < 2 ? t->dim[d] : 1;
	y = or_out(x, 0, DT_F32, t->rank, dim, e);
	if (!y)
		return -1;
	planes = dim[0] * dim[1];
	n = or_count(t->rank - 2, t->dim + 2);
	for (int64_t i = 0; i < planes; i++) {
		double v = max ? -INFINITY : 0;

		for (int64_t k = i * n; k < (i + 1) * n; k++) {
			const double one = (double)or_f(t)[k];

			v = max ? (one > v ? one : v) : v + (lp ? pow(fabs(one), p) : one);
		}
		y[i] = (float)(max ? v : lp ? pow(v, 1 / p) : v / (double)n);
	}
	return 0;
}
