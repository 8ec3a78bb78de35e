/*
 * conv, dense, dw, deconv, normalization in integers.  A convolution is a matrix product over
 * gathered windows; depthwise and transposed ones are loops over taps.  The work is cut in pieces
 * of pixels that depend on shapes only.
 */
#include "kernel/conv_int.h"

#include <string.h>

enum {
	PIECE_BYTES = 1 << 22,
	PIECE_PIXELS = 512,
	PIECE_COLUMNS = 256
};

static int64_t magnitude(int64_t v)
{
	return v < 0 ? -v : v;
}

/* What a code of the added input is in the accumulator, before 32 bits cut it. */
static int64_t added_value(const struct qop *q, int32_t code)
{
	return fixed_scale(code - q->in_zp.v[1], q->in_mult.v[1], q->in_shift.v[1]);
}

/* bias of every feature; with fold, less zero point times the sum of the feature's weights. */
static void make_bias(struct conv_int *v, const struct qop *q, bool fold)
{
	size_t taps = v->taps * v->cin;
	int64_t added =
	    q->nin > 1 ? magnitude(added_value(q, 0)) + magnitude(added_value(q, 255)) : 0;

	v->bias = xreallocarray(NULL, v->cout, sizeof *v->bias);
	v->bound = 0;
	for (size_t c = 0; c < v->cout; c++) {
		int64_t sum = 0;
		int64_t mag = 0;

		for (size_t t = 0; t < taps; t++) {
			sum += q->kernel.v[t * v->cout + c];
			mag += magnitude(q->kernel.v[t * v->cout + c]);
		}
		v->bias[c] = (int32_t)((uint32_t)(uint64_t)qop_bias(q, c) -
				       (fold ? (uint32_t)(q->in_zp.v[0] * sum) : 0));
		mag = 255 * mag + magnitude(qop_bias(q, c)) + added;
		v->bound = mag > v->bound ? mag : v->bound;
	}
}

static void make_added(struct conv_int *v, const struct qop *q)
{
	if (q->nin < 2)
		return;
	v->added = xreallocarray(NULL, 256, sizeof *v->added);
	for (int32_t x = 0; x < 256; x++)
		v->added[x] = (int32_t)(uint32_t)(uint64_t)added_value(q, x);
}

int conv_int_init(struct intk *k, struct err *e)
{
	const struct qop *q = k->q;
	struct conv_int *v = xcalloc(1, sizeof *v);

	(void)e;
	k->priv = v;
	v->taps = (size_t)q->kernel_hw.v[0] * (size_t)q->kernel_hw.v[1];
	v->cout = (size_t)qop_out(q, 0).c;
	v->cin = q->kernel.n / v->taps / v->cout;
	v->groups = (size_t)q->groups;
	v->deconv = q->type == HN_DECONV;
	v->depthwise = !v->deconv && v->cin == 1 && v->groups > 1;
	v->gemm = !v->deconv && !v->depthwise;
	make_added(v, q);
	make_bias(v, q, v->gemm);
	if (v->gemm && !dnn_int_exact()) {
		v->packed = xcalloc(v->groups, sizeof *v->packed);
		for (size_t g = 0; g < v->groups; g++)
			v->packed[g] =
			    gemm_int_pack(q->kernel.v + g * (v->cout / v->groups), v->cout,
					  v->cout / v->groups, v->taps * v->cin);
	}
	return 0;
}

void conv_int_release(struct intk *k)
{
	struct conv_int *v = k->priv;

	if (!v)
		return;
	for (size_t g = 0; v->packed && g < v->groups; g++)
		free(v->packed[g]);
	free(v->packed);
	free(v->bias);
	free(v->added);
	free(v);
}

/* Adds the second input's features [from, from + n) to the accumulators of pixels [p, p + npix). */
static void add_input(const struct conv_job *j, size_t p, size_t npix, size_t from, size_t n,
		      int32_t *acc)
{
	const int32_t *t = j->v->added;
	size_t stride;

	if (!t)
		return;
	stride = (size_t)qop_in(j->k->q, 1).c;
	for (size_t i = 0; i < npix; i++, acc += n) {
		const uint8_t *x = j->add + (p + i) * stride + j->k->q->add_first + from;

		for (size_t c = 0; c < n; c++)
			acc[c] = (int32_t)((uint32_t)acc[c] + (uint32_t)t[x[c]]);
	}
}

/* Raises the piece's peak and runs the output stage. */
void conv_int_finish(const struct conv_job *j, size_t piece, size_t p, size_t npix, size_t from,
		     size_t n, int32_t *acc)
{
	const int32_t *bias = j->v->bias;

	add_input(j, p, npix, from, n, acc);
	if (j->peak)
		for (size_t i = 0; i < npix * n; i++) {
			int64_t a =
			    magnitude((int32_t)((uint32_t)acc[i] + (uint32_t)bias[from + i % n]));

			if (a > j->peak[piece])
				j->peak[piece] = a;
		}
	ostage_run(&j->k->st, acc, bias, npix, from, n, j->out + p * j->v->cout);
}

/*
 * The accumulators in 64 bits, for layers whose sums could leave 32: only to report how far.
 * a: gathered windows of one group, with the zero point where there is padding.
 */
