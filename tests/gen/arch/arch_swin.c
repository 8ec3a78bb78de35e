/* Swin (Liu et al. 2021): attention in windows of 7x7, every second block's windows shifted by 3.
 */
#include "arch_vit.h"
#include <math.h>

enum {
	SIDE = 7,
	PIXELS = SIDE * SIDE,
	SHIFT = SIDE / 2
};

static struct val cut(struct arch *a, const char *s, struct val x, int axis, int from, int to,
		      int step)
{
	const struct val in[5] = { x, ar_ints(a, 1, (const int64_t[]){ from }),
				   ar_ints(a, 1, (const int64_t[]){ to }),
				   ar_ints(a, 1, (const int64_t[]){ axis }),
				   ar_ints(a, 1, (const int64_t[]){ step }) };

	return ar_node(a, "Slice", s, in, 5, "");
}

/* What lies before `at` goes to the end. */
static struct val roll(struct arch *a, const char *s, struct val x, int axis, int at)
{
	const struct val part[2] = { cut(a, ar_name("%s/back", s), x, axis, at, INT32_MAX, 1),
				     cut(a, ar_name("%s/front", s), x, axis, 0, at, 1) };

	return ar_node(a, "Concat", s, part, 2, ar_name("axis=%d", axis));
}

static struct val rolled(struct arch *a, const char *s, struct ar_map m, int rows, int columns)
{
	m.x = roll(a, ar_name("%s/rows", s), m.x, 1, rows);
	return roll(a, ar_name("%s/columns", s), m.x, 2, columns);
}

/* [windows][49][dim] and back. */
static struct val to_windows(struct arch *a, const char *s, struct ar_map m)
{
	const int64_t n = (int64_t)m.h * m.w / PIXELS;
	struct val x =
	    ar_reshape(a, ar_name("%s/split", s), m.x, 6,
		       (const int64_t[]){ 1, m.h / SIDE, SIDE, m.w / SIDE, SIDE, m.dim });

	x = ar_1(a, "Transpose", s, x, "perm=0,1,3,2,4,5");
	return ar_reshape(a, s, x, 3, (const int64_t[]){ n, PIXELS, m.dim });
}

static struct val from_windows(struct arch *a, const char *s, struct val x, struct ar_map m)
{
	x = ar_reshape(a, ar_name("%s/split", s), x, 6,
		       (const int64_t[]){ 1, m.h / SIDE, m.w / SIDE, SIDE, SIDE, m.dim });
	x = ar_1(a, "Transpose", s, x, "perm=0,1,3,2,4,5");
	return ar_reshape(a, s, x, 4, (const int64_t[]){ 1, m.h, m.w, m.dim });
}

/* Which of the parts that a shift brought together a row or column is of: 0, 1, 2. */
static int part(int i, int size)
{
	return (i >= size - SIDE) + (i >= size - SHIFT);
}

/* -100 between pixels of a window that are no neighbours in the image: [1][windows][1][49][49]. */
static struct val shift_mask(struct arch *a, struct ar_map m)
{
	const int64_t n = (int64_t)m.h * m.w / PIXELS, dim[5] = { 1, n, 1, PIXELS, PIXELS };
	float *v = xcalloc((size_t)n * PIXELS * PIXELS, sizeof *v);
	struct val mask;

	for (int64_t i = 0; i < n * PIXELS * PIXELS; i++) {
		const int win = (int)(i / (PIXELS * PIXELS)), p = (int)(i / PIXELS % PIXELS);
		const int q = (int)(i % PIXELS);
		const int top = win / (m.w / SIDE) * SIDE, left = win % (m.w / SIDE) * SIDE;
		const bool near = part(top + p / SIDE, m.h) == part(top + q / SIDE, m.h) &&
				  part(left + p % SIDE, m.w) == part(left + q % SIDE, m.w);

		v[i] = near ? 0 : -100;
	}
	mask = ar_floats(a, 5, dim, v);
	free(v);
	return mask;
}

/* Attention within windows x [n][49][dim]; the bias of places is the same in all. */
static struct val attention(struct arch *a, const char *s, struct val x, struct ar_map m, int heads,
			    enum ar_windows kind)
{
	const int64_t n = (int64_t)m.h * m.w / PIXELS, place[4] = { 1, heads, PIXELS, PIXELS };
	struct val qkv[3], p;

