/* Parts of tensors: extents in words, and as keys of a bundle. */
#include "tf/tf_part.h"
#include "base/num.h"
#include <string.h>

/* "0,2:-": a start and a length, or all, for each dimension. */
static int extents(char *text, struct tf_part *out, struct err *e)
{
	for (char *s = text, *end; s; s = end) {
		char *comma;

		end = strchr(s, ':');
		if (end)
			*end++ = '\0';
		if (out->n == LIMIT_RANK)
			return err_set(e, "it has more than %d dimensions", LIMIT_RANK);
		out->start[out->n] = 0;
		out->length[out->n] = -1;
		comma = strchr(s, ',');
		if (comma) {
			*comma = '\0';
			if (num_int(s, "start", 0, INT64_MAX, &out->start[out->n], e) < 0 ||
			    num_int(comma + 1, "length", 0, INT64_MAX, &out->length[out->n], e) < 0)
				return -1;
		} else if (strcmp(s, "-") != 0) {
			return err_set(e, "'%s' is no extent", quote(s));
		}
		out->n++;
	}
	return 0;
}

int tf_part_parse(const char *text, struct tf_part *out, struct err *e)
{
	const char *last = strrchr(text, ' ');
	char *copy;
	int r;

	*out = (struct tf_part){ 0 };
	if (!text[0])
		return 0;
	copy = xstrdup(last ? last + 1 : text);
	r = extents(copy, out, e);
	free(copy);
	return r < 0 ? err_in(e, "part '%s'", quote(text)) : 0;
}

/* ---- keys: numbers and strings whose bytes are in the order of their values ---- */
static void put_count(struct str *s, uint64_t v)
{
	uint8_t b[9];
	size_t n = 0;

	while (n < 8 && v >> 8 * n)
		n++;
	b[0] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		b[1 + i] = (uint8_t)(v >> 8 * (n - 1 - i));
	str_add(s, b, n + 1);
}

static void put_name(struct str *s, const char *name)
{
	for (; *name; name++)
		str_add(s, name, (unsigned char)*name == 0xff ? (str_add(s, "\xff", 1), 0) : 1);
	str_add(s, "\0\1", 2);
}

/*
 * A signed number in 7 bits a byte: the leading ones of the first bytes say how many bytes there
 * are, all is inverted for negative numbers.
 */
static void put_signed(struct str *s, int64_t v)
{
	const uint64_t size = v < 0 ? ~(uint64_t)v : (uint64_t)v;
	const uint8_t sign = v < 0 ? 0xff : 0;
	uint8_t b[10];
	int len = 1;

	while (len < 10 && size >> (7 * len - 1))
		len++;
	for (int i = 0; i < len; i++) {
		const int shift = 8 * (len - 1 - i);

		b[i] = shift < 64 ? (uint8_t)((uint64_t)v >> shift) : sign;
	}
	/* len ones from the top, over the first two bytes. */
	b[0] ^= len < 8 ? (uint8_t)(0xff00 >> len) : 0xff;
	if (len > 8)
		b[1] ^= (uint8_t)(0xff00 >> (len - 8));
	str_add(s, b, (size_t)len);
}

void tf_part_key(struct str *s, const char *name, const struct tf_part *p)
{
	put_count(s, 0);
	put_name(s, name);
	put_count(s, (uint64_t)p->n);
	for (int i = 0; i < p->n; i++) {
		put_signed(s, p->start[i]);
		put_signed(s, p->length[i]);
	}
}

/* ---- copying ---- */
/* Where two extents meet in dimension d; false: nowhere. */
static bool meet(const struct tf_part *a, const struct tf_part *b, int d, int64_t *from, int64_t *n)
{
	const int64_t ea = a->start[d] + a->length[d], eb = b->start[d] + b->length[d];

	*from = a->start[d] > b->start[d] ? a->start[d] : b->start[d];
	*n = (ea < eb ? ea : eb) - *from;
	return *n > 0;
}

int tf_part_fix(struct tf_part *p, const struct tensor *whole, struct err *e)
{
	if (p->n == 0) {
		p->n = whole->rank;
		for (int i = 0; i < p->n; i++) {
			p->start[i] = 0;
			p->length[i] = whole->dim[i];
		}
	}
	if (p->n != whole->rank)
		return err_set(e, "its part has %d dimensions, %d expected", p->n, whole->rank);
	for (int i = 0; i < p->n; i++) {
		if (p->length[i] < 0)
			p->length[i] = whole->dim[i] - p->start[i];
		if (p->start[i] < 0 || p->start[i] > whole->dim[i] ||
		    p->length[i] > whole->dim[i] - p->start[i])
			return err_set(e, "its part from %lld on is outside of shape %s",
				       (long long)p->start[i], tensor_shape_text(whole));
	}
	return 0;
}

size_t tf_part_copy(uint8_t *to, const struct tf_part *want, const uint8_t *from,
		    const struct tf_part *have, size_t size)
{
	int64_t first[LIMIT_RANK], n[LIMIT_RANK], at[LIMIT_RANK] = { 0 };
	size_t copied = 0;
	int d;

	for (d = 0; d < want->n; d++)
		if (!meet(want, have, d, &first[d], &n[d]))
			return 0;
	do {
		size_t i = 0, k = 0;

		for (d = 0; d < want->n; d++) {
			const int64_t x = first[d] + at[d];

			i = i * (size_t)want->length[d] + (size_t)(x - want->start[d]);
			k = k * (size_t)have->length[d] + (size_t)(x - have->start[d]);
		}
		/* A row of the last dimension at once. */
		d = want->n - 1;
		memcpy(to + i * size, from + k * size, (d < 0 ? 1 : (size_t)n[d]) * size);
		copied += d < 0 ? 1 : (size_t)n[d];
		for (d--; d >= 0 && ++at[d] == n[d]; d--)
			at[d] = 0;
	} while (d >= 0);
	return copied;
}
