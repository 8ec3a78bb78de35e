/*
 * matmul with 16-bit codes: the second input's codes less their zero point, of 17 bits, are two
 * packed matrices, low bytes (-128..127) and the rest (-256..256); the first input's codes are
 * bytes.  The products of these are exact in 32 bits and added in 64.
 */
#include "kernel/matmul_job.h"

/* Packs matrix `part`, [inner][cols], and takes the sums of its columns. */
static int pack_part(size_t part, void *ctx, struct err *e)
{
	const struct matmul_job *j = ctx;
	const struct qop *q = j->k->q;
	const bool wide = q->in_bits.v[1] == 16;
	const struct matmul_source s = matmul_source(j, part);
	int16_t *low = j->packed + 2 * part * j->packed_each, *rest = low + j->packed_each;
	int64_t *bias = (int64_t *)j->bias + matmul_bias_at(j, part);

	(void)e;
	for (size_t n = 0; n < j->cols; n++) {
		int16_t *to_low = gemm_int_column(low, n, j->inner);
		int16_t *to_rest = gemm_int_column(rest, n, j->inner);
		int64_t sum = 0;

		for (size_t k = 0; k < j->inner; k++) {
			const int32_t v = code_get(j->b, s.at + k * s.step_k + n * s.step_n, wide) -
					  q->in_zp.v[1];
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
static void bytes_of(const struct matmul_job *j, size_t at, size_t npix, int byte, uint8_t *x)
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
	const struct matmul_job *j = ctx;
	const struct matmul_piece p = matmul_piece(j, piece);
	const size_t count = p.npix * j->cols, at = matmul_piece_a(j, &p);
	const int64_t *bias = (const int64_t *)j->bias + matmul_bias_at(j, p.part);
	uint8_t *x = xmalloc(p.npix * j->inner);
	int32_t *some = xreallocarray(NULL, count, sizeof *some);
	int64_t *acc = xreallocarray(NULL, count, sizeof *acc);

	(void)e;
	for (size_t i = 0; i < count; i++)
		acc[i] = bias[i % j->cols];
	for (int a = 0; a < j->k->q->in_bits.v[0] / 8; a++) {
		bytes_of(j, at, p.npix, a, x);
		for (int b = 0; b < 2; b++) {
			gemm_int_run(p.npix, j->cols, j->inner, x, j->inner,
				     j->packed + (2 * p.part + (size_t)b) * j->packed_each, some,
				     j->cols);
			for (size_t i = 0; i < count; i++)
				acc[i] += some[i] * ((int64_t)1 << 8 * (a + b));
		}
	}
	ostage_run_wide(&j->k->st, acc, p.npix, p.g * j->cols, j->cols,
			(char *)j->out + matmul_piece_out(j, &p) * (size_t)(j->k->q->out_bits / 8));
	free(x);
	free(some);
	free(acc);
	return 0;
}

INTK_RUN(matmul_wide_run)
{
	static const struct matmul_kind kind = { 2, sizeof(int64_t), pack_part, product_piece };

	(void)acc_peak; /* qop_check has bounded the sums */
	return matmul_drive(&kind, k, n, in, out, e);
}
