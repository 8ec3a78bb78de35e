/* Resize and Upsample: one axis after the other, each by a list of weighted places. */
#include "oracle/oracle_int.h"

enum {
	TAPS = 4096 /* places that one value may come from, with antialias */
};

struct axis {
	int64_t in, out;
	float scale;
	float from, to; /* of the region */
};

struct resize {
	const char *mode, *coordinate, *nearest;
	bool linear, cubic, antialias, exclude, simple; /* simple: opset 10's rounding */
	double a;                                       /* cubic coefficient */
	float outside;                                  /* tf_crop_and_resize: what lies beyond */
};

/* Where an output index lies in the input, in single precision as the operator is specified. */
static double original(const struct resize *r, const struct axis *a, int64_t i)
{
	const float x = (float)i, in = (float)a->in, out = (float)a->out;
	const char *c = r->coordinate;

	if (strcmp(c, "asymmetric") == 0)
		return (double)(x / a->scale);
	if (strcmp(c, "align_corners") == 0)
		return a->out > 1 ? (double)(x * (in - 1) / (out - 1)) : 0;
	if (strcmp(c, "pytorch_half_pixel") == 0)
		return a->out > 1 ? (double)((x + 0.5f) / a->scale - 0.5f) : 0;
	if (strcmp(c, "tf_half_pixel_for_nn") == 0)
		return (double)((x + 0.5f) / a->scale);
	if (strcmp(c, "tf_crop_and_resize") == 0)
		return a->out > 1 ? (double)(a->from * (in - 1) +
					     x * (a->to - a->from) * (in - 1) / (out - 1))
				  : (double)(0.5f * (a->from + a->to) * (in - 1));
	if (strcmp(c, "half_pixel_symmetric") == 0) {
		const double exact = (double)a->scale * (double)a->in;
		const double offset = (double)in / 2 * (1 - (double)a->out / exact);

		return offset + ((double)x + 0.5) / (double)a->scale - 0.5;
	}
	return (double)((x + 0.5f) / a->scale - 0.5f);
}

static int64_t round_by(const struct resize *r, const struct axis *a, double x)
{
	if (r->simple)
		return (int64_t)(a->scale < 1 ? ceil(x) : floor(x));
	if (strcmp(r->nearest, "floor") == 0)
		return (int64_t)floor(x);
	if (strcmp(r->nearest, "ceil") == 0)
		return (int64_t)ceil(x);
	if (strcmp(r->nearest, "round_prefer_ceil") == 0)
		return (int64_t)floor(x + 0.5);
	return (int64_t)ceil(x - 0.5);
}

static double cubic(double a, double d)
{
	d = fabs(d);
	return d <= 1  ? ((a + 2) * d - (a + 3)) * d * d + 1
	       : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
		       : 0;
}

/* Places and weights of output index i; their number, or -1 when it lies beyond the region. */
static int taps(const struct resize *r, const struct axis *a, int64_t i, int64_t *at, double *w)
{
	const double x = original(r, a, i), low = floor(x);
	const double shrink = r->antialias && a->scale < 1 ? (double)a->scale : 1;
	const double reach = (r->cubic ? 2 : 1) / shrink;
	double sum = 0;
	int n = 0;

	if (strcmp(r->coordinate, "tf_crop_and_resize") == 0 && (x < 0 || x > (double)(a->in - 1)))
		return -1;
	if (!r->linear && !r->cubic) {
		at[0] = round_by(r, a, x);
		w[0] = 1;
		n = 1;
		sum = 1;
	}
	for (double p = low - floor(reach) - 1; (r->linear || r->cubic) && p <= low + reach + 1;
	     p++) {
		const double d = (p - x) * shrink;
		const double v = r->cubic ? cubic(r->a, d) : fmax(0, 1 - fabs(d));

		if (v == 0 || n == TAPS || (r->exclude && (p < 0 || p > (double)(a->in - 1))))
			continue;
		at[n] = (int64_t)p;
		w[n++] = v;
		sum += v;
	}
	for (int k = 0; k < n; k++) {
		at[k] = at[k] < 0 ? 0 : at[k] >= a->in ? a->in - 1 : at[k];
		w[k] /= r->exclude || r->antialias ? sum : 1;
	}
	return n;
}

