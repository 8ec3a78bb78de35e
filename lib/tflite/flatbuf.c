/* FlatBuffers: positions are checked here and nowhere else. */
#include "tflite/flatbuf.h"
#include "base/cursor.h"
#include <string.h>

enum {
	SHARING = 4, /* how often a part may be looked at, on average */
	SMALL = 4096
};

struct fb fb_make(const void *p, size_t n, struct err *e)
{
	return (struct fb){ .p = p, .n = n, .left = n * SHARING + SMALL, .e = e };
}

bool fb_is(const void *p, size_t n, const char id[4])
{
	return n >= 8 && memcmp((const uint8_t *)p + 4, id, 4) == 0;
}

/* A cursor at a position of the file; past the end it has no bytes. */
static struct cursor cursor(const struct fb *f, size_t at)
{
	return cur_make(f->p + (at < f->n ? at : f->n), at < f->n ? f->n - at : 0, f->e);
}

static bool spend(struct fb *f, size_t n)
{
	if (n > f->left) {
		err_set(f->e, "damaged: its parts overlap");
		return false;
	}
	f->left -= n;
	return !err_is(f->e);
}

/* The position that an offset at `at` leads to; 0 with the error set when it leads nowhere. */
static size_t follow(const struct fb *f, size_t at)
{
	struct cursor c = cursor(f, at);
	const uint32_t by = cur_u32le(&c);

	if (c.failed)
		return 0;
	if (by == 0 || by > f->n - at) {
		err_set(f->e, "damaged: an offset leads outside of the file");
		return 0;
	}
	return at + by;
}

static struct fb_table table_at(struct fb *f, size_t at)
{
	struct fb_table t = { .f = f }, none = t;
	struct cursor c = cursor(f, at);
	const int32_t back = cur_i32le(&c);
	const int64_t v = (int64_t)at - back;

	if (c.failed)
		return none;
	if (v < 0 || v >= (int64_t)f->n) {
		err_set(f->e, "damaged: a table's list of fields is outside of the file");
		return none;
	}
	c = cursor(f, (size_t)v);
	t.vtable = (size_t)v + 4;
	t.nfield = cur_u16le(&c) / 2u;
	t.size = cur_u16le(&c);
	t.at = at;
	if (!c.failed &&
	    (t.nfield < 2 || t.size < 4 || t.nfield * 2 > f->n - (size_t)v || t.size > f->n - at))
		err_set(f->e, "damaged: a table does not fit into the file");
	if (err_is(f->e) || !spend(f, t.size))
		return none;
	t.nfield -= 2;
	return t;
}

struct fb_table fb_root(struct fb *f)
{
	const size_t at = follow(f, 0);

	return at ? table_at(f, at) : (struct fb_table){ .f = f };
}

size_t fb_place(const struct fb_table *t, unsigned field, size_t size)
{
	struct cursor c;
	size_t by;

	if (!t->at || err_is(t->f->e) || field >= t->nfield)
		return 0;
	c = cursor(t->f, t->vtable + 2u * field);
	by = cur_u16le(&c);
	if (by == 0)
		return 0;
	if (by < 4 || by > t->size || size > t->size - by) {
		err_set(t->f->e, "damaged: a field is outside of its table");
		return 0;
	}
	return t->at + by;
}

bool fb_has(const struct fb_table *t, unsigned field)
{
	return fb_place(t, field, 1) != 0;
}

int64_t fb_u8(const struct fb_table *t, unsigned field, int64_t dflt)
{
	const size_t at = fb_place(t, field, 1);

	return at ? t->f->p[at] : dflt;
}

int64_t fb_i8(const struct fb_table *t, unsigned field, int64_t dflt)
{
	const size_t at = fb_place(t, field, 1);

	return at ? (int8_t)t->f->p[at] : dflt;
}

int64_t fb_i32(const struct fb_table *t, unsigned field, int64_t dflt)
{
	const size_t at = fb_place(t, field, 4);
	struct cursor c = cursor(t->f, at);

	return at ? cur_i32le(&c) : dflt;
}

int64_t fb_u32(const struct fb_table *t, unsigned field, int64_t dflt)
{
	const size_t at = fb_place(t, field, 4);
	struct cursor c = cursor(t->f, at);

	return at ? (int64_t)cur_u32le(&c) : dflt;
}

uint64_t fb_u64(const struct fb_table *t, unsigned field, uint64_t dflt)
{
	const size_t at = fb_place(t, field, 8);
	struct cursor c = cursor(t->f, at);

	return at ? cur_u64le(&c) : dflt;
}

float fb_f32(const struct fb_table *t, unsigned field, float dflt)
{
	const size_t at = fb_place(t, field, 4);
	struct cursor c = cursor(t->f, at);

	return at ? cur_f32le(&c) : dflt;
}

struct fb_table fb_table(const struct fb_table *t, unsigned field)
{
	size_t at = fb_place(t, field, 4);

	if (at)
		at = follow(t->f, at);
	return at ? table_at(t->f, at) : (struct fb_table){ .f = t->f };
}

struct fb_vector fb_vector(const struct fb_table *t, unsigned field, size_t size)
{
	struct fb_vector v = { .f = t->f }, none = v;
	size_t at = fb_place(t, field, 4);
	struct cursor c;

	if (at)
		at = follow(t->f, at);
	if (!at)
		return none;
	c = cursor(t->f, at);
	v.n = cur_u32le(&c);
	v.at = at + 4;
	v.there = true;
	if (!c.failed && v.n > cur_left(&c) / size)
		err_set(t->f->e, "damaged: a list of %zu does not fit into the file", v.n);
	/* What bytes hold is not read here. */
	if (err_is(t->f->e) || !spend(t->f, 4 + (size > 1 ? v.n * size : 0)))
		return none;
	return v;
}

const char *fb_string(const struct fb_table *t, unsigned field, size_t *n)
{
	const struct fb_vector v = fb_vector(t, field, 1);

	*n = v.n;
	if (!v.there || !spend(t->f, v.n))
		return NULL;
	return (const char *)t->f->p + v.at;
}

struct fb_table fb_table_at(const struct fb_vector *v, size_t i)
{
	const size_t at = err_is(v->f->e) ? 0 : follow(v->f, v->at + 4 * i);

	return at ? table_at(v->f, at) : (struct fb_table){ .f = v->f };
}

int32_t fb_i32_at(const struct fb_vector *v, size_t i)
{
	struct cursor c = cursor(v->f, v->at + 4 * i);

	return cur_i32le(&c);
}

const uint8_t *fb_bytes(const struct fb_vector *v)
{
	return v->f->p + v->at;
}
