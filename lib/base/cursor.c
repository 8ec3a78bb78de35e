#include "base/cursor.h"
#include <string.h>

struct cursor cur_make(const void *data, size_t n, struct err *e)
{
	const uint8_t *p = data;

	return (struct cursor){ .p = p, .end = n ? p + n : p, .e = e };
}

size_t cur_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

const void *cur_bytes(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->failed || n > cur_left(c)) {
		c->failed = true;
		c->p = c->end;
		err_set(c->e, "truncated");
		return NULL;
	}
	if (n)
		c->p += n;
	return p;
}

static uint64_t little(struct cursor *c, size_t n)
{
	const uint8_t *p = cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = n; p && i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static uint64_t big(struct cursor *c, size_t n)
{
	const uint8_t *p = cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t cur_u8(struct cursor *c)
{
	return (uint8_t)little(c, 1);
}

uint16_t cur_u16le(struct cursor *c)
{
	return (uint16_t)little(c, 2);
}

uint32_t cur_u32le(struct cursor *c)
{
	return (uint32_t)little(c, 4);
}

uint64_t cur_u64le(struct cursor *c)
{
	return little(c, 8);
}

uint32_t cur_u32be(struct cursor *c)
{
	return (uint32_t)big(c, 4);
}

uint64_t cur_u64be(struct cursor *c)
{
	return big(c, 8);
}

int32_t cur_i32le(struct cursor *c)
{
	uint32_t u = cur_u32le(c);
	int32_t v;

	memcpy(&v, &u, sizeof v);
	return v;
}

float cur_f32le(struct cursor *c)
{
	uint32_t u = cur_u32le(c);
	float v;

	memcpy(&v, &u, sizeof v);
	return v;
}
