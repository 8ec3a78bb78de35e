/*
 * matmul in integers: the second input's codes less their zero point are packed as 16-bit numbers,
 * as weights are, and the exact product of gemm_int.c does the rest.  Images are taken one after
 * the other; the pieces of one are rows and groups, then blocks of the first input's columns.
 */
#include "kernel/intk.h"

enum {
	PIXELS = 64 /* columns of the first input in one piece */
};

struct matmul_job {
	const struct intk *k;
	const uint8_t *a, *b;
	uint8_t *out;
	struct qdim da, db, out_dim;
	size_t groups, inner, cols; /* K and N of one group */
	size_t blocks;              /* pieces of a row and group */
	size_t packed_each;         /* values of one packed matrix */
	int16_t *packed;            /* by row and group */
	int32_t *bias;              /* by row, of every output feature: - in_zp sum over k of y */
};

/* Packs matrix g of row y, [inner][cols], and takes the sums of its columns. */
static int pack_piece(size_t piece, void *ctx, struct err *e)
{
	const struct matmul_job *j = ctx;
	const struct qop *q = j->k->q;
	const size_t y = piece / j->groups, g = piece % j->groups, c = (size_t)j->db.c;
	const bool transposed = q->geom.v[0] != 0;
	const size_t step_k = transposed ? 1 : c, step_n = transposed ? c : 1;
	const uint8_t *b = j->b + y * (size_t)j->db.w * c + g * (transposed ? j->inner : j->cols);
	int16_t *to = j->packed + piece * j->packed_each;
	int32_t *bias = j->bias + y * (size_t)j->out_dim.c + g * j->cols;

	(void)e;
	for (size_t n = 0; n < j->cols; n++) {
		int16_t *column = gemm_int_column(to, n, j->inner);
		int32_t sum = 0;

		for (size_t k = 0; k < j->inner; k++) {
			int32_t v = b[k * step_k + n * step_n] - q->in_zp.v[1];

			column[gemm_int_step(k)] = (int16_t)v;
			sum += v;
		}
		bias[n] = -q->in_zp.v[0] * sum;
	}
	return 0;
}

static int product_piece(size_t piece, void *ctx, struct err *e)
{
	const struct matmul_job *j = ctx;
	const size_t part = piece / j->blocks, from = piece % j->blocks * PIXELS;
	const size_t y = part / j->groups, g = part % j->groups;
	const size_t w = (size_t)j->da.w, c = (size_t)j->da.c;
	const size_t npix = w - from < PIXELS ? w - from : PIXELS;
	int32_t *acc = xreallocarray(NULL, npix * j->cols, sizeof *acc);

	(void)e;
	gemm_int_run(npix, j->cols, j->inner, j->a + (y * w + from) * c + g * j->inner, c,
		     j->packed + part * j->packed_each, acc, j->cols);
	ostage_run(&j->k->st, acc, j->bias + y * (size_t)j->out_dim.c, npix, g * j->cols, j->cols,
		   j->out + (y * w + from) * (size_t)j->out_dim.c);
	free(acc);
	return 0;
}

static int image(struct matmul_job *j, struct err *e)
{
	const size_t parts = (size_t)j->da.h * j->groups;

	if (par_for(parts, pack_piece, j, e) < 0)
		return -1;
	return par_for(parts * j->blocks, product_piece, j, e);
}

INTK_RUN(matmul_int_run)
{
	const struct qop *q = k->q;
	struct matmul_job j = { .k = k,
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
	j.packed = xcalloc(h * j.groups * j.packed_each, sizeof *j.packed);
	j.bias = xreallocarray(NULL, h * (size_t)j.out_dim.c, sizeof *j.bias);
	for (int32_t i = 0; i < n && rc == 0; i++) {
		rc = image(&j, e);
		j.a += qdim_count(j.da);
		j.b += qdim_count(j.db);
		j.out += qdim_count(j.out_dim);
	}
	free(j.packed);
	free(j.bias);
	return rc;
}
