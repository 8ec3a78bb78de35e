/* Convolution and its transpose, over any number of spatial dimensions. */
#include "base/par.h"
#include "oracle/oracle_int.h"

enum {
	COLS = 64 /* positions that are computed at once */
};

struct conv {
	struct or_window w;
	const float *x, *k, *bias;
	float *y;
	int64_t batch, groups;
	int64_t cin, cout;     /* of one group */
	int64_t taps, in, out; /* elements of a kernel's, input's, output's plane */
};

/* Index in the input's plane of each position's value under one tap; -1: padding. */
static void places(const struct conv *c, int64_t from, int64_t n, const int64_t *tap,
		   int64_t at[COLS])
{
	const struct or_window *w = &c->w;
	int64_t pos[OR_SPACE], rest = from;

	for (int d = w->rank - 1; d >= 0; d--) {
		pos[d] = rest % w->out[d];
		rest /= w->out[d];
	}
	for (int64_t j = 0; j < n; j++) {
		at[j] = 0;
		for (int d = 0; d < w->rank; d++) {
			const int64_t p =
			    pos[d] * w->stride[d] - w->begin[d] + tap[d] * w->dilation[d];

			at[j] = at[j] < 0 || p < 0 || p >= w->in[d] ? -1 : at[j] * w->in[d] + p;
		}
		or_next(pos, w->out, w->rank);
	}
}

/* What each position sees: [cin][taps][COLS]. */
static void columns(const struct conv *c, const float *x, int64_t from, int64_t n, float *col)
{
	int64_t tap[OR_SPACE] = { 0 }, at[COLS];

	for (int64_t t = 0; t < c->taps; t++) {
		places(c, from, n, tap, at);
		for (int64_t i = 0; i < c->cin; i++) {
			float *row = col + (i * c->taps + t) * COLS;

			for (int64_t j = 0; j < COLS; j++)
				row[j] = j < n && at[j] >= 0 ? x[i * c->in + at[j]] : 0;
		}
		or_next(tap, c->w.kernel, c->w.rank);
	}
}

/* One block of positions of one group of one image. */
static void block(const struct conv *c, int64_t image, int64_t group, int64_t from, float *col,
		  float *sum)
{
	const int64_t n = c->out - from < COLS ? c->out - from : COLS;
	const int64_t in = image * c->groups + group, depth = c->cin * c->taps;

	columns(c, c->x + in * c->cin * c->in, from, n, col);
	or_gemm(c->cout, COLS, depth, c->k + group * c->cout * depth, col, sum, COLS);
	for (int64_t o = 0; o < c->cout; o++) {
		float *y = c->y + (in * c->cout + o) * c->out + from;
		const float bias = c->bias ? c->bias[group * c->cout + o] : 0;

		for (int64_t j = 0; j < n; j++)
			y[j] = sum[o * COLS + j] + bias;
	}
}

static int blocks(struct or_node *x, const struct conv *c, struct err *e)
{
	const int64_t per = (c->out + COLS - 1) / COLS, all = c->batch * c->groups * per;
	const size_t size = (size_t)(c->cin * c->taps + c->cout) * COLS;
	const int threads = par_threads();
	float *work = or_scratch(x, size * (size_t)threads, sizeof *work, e);

	if (!work)
		return -1;
#pragma omp parallel for schedule(static) num_threads(threads)
	for (int piece = 0; piece < threads; piece++) {
		float *col = work + (size_t)piece * size;

		for (int64_t i = piece; i < all; i += threads)
			block(c, i / per / c->groups, i / per % c->groups, i % per * COLS, col,
			      col + c->cin * c->taps * COLS);
	}
	free(work);
	return 0;
}

static int check(const struct or_node *n, const struct tensor *x, const struct tensor *k,
		 struct conv *c, bool transposed, struct err *e)
{
	const struct tensor *b = or_maybe(n, 2);

	c->groups = im_int(n->n, "group", 1);
	if (x->rank < 3 || k->rank != x->rank || c->groups < 1 || c->groups > LIMIT_FEATURES)
		return err_set(e, "input %s, kernel %s and %lld groups do not fit",
			       tensor_shape_text(x), tensor_shape_text(k), (long long)c->groups);
	c->cin = transposed ? k->dim[0] / c->groups : k->dim[1];
	c->cout = transposed ? k->dim[1] : k->dim[0] / c->groups;
	if (x->dim[1] != c->cin * c->groups || k->dim[0] % c->groups != 0)
		return err_set(e, "input %s, kernel %s and %lld groups do not fit",
			       tensor_shape_text(x), tensor_shape_text(k), (long long)c->groups);
	if (b && (!or_in_f(n, 2, e) || b->rank != 1 || b->dim[0] != c->cout * c->groups))
		return err_is(e) ? -1 : err_set(e, "its bias has shape %s", tensor_shape_text(b));
	for (int d = 0; d < x->rank - 2; d++)
		c->w.kernel[d] = k->dim[d + 2];
	c->x = or_f(x);
	c->k = or_f(k);
	c->bias = b ? or_f(b) : NULL;
	c->batch = x->dim[0];
	return 0;
}

/* The result; -1 on error, 1 when it is empty. */
static int result(struct or_node *n, struct conv *c, struct err *e)
{
	int64_t dim[LIMIT_RANK] = { c->batch, c->cout * c->groups };

	for (int d = 0; d < c->w.rank; d++)
		dim[d + 2] = c->w.out[d];
	c->taps = or_count(c->w.rank, c->w.kernel);
	c->in = or_count(c->w.rank, c->w.in);
	c->y = or_out(n, 0, DT_F32, c->w.rank + 2, dim, e);
	if (!c->y)
		return -1;
	c->out = or_count(c->w.rank, c->w.out);
	return c->batch * c->groups * c->cout * c->out == 0;
}