static void peak_wide(const struct conv_job *j, size_t piece, size_t p, size_t npix, size_t g,
		      const uint8_t *a, size_t lda)
{
	const struct qop *q = j->k->q;
	size_t k = j->v->taps * j->v->cin;
	size_t n = j->v->cout / j->v->groups;

	for (size_t i = 0; i < npix; i++)
		for (size_t c = 0; c < n; c++) {
			int64_t sum = qop_bias(q, g * n + c);

			for (size_t r = 0; r < k; r++)
				sum += (a[i * lda + r] - q->in_zp.v[0]) *
				       q->kernel.v[r * j->v->cout + g * n + c];
			if (q->nin > 1)
				sum += added_value(q, j->add[(p + i) * (size_t)qop_in(q, 1).c +
							     (size_t)q->add_first + g * n + c]);
			if (magnitude(sum) > j->peak[piece])
				j->peak[piece] = magnitude(sum);
		}
}

bool conv_is_direct(const struct qop *q, size_t taps, size_t cin)
{
	struct qdim in = qop_in(q, 0);
	struct qdim out = qop_out(q, 0);

	if (q->type == HN_DENSE)
		return true;
	return taps == 1 && q->groups == 1 && cin == (size_t)in.c && in.h == out.h &&
	       in.w == out.w && q->stride.v[0] == 1 && q->stride.v[1] == 1 && q->pad.v[0] == 0 &&
	       q->pad.v[2] == 0;
}

static int product(const struct conv_job *j, size_t g, size_t from, size_t n, const uint8_t *a,
		   size_t npix, int32_t *acc, struct err *e)
{
	const struct conv_int *v = j->v;
	size_t k = v->taps * v->cin;

	if (!v->packed)
		return dnn_int_gemm(npix, n, k, a, k,
				    j->k->q->kernel.v + g * (v->cout / v->groups) + from, v->cout,
				    acc, n, e);
	gemm_int_run(npix, n, k, a, k, v->packed[g] + from * ((k + 1) / 2) * 2, acc, n);
	return 0;
}

static int gemm_piece(size_t piece, void *ctx, struct err *e)
{
	const struct conv_job *j = ctx;
	const struct conv_int *v = j->v;
	size_t per_group = v->cout / v->groups;
	size_t p = piece / j->column_pieces * j->pixels;
	size_t npix = j->total - p < j->pixels ? j->total - p : j->pixels;
	size_t from = piece % j->column_pieces * j->columns;
	size_t n = per_group - from < j->columns ? per_group - from : j->columns;
	size_t k = v->taps * v->cin;
	bool direct = conv_is_direct(j->k->q, v->taps, v->cin);
	uint8_t *a = direct ? NULL : xmalloc(npix * k);
	int32_t *acc = xreallocarray(NULL, npix * n, sizeof *acc);
	int rc = 0;

	for (size_t g = 0; g < v->groups && rc == 0; g++) {
		const uint8_t *x = direct ? j->in + p * k : a;

		if (!direct)
			conv_gather(j->k->q, j->in, g * v->cin, v->cin, p, npix, a);
		rc = product(j, g, from, n, x, npix, acc, e);
		if (rc == 0 && j->peak && v->bound > INT32_MAX)
			peak_wide(j, piece, p, npix, g, x, k);
		if (rc == 0)
			conv_int_finish(j, piece, p, npix, g * per_group + from, n, acc);
	}
	free(acc);
	free(a);
	return rc;
}

/* Pieces by shape alone: many pixels with all columns, or few pixels with blocks of columns. */
static size_t plan(struct conv_job *j)
{
	const struct conv_int *v = j->v;
	size_t k = v->taps * v->cin;
	size_t per_group = v->cout / v->groups;

	j->pixels = PIECE_BYTES / k;
	j->pixels = j->pixels < 1 ? 1 : j->pixels > PIECE_PIXELS ? PIECE_PIXELS : j->pixels;
	j->columns = per_group;
	if (v->groups == 1 && j->total < PIECE_PIXELS / 2 && per_group > PIECE_COLUMNS)
		j->columns = PIECE_COLUMNS;
	j->column_pieces = (per_group + j->columns - 1) / j->columns;
	return (j->total + j->pixels - 1) / j->pixels * j->column_pieces;
}

int conv_int_run(struct intk *k, int32_t n, const void *const in[], void *const out[],
		 int64_t *acc_peak, struct err *e)
{
	struct qdim d = qop_out(k->q, 0);
	struct conv_job j = { .k = k,
			      .v = k->priv,
			      .in = in[0],
			      .add = k->q->nin > 1 ? in[1] : NULL,
			      .out = out[0],
			      .total = (size_t)n * (size_t)d.h * (size_t)d.w };
	size_t pieces;
	int rc;

	if (j.v->gemm) {
		pieces = plan(&j);
	} else {
		j.pixels = (size_t)d.w;
		pieces = j.total / j.pixels;
	}
	j.peak = acc_peak ? xcalloc(pieces, sizeof *j.peak) : NULL;
	rc = par_for(pieces,
		     j.v->gemm     ? gemm_piece
		     : j.v->deconv ? deconv_piece
				   : depthwise_piece,
		     &j, e);
	for (size_t i = 0; j.peak && i < pieces; i++)
		if (j.peak[i] > *acc_peak)
			*acc_peak = j.peak[i];
	free(j.peak);
	if (acc_peak && !j.v->gemm && j.v->bound > INT32_MAX)
		*acc_peak = j.v->bound > *acc_peak ? j.v->bound : *acc_peak;
	return rc;
}
