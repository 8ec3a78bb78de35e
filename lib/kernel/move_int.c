/* Layers that move codes: concat, slice, splitter, pad, depth/space, shuffle, transpose, copies. */
#include "kernel/intk.h"
#include "kernel/pack.h"

#include <string.h>

static size_t code_size(const struct qop *q)
{
	return q->out_bits == 16 ? 2 : 1;
}

/* Copies one value of `size` bytes. */
static void put(uint8_t *to, const uint8_t *from, size_t size)
{
	to[0] = from[0];
	if (size == 2)
		to[1] = from[1];
}

INTK_RUN(copy_int_run)
{
	(void)acc_peak;
	(void)e;
	memcpy(out[0], in[0], (size_t)n * qdim_count(qop_out(k->q, 0)) * code_size(k->q));
	return 0;
}

INTK_RUN(const_int_run)
{
	uint8_t *to = out[0];

	(void)acc_peak;
	(void)e;
	(void)in;
	for (int32_t i = 0; i < n; i++)
		for (size_t v = 0; v < k->q->kernel16.n; v++) {
			uint16_t code = (uint16_t)k->q->kernel16.v[v];

			if (code_size(k->q) == 2)
				memcpy(to, &code, 2);
			else
				*to = (uint8_t)code;
			to += code_size(k->q);
		}
	return 0;
}

/* The output's code of every code of input i. */
static uint16_t *concat_table(const struct qop *q, size_t i)
{
	const int32_t in_top = qop_top(q->in_bits.v[i]), top = qop_top(q->out_bits);
	uint16_t *table = xreallocarray(NULL, (size_t)in_top + 1, sizeof *table);

	for (int32_t x = 0; x <= in_top; x++) {
		int64_t y =
		    fixed_scale(x - q->in_zp.v[i], q->in_mult.v[i], q->in_shift.v[i]) + q->out_zp;

		table[x] = (uint16_t)(y < 0 ? 0 : y > top ? top : y);
	}
	return table;
}

/* An image is `outer` runs; a run of the output is the inputs' runs one after another. */
INTK_RUN(concat_int_run)
{
	const struct qop *q = k->q;
	struct qdim o = qop_out(q, 0);
	int32_t axis = q->geom.v[0];
	size_t outer = axis == 1 ? 1 : axis == 2 ? (size_t)o.h : (size_t)o.h * (size_t)o.w;
	size_t run = qdim_count(o) / outer;
	size_t start = 0;

	(void)acc_peak;
	(void)e;
	for (size_t i = 0; i < (size_t)q->nin; i++) {
		size_t part = qdim_count(qop_in(q, i)) / outer;
		uint16_t *table = concat_table(q, i);
		const bool wide = q->in_bits.v[i] == 16;

		for (size_t r = 0; r < outer * (size_t)n; r++)
			for (size_t x = 0; x < part; x++)
				code_put(out[0], r * run + start + x, q->out_bits == 16,
					 table[code_get(in[i], r * part + x, wide)]);
		free(table);
		start += part;
	}
	return 0;
}

INTK_RUN(slice_int_run)
{
	const struct qop *q = k->q;
	const int32_t *g = q->geom.v;
	struct qdim d = qop_in(q, 0);
	struct qdim o = qop_out(q, 0);
	size_t size = code_size(q);
	uint8_t *to = out[0];

	(void)acc_peak;
	(void)e;
	for (size_t i = 0; i < (size_t)n; i++)
		for (size_t y = 0; y < (size_t)o.h; y++)
			for (size_t x = 0; x < (size_t)o.w; x++) {
				size_t iy = (size_t)g[0] + y * (size_t)g[1];
				size_t ix = (size_t)g[2] + x * (size_t)g[3];
				const uint8_t *from =
				    (const uint8_t *)in[0] +
				    (((i * (size_t)d.h + iy) * (size_t)d.w + ix) * (size_t)d.c +
				     (size_t)g[4]) *
					size;

				for (int32_t c = 0; c < o.c; c++, to += size)
					put(to, from + (size_t)c * (size_t)g[5] * size, size);
			}
	return 0;
}

INTK_RUN(splitter_int_run)
{
	const struct qop *q = k->q;
	struct qdim d = qop_in(q, 0);
	size_t size = code_size(q);
	size_t start = 0;

	(void)acc_peak;
	(void)e;
	for (size_t p = 0; p < q->out_shape.n / 3; p++) {
		size_t part = (size_t)qop_out(q, p).c * size;

		for (size_t i = 0; i < (size_t)n * (size_t)d.h * (size_t)d.w; i++)
			memcpy((uint8_t *)out[p] + i * part,
			       (const uint8_t *)in[0] + i * (size_t)d.c * size + start, part);
		start += part;
	}
	return 0;
}

INTK_RUN(external_pad_int_run)
{
	const struct qop *q = k->q;
	struct qdim d = qop_in(q, 0);
	struct qdim o = qop_out(q, 0);
	size_t size = code_size(q);
	size_t row = (size_t)d.w * (size_t)d.c * size;
	uint16_t fill = (uint16_t)q->geom.v[0];
	uint8_t *to = out[0];

	(void)acc_peak;
	(void)e;
	for (size_t v = 0; v < (size_t)n * qdim_count(o); v++)
		put(to + v * size, (const uint8_t *)&fill, size);
	for (size_t i = 0; i < (size_t)n; i++)
		for (size_t y = 0; y < (size_t)d.h; y++)
			memcpy(to + (((i * (size_t)o.h + y + (size_t)q->pad.v[0]) * (size_t)o.w +
				      (size_t)q->pad.v[2]) *
				     (size_t)o.c) *
					size,
			       (const uint8_t *)in[0] + (i * (size_t)d.h + y) * row, row);
	return 0;
}

