/* The skeleton of a protobuf model. */
#include "import/strip.h"

enum {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_32 = 5
};
enum {
	MESSAGES_MAX = 1 << 22
}; /* nodes, attributes and tensors; large models have some 10^5 */

struct strip {
	const struct im_kept *kept;
	size_t nkept;
	const char *what;
	const uint8_t *base;
	size_t messages;
	struct err *e;
};

static const struct im_kept *find(const struct strip *s, int in, uint32_t field)
{
	for (size_t i = 0; i < s->nkept; i++)
		if (s->kept[i].in == in && s->kept[i].field == field)
			return &s->kept[i];
	return NULL;
}

static bool varint(const uint8_t **p, const uint8_t *end, uint64_t *out)
{
	*out = 0;
	for (int shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t c = *(*p)++;

		*out |= (uint64_t)(c & 127) << shift;
		if (!(c & 128))
			return true;
	}
	return false;
}

void im_put_varint(struct str *s, uint64_t v)
{
	uint8_t b[10];
	size_t n = 0;

	do {
		b[n] = v & 127;
		v >>= 7;
		b[n++] |= v ? 128 : 0;
	} while (v);
	str_add(s, b, n);
}

/* Length of the field's payload after the tag; for WIRE_BYTES, p moves behind the length. */
static bool payload(int wire, const uint8_t **p, const uint8_t *end, size_t *n)
{
	const uint8_t *q = *p;
	uint64_t v;

	switch (wire) {
	case WIRE_VARINT:
		if (!varint(&q, end, &v))
			return false;
		*n = (size_t)(q - *p);
		return true;
	case WIRE_64:
		*n = 8;
		break;
	case WIRE_32:
		*n = 4;
		break;
	case WIRE_BYTES:
		if (!varint(p, end, &v))
			return false;
		*n = (size_t)v;
		if (v > (uint64_t)(end - *p))
			return false;
		break;
	default:
		return false;
	}
	return *n <= (size_t)(end - *p);
}

static int walk(struct strip *s, int level, const uint8_t *p, const uint8_t *end, struct str *out);

static int field(struct strip *s, const struct im_kept *k, uint64_t tag, const uint8_t *p, size_t n,
		 struct str *out)
{
	const int wire = (int)(tag & 7);
	struct str inner = { 0 };
	struct im_ref ref;
	int r = 0;

	im_put_varint(out, tag);
	if (wire != WIRE_BYTES) {
		str_add(out, p, n);
		return 0;
	}
	if (k->inside == STRIP_REF) {
		ref = (struct im_ref){ (uint64_t)(p - s->base), n };
		im_put_varint(out, sizeof ref);
		str_add(out, &ref, sizeof ref);
		return 0;
	}
	if (k->inside == STRIP_VERBATIM) {
		im_put_varint(out, n);
		str_add(out, p, n);
		return 0;
	}
	if (++s->messages > MESSAGES_MAX)
		return err_set(s->e, "the model has more than %d nodes, attributes and tensors",
			       MESSAGES_MAX);
	r = walk(s, k->inside, p, p + n, &inner);
	im_put_varint(out, inner.len);
	str_add(out, inner.p ? inner.p : "", inner.len);
	str_release(&inner);
	return r;
}

static int walk(struct strip *s, int level, const uint8_t *p, const uint8_t *end, struct str *out)
{
	while (p < end) {
		const struct im_kept *k;
		uint64_t tag;
		size_t n;

		if (!varint(&p, end, &tag) || tag >> 3 == 0 || tag >> 3 > 1 << 29 ||
		    !payload((int)(tag & 7), &p, end, &n))
			return err_set(s->e, "not %s, or truncated, at byte %zu", s->what,
				       (size_t)(p - s->base));
		k = find(s, level, (uint32_t)(tag >> 3));
		if (k && field(s, k, tag, p, n, out) < 0)
			return -1;
		p += n;
	}
	return 0;
}

int im_strip(const struct im_kept *kept, size_t nkept, const char *what, const uint8_t *p, size_t n,
	     struct str *out, struct err *e)
{
	struct strip s = { .kept = kept, .nkept = nkept, .what = what, .base = p, .e = e };

	if (walk(&s, 0, p, p + n, out) < 0)
		return -1;
	if (out->len >= INT32_MAX)
		return err_set(e, "the model's structure without weights exceeds 2 GB");
	return 0;
}
