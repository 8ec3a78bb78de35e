/* maxpool, avgpool, global_avg_pool. */
#include "kernel/f32_int.h"
#include <math.h>

/* The part of a window that lies inside [0, size): rows or columns [*from, *to). */
static void clip_window(int32_t start, int32_t window, int32_t step, int32_t size, int32_t *from,
			int32_t *to)
{
	int32_t first = 0, last = window;

	if (start < 0)
		first = (-start + step - 1) / step;
	if (start + (window - 1) * step >= size)
		last = start >= size ? first : (size - start + step - 1) / step;
	*from = first;
	*to = last > first ? last : first;
}

/* Elements that divide an average along one axis: those of the input, or those of the padded input.
 */
static int32_t divisor(const struct hn_params *p, int axis, int32_t start, int32_t size,
		       int32_t valid)
{
	/* without padding of its own, what ceil_mode overhangs is no padding */
	const bool overhang = p->ceil_mode && p->padding == PAD_VALID;
	const int32_t end = size + (overhang ? 0 : p->pad[2 * axis + 1]);
	int32_t n = p->kernel[axis];

	if (!p->count_include_pad)
		return valid;
	while (n > 0 && start + (n - 1) * p->dilation[axis] >= end)
		n--;
	return n;
}

F32_WIDE static void max_row(float *restrict to, const float *restrict from, size_t c)
{
#pragma omp simd
	for (size_t i = 0; i < c; i++)
		to[i] = from[i] > to[i] ? from[i] : to[i];
}

F32_WIDE static void add_row(float *restrict to, const float *restrict from, size_t c)
{
#pragma omp simd
	for (size_t i = 0; i < c; i++)
		to[i] += from[i];
}

/* One output pixel. */
static void pool_pixel(const struct f32k *k, const float *in, int32_t oy, int32_t ox, float *out)
{
	const struct hn_params *p = &k->l->p;
	const struct hn_shape *s = f32_in(k, 0);
	const bool max = k->l->type == HN_MAXPOOL;
	const size_t c = (size_t)s->c;
	const int32_t y = oy * p->stride[0] - p->pad[0], x = ox * p->stride[1] - p->pad[2];
	int32_t y0, y1, x0, x1, n;
	float scale;

	clip_window(y, p->kernel[0], p->dilation[0], s->h, &y0, &y1);
	clip_window(x, p->kernel[1], p->dilation[1], s->w, &x0, &x1);
	for (size_t i = 0; i < c; i++)
		out[i] = max ? -INFINITY : 0;
	for (int32_t ky = y0; ky < y1; ky++)
		for (int32_t kx = x0; kx < x1; kx++) {
			const size_t row = (size_t)(y + ky * p->dilation[0]);
			const float *at =
			    in + (row * (size_t)s->w + (size_t)(x + kx * p->dilation[1])) * c;

			if (max)
				max_row(out, at, c);
			else
				add_row(out, at, c);
		}
	if (max)
		return;
	n = divisor(p, 0, y, s->h, y1 - y0) * divisor(p, 1, x, s->w, x1 - x0);
	scale = n > 0 ? 1.0F / (float)n : 0;
	for (size_t i = 0; i < c; i++)
		out[i] *= scale;
}

static int pool_run(const struct f32k *k, const float *const in[], float *const out[],
		    struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0), *o = f32_out(k);
	const size_t c = (size_t)s->c;
	const int64_t rows = (int64_t)k->n * o->h;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int64_t r = 0; r < rows; r++) {
		const float *image = in[0] + (size_t)(r / o->h) * hn_shape_count(s);
		float *row = out[0] + (size_t)r * (size_t)o->w * c;

		for (int32_t x = 0; x < o->w; x++)
			pool_pixel(k, image, (int32_t)(r % o->h), x, row + (size_t)x * c);
	}
	return 0;
}

static int global_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const struct hn_shape *s = f32_in(k, 0);
	const size_t c = (size_t)s->c, pixels = (size_t)s->h * (size_t)s->w;

	(void)e;
#pragma omp parallel for schedule(static)
	for (int32_t b = 0; b < k->n; b++) {
		const float *from = in[0] + (size_t)b * pixels * c;
		float *to = out[0] + (size_t)b * c;

		memset(to, 0, c * sizeof *to);
		for (size_t i = 0; i < pixels; i++)
			add_row(to, from + i * c, c);
		for (size_t i = 0; i < c; i++)
			to[i] /= (float)pixels;
	}
	return 0;
}

const struct f32_impl pool_f32 = { NULL, pool_run, NULL };
const struct f32_impl global_pool_f32 = { NULL, global_run, NULL };
