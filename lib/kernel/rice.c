/* Weights in few bits. */
#include "kernel/rice.h"

enum {
	CODES = 8, /* Rice codes with k below it */
	WHOLE = 8,
	NIBBLES = 9,
	MOST = 255 /* of z */
};

static unsigned zigzag(int w)
{
	return (unsigned)(w < 0 ? -2 * w - 1 : 2 * w);
}

/* The way that takes the fewest bits, the first of several; how many in *bits. */
static int best_way(const int8_t *w, size_t n, size_t step, size_t *bits)
{
	size_t rice[CODES] = { 0 };
	bool small = true;
	int way = WHOLE;

	for (size_t i = 0; i < n; i++) {
		const int v = w[i * step];

		small = small && v >= -8 && v <= 7;
		for (unsigned k = 0; k < CODES; k++)
			rice[k] += (zigzag(v) >> k) + 1 + k;
	}
	*bits = 8 * n;
	if (small) {
		way = NIBBLES;
		*bits = 4 * n;
	}
	for (int k = 0; k < CODES; k++)
		if (rice[k] < *bits) {
			way = k;
			*bits = rice[k];
		}
	return way;
}

size_t rice_bytes(const int8_t *w, size_t n, size_t step)
{
	size_t bits;

	best_way(w, n, step, &bits);
	return 1 + (bits + 7) / 8;
}

/* Bits on their way into bytes. */
struct writer {
	struct str *out;
	uint8_t byte;
	unsigned n;
};

static void put_bits(struct writer *b, unsigned v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		b->byte = (uint8_t)(b->byte | ((v >> i & 1) << b->n));
		if (++b->n < 8)
			continue;
		str_add(b->out, &b->byte, 1);
		b->byte = 0;
		b->n = 0;
	}
}

void rice_put(const int8_t *w, size_t n, size_t step, struct str *out)
{
	struct writer b = { .out = out };
	size_t bits;
	const int way = best_way(w, n, step, &bits);

	put_bits(&b, (unsigned)way, 8);
	for (size_t i = 0; i < n; i++) {
		const int v = w[i * step];

		if (way >= WHOLE) {
			put_bits(&b, (unsigned)v, way == WHOLE ? 8 : 4);
			continue;
		}
		for (unsigned ones = zigzag(v) >> way; ones > 0; ones--)
			put_bits(&b, 1, 1);
		put_bits(&b, 0, 1);
		put_bits(&b, zigzag(v), (unsigned)way);
	}
	if (b.n)
		put_bits(&b, 0, 8 - b.n);
}

/* Bits out of bytes. */
struct reader {
	struct cursor *c;
	unsigned byte, n;
};

static unsigned get_bits(struct reader *b, unsigned n)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (b->n == 0) {
			b->byte = cur_u8(b->c);
			b->n = 8;
		}
		v |= (b->byte & 1) << i;
		b->byte >>= 1;
		b->n--;
	}
	return v;
}

static int bad(struct cursor *c)
{
	c->failed = true;
	return err_set(c->e, "packed weights hold a code of no weight");
}

static int get_rice(struct reader *b, unsigned k, int8_t *w)
{
	unsigned z = 0;

	while (!b->c->failed && get_bits(b, 1))
		if (++z > (unsigned)MOST >> k)
			return bad(b->c);
	z = z << k | get_bits(b, k);
	*w = (int8_t)(z & 1 ? -(int)(z / 2) - 1 : (int)(z / 2));
	return 0;
}

int rice_get(struct cursor *c, int8_t *w, size_t n, size_t step)
{
	const unsigned way = cur_u8(c);
	struct reader b = { .c = c };

	if (way > NIBBLES)
		return bad(c);
	for (size_t i = 0; i < n && !c->failed; i++) {
		int8_t *to = &w[i * step];
		unsigned v;

		if (way < CODES) {
			if (get_rice(&b, way, to) < 0)
				return -1;
			continue;
		}
		v = get_bits(&b, way == WHOLE ? 8 : 4);
		*to = way == WHOLE ? (int8_t)(v > 127 ? (int)v - 256 : (int)v)
				   : (int8_t)(v > 7 ? (int)v - 16 : (int)v);
	}
	return c->failed ? -1 : 0;
}
