/* Short integer loops, in a form for AVX2 and one for any machine: the integers are the same. */
#include "kernel/intk.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#define AVX2_FORM  __attribute__((target("avx2")))
#define has_avx2() __builtin_cpu_supports("avx2")
#else
#define AVX2_FORM
#define has_avx2() 0
#endif

#define MAC_LOOP                                                                                   \
	for (size_t i = 0; i < n; i++)                                                             \
		acc[i] =                                                                           \
		    (int32_t)((uint32_t)acc[i] + (uint32_t)((int16_t)(x[i] - z) * (int16_t)w[i]));

#define AXPY_LOOP                                                                                  \
	for (size_t i = 0; i < n; i++)                                                             \
		acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)(x * w[i]));

AVX2_FORM static void mac_avx2(int32_t *restrict acc, const uint8_t *restrict x, int16_t z,
			       const int8_t *restrict w, size_t n)
{
	MAC_LOOP
}

static void mac_plain(int32_t *restrict acc, const uint8_t *restrict x, int16_t z,
		      const int8_t *restrict w, size_t n)
{
	MAC_LOOP
}

void vec_mac(int32_t *acc, const uint8_t *x, int32_t zp, const int8_t *w, size_t n)
{
	if (has_avx2())
		mac_avx2(acc, x, (int16_t)zp, w, n);
	else
		mac_plain(acc, x, (int16_t)zp, w, n);
}

AVX2_FORM static void axpy_avx2(int32_t *restrict acc, int32_t x, const int8_t *restrict w,
				size_t n)
{
	AXPY_LOOP
}

static void axpy_plain(int32_t *restrict acc, int32_t x, const int8_t *restrict w, size_t n)
{
	AXPY_LOOP
}

void vec_axpy(int32_t *acc, int32_t x, const int8_t *w, size_t n)
{
	if (has_avx2())
		axpy_avx2(acc, x, w, n);
	else
		axpy_plain(acc, x, w, n);
}
