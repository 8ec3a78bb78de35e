/*
 * matmul with 16-bit codes: the second input's codes less their zero point, of 17 bits, are two
 * packed matrices, low bytes (-128..127) and the rest (-256..256); the first input's codes are
 * bytes.  The products of these are exact in 32 bits and added in 64.
 */
#include "kernel/intk.h"

enum {
	PIXELS = 64 /* columns of the first input in one piece */
};

struct job {
	const struct intk *k;
	const void *a, *b;
	void *out;
	size_t image_a, image_b, image_out; /* first code of the image at work */
	struct qdim da, db, out_dim;
	size_t groups, inner, cols; /* K and N of one group */
	size_t blocks;              /* pieces of a row and group */
	size_t packed_each;
	int16_t *packed; /* by row and group: low bytes, rest */
	int64_t *bias;   /* by row, of every output feature: - in_zp sum over k of y */
};

/* Packs matrix g of row y, [inner][cols], and takes the sums of its columns. */
static int pack_piece(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct qop *q = j->k->q;
	const size_t y = piece / j->groups, g = piece % j->groups, c = (size_t)j->db.c;
	const bool transposed = q->geom.v[0] != 0, wide = q->in_bits.v[1] == 16;
	const size_t step_k = transposed ? 1 : c, step_n = transposed ? c : 1;
	const size_t b =
	    j->image_b + y * (size_t)j->db.w * c + g * (transposed ? j->inner : j->cols);
	int16_t *low = j->packed + 2 * piece * j->packed_each, *rest = low + j->packed_each;
	int64_t *bias = j->bias + y * (size_t)j->out_dim.c + g * j->cols;

	(void)e;
	for (size_t n = 0; n < j->cols; n++) {
		int16_t *to_low = gemm_int_column(low, n, j->inner);
		int16_t *to_rest = gemm_int_column(rest, n, j->inner);
		int64_t sum = 0;

		for (size_t k = 0; k < j->inner; k++) {
			const int32_t v =
			    code_get(j->b, b + k * step_k + n * step_n, wide) - q->in_zp.v[1];
			const int8_t byte = (int8_t)(uint8_t)(v & 255);

			to_low[gemm_int_step(k)] = byte;
			to_rest[gemm_int_step(k)] = (int16_t)((v - byte) / 256);
			sum += v;
		}
		bias[n] = -q->in_zp.v[0] * sum;
	}
	return 0;
}

/* Bytes `byte` of npix rows of K codes of the first input. */
static void bytes_of(const struct job *j, size_t at, size_t npix, int byte, uint8_t *x)
{
	const bool wide = j->k->q->in_bits.v[0] == 16;

	for (size_t p = 0; p < npix; p++)
		for (size_t k = 0; k < j->inner; k++)
			*x++ = (uint8_t)(code_get(j->a, at + p * (size_t)j->da.c + k, wide) >>
					     8 * byte &
					 255);
}

static int product_piece(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const size_t part = piece / j->blocks, from = piece % j->blocks * PIXELS;
	const size_t y = part / j->groups, g = part % j->groups, w = (size_t)j->da.w;
	const size_t npix = w - from < PIXELS ? w - from : PIXELS, count = npix * j->cols;
	const size_t at = j->image_a + (y * w + from) * (size_t)j->da.c + g * j->inner;
	const int64_t *bias = j->bias + y * (size_t)j->out_dim.c + g * j->cols;
	const int wide_out = j->k->q->out_bits / 8;
	uint8_t *x = xmalloc(npix * j->inner);
	int32_t *some = xreallocarray(NULL, count, sizeof *some);
	int64_t *acc = xreallocarray(NULL, count, sizeof *acc);

	(void)e;
	for (size_t i = 0; i < count; i++)
		acc[i] = bias[i % j->cols];
	for (int a = 0; a < j->k->q->in_bits.v[0] / 8; a++) {
		bytes_of(j, at, npix, a, x);
		for (int b = 0; b < 2; b++) {
			gemm_int_run(npix, j->cols, j->inner, x, j->inner,
				     j->packed + (2 * part + (size_t)b) * j->packed_each, some,
				     j->cols);
			for (size_t i = 0; i < count; i++)
				acc[i] += some[i] * ((int64_t)1 << 8 * (a + b));
		}
	}
	ostage_run_wide(&j->k->st, acc, npix, g * j->cols, j->cols,
			(char *)j->out + (j->image_out + (y * w + from) * (size_t)j->out_dim.c) *
					     (size_t)wide_out);
	free(x);
	free(some);
	free(acc);
	return 0;
}

static int image(struct job *j, struct err *e)
{
	const size_t parts = (size_t)j->da.h * j->groups;

	if (par_for(parts, pack_piece, j, e) < 0)
		return -1;
	return par_for(parts * j->blocks, product_piece, j, e);
}

INTK_RUN(matmul_wide_run)
{
	const struct qop *q = k->q;
	struct job j = { .k = k,
			 .a = in[0],
			 .b = in[1],
			 .out = out[0],
			 .da = qop_in(q, 0),
			 .db = qop_in(q, 1),
			 .out_dim = qop_out(q, 0),
			 .groups = (size_t)q->groups };
	const size_t h = (size_t)j.da.h;
	int rc = 0;

	(void)acc_peak; /* qop_check has bounded the sums */
	j.inner = (size_t)j.da.c / j.groups;
	j.cols = (size_t)j.out_dim.c / j.groups;
	j.blocks = ((size_t)j.da.w + PIXELS - 1) / PIXELS;
	j.packed_each = gemm_int_packed(j.cols, j.inner);
	j.packed = xcalloc(2 * h * j.groups * j.packed_each, sizeof *j.packed);
	j.bias = xreallocarray(NULL, h * (size_t)j.out_dim.c, sizeof *j.bias);
	for (int32_t i = 0; i < n && rc == 0; i++) {
		rc = image(&j, e);
		j.image_a += qdim_count(j.da);
		j.image_b += qdim_count(j.db);
		j.image_out += qdim_count(j.out_dim);
	}
	free(j.packed);
	free(j.bias);
	return rc;
}