/* One axis of a tensor seen as [outer][in][inner]. */
static void one_axis(const struct resize *r, const struct axis *a, int64_t outer, int64_t inner,
		     const double *from, double *to)
{
	int64_t *at = xcalloc(TAPS, sizeof *at);
	double *w = xcalloc(TAPS, sizeof *w);

	for (int64_t i = 0; i < a->out; i++) {
		const int n = taps(r, a, i, at, w);

		for (int64_t o = 0; o < outer; o++) {
			double *y = to + (o * a->out + i) * inner;

			for (int64_t k = 0; k < inner; k++) {
				y[k] = n < 0 ? NAN : 0;
				for (int t = 0; t < n; t++)
					y[k] += w[t] * from[(o * a->in + at[t]) * inner + k];
			}
		}
	}
	free(w);
	free(at);
}

/* Values that lie beyond the region along some axis. */
static void fill_outside(const struct resize *r, const struct axis *a, int rank, const int64_t *dim,
			 float *y)
{
	int64_t at[LIMIT_RANK] = { 0 };

	if (strcmp(r->coordinate, "tf_crop_and_resize") != 0 || or_count(rank, dim) == 0)
		return;
	do {
		bool beyond = false;

		for (int d = 0; d < rank; d++) {
			const double x = original(r, &a[d], at[d]);

			beyond |= (a[d].in != a[d].out || a[d].scale != 1 || a[d].from != 0 ||
				   a[d].to != 1) &&
				  (x < 0 || x > (double)(a[d].in - 1));
		}
		*y = beyond ? r->outside : *y;
		y++;
	} while (or_next(at, dim, rank));
}

static int run(struct or_node *x, const struct resize *r, const struct axis *a,
	       const struct tensor *t, struct err *e)
{
	int64_t dim[LIMIT_RANK], outer = 1, most = (int64_t)tensor_count(t);
	double *now, *next = NULL;
	float *y;

	memcpy(dim, t->dim, sizeof dim);
	for (int d = 0; d < t->rank; d++) {
		dim[d] = a[d].out;
		if (or_count(t->rank, dim) > most)
			most = or_count(t->rank, dim);
	}
	y = or_out(x, 0, DT_F32, t->rank, dim, e);
	now = y ? or_scratch(x, (size_t)most, sizeof *now, e) : NULL;
	next = now ? or_scratch(x, (size_t)most, sizeof *next, e) : NULL;
	if (!next || tensor_count(t) == 0) {
		free(now);
		free(next);
		return y && next ? 0 : -1;
	}
	for (size_t i = 0; i < tensor_count(t); i++)
		now[i] = (double)or_f(t)[i];
	for (int d = 0; d < t->rank; d++) {
		const bool same =
		    a[d].in == a[d].out && a[d].scale == 1 && a[d].from == 0 && a[d].to == 1;
		double *swap = now;

		if (!same) {
			one_axis(r, &a[d], outer, or_count(t->rank - d - 1, t->dim + d + 1), now,
				 next);
			now = next;
			next = swap;
		}
		outer *= a[d].out;
	}
	for (int64_t i = 0; i < or_count(t->rank, dim); i++)
		y[i] = (float)now[i];
	fill_outside(r, a, t->rank, dim, y);
	free(now);
	free(next);
	return 0;
}

/* Floats of input i: n of them, NULL when there are none. */
static const float *floats(const struct or_node *x, size_t i, size_t *n)
{
	const struct tensor *t = or_maybe(x, i);

	*n = t && t->dtype == DT_F32 ? tensor_count(t) : 0;
	return *n ? or_f(t) : NULL;
}

/* Sizes are given: all scales are the smallest or largest where the aspect is to be kept. */
static void from_sizes(const char *policy, const int64_t *sizes, const int *axis, size_t n,
		       struct axis *a)
{
	const bool larger = strcmp(policy, "not_smaller") == 0;
	float scale = 0;

	for (size_t i = 0; i < n; i++) {
		struct axis *d = &a[axis[i]];

		d->out = sizes[i];
		d->scale = (float)d->out / (float)d->in;
		if (i == 0 || (larger ? d->scale > scale : d->scale < scale))
			scale = d->scale;
	}
	for (size_t i = 0; i < n && strcmp(policy, "stretch") != 0; i++) {
		a[axis[i]].scale = scale;
		a[axis[i]].out = (int64_t)floor((double)scale * (double)a[axis[i]].in + 0.5);
	}
}

