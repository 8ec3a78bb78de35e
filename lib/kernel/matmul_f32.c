/* matmul: a product for every image, row and group (shape_matmul). */
#include "base/par.h"
#include "kernel/dnn.h"
#include "kernel/f32_int.h"

enum {
	PIXELS = 256 /* of the first input in one piece */
};

struct job {
	const struct f32k *k;
	const float *a, *b;
	float *out;
	size_t groups, inner, cols, blocks;
};

static int product_piece(size_t piece, void *ctx, struct err *e)
{
	const struct job *j = ctx;
	const struct hn_shape *a = f32_in(j->k, 0), *b = f32_in(j->k, 1), *o = f32_out(j->k);
	const bool transposed = j->k->l->p.variant != 0;
	const size_t part = piece / j->blocks, from = piece % j->blocks * PIXELS;
	const size_t row = part / j->groups, g = part % j->groups;
	const size_t pixel = row * (size_t)a->w + from, left = (size_t)a->w - from;

	return dnn_gemm_f32(
	    left < PIXELS ? left : PIXELS, j->cols, j->inner,
	    j->a + pixel * (size_t)a->c + g * j->inner, (size_t)a->c,
	    j->b + row * (size_t)b->w * (size_t)b->c + g * (transposed ? j->inner : j->cols),
	    (size_t)b->c, transposed, j->out + pixel * (size_t)o->c + g * j->cols, (size_t)o->c, e);
}

static int matmul_run(const struct f32k *k, const float *const in[], float *const out[],
		      struct err *e)
{
	const struct hn_shape *o = f32_out(k);
	struct job j = { k, in[0], in[1], out[0], .groups = (size_t)k->l->p.groups };

	j.inner = (size_t)f32_in(k, 0)->c / j.groups;
	j.cols = (size_t)o->c / j.groups;
	j.blocks = ((size_t)o->w + PIXELS - 1) / PIXELS;
	return par_for((size_t)k->n * (size_t)o->h * j.groups * j.blocks, product_piece, &j, e);
}

const struct f32_impl matmul_f32 = { NULL, matmul_run, NULL };
