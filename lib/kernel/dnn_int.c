/* Door to oneDNN's integer matrix product (its v2 C interface). */
#include "kernel/intk.h"

#include <dnnl.h>

bool dnn_int_exact(void)
{
	unsigned have = (unsigned)dnnl_get_effective_cpu_isa();
	unsigned vnni = (unsigned)dnnl_cpu_isa_avx512_core_vnni;

	/* Below VNNI, oneDNN adds pairs of products in 16 bits, saturating. */
	return (have & vnni) == vnni;
}

int dnn_int_gemm(size_t m, size_t n, size_t k, const uint8_t *a, size_t lda, const int8_t *b,
		 size_t ldb, int32_t *c, size_t ldc, struct err *e)
{
	const int32_t zero = 0;
	dnnl_status_t st = dnnl_gemm_u8s8s32('N', 'N', 'F', (dnnl_dim_t)m, (dnnl_dim_t)n,
					     (dnnl_dim_t)k, 1.0f, a, (dnnl_dim_t)lda, 0, b,
					     (dnnl_dim_t)ldb, 0, 0.0f, c, (dnnl_dim_t)ldc, &zero);

	return st == dnnl_success ? 0 : err_set(e, "oneDNN's integer product failed (%d)", (int)st);
}