	x = ar_linear(a, ar_name("%s/qkv", s), x, m.dim, 3 * m.dim);
	x = ar_reshape(a, ar_name("%s/qkv", s), x, 5,
		       (const int64_t[]){ n, PIXELS, 3, heads, m.dim / heads });
	x = ar_1(a, "Transpose", ar_name("%s/qkv", s), x, "perm=2,0,3,1,4");
	for (int i = 0; i < 3; i++)
		qkv[i] = ar_2(a, "Gather", ar_name("%s/%d", s, i), x, ar_index(a, i), "axis=0");
	qkv[0] = ar_mul(a, s, qkv[0], 1 / sqrt((double)m.dim / heads));
	p = ar_1(a, "Transpose", ar_name("%s/kt", s), qkv[1], "perm=0,1,3,2");
	p = ar_2(a, "MatMul", ar_name("%s/qk", s), qkv[0], p, "");
	if (kind != AR_PLAIN)
		p = ar_2(a, "Add", ar_name("%s/place", s), p, ar_random(a, 4, place, 0.5), "");
	if (kind == AR_SHIFTED) {
		p = ar_reshape(a, ar_name("%s/all", s), p, 5,
			       (const int64_t[]){ 1, n, heads, PIXELS, PIXELS });
		p = ar_2(a, "Add", ar_name("%s/mask", s), p, shift_mask(a, m), "");
		p = ar_reshape(a, ar_name("%s/each", s), p, 4,
			       (const int64_t[]){ n, heads, PIXELS, PIXELS });
	}
	p = ar_2(a, "MatMul", ar_name("%s/pv", s), ar_1(a, "Softmax", s, p, "axis=-1"), qkv[2], "");
	p = ar_1(a, "Transpose", ar_name("%s/join", s), p, "perm=0,2,1,3");
	p = ar_reshape(a, ar_name("%s/join", s), p, 3, (const int64_t[]){ n, PIXELS, m.dim });
	return ar_linear(a, ar_name("%s/proj", s), p, m.dim, m.dim);
}

struct val ar_window_attention(struct arch *a, const char *s, struct ar_map m, int heads,
			       enum ar_windows kind)
{
	struct ar_map y = m;

	if (kind == AR_SHIFTED)
		y.x = rolled(a, ar_name("%s/shift", s), y, SHIFT, SHIFT);
	y.x = to_windows(a, ar_name("%s/windows", s), y);
	y.x = attention(a, s, y.x, m, heads, kind);
	y.x = from_windows(a, ar_name("%s/merge", s), y.x, m);
	if (kind == AR_SHIFTED)
		y.x = rolled(a, ar_name("%s/unshift", s), y, m.h - SHIFT, m.w - SHIFT);
	return y.x;
}

static struct val block(struct arch *a, const char *s, struct ar_map m, int heads, bool shifted)
{
	struct ar_map y = m;

	y.x = ar_tokens_norm(a, ar_name("%s/norm1", s), m.x, m.dim, AR_LN);
	y.x = ar_window_attention(a, ar_name("%s/attn", s), y, heads,
				  shifted ? AR_SHIFTED : AR_PLACED);
	m.x = ar_2(a, "Add", ar_name("%s/add1", s), m.x, y.x, "");
	y.x = ar_tokens_norm(a, ar_name("%s/norm2", s), m.x, m.dim, AR_LN);
	y.x = ar_mlp(a, ar_name("%s/mlp", s), y.x, m.dim, 4 * m.dim, AR_GELU);
	return ar_2(a, "Add", ar_name("%s/add2", s), m.x, y.x, "");
}

/* Four pixels become one of four times the features, then two times. */
static struct ar_map merged(struct arch *a, const char *s, struct ar_map m)
{
	struct val x[4];

	for (int i = 0; i < 4; i++) {
		x[i] = cut(a, ar_name("%s/rows%d", s, i), m.x, 1, i % 2, INT32_MAX, 2);
		x[i] = cut(a, ar_name("%s/columns%d", s, i), x[i], 2, i / 2, INT32_MAX, 2);
	}
	m.x = ar_node(a, "Concat", s, x, 4, "axis=3");
	m.x = ar_tokens_norm(a, ar_name("%s/norm", s), m.x, 4 * m.dim, AR_LN);
	m.x = ar_product(a, ar_name("%s/reduction", s), m.x, 4 * m.dim, 2 * m.dim);
	return (struct ar_map){ m.x, m.h / 2, m.w / 2, 2 * m.dim };
}

void ar_swin(struct arch *a, const void *with)
{
	const struct ar_swin *t = with;
	struct ar_map m = { ar_input(a, 3, 224), 56, 56, t->dim };

	a->opset = a->opset < 17 ? 17 : a->opset;
	a->classes = a->classes ? a->classes : 1000;
	m.x = ar_conv_full(a, "/patch_embed", m.x, m.dim, 4, 4, 0, 1);
	m.x = ar_1(a, "Transpose", "/patch_embed", m.x, "perm=0,2,3,1");
	m.x = ar_tokens_norm(a, "/patch_embed/norm", m.x, m.dim, AR_LN);
	for (int i = 0; i < 4; i++) {
		if (i)
			m = merged(a, ar_name("/layers.%d/downsample", i), m);
		for (int k = 0; k < t->depth[i]; k++)
			m.x = block(a, ar_name("/layers.%d/blocks.%d", i, k), m, m.dim / 32,
				    k % 2 == 1 && m.h > SIDE);
	}
	m.x = ar_tokens_norm(a, "/norm", m.x, m.dim, AR_LN);
	m.x = ar_1(a, "ReduceMean", "/pool", m.x, "axes=1,2 keepdims=0");
	ar_output(a, ar_linear(a, "/head", m.x, m.dim, a->classes));
}
