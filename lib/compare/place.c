/* How a tensor of the original lies in the HN's images. */
#include "compare/compare_int.h"
#include <math.h>

/* For each dimension of a view: the place in an image of every index; -1 in step for the batch. */
struct lie {
	int rank;
	int64_t dim[LIMIT_RANK];
	int64_t *offset[LIMIT_RANK]; /* dim values; the batch counts whole images */
};

static void lie_release(struct lie *x)
{
	for (int d = 0; d < x->rank; d++)
		free(x->offset[d]);
}

/* Steps of the atoms in an image. */
static void atom_steps(const struct im_view *v, int64_t step[IM_ATOMS])
{
	int64_t at = 1;

	for (int i = v->natoms - 1; i >= 0; i--) {
		step[i] = at;
		at *= v->atom[i].size;
	}
}

static void lie_of(const struct im_view *v, struct lie *x)
{
	const int64_t image = v->base[0] * v->base[1] * v->base[2];
	int64_t step[IM_ATOMS];

	atom_steps(v, step);
	x->rank = v->rank;
	for (int d = 0; d < v->rank; d++) {
		const struct im_dim *dim = &v->dim[d];

		x->dim[d] = view_size(v, d);
		x->offset[d] = xcalloc((size_t)x->dim[d], sizeof *x->offset[d]);
		for (int64_t i = 0; i < x->dim[d]; i++) {
			int64_t rest = i;

			for (int k = dim->n - 1; k >= 0; k--) {
				const int a = dim->at[k];
				const int64_t size = a == IM_BATCH ? v->batch : v->atom[a].size;

				x->offset[d][i] += rest % size * (a == IM_BATCH ? image : step[a]);
				rest /= size;
			}
		}
	}
}

/* Calls fn for each element: its number in the original, its place in the HN's images. */
static void lie_each(const struct im_view *v, void (*fn)(size_t i, size_t at, void *ctx), void *ctx)
{
	int64_t at[LIMIT_RANK] = { 0 }, n = 1;
	struct lie x;

	lie_of(v, &x);
	for (int d = 0; d < x.rank; d++)
		n *= x.dim[d];
	for (int64_t i = 0; i < n; i++) {
		int64_t p = 0;

		for (int d = 0; d < x.rank; d++)
			p += x.offset[d][at[d]];
		fn((size_t)i, (size_t)p, ctx);
		for (int d = x.rank - 1; d >= 0 && ++at[d] == x.dim[d]; d--)
			at[d] = 0;
	}
	lie_release(&x);
}

bool place_is_fed(const struct place *p)
{
	return p->layer->type == HN_INPUT;
}

struct feeding {
	float *to;
	const float *from;
};

static void feed_one(size_t i, size_t at, void *ctx)
{
	struct feeding *f = ctx;

	f->to[i] = f->from[at];
}

struct tensor place_tensor(const struct place *p, const float *images)
{
	struct tensor t = tensor_new(DT_F32, p->row.rank, p->row.dim);
	struct feeding f = { tensor_data(&t), images };

	lie_each(p->view, feed_one, &f);
	return t;
}

struct measuring {
	struct compare_row *row;
	const struct tensor *want;
	const float *got;
};

static void measure_one(size_t i, size_t at, void *ctx)
{
	struct measuring *m = ctx;
	struct compare_row *r = m->row;
	const double a = tensor_get(m->want, i), b = (double)m->got[at];
	const bool both = isfinite(a) && isfinite(b);
	const double d = both ? fabs(a - b) : a == b || (isnan(a) && isnan(b)) ? 0 : INFINITY;

	if (d > r->diff || !r->seen) {
		r->diff = d;
		r->at = (int64_t)i;
	}
	r->seen = true;
	if (!isfinite(a))
		return;
	r->lo = fmin(r->lo, a);
	r->hi = fmax(r->hi, a);
	r->signal += a * a;
	r->noise += d * d;
}

int place_measure(const struct place *p, struct compare_row *row, const struct tensor *want,
		  struct err *e)
{
	struct measuring m = { row, want, p->data };
	int64_t n = 1;

	for (int d = 0; d < row->rank; d++)
		n *= row->dim[d];
	if (!want || (int64_t)tensor_count(want) != n)
		return err_set(e, "tensor '%s' has shape %s, the translation made %lld elements",
			       quote(row->tensor), want ? tensor_shape_text(want) : "none",
			       (long long)n);
	if (p->data)
		lie_each(p->view, measure_one, &m);
	return 0;
}
