/* The fields of a quantized record seen as arrays, whatever their type. */
#include "base/mem.h"
#include "isa/records.h"

bool isa_field_is_array(const struct qfield *f)
{
	return f->kind != QF_S32 && f->kind != QF_F32;
}

static void *at(struct qop *q, const struct qfield *f)
{
	return (char *)q + f->offset;
}

static const void *at_const(const struct qop *q, const struct qfield *f)
{
	return (const char *)q + f->offset;
}

struct isa_field isa_field_of(const struct qop *q, const struct qfield *f)
{
	struct qop *w = NULL; /* the data is only read through the result of a const record */
	const void *p = at_const(q, f);

	memcpy(&w, &q, sizeof w);
	switch (f->kind) {
	case QF_S32:
	case QF_F32:
		return (struct isa_field){ 4, 1, at(w, f) };
	case QF_V32: {
		const struct qarr_i32 *a = p;
		return (struct isa_field){ 4, a->n, a->v };
	}
	case QF_VF: {
		const struct qarr_f32 *a = p;
		return (struct isa_field){ 4, a->n, a->v };
	}
	case QF_V16: {
		const struct qarr_i16 *a = p;
		return (struct isa_field){ 2, a->n, a->v };
	}
	case QF_V8: {
		const struct qarr_i8 *a = p;
		return (struct isa_field){ 1, a->n, a->v };
	}
	}
	BUG("field '%s' has kind %d", f->name, (int)f->kind);
}

void *isa_field_alloc(struct qop *q, const struct qfield *f, size_t n)
{
	void *p = at(q, f);

	switch (f->kind) {
	case QF_S32:
	case QF_F32:
		return p;
	case QF_V32:
		*(struct qarr_i32 *)p = (struct qarr_i32){ xcalloc(n, 4), n };
		return ((struct qarr_i32 *)p)->v;
	case QF_VF:
		*(struct qarr_f32 *)p = (struct qarr_f32){ xcalloc(n, 4), n };
		return ((struct qarr_f32 *)p)->v;
	case QF_V16:
		*(struct qarr_i16 *)p = (struct qarr_i16){ xcalloc(n, 2), n };
		return ((struct qarr_i16 *)p)->v;
	case QF_V8:
		*(struct qarr_i8 *)p = (struct qarr_i8){ xcalloc(n, 1), n };
		return ((struct qarr_i8 *)p)->v;
	}
	BUG("field '%s' has kind %d", f->name, (int)f->kind);
}
