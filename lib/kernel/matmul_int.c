/*
 * matmul in integers: the second input's codes less their zero point are packed as 16-bit numbers,
 * as weights are, and the exact product of gemm_int.c does the rest.  Images are taken one after
 * the other; the pieces of one are rows and groups, then blocks of the first input's columns.
 */
#include "kernel/matmul_job.h"

/* Packs matrix `part`, [inner][cols], and takes the sums of its columns. */
static int pack_part(size_t part, void *ctx, struct err *e)
{
	const struct matmul_job *j = ctx;
	const struct qop *q = j->k->q;
	const struct matmul_source s = matmul_source(j, part);
	const uint8_t *b = (const uint8_t *)j->b + s.at;
	int16_t *to = j->packed + part * j->packed_each;
	int32_t *bias = (int32_t *)j->bias + matmul_bias_at(j, part);

	(void)e;
	for (size_t n = 0; n < j->cols; n++) {
		int16_t *column = gemm_int_column(to, n, j->inner);
		int32_t sum = 0;

		for (size_t k = 0; k < j->inner; k++) {
			int32_t v = b[k * s.step_k + n * s.step_n] - q->in_zp.v[1];

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
	const struct matmul_piece p = matmul_piece(j, piece);
	const int32_t *bias = (const int32_t *)j->bias + p.y * (size_t)j->out_dim.c;
	int32_t *acc = xreallocarray(NULL, p.npix * j->cols, sizeof *acc);

	(void)e;
	gemm_int_run(p.npix, j->cols, j->inner, (const uint8_t *)j->a + matmul_piece_a(j, &p),
		     (size_t)j->da.c, j->packed + p.part * j->packed_each, acc, j->cols);
	ostage_run(&j->k->st, acc, bias, p.npix, p.g * j->cols, j->cols,
		   (uint8_t *)j->out + matmul_piece_out(j, &p));
	free(acc);
	return 0;
}

INTK_RUN(matmul_int_run)
{
	static const struct matmul_kind kind = { 1, sizeof(int32_t), pack_part, product_piece };

	(void)acc_peak; /* qop_check has bounded the sums */
	return matmul_drive(&kind, k, n, in, out, e);
}
