/* ew_add, ew_sub, ew_mult, ew_div, ew_max, ew_min with repetition of the smaller input;
 * const_input. */
#include "kernel/f32_int.h"

/* out[i] = a[i * sa] op b[i * sb]; a step of 0 repeats one value. */
typedef void (*row_fn)(const float *a, size_t sa, const float *b, size_t sb, float *out, size_t n);

#define ROW(name, value)                                                                           \
	F32_WIDE static void name(const float *a, size_t sa, const float *b, size_t sb,            \
				  float *out, size_t n)                                            \
	{                                                                                          \
		if (sa == 1 && sb == 1) {                                                          \
			for (size_t i = 0; i < n; i++) {                                           \
				const float x = a[i], y = b[i];                                    \
				out[i] = (value);                                                  \
			}                                                                          \
			return;                                                                    \
		}                                                                                  \
		for (size_t i = 0; i < n; i++) {                                                   \
			const float x = a[i * sa], y = b[i * sb];                                  \
			out[i] = (value);                                                          \
		}                                                                                  \
	}

ROW(row_add, x + y)
ROW(row_sub, x - y)
ROW(row_mult, (x * y))
ROW(row_div, x / y)
ROW(row_max, x > y ? x : y)
ROW(row_min, x < y ? x : y)

static const row_fn rows[HN_TYPE_COUNT] = {
	[HN_EW_ADD] = row_add, [HN_EW_SUB] = row_sub, [HN_EW_MULT] = row_mult,
	[HN_EW_DIV] = row_div, [HN_EW_MAX] = row_max, [HN_EW_MIN] = row_min,
};

/* Position of pixel (b, y, x) of an input that may be one pixel high or wide. */
static const float *pixel(const float *data, const struct hn_shape *s, int64_t b, int32_t y,
			  int32_t x)
{
	const int64_t row = b * s->h + (s->h == 1 ? 0 : y);

	return data + (row * s->w + (s->w == 1 ? 0 : x)) * s->c;
}

static int eltwise_run(const struct f32k *k, const float *const in[], float *const out[],
		       struct err *e)
{
	const struct hn_shape *a = f32_in(k, 0), *b = f32_in(k, 1), *o = f32_out(k);
	const bool whole = hn_shape_equal(a, o) && hn_shape_equal(b, o);
	const size_t c = (size_t)o->c, n = whole ? c * (size_t)o->w : c;
	const int32_t pixels = whole ? 1 : o->w;
	const size_t sa = a->c == o->c, sb = b->c == o->c;
	const row_fn row = rows[k->l->type];
	const int64_t lines = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < lines; r++) {
		const int64_t image = r / o->h;
		const int32_t y = (int32_t)(r % o->h);

		for (int32_t x = 0; x < pixels; x++)
			row(pixel(in[0], a, image, y, x), sa, pixel(in[1], b, image, y, x), sb,
			    out[0] + (size_t)(r * o->w + x) * c, n);
	}
	return 0;
}

static int const_make(struct f32k *k, const struct tensors *w, struct err *e)
{
	k->state = f32_weight(k->l, w, "value", hn_shape_count(f32_out(k)), false, e);
	return k->state ? 0 : -1;
}

static int const_run(const struct f32k *k, const float *const in[], float *const out[],
		     struct err *e)
{
	const size_t count = hn_shape_count(f32_out(k));

	(void)in;
	(void)e;
	for (int32_t b = 0; b < k->n; b++)
		memcpy(out[0] + (size_t)b * count, k->state, count * sizeof **out);
	return 0;
}

const struct f32_impl eltwise_f32 = { NULL, eltwise_run, NULL };
const struct f32_impl const_f32 = { const_make, const_run, NULL };
