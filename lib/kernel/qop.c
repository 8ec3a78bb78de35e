#include "kernel/qop.h"
#include "kernel/qop_int.h"

#include <stddef.h>
#include <string.h>

static const struct qfield fields[] = {
#define S32(name, text) { #name, QF_S32, offsetof(struct qop, name), text },
#define F32(name, text) { #name, QF_F32, offsetof(struct qop, name), text },
#define V32(name, text) { #name, QF_V32, offsetof(struct qop, name), text },
#define VF(name, text)  { #name, QF_VF, offsetof(struct qop, name), text },
#define V16(name, text) { #name, QF_V16, offsetof(struct qop, name), text },
#define V8(name, text)  { #name, QF_V8, offsetof(struct qop, name), text },
#include "kernel/qop.def"
};
enum {
	NFIELDS = sizeof fields / sizeof *fields
};

const struct qfield *qop_fields(size_t *n)
{
	*n = NFIELDS;
	return fields;
}

/* Size of one element; scalars are stored in place, arrays as {pointer, count}. */
static size_t element_size(enum qfield_kind k)
{
	return k == QF_V8 ? 1 : k == QF_V16 ? 2 : 4;
}

static bool is_scalar(enum qfield_kind k)
{
	return k == QF_S32 || k == QF_F32;
}

/* All array fields have the layout of qarr_i8: a pointer, then the count. */
struct any_array {
	void *v;
	size_t n;
};

static struct any_array *array_of(struct qop *q, const struct qfield *f)
{
	return (struct any_array *)(void *)((char *)q + f->offset);
}

static const void *bytes_of(const struct qop *q, const struct qfield *f, size_t *n)
{
	const char *at = (const char *)q + f->offset;
	const struct any_array *a = (const void *)at;

	*n = is_scalar(f->kind) ? 1 : a->n;
	return is_scalar(f->kind) ? at : a->v;
}

void qop_release(struct qop *q)
{
	for (size_t i = 0; i < NFIELDS; i++)
		if (!is_scalar(fields[i].kind))
			free(array_of(q, &fields[i])->v);
	memset(q, 0, sizeof *q);
}

void qop_copy(struct qop *dst, const struct qop *src)
{
	*dst = *src;
	for (size_t i = 0; i < NFIELDS; i++) {
		struct any_array *a;
		size_t n;
		const void *from = bytes_of(src, &fields[i], &n);

		if (is_scalar(fields[i].kind))
			continue;
		a = array_of(dst, &fields[i]);
		a->v = n ? xreallocarray(NULL, n, element_size(fields[i].kind)) : NULL;
		if (n)
			memcpy(a->v, from, n * element_size(fields[i].kind));
	}
}

bool qop_equal(const struct qop *a, const struct qop *b)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		size_t na;
		size_t nb;
		const void *pa = bytes_of(a, &fields[i], &na);
		const void *pb = bytes_of(b, &fields[i], &nb);

		if (na != nb || (na && memcmp(pa, pb, na * element_size(fields[i].kind)) != 0))
			return false;
	}
	return true;
}

static enum dtype field_dtype(enum qfield_kind k)
{
	static const enum dtype of[] = { DT_I32, DT_F32, DT_I32, DT_F32, DT_I16, DT_I8 };

	return of[k];
}

/* Scalars that are zero and empty arrays are not stored. */
void qop_store(const struct qop *q, struct tensors *t, const char *layer_name)
{
	static const uint8_t zero[4];

	for (size_t i = 0; i < NFIELDS; i++) {
		const struct qfield *f = &fields[i];
		bool scalar = is_scalar(f->kind);
		size_t n;
		const void *from = bytes_of(q, f, &n);
		struct tensor x;

		if (!n || (scalar && i > 0 && memcmp(from, zero, 4) == 0))
			continue;
		x = tensor_new(field_dtype(f->kind), scalar ? 0 : 1,
			       (const int64_t[]){ (int64_t)n });
		memcpy(tensor_data(&x), from, n * element_size(f->kind));
		tensors_setf(t, x, "%s/%s:0", layer_name, f->name);
	}
}

static int load_field(struct qop *q, const struct qfield *f, const struct tensor *t, struct err *e)
{
	size_t n = tensor_count(t);
	size_t size = element_size(f->kind);
	struct any_array *a;

	if (t->dtype != field_dtype(f->kind) || (is_scalar(f->kind) && n != 1))
		return err_set(e, "field '%s' is %s%s, %s%s expected", f->name,
			       dtype_name(t->dtype), tensor_shape_text(t),
			       dtype_name(field_dtype(f->kind)),
			       is_scalar(f->kind) ? " scalar" : "");
	if (is_scalar(f->kind)) {
		memcpy((char *)q + f->offset, t->data, size);
		return 0;
	}
	a = array_of(q, f);
	a->v = n ? xreallocarray(NULL, n, size) : NULL;
	a->n = n;
	if (n)
		memcpy(a->v, t->data, n * size);
	return 0;
}

int qop_load(struct qop *q, const struct tensors *t, const char *layer_name, struct err *e)
{
	memset(q, 0, sizeof *q);
	if (!tensors_getf(t, "%s/type:0", layer_name))
		return err_set(e, "layer '%s' has no quantized record", quote(layer_name));
	for (size_t i = 0; i < NFIELDS; i++) {
		const struct tensor *x = tensors_getf(t, "%s/%s:0", layer_name, fields[i].name);

		if (x && load_field(q, &fields[i], x, e) < 0)
			goto fail;
	}
	if (qop_check(q, e) == 0)
		return 0;
fail:
	qop_release(q);
	return err_in(e, "layer '%s'", quote(layer_name));
}

bool qop_is_wide(const struct qop *q)
{
	bool wide = q->out_bits == 16 || q->w_bits == 16;

	for (size_t i = 0; i < q->in_bits.n; i++)
		wide = wide || q->in_bits.v[i] == 16;
	return wide;
}

int64_t qop_bias(const struct qop *q, size_t c)
{
	int64_t mant = q->bias_mode ? q->bias_mant.v[c] : 0;

	switch (q->bias_mode) {
	case QBIAS_DOUBLE_SCALE:
		return mant * ((int64_t)1 << q->bias_shift);
	case QBIAS_SINGLE_SCALE:
		return mant * q->bias_feed * q->bias_repeat;
	}
	return 0;
}
