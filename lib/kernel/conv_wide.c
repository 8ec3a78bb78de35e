/*
 * conv, dense, dw, deconv, normalization with 16-bit codes or weights.  A product of 16-bit numbers
 * is made of products of their bytes, each an exact matrix product in 32 bits, added in 64.
 */
#include "kernel/conv_wide.h"

#include <string.h>

enum {
	PIECE_CODES = 1 << 21,
	PIECE_PIXELS = 512,
	PIECE_COLUMNS = 256
};

static bool is_window(const struct qop *q, const struct conv_wide *v)
{
	return q->type != HN_DECONV && !(v->cin == 1 && v->groups > 1);
}

static int32_t weight(const struct qop *q, size_t i)
{
	return q->w_bits == 16 ? q->kernel16.v[i] : q->kernel.v[i];
}

/* Weights as signed bytes, low ones first. */
static void make_bytes(struct conv_wide *v, const struct qop *q, size_t n)
{
	for (int b = 0; b < v->wbytes; b++)
		v->w[b] = xmalloc(n);
	for (size_t i = 0; i < n; i++) {
		const int32_t w = weight(q, i);

		v->w[0][i] = (int8_t)(uint8_t)(w & 255);
		if (v->wbytes > 1)
			v->w[1][i] = (int8_t)((w - v->w[0][i]) / 256);
	}
	for (int b = 0; b < v->wbytes && !dnn_int_exact(); b++) {
		const size_t each = v->cout / v->groups;

		v->packed[b] = xcalloc(v->groups, sizeof *v->packed[b]);
		for (size_t g = 0; g < v->groups; g++)
			v->packed[b][g] =
			    gemm_int_pack(v->w[b] + g * each, v->cout, each, v->taps * v->cin);
	}
}

static void make_bias(struct conv_wide *v, const struct qop *q, bool fold)
{
	v->bias = xreallocarray(NULL, v->cout, sizeof *v->bias);
	for (size_t c = 0; c < v->cout; c++) {
		int64_t sum = 0;

		for (size_t t = 0; t < v->taps * v->cin && fold; t++)
			sum += weight(q, t * v->cout + c);
		v->bias[c] = qop_bias(q, c) - q->in_zp.v[0] * sum;
	}
}

int conv_wide_init(struct intk *k, struct err *e)
{
	const struct qop *q = k->q;
	struct conv_wide *v = xcalloc(1, sizeof *v);
	const size_t n = q->kernel.n + q->kernel16.n;

	(void)e;
	k->priv = v;
	v->taps = (size_t)q->kernel_hw.v[0] * (size_t)q->kernel_hw.v[1];
	v->cout = (size_t)qop_out(q, 0).c;
	v->cin = n / v->taps / v->cout;
	v->groups = (size_t)q->groups;
	v->xbytes = q->in_bits.v[0] / 8;
	v->wbytes = q->w_bits == 16 ? 2 : 1;
	make_bias(v, q, is_window(q, v));
	if (is_window(q, v)) {
		make_bytes(v, q, n);
		return 0;
	}
	v->tap_weights = xreallocarray(NULL, n, sizeof *v->tap_weights);
	for (size_t i = 0; i < n; i++)
		v->tap_weights[i] = weight(q, i);
	return 0;
}

void conv_wide_release(struct intk *k)
{
	struct conv_wide *v = k->priv;

	if (!v)
		return;
	for (int b = 0; b < 2; b++) {
		for (size_t g = 0; v->packed[b] && g < v->groups; g++)
			free(v->packed[b][g]);
		free(v->packed[b]);
		free(v->w[b]);
	}
	free(v->tap_weights);
	free(v->bias);
	free(v);
}

void conv_wide_finish(const struct wide_job *j, size_t p, size_t npix, size_t from, size_t n,
		      int64_t *acc)
{
	const struct qop *q = j->k->q;
	const bool add = q->nin > 1;
	const size_t stride = add ? (size_t)qop_in(q, 1).c : 0;

	for (size_t i = 0; i < npix; i++)
		for (size_t c = 0; c < n; c++) {
			int64_t *a = &acc[i * n + c];

			*a += j->v->bias[from + c];
			if (add)
				*a += fixed_scale(
				    code_get(j->add,
					     (p + i) * stride + (size_t)q->add_first + from + c,
					     q->in_bits.v[1] == 16) -
					q->in_zp.v[1],
				    q->in_mult.v[1], q->in_shift.v[1]);
		}
	ostage_run_wide(&j->k->st, acc, npix, from, n,
			(char *)j->out + p * j->v->cout * (size_t)(q->out_bits / 8));
}

