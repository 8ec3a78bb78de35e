/* Reductions, ArgMax, CumSum, TopK. */
#include "oracle/oracle_int.h"

struct sum {
	double v, lo, hi, product, squares, magnitudes;
	int64_t n;
};

static double finish(const char *op, const struct sum *s)
{
	static const char *const names[] = { "L1",   "L2",  "LogSum", "LogSumExp", "Max",
					     "Mean", "Min", "Prod",   "Sum",       "SumSquare" };
	const double v[] = {
		s->magnitudes, sqrt(s->squares),    log(s->v), s->v, /* two passes: below */
		s->hi,         s->v / (double)s->n, s->lo,     s->product, s->v, s->squares
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(op + sizeof "Reduce" - 1, names[i]) == 0)
			return v[i];
	BUG("operator '%s' is in the table, its reduction is not", op);
}

/* Over the dimensions that are marked, from one place of the others. */
static struct sum reduce_at(const struct tensor *t, int64_t from, int rank, const int64_t *dim,
			    const int64_t *step, double offset, bool exponent)
{
	struct sum s = { .lo = INFINITY, .hi = -INFINITY, .product = 1 };
	int64_t at[LIMIT_RANK] = { 0 };

	if (or_count(rank, dim) == 0)
		return s;
	do {
		double v = tensor_get(t, (size_t)(from + or_place(at, step, rank)));

		v = exponent ? exp(v - offset) : v;
		s.v += v;
		s.lo = v < s.lo || isnan(v) ? v : s.lo;
		s.hi = v > s.hi || isnan(v) ? v : s.hi;
		s.product *= v;
		s.squares += v * v;
		s.magnitudes += fabs(v);
		s.n++;
	} while (or_next(at, dim, rank));
	return s;
}

/* The dimensions of t in two lists: those that stay, those that go. */
struct parts {
	int nkept, nover;
	int64_t kept[LIMIT_RANK], kept_step[LIMIT_RANK];
	int64_t over[LIMIT_RANK], over_step[LIMIT_RANK];
};

static void part(const struct tensor *t, const bool over[LIMIT_RANK], struct parts *p)
{
	int64_t step[LIMIT_RANK];

	or_strides(t->rank, t->dim, step);
	*p = (struct parts){ .nkept = 0 };
	for (int d = 0; d < t->rank; d++) {
		const int i = over[d] ? p->nover++ : p->nkept++;

		(over[d] ? p->over : p->kept)[i] = t->dim[d];
		(over[d] ? p->over_step : p->kept_step)[i] = step[d];
	}
}

static double reduce_one(const struct or_node *x, const struct tensor *t, const struct parts *p,
			 int64_t from)
{
	const bool lse = strcmp(x->n->op, "ReduceLogSumExp") == 0;
	struct sum s = reduce_at(t, from, p->nover, p->over, p->over_step, 0, false);
	double top;

	if (!lse)
		return finish(x->n->op, &s);
	top = isfinite(s.hi) ? s.hi : 0;
	s = reduce_at(t, from, p->nover, p->over, p->over_step, top, true);
	return top + log(s.v);
}

