/* An exact integer matrix product without VNNI: pairs of 16-bit products added in 32 bits. */
#include "kernel/intk.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_FORM 1
#endif

enum {
	LANES = GEMM_INT_LANES,
	ROWS = 4
};

int16_t *gemm_int_pack(const int8_t *b, size_t ldb, size_t n, size_t k)
{
	int16_t *out = xcalloc(gemm_int_packed(n, k), sizeof *out);

	for (size_t r = 0; r < k; r++)
		for (size_t c = 0; c < n; c++)
			gemm_int_column(out, c, k)[gemm_int_step(r)] = b[r * ldb + c];
	return out;
}

/* rows <= ROWS rows of a against one block of 16 columns. */
static void block_plain(size_t rows, size_t k, const uint8_t *a, size_t lda, const int16_t *w,
			int32_t acc[ROWS][LANES])
{
	memset(acc, 0, sizeof(int32_t[ROWS][LANES]));
	for (size_t p = 0; p < k; p += 2, w += 2 * LANES)
		for (size_t r = 0; r < rows; r++) {
			int32_t x0 = a[r * lda + p];
			int32_t x1 = p + 1 < k ? a[r * lda + p + 1] : 0;

			for (size_t i = 0; i < LANES; i++)
				acc[r][i] =
				    (int32_t)((uint32_t)acc[r][i] +
					      (uint32_t)(x0 * w[2 * i] + x1 * w[2 * i + 1]));
		}
}

#ifdef HAVE_AVX2_FORM
/* Two codes as two 16-bit numbers in every lane. */
__attribute__((target("avx2"))) static inline __m256i pair(const uint8_t *x, bool second)
{
	return _mm256_set1_epi32((int32_t)(x[0] | (second ? (uint32_t)x[1] << 16 : 0)));
}

__attribute__((target("avx2"))) static void block_avx2(size_t rows, size_t k, const uint8_t *a,
						       size_t lda, const int16_t *w,
						       int32_t acc[ROWS][LANES])
{
	__m256i s[ROWS][2];
	const uint8_t *x[ROWS];

	for (size_t r = 0; r < ROWS; r++) {
		x[r] = a + (r < rows ? r : 0) * lda;
		s[r][0] = s[r][1] = _mm256_setzero_si256();
	}
	for (size_t p = 0; p < k; p += 2, w += 2 * LANES) {
		const __m256i w0 = _mm256_loadu_si256((const void *)w);
		const __m256i w1 = _mm256_loadu_si256((const void *)(w + LANES));

		for (size_t r = 0; r < ROWS; r++) {
			const __m256i v = pair(x[r] + p, p + 1 < k);

			s[r][0] = _mm256_add_epi32(s[r][0], _mm256_madd_epi16(v, w0));
			s[r][1] = _mm256_add_epi32(s[r][1], _mm256_madd_epi16(v, w1));
		}
	}
	for (size_t r = 0; r < ROWS; r++) {
		_mm256_storeu_si256((void *)acc[r], s[r][0]);
		_mm256_storeu_si256((void *)(acc[r] + 8), s[r][1]);
	}
}
#endif

typedef void (*block_fn)(size_t rows, size_t k, const uint8_t *a, size_t lda, const int16_t *w,
			 int32_t acc[ROWS][LANES]);

static block_fn best_block(void)
{
#ifdef HAVE_AVX2_FORM
	if (__builtin_cpu_supports("avx2"))
		return block_avx2;
#endif
	return block_plain;
}

void gemm_int_run(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda, const int16_t *packed,
		  int32_t *c, size_t ldc)
{
	block_fn block = best_block();
	size_t pairs = (k + 1) / 2;

	for (size_t row = 0; row < m; row += ROWS) {
		size_t rows = m - row < ROWS ? m - row : ROWS;

		for (size_t col = 0; col < n; col += LANES) {
			int32_t acc[ROWS][LANES];
			size_t cols = n - col < LANES ? n - col : LANES;

			block(rows, k, a + row * lda, lda, packed + col * pairs * 2, acc);
			for (size_t r = 0; r < rows; r++)
				memcpy(c + (row + r) * ldc + col, acc[r], cols * sizeof(int32_t));
		}
	}
}
