/* Protobuf messages, tensors and nodes. */
#include "tfw.h"
#include "base/num.h"
#include <math.h>
#include <stdlib.h>

/* ---- protobuf ---- */
void pb_varint(struct str *s, uint64_t v)
{
	while (v > 127) {
		const uint8_t b = (uint8_t)(v | 128);

		str_add(s, &b, 1);
		v >>= 7;
	}
	str_add(s, &(uint8_t){ (uint8_t)v }, 1);
}

void pb_int(struct str *s, int field, int64_t v)
{
	pb_varint(s, (uint64_t)field << 3);
	pb_varint(s, (uint64_t)v);
}

void pb_fixed32(struct str *s, int field, uint32_t v)
{
	pb_varint(s, (uint64_t)field << 3 | 5);
	str_add(s, &v, 4);
}

void pb_float(struct str *s, int field, float v)
{
	uint32_t bits;

	memcpy(&bits, &v, 4);
	pb_fixed32(s, field, bits);
}

void pb_bytes(struct str *s, int field, const void *p, size_t n)
{
	pb_varint(s, (uint64_t)field << 3 | 2);
	pb_varint(s, n);
	str_add(s, p, n);
}

void pb_text(struct str *s, int field, const char *text)
{
	pb_bytes(s, field, text, strlen(text));
}

void pb_put(struct str *s, int field, struct str *m)
{
	pb_bytes(s, field, m->p ? m->p : "", m->len);
	str_release(m);
	*m = (struct str){ 0 };
}

/* ---- types and tensors ---- */
static const struct tfw_type types[] = {
	/* clang-format off */
	{ "float32", 1, 4 }, { "float64", 2, 8 }, { "int32", 3, 4 },  { "uint8", 4, 1 },   { "int16", 5, 2 },
	{ "int8", 6, 1 },    { "string", 7, 0 },  { "int64", 9, 8 },  { "bool", 10, 1 },   { "bfloat16", 14, 2 },
	{ "float16", 19, 2 }, { "resource", 20, 0 }, { "complex64", 8, 8 },
	/* clang-format on */
};