/* The axes that are resized, with their scale, size and region. */
static int read_axes(const struct or_node *x, const struct resize *r, const struct tensor *t,
		     struct axis *a, struct err *e)
{
	const bool upsample = strcmp(x->n->op, "Upsample") == 0;
	const bool first = upsample || x->opset < 11;
	int64_t list[LIMIT_RANK], sizes[LIMIT_RANK];
	const struct im_attr *old = im_attr(x->n, "scales");
	size_t n, nscale, nsize = 0, nroi;
	const float *scale = floats(x, first ? 1 : 2, &nscale);
	const float *roi = floats(x, first ? SIZE_MAX : 1, &nroi);
	int axis[LIMIT_RANK];

	if (or_list(x, "axes", SIZE_MAX, list, &n, e) < 0 ||
	    (!first && or_list(x, "sizes", 3, sizes, &nsize, e) < 0))
		return -1;
	if (old && old->kind == IM_FLOATS) {
		scale = old->floats;
		nscale = old->n;
	}
	for (size_t i = 0; i < n; i++)
		if (or_axis(list[i], t->rank, &axis[i], e) < 0)
			return -1;
	for (int d = 0; n == 0 && d < t->rank; d++)
		axis[d] = d;
	n = n ? n : (size_t)t->rank;
	for (int d = 0; d < t->rank; d++)
		a[d] = (struct axis){ t->dim[d], t->dim[d], 1, 0, 1 };
	if ((nscale && nscale != n) || (nsize && nsize != n) || (!nscale && !nsize))
		return err_set(e, "%zu scales and %zu sizes for %zu dimensions", nscale, nsize, n);
	if (nsize)
		from_sizes(im_string(x->n, "keep_aspect_ratio_policy", "stretch"), sizes, axis, n,
			   a);
	for (size_t i = 0; i < n && nscale; i++) {
		a[axis[i]].scale = scale[i];
		a[axis[i]].out =
		    (int64_t)fmin(1e18, floor((double)((float)a[axis[i]].in * scale[i])));
	}
	for (int d = 0; d < t->rank; d++)
		if (!(a[d].scale > 0) || !isfinite(a[d].scale) || a[d].out < 0 ||
		    a[d].out > LIMIT_DIM || (r->antialias && a[d].scale < 1e-3f))
			return err_set(e, "scale %g of dimension %d", (double)a[d].scale, d);
	if (strcmp(r->coordinate, "tf_crop_and_resize") != 0)
		return 0;
	if (nroi != 2 * n)
		return err_set(e, "a region of %zu values for %zu dimensions", nroi, n);
	for (size_t i = 0; i < n; i++) {
		a[axis[i]].from = roi[i];
		a[axis[i]].to = roi[i + n];
	}
	return 0;
}

int or_resize(struct or_node *x, struct err *e)
{
	const bool first = strcmp(x->n->op, "Upsample") == 0 || x->opset < 11;
	struct axis a[LIMIT_RANK];
	const char *mode = im_string(x->n, "mode", "nearest");
	const struct resize r = {
		.mode = mode,
		.coordinate = first
				  ? "asymmetric"
				  : im_string(x->n, "coordinate_transformation_mode", "half_pixel"),
		.nearest = im_string(x->n, "nearest_mode", "round_prefer_floor"),
		.linear = strcmp(mode, "linear") == 0 || strcmp(mode, "bilinear") == 0,
		.cubic = strcmp(mode, "cubic") == 0,
		.antialias = im_int(x->n, "antialias", 0) != 0,
		.exclude = im_int(x->n, "exclude_outside", 0) != 0,
		.simple = first,
		.a = (double)im_float(x->n, "cubic_coeff_a", -0.75f),
		.outside = im_float(x->n, "extrapolation_value", 0),
	};
	static const char *const coordinates[] = { "half_pixel",           "pytorch_half_pixel",
						   "align_corners",        "asymmetric",
						   "tf_half_pixel_for_nn", "tf_crop_and_resize",
						   "half_pixel_symmetric" };
	const struct tensor *t = or_in_f(x, 0, e);
	size_t known = 0;

	while (known < 7 && strcmp(r.coordinate, coordinates[known]) != 0)
		known++;
	if (!t)
		return -1;
	if (known == 7 || (!r.linear && !r.cubic && strcmp(mode, "nearest") != 0))
		return err_set(e, "mode '%s' with '%s'", quote(mode), quote(r.coordinate));
	return read_axes(x, &r, t, a, e) < 0 ? -1 : run(x, &r, a, t, e);
}