/* The bytes of n codes: low ones first, then the high ones of 16-bit codes. */
static void split(const struct conv_wide *v, const void *codes, size_t n, uint8_t *bytes)
{
	const uint16_t *wide = codes;

	if (v->xbytes == 1) {
		memcpy(bytes, codes, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(wide[i] & 255);
		bytes[n + i] = (uint8_t)(wide[i] >> 8);
	}
}

/* acc = product of the windows' bytes and the weights', each pair in its place. */
static int product(const struct wide_job *j, size_t g, size_t from, size_t n, const uint8_t *x,
		   size_t npix, int32_t *part, int64_t *acc, struct err *e)
{
	const struct conv_wide *v = j->v;
	const size_t k = v->taps * v->cin, each = v->cout / v->groups;

	memset(acc, 0, npix * n * sizeof *acc);
	for (int a = 0; a < v->xbytes; a++)
		for (int b = 0; b < v->wbytes; b++) {
			const uint8_t *bytes = x + (size_t)a * npix * k;

			if (v->packed[b])
				gemm_int_run(npix, n, k, bytes, k,
					     v->packed[b][g] + from * ((k + 1) / 2) * 2, part, n);
			else if (dnn_int_gemm(npix, n, k, bytes, k, v->w[b] + g * each + from,
					      v->cout, part, n, e) < 0)
				return -1;
			for (size_t i = 0; i < npix * n; i++)
				acc[i] += part[i] * ((int64_t)1 << 8 * (a + b));
		}
	return 0;
}

static int window_piece(size_t piece, void *ctx, struct err *e)
{
	const struct wide_job *j = ctx;
	const struct conv_wide *v = j->v;
	const size_t each = v->cout / v->groups, k = v->taps * v->cin;
	const size_t p = piece / j->column_pieces * j->pixels;
	const size_t npix = j->total - p < j->pixels ? j->total - p : j->pixels;
	const size_t from = piece % j->column_pieces * j->columns;
	const size_t n = each - from < j->columns ? each - from : j->columns;
	const bool direct = conv_is_direct(j->k->q, v->taps, v->cin);
	void *codes = direct ? NULL : xreallocarray(NULL, npix * k, (size_t)v->xbytes);
	uint8_t *x = xreallocarray(NULL, npix * k, (size_t)v->xbytes);
	int32_t *part = xreallocarray(NULL, npix * n, sizeof *part);
	int64_t *acc = xreallocarray(NULL, npix * n, sizeof *acc);
	int rc = 0;

	for (size_t g = 0; g < v->groups && rc == 0; g++) {
		if (!direct)
			conv_gather(j->k->q, j->in, g * v->cin, v->cin, p, npix, codes);
		split(v, direct ? (const char *)j->in + p * k * (size_t)v->xbytes : codes, npix * k,
		      x);
		rc = product(j, g, from, n, x, npix, part, acc, e);
		if (rc == 0)
			conv_wide_finish(j, p, npix, g * each + from, n, acc);
	}
	free(codes);
	free(x);
	free(part);
	free(acc);
	return rc;
}

/* Pieces by shape alone: many pixels with all columns, or few pixels with blocks of columns. */
static size_t plan(struct wide_job *j)
{
	const struct conv_wide *v = j->v;
	const size_t k = v->taps * v->cin, each = v->cout / v->groups;

	j->pixels = PIECE_CODES / k;
	j->pixels = j->pixels < 1 ? 1 : j->pixels > PIECE_PIXELS ? PIECE_PIXELS : j->pixels;
	j->columns = each;
	if (v->groups == 1 && j->total < PIECE_PIXELS / 2 && each > PIECE_COLUMNS)
		j->columns = PIECE_COLUMNS;
	j->column_pieces = (each + j->columns - 1) / j->columns;
	return (j->total + j->pixels - 1) / j->pixels * j->column_pieces;
}

INTK_RUN(conv_wide_run)
{
	const struct qdim d = qop_out(k->q, 0);
	struct wide_job j = { .k = k,
			      .v = k->priv,
			      .in = in[0],
			      .add = k->q->nin > 1 ? in[1] : NULL,
			      .out = out[0],
			      .total = (size_t)n * (size_t)d.h * (size_t)d.w,
			      .pixels = (size_t)d.w };

	(void)acc_peak; /* qop_check has bounded the sums */
	if (is_window(k->q, j.v))
		return par_for(plan(&j), window_piece, &j, e);
	return par_for(j.total / j.pixels,
		       k->q->type == HN_DECONV ? deconv_wide_piece : depthwise_wide_piece, &j, e);
}