int or_reduce(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in(x, 0, e);
	int64_t axis[LIMIT_RANK], dim[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	const bool keep = im_int(x->n, "keepdims", 1) != 0;
	bool over[LIMIT_RANK];
	struct parts p;
	size_t n, k = 0;
	int rank = 0;
	void *y;

	if (!t || or_list(x, "axes", 1, axis, &n, e) < 0 || or_axes(axis, n, t->rank, over, e) < 0)
		return -1;
	if (n == 0 && im_int(x->n, "noop_with_empty_axes", 0))
		return or_alias(x, 0, t, t->rank, t->dim, e);
	for (int d = 0; d < t->rank; d++)
		if (!over[d] || keep)
			dim[rank++] = over[d] ? 1 : t->dim[d];
	part(t, over, &p);
	y = or_out(x, 0, t->dtype, rank, dim, e);
	if (!y || or_count(p.nkept, p.kept) == 0)
		return y ? 0 : -1;
	do {
		const double v = reduce_one(x, t, &p, or_place(at, p.kept_step, p.nkept));

		if (t->dtype == DT_F32)
			((float *)y)[k++] = (float)v;
		else if (t->dtype == DT_I64)
			((int64_t *)y)[k++] = or_to_int(v);
		else
			((uint8_t *)y)[k++] = v != 0;
	} while (or_next(at, p.kept, p.nkept));
	return 0;
}

int or_argmax(struct or_node *x, struct err *e)
{
	const bool max = strcmp(x->n->op, "ArgMax") == 0;
	const bool last = im_int(x->n, "select_last_index", 0) != 0;
	const bool keep = im_int(x->n, "keepdims", 1) != 0;
	const struct tensor *t = or_in(x, 0, e);
	int64_t dim[LIMIT_RANK], *y;
	struct or_lane lane;
	int axis, rank = 0;

	if (!t || or_axis(im_int(x->n, "axis", 0), t->rank, &axis, e) < 0)
		return -1;
	for (int d = 0; d < t->rank; d++)
		if (d != axis || keep)
			dim[rank++] = d == axis ? 1 : t->dim[d];
	lane = or_lane(t, axis);
	y = or_out(x, 0, DT_I64, rank, dim, e);
	if (!y)
		return -1;
	if (lane.n == 0)
		return err_set(e, "axis %d has no elements", axis);
	for (int64_t o = 0; o < lane.outer; o++)
		for (int64_t i = 0; i < lane.inner; i++) {
			const int64_t from = o * lane.n * lane.inner + i;
			int64_t best = 0;

			for (int64_t k = 1; k < lane.n; k++) {
				const double a = tensor_get(t, (size_t)(from + k * lane.inner));
				const double b = tensor_get(t, (size_t)(from + best * lane.inner));

				if ((max ? a > b : a < b) || (last && a == b))
					best = k;
			}
			y[o * lane.inner + i] = best;
		}
	return 0;
}

int or_cumsum(struct or_node *x, struct err *e)
{
	const bool reverse = im_int(x->n, "reverse", 0) != 0;
	const bool exclusive = im_int(x->n, "exclusive", 0) != 0;
	const struct tensor *t = or_in(x, 0, e);
	struct or_lane lane;
	double at;
	int axis;
	void *y;

	if (!t || or_scalar(x, 1, &at, e) < 0 || or_axis(or_to_int(at), t->rank, &axis, e) < 0)
		return -1;
	lane = or_lane(t, axis);
	y = or_like(x, 0, t->dtype, t, e);
	if (!y || t->dtype == DT_BOOL)
		return y ? err_set(e, "its input holds bool, numbers expected") : -1;
	for (int64_t o = 0; o < lane.outer * lane.inner; o++) {
		const int64_t from = o / lane.inner * lane.n * lane.inner + o % lane.inner;
		double sum = 0;

		for (int64_t k = 0; k < lane.n; k++) {
			const int64_t i = from + (reverse ? lane.n - 1 - k : k) * lane.inner;
			const double v = tensor_get(t, (size_t)i), r = exclusive ? sum : sum + v;

			sum += v;
			if (t->dtype == DT_F32)
				((float *)y)[i] = (float)r;
			else
				((int64_t *)y)[i] = or_to_int(r);
		}
	}
	return 0;
}

struct ranked {
	double v;
	int64_t i;
	bool largest;
};

static int by_rank(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if (a->v != b->v)
		return (a->v < b->v) == a->largest ? 1 : -1;
	return (a->i > b->i) - (a->i < b->i);
}

static int topk_size(const struct or_node *x, double *k, struct err *e)
{
	*k = (double)im_int(x->n, "k", 0);
	return x->opset >= 10 ? or_scalar(x, 1, k, e) : 0;
}

int or_topk(struct or_node *x, struct err *e)
{
	const bool largest = im_int(x->n, "largest", 1) != 0;
	const struct tensor *t = or_in_f(x, 0, e);
	int64_t dim[LIMIT_RANK], *index;
	struct ranked *r;
	struct or_lane lane;
	double k;
	float *y;
	int axis;

	if (!t || topk_size(x, &k, e) < 0 ||
	    or_axis(im_int(x->n, "axis", -1), t->rank, &axis, e) < 0)
		return -1;
	lane = or_lane(t, axis);
	if (!(k >= 0) || k > (double)lane.n)
		return err_set(e, "%g of %lld elements are asked for", k, (long long)lane.n);
	memcpy(dim, t->dim, sizeof dim);
	dim[axis] = (int64_t)k;
	if ((y = or_out(x, 0, DT_F32, t->rank, dim, e)) == NULL ||
	    (x->nout > 1 && !or_out(x, 1, DT_I64, t->rank, dim, e)) ||
	    (r = or_scratch(x, (size_t)lane.n, sizeof *r, e)) == NULL)
		return -1;
	index = x->nout > 1 ? tensor_data(&x->out[1]) : NULL;
	for (int64_t o = 0; o < lane.outer * lane.inner; o++) {
		const int64_t a = o / lane.inner, b = o % lane.inner;

		for (int64_t i = 0; i < lane.n; i++)
			r[i] = (struct ranked){ (double)or_f(t)[(a * lane.n + i) * lane.inner + b],
						i, largest };
		qsort(r, (size_t)lane.n, sizeof *r, by_rank);
		for (int64_t i = 0; i < dim[axis]; i++) {
			const int64_t to = (a * dim[axis] + i) * lane.inner + b;

			y[to] = (float)r[i].v;
			if (index)
				index[to] = r[i].i;
		}
	}
	free(r);
	return 0;
}
