/* Windows of a convolution as rows of a matrix. */
#include "kernel/conv_int.h"

#include <string.h>

/* The codes of one image and where in them a window reads. */
struct view {
	const struct qop *q;
	struct qdim in;
	size_t size;  /* bytes of a code */
	size_t first; /* feature */
	size_t cin;
};

static void fill(const struct view *v, uint8_t *a)
{
	const uint16_t zero = (uint16_t)v->q->in_zp.v[0];

	if (v->size == 1) {
		memset(a, zero, v->cin);
		return;
	}
	for (size_t i = 0; i < v->cin; i++)
		memcpy(a + 2 * i, &zero, 2);
}

/* One window row: kernel columns of input row iy; what lies outside is the zero point. */
static void gather_row(const struct view *v, const uint8_t *row, int64_t ix, uint8_t *a)
{
	const size_t pixel = (size_t)v->in.c * v->size, part = v->cin * v->size;
	int32_t kw = v->q->kernel_hw.v[1];
	int32_t d = v->q->dilation.v[1];

	if (row && d == 1 && part == pixel && ix >= 0 && ix + kw <= v->in.w) {
		memcpy(a, row + (size_t)ix * part, (size_t)kw * part);
		return;
	}
	for (int32_t kx = 0; kx < kw; kx++, ix += d, a += part) {
		if (row && ix >= 0 && ix < v->in.w)
			memcpy(a, row + (size_t)ix * pixel + v->first * v->size, part);
		else
			fill(v, a);
	}
}

void conv_gather(const struct qop *q, const void *codes, size_t first, size_t cin, size_t p,
		 size_t npix, void *a)
{
	const struct view v = { q, qop_in(q, 0), q->in_bits.v[0] == 16 ? 2 : 1,
				(size_t)q->in_first + first, cin };
	const struct qdim out = qop_out(q, 0);
	const size_t area = (size_t)out.h * (size_t)out.w;
	const size_t row_bytes = (size_t)v.in.w * (size_t)v.in.c * v.size;
	uint8_t *to = a;

	for (size_t i = p; i < p + npix; i++) {
		const uint8_t *image =
		    (const uint8_t *)codes + i / area * row_bytes * (size_t)v.in.h;
		int64_t oy = (int64_t)(i % area) / out.w;
		int64_t ox = (int64_t)(i % area) % out.w;
		int64_t iy = oy * q->stride.v[0] - q->pad.v[0];

		for (int32_t ky = 0; ky < q->kernel_hw.v[0]; ky++, iy += q->dilation.v[0]) {
			gather_row(&v,
				   iy >= 0 && iy < v.in.h ? image + (size_t)iy * row_bytes : NULL,
				   ox * q->stride.v[1] - q->pad.v[2], to);
			to += (size_t)q->kernel_hw.v[1] * cin * v.size;
		}
	}
}