/* Feature of the deep side for feature c of the block's pixel (by, bx). */
static size_t deep_feature(const struct qop *q, size_t c, size_t shallow, size_t by, size_t bx)
{
	size_t bh = (size_t)q->geom.v[0];
	size_t bw = (size_t)q->geom.v[1];

	switch (q->geom.v[2]) {
	case 1: /* crd: feature first, then the block's pixels by rows */
		return (c * bh + by) * bw + bx;
	case 3: /* focus: the block's pixels by columns, then features */
		return (bx * bh + by) * shallow + c;
	}
	return (by * bw + bx) * shallow + c; /* dcr: the block's pixels by rows, then features */
}

INTK_RUN(depth_space_int_run)
{
	const struct qop *q = k->q;
	bool to_space = q->type == HN_DEPTH_TO_SPACE;
	struct qdim d = to_space ? qop_in(q, 0) : qop_out(q, 0);
	struct qdim s = to_space ? qop_out(q, 0) : qop_in(q, 0);
	size_t bh = (size_t)q->geom.v[0];
	size_t bw = (size_t)q->geom.v[1];
	size_t size = code_size(q);

	(void)acc_peak;
	(void)e;
	for (size_t i = 0; i < (size_t)n; i++)
		for (size_t y = 0; y < (size_t)s.h; y++)
			for (size_t x = 0; x < (size_t)s.w; x++)
				for (size_t c = 0; c < (size_t)s.c; c++) {
					size_t f = deep_feature(q, c, (size_t)s.c, y % bh, x % bw);
					size_t deep =
					    (((i * (size_t)d.h + y / bh) * (size_t)d.w + x / bw) *
						 (size_t)d.c +
					     f) *
					    size;
					size_t flat = (((i * (size_t)s.h + y) * (size_t)s.w + x) *
							   (size_t)s.c +
						       c) *
						      size;

					put((uint8_t *)out[0] + (to_space ? flat : deep),
					    (const uint8_t *)in[0] + (to_space ? deep : flat),
					    size);
				}
	return 0;
}

/* out feature i * groups + g = in feature g * (c / groups) + i. */
INTK_RUN(shuffle_int_run)
{
	const struct qop *q = k->q;
	struct qdim d = qop_in(q, 0);
	size_t groups = (size_t)q->geom.v[0];
	size_t each = (size_t)d.c / groups;
	size_t size = code_size(q);

	(void)acc_peak;
	(void)e;
	for (size_t p = 0; p < (size_t)n * (size_t)d.h * (size_t)d.w; p++)
		for (size_t g = 0; g < groups; g++)
			for (size_t i = 0; i < each; i++)
				put((uint8_t *)out[0] + (p * (size_t)d.c + i * groups + g) * size,
				    (const uint8_t *)in[0] +
					(p * (size_t)d.c + g * each + i) * size,
				    size);
	return 0;
}

/* A packed image into pixels: geom 2, format. */
static void unpack(const struct qop *q, int32_t n, const uint8_t *in, uint8_t *out)
{
	const enum hn_pack p = (enum hn_pack)q->geom.v[1];
	const struct qdim d = qop_in(q, 0), o = qop_out(q, 0);
	const size_t every = (size_t)hn_packing(p)->rows, width = 3 * (size_t)o.w;
	const size_t size = code_size(q);
	int32_t *from = xreallocarray(NULL, every * width, sizeof *from);

	for (size_t y = 0; y < every; y++)
		pack_row(p, o.w, (int32_t)y, from + y * width);
	for (size_t r = 0; r < (size_t)n * (size_t)o.h; r++) {
		const uint8_t *row = in + r / every * (size_t)d.w * (size_t)d.c * size;
		const int32_t *at = from + r % every * width;

		for (size_t i = 0; i < width; i++, out += size)
			put(out, row + (size_t)at[i] * size, size);
	}
	free(from);
}

INTK_RUN(format_int_run)
{
	const struct qop *q = k->q;
	struct qdim d = qop_in(q, 0);
	struct qdim o = qop_out(q, 0);
	size_t size = code_size(q);
	size_t stride[3] = { (size_t)d.w * (size_t)d.c, (size_t)d.c, 1 };
	uint8_t *to = out[0];

	if (q->geom.v[0] == 0)
		return copy_int_run(k, n, in, out, acc_peak, e);
	if (q->geom.v[0] == 2) {
		unpack(q, n, in[0], out[0]);
		return 0;
	}
	for (size_t i = 0; i < (size_t)n; i++)
		for (size_t y = 0; y < (size_t)o.h; y++)
			for (size_t x = 0; x < (size_t)o.w; x++)
				for (size_t c = 0; c < (size_t)o.c; c++, to += size)
					put(to,
					    (const uint8_t *)in[0] +
						(i * qdim_count(d) + y * stride[q->geom.v[1]] +
						 x * stride[q->geom.v[2]] +
						 c * stride[q->geom.v[3]]) *
						    size,
					    size);
	return 0;
}