int or_conv(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in_f(x, 0, e), *k = t ? or_in_f(x, 1, e) : NULL;
	struct conv c = { .groups = 1 };
	int r;

	if (!k || check(x, t, k, &c, false, e) < 0 || or_window(x, t, &c.w, false, e) < 0)
		return -1;
	r = result(x, &c, e);
	return r ? (r > 0 ? 0 : -1) : blocks(x, &c, e);
}

/* Output sizes and padding of a transposed convolution. */
static int transposed_window(const struct or_node *n, const struct tensor *x, struct or_window *w,
			     struct err *e)
{
	const bool lower = strcmp(im_string(n->n, "auto_pad", ""), "SAME_LOWER") == 0;
	const bool same = lower || strcmp(im_string(n->n, "auto_pad", ""), "SAME_UPPER") == 0;
	int64_t pads[2 * OR_SPACE], more[OR_SPACE], shape[OR_SPACE];
	size_t nshape;
	const bool given = im_ints(n->n, "output_shape", &nshape) != NULL;

	w->rank = x->rank - 2;
	if (or_ints(n, "strides", (size_t)w->rank, 1, w->stride, e) < 0 ||
	    or_ints(n, "dilations", (size_t)w->rank, 1, w->dilation, e) < 0 ||
	    or_ints(n, "pads", 2 * (size_t)w->rank, 0, pads, e) < 0 ||
	    or_ints(n, "output_padding", (size_t)w->rank, 0, more, e) < 0 ||
	    (given && or_ints(n, "output_shape", (size_t)w->rank, 0, shape, e) < 0))
		return -1;
	for (int i = 0; i < w->rank; i++) {
		int64_t full, pad;

		w->in[i] = x->dim[i + 2];
		if (w->stride[i] < 1 || w->stride[i] > LIMIT_DIM || w->dilation[i] < 1 ||
		    w->dilation[i] > LIMIT_DIM || w->kernel[i] > LIMIT_DIM || more[i] < 0 ||
		    more[i] > LIMIT_DIM)
			return err_set(e, "its stride, dilation or output padding is absurd");
		full = (w->in[i] - 1) * w->stride[i] + more[i] +
		       w->dilation[i] * (w->kernel[i] - 1) + 1;
		w->begin[i] = pads[i];
		w->end[i] = pads[i + w->rank];
		w->out[i] = full - w->begin[i] - w->end[i];
		if (given || same) {
			w->out[i] = given ? shape[i] : w->in[i] * w->stride[i];
			pad = full - w->out[i];
			w->begin[i] = lower ? pad - pad / 2 : pad / 2;
		}
		if (w->out[i] < 1 || w->out[i] > LIMIT_ACTIVATION)
			return err_set(e, "its output would have size %lld", (long long)w->out[i]);
	}
	return 0;
}

/* One value of the input goes to as many places as the kernel has. */
static void spread(const struct conv *c, const float *x, const float *k, double *y)
{
	const struct or_window *w = &c->w;
	int64_t pos[OR_SPACE] = { 0 };

	for (int64_t i = 0; i < c->in; i++, or_next(pos, w->in, w->rank)) {
		int64_t tap[OR_SPACE] = { 0 };

		for (int64_t t = 0; t < c->taps; t++, or_next(tap, w->kernel, w->rank)) {
			int64_t at = 0;

			for (int d = 0; d < w->rank; d++) {
				const int64_t p =
				    pos[d] * w->stride[d] + tap[d] * w->dilation[d] - w->begin[d];

				at = at < 0 || p < 0 || p >= w->out[d] ? -1 : at * w->out[d] + p;
			}
			if (at >= 0)
				y[at] += (double)x[i] * (double)k[t];
		}
	}
}

/* One plane of the output. */
static void plane(const struct conv *c, int64_t image, int64_t group, int64_t o, double *sum)
{
	const int64_t in = image * c->groups + group;
	float *y = c->y + (in * c->cout + o) * c->out;
	const float bias = c->bias ? c->bias[group * c->cout + o] : 0;

	memset(sum, 0, (size_t)c->out * sizeof *sum);
	for (int64_t i = 0; i < c->cin; i++)
		spread(c, c->x + (in * c->cin + i) * c->in,
		       c->k + ((group * c->cin + i) * c->cout + o) * c->taps, sum);
	for (int64_t j = 0; j < c->out; j++)
		y[j] = (float)(sum[j] + (double)bias);
}

int or_conv_transpose(struct or_node *x, struct err *e)
{
	const struct tensor *t = or_in_f(x, 0, e), *k = t ? or_in_f(x, 1, e) : NULL;
	const int threads = par_threads();
	struct conv c = { .groups = 1 };
	double *sum;
	int64_t all;
	int r;

	if (!k || check(x, t, k, &c, true, e) < 0 || transposed_window(x, t, &c.w, e) < 0)
		return -1;
	r = result(x, &c, e);
	if (r)
		return r > 0 ? 0 : -1;
	sum = or_scratch(x, (size_t)c.out * (size_t)threads, sizeof *sum, e);
	if (!sum)
		return -1;
	all = c.batch * c.groups * c.cout;
#pragma omp parallel for schedule(static) num_threads(threads)
	for (int piece = 0; piece < threads; piece++)
		for (int64_t i = piece; i < all; i += threads)
			plane(&c, i / c.cout / c.groups, i / c.cout % c.groups, i % c.cout,
			      sum + piece * c.out);
	free(sum);
	return 0;
}
