/* Elements as numbers, and conversion between element types. */
#include "base/mem.h"
#include "io/io_int.h"
#include <math.h>
#include <string.h>

enum {
	CHUNK = 512
};

static const struct {
	const char *name;
	size_t size;
	bool integer;
} types[DT_COUNT] = {
	/* clang-format off */
	[DT_F32]  = { "float32", 4, false },
	[DT_F64]  = { "float64", 8, false },
	[DT_U8]   = { "uint8",   1, true },
	[DT_I8]   = { "int8",    1, true },
	[DT_U16]  = { "uint16",  2, true },
	[DT_I16]  = { "int16",   2, true },
	[DT_U32]  = { "uint32",  4, true },
	[DT_I32]  = { "int32",   4, true },
	[DT_U64]  = { "uint64",  8, true },
	[DT_I64]  = { "int64",   8, true },
	[DT_BOOL] = { "bool",    1, true },
	[DT_F16]  = { "float16", 2, false },
	/* clang-format on */
};

size_t dtype_size(enum dtype t)
{
	return types[t].size;
}

const char *dtype_name(enum dtype t)
{
	return types[t].name;
}

double half_to_double(uint16_t h)
{
	int exponent = h >> 10 & 31;
	double m = h & 1023;
	double v = exponent == 31  ? (m > 0 ? NAN : INFINITY)
		   : exponent == 0 ? ldexp(m, -24)
				   : ldexp(m + 1024, exponent - 25);

	return h & 0x8000 ? -v : v;
}

uint16_t half_from_double(double v)
{
	uint16_t sign = signbit(v) ? 0x8000 : 0;
	double a = fabs(v);
	int e;

	if (isnan(v))
		return sign | 0x7e00;
	if (a >= 65520) /* half way to the first value that is too large */
		return sign | 0x7c00;
	frexp(a, &e);
	if (a < 0x1p-14)
		return (uint16_t)(sign | (unsigned)nearbyint(ldexp(a, 24)));
	/* A mantissa that rounds up to 2048 carries into the exponent by itself. */
	return (uint16_t)(sign + ((unsigned)(e + 14) << 10) +
			  (unsigned)nearbyint(ldexp(a, 11 - e)) - 1024);
}

static int64_t to_int64(double v)
{
	if (isnan(v))
		return 0;
	v = round(v);
	return v >= 0x1p63 ? INT64_MAX : v < -0x1p63 ? INT64_MIN : (int64_t)v;
}

/* Runs `body` for k < n with the element x, whatever its alignment. */
#define EACH(type, body)                                                                           \
	for (size_t k = 0; k < n; k++) {                                                           \
		type x;                                                                            \
		memcpy(&x, (const char *)p + k * sizeof x, sizeof x);                              \
		body;                                                                              \
	}

static void load_double(enum dtype t, const void *p, size_t n, double *out)
{
	switch (t) {
	case DT_F32:
		EACH(float, out[k] = x)
		break;
	case DT_F64:
		EACH(double, out[k] = x)
		break;
	case DT_U8:
		EACH(uint8_t, out[k] = x)
		break;
	case DT_I8:
		EACH(int8_t, out[k] = x)
		break;
	case DT_U16:
		EACH(uint16_t, out[k] = x)
		break;
	case DT_I16:
		EACH(int16_t, out[k] = x)
		break;
	case DT_U32:
		EACH(uint32_t, out[k] = x)
		break;
	case DT_I32:
		EACH(int32_t, out[k] = x)
		break;
	case DT_U64:
		EACH(uint64_t, out[k] = (double)x)
		break;
	case DT_I64:
		EACH(int64_t, out[k] = (double)x)
		break;
	case DT_BOOL:
		EACH(uint8_t, out[k] = x != 0)
		break;
	case DT_F16:
		EACH(uint16_t, out[k] = half_to_double(x))
		break;
	case DT_COUNT:
		break;
	}
}

static void load_int(enum dtype t, const void *p, size_t n, int64_t *out)
{
	double v[CHUNK];

	if (t == DT_I64) {
		memcpy(out, p, n * sizeof *out);
		return;
	}
	if (t == DT_U64) {
		EACH(uint64_t, out[k] = x > INT64_MAX ? INT64_MAX : (int64_t)x)
		return;
	}
	load_double(t, p, n, v);
	for (size_t k = 0; k < n; k++)
		out[k] = to_int64(v[k]);
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* Stores n values as type; `value` uses v[k]. */
#define PUT(type, value)                                                                           \
	for (size_t k = 0; k < n; k++)                                                             \
		((type *)p)[k] = (type)(value);

static void store_double(enum dtype t, void *p, size_t n, const double *v)
{
	if (t == DT_F32)
		PUT(float, v[k])
	else if (t == DT_F64)
		PUT(double, v[k])
	else
		PUT(uint16_t, half_from_double(v[k]))
}

static void store_int(enum dtype t, void *p, size_t n, const int64_t *v)
{
	switch (t) {
	case DT_U8:
		PUT(uint8_t, clamp(v[k], 0, UINT8_MAX))
		break;
	case DT_I8:
		PUT(int8_t, clamp(v[k], INT8_MIN, INT8_MAX))
		break;
	case DT_U16:
		PUT(uint16_t, clamp(v[k], 0, UINT16_MAX))
		break;
	case DT_I16:
		PUT(int16_t, clamp(v[k], INT16_MIN, INT16_MAX))
		break;
	case DT_U32:
		PUT(uint32_t, clamp(v[k], 0, UINT32_MAX))
		break;
	case DT_I32:
		PUT(int32_t, clamp(v[k], INT32_MIN, INT32_MAX))
		break;
	case DT_U64:
		PUT(uint64_t, clamp(v[k], 0, INT64_MAX))
		break;
	case DT_I64:
		PUT(int64_t, v[k])
		break;
	case DT_BOOL:
		PUT(uint8_t, v[k] != 0)
		break;
	case DT_F32:
	case DT_F64:
	case DT_F16:
	case DT_COUNT:
		break;
	}
}

double tensor_get(const struct tensor *t, size_t i)
{
	double v = 0;

	load_double(t->dtype, (const char *)t->data + i * dtype_size(t->dtype), 1, &v);
	return v;
}

int64_t tensor_get_int(const struct tensor *t, size_t i)
{
	int64_t v = 0;

	load_int(t->dtype, (const char *)t->data + i * dtype_size(t->dtype), 1, &v);
	return v;
}

struct tensor tensor_convert(const struct tensor *t, enum dtype to)
{
	struct tensor out;
	size_t n = tensor_count(t);

	if (to == t->dtype)
		return tensor_ref(t);
	out = tensor_new(to, t->rank, t->dim);
	for (size_t i = 0; i < n; i += CHUNK) {
		const char *src = (const char *)t->data + i * dtype_size(t->dtype);
		char *dst = (char *)tensor_data(&out) + i * dtype_size(to);
		size_t k = n - i < CHUNK ? n - i : CHUNK;
		int64_t iv[CHUNK];
		double dv[CHUNK];

		if (types[to].integer) {
			load_int(t->dtype, src, k, iv);
			store_int(to, dst, k, iv);
		} else {
			load_double(t->dtype, src, k, dv);
			store_double(to, dst, k, dv);
		}
	}
	return out;
}