const struct tfw_type *tfw_type(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

size_t tfw_count(const struct tfw_tensor *t)
{
	size_t n = 1;

	for (int i = 0; i < t->rank; i++)
		n *= (size_t)t->dim[i];
	return n;
}

static double value(const struct tfw_tensor *t, size_t i)
{
	const char *s = t->word[i < t->n ? i : t->n - 1];
	double from, step;

	if (strncmp(s, "step:", 5) != 0)
		return strtod(s, NULL);
	from = strtod(s + 5, NULL);
	step = strtod(strchr(s + 5, ':') + 1, NULL);
	return from + step * (double)(i - (i < t->n ? i : t->n - 1));
}

/* The nearest half, of numbers that are halves or near. */
static uint16_t half(float f)
{
	int e;
	const float m = frexpf(fabsf(f), &e); /* 0.5 <= m < 1 */
	const uint16_t sign = f < 0 ? 0x8000 : 0;

	if (f == 0 || e < -13)
		return (uint16_t)(sign | (uint16_t)lrintf(ldexpf(fabsf(f), 24)));
	return (uint16_t)(sign + ((e + 14) << 10) + (uint16_t)lrintf((m * 2 - 1) * 1024));
}

static uint64_t bits_of(const struct tfw_type *t, double v)
{
	const float f = (float)v;
	uint64_t d;
	uint32_t w;

	memcpy(&d, &v, 8);
	memcpy(&w, &f, 4);
	return t->number == 1    ? w
	       : t->number == 2  ? d
	       : t->number == 14 ? w >> 16
	       : t->number == 19 ? half(f)
				 : (uint64_t)(int64_t)v;
}

void tfw_elements(struct str *s, const struct tfw_tensor *t)
{
	for (size_t i = 0; i < tfw_count(t); i++) {
		const uint64_t b = bits_of(t->type, value(t, i));

		str_add(s, &b, t->type->size);
	}
}

void tfw_shape(struct str *s, int rank, const int64_t *dim)
{
	for (int i = 0; i < rank; i++) {
		struct str d = { 0 };

		pb_int(&d, 1, dim[i]);
		pb_put(s, 2, &d);
	}
}

void tfw_tensor(struct str *s, const struct tfw_tensor *t, int typed)
{
	/* The field of typed values, by the type's number. */
	static const int field[20] = { [1] = 5, [2] = 6,  [3] = 7,   [4] = 7,   [5] = 7,
				       [6] = 7, [9] = 10, [10] = 11, [14] = 13, [19] = 13 };
	struct str m = { 0 };

	pb_int(s, 1, t->type->number);
	tfw_shape(&m, t->rank, t->dim);
	pb_put(s, 2, &m);
	if (!t->type->size) {
		for (size_t i = 0; i < t->n; i++)
			pb_text(s, 8, t->word[i]);
		return;
	}
	if (!typed) {
		tfw_elements(&m, t);
		pb_put(s, 4, &m);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		const uint64_t b = bits_of(t->type, value(t, i));

		if (t->type->number == 1 || t->type->number == 2)
			str_add(&m, &b, t->type->size);
		else
			pb_varint(&m, b);
	}
	pb_put(s, field[t->type->number], &m);
}

/* ---- nodes ---- */
void tfw_attr(struct str *node, const char *key, struct str *v)
{
	struct str m = { 0 };

	pb_text(&m, 1, key);
	pb_put(&m, 2, v);
	pb_put(node, 5, &m);
}

void tfw_attr_type(struct str *node, const char *key, int number)
{
	struct str v = { 0 };

	pb_int(&v, 6, number);
	tfw_attr(node, key, &v);
}

void tfw_attr_text(struct str *node, const char *key, const char *text)
{
	struct str v = { 0 };

	pb_text(&v, 2, text);
	tfw_attr(node, key, &v);
}

void tfw_attr_shape(struct str *node, const char *key, int rank, const int64_t *dim)
{
	struct str v = { 0 }, m = { 0 };

	tfw_shape(&m, rank, dim);
	pb_put(&v, 7, &m);
	tfw_attr(node, key, &v);
}

void tfw_attr_function(struct str *node, const char *key, const char *name)
{
	struct str v = { 0 }, m = { 0 };

	pb_text(&m, 1, name);
	pb_put(&v, 10, &m);
	tfw_attr(node, key, &v);
}

void tfw_node(struct str *node, const char *name, const char *op, const char *inputs)
{
	pb_text(node, 1, name);
	pb_text(node, 2, op);
	for (const char *s = strcmp(inputs, "-") == 0 ? "" : inputs; *s;) {
		const size_t n = strcspn(s, ",");

		pb_bytes(node, 3, s, n);
		s += n + (s[n] == ',');
	}
}

void tfw_const(struct str *graph, int field, const char *name, const struct tfw_tensor *t,
	       int typed)
{
	struct str node = { 0 }, v = { 0 }, m = { 0 };

	tfw_node(&node, name, "Const", "-");
	tfw_tensor(&m, t, typed);
	pb_put(&v, 8, &m);
	tfw_attr(&node, "value", &v);
	tfw_attr_type(&node, "dtype", t->type->number);
	pb_put(graph, field, &node);
}

void tfw_const_texts(struct str *graph, int field, const char *name, const char *const *text,
		     size_t n)
{
	struct tfw_tensor t = {
		.type = tfw_type("string"), .rank = 1, .dim = { (int64_t)n }, .n = n
	};

	t.word = xcalloc(n + 1, sizeof *t.word);
	for (size_t i = 0; i < n; i++)
		t.word[i] = xstrdup(text[i]);
	tfw_const(graph, field, name, &t, 1);
	for (size_t i = 0; i < n; i++)
		free(t.word[i]);
	free(t.word);
}
