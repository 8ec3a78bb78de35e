/* Writing TensorFlow's GraphDefs from words. */
#include "tfgraph.h"
#include "../onnx/onnxw.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RANK = 16,
	PACKED_FLOATS = 5,
	PACKED_DOUBLES = 6,
	INTS = 7,
	STRINGS = 8,
	INT64S = 10,
	BOOLS = 11,
	HALFS = 13
};

/* Types: their numbers, bytes of an element, and the field of single values. */
static const struct type {
	const char *word;
	int number, bytes, field;
} types[] = {
	{ "f32", 1, 4, PACKED_FLOATS }, { "f64", 2, 8, PACKED_DOUBLES }, { "i32", 3, 4, INTS },
	{ "u8", 4, 1, INTS },           { "str", 7, 0, STRINGS },        { "i64", 9, 8, INT64S },
	{ "bool", 10, 1, BOOLS },       { "bf16", 14, 2, HALFS },        { "f16", 19, 2, HALFS },
};

static void fail(const char *what, const char *word)
{
	fprintf(stderr, "mktf: %s '%s'\n", what, word);
	exit(1);
}

static const struct type *find(int number)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].number == number)
			return &types[i];
	fail("type", "");
	return NULL;
}

int tfg_type(const char *word)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].number;
	fail("unknown type", word);
	return 0;
}

size_t tfg_shape(const char *text, int64_t *dim, size_t max)
{
	char *copy = xstrdup(text), *part[RANK];
	size_t n;

	if (strcmp(text, "0d") == 0)
		copy[0] = '\0';
	n = onnxw_split(copy, ',', part, RANK);
	if (n > max)
		fail("shape", text);
	for (size_t i = 0; i < n; i++)
		dim[i] = onnxw_integer(part[i]);
	free(copy);
	return n;
}

/* Numbers in [-1, 1), by a multiplicative hash of their place. */
static double made(uint32_t i, uint32_t seed)
{
	uint32_t h = (i + 1) * 2654435761u + seed * 40503u;

	h ^= h >> 15;
	h *= 2246822519u;
	h ^= h >> 13;
	return (double)(h >> 8) / 8388608.0 - 1;
}

double *tfg_values(char *const *w, size_t nw, size_t n)
{
	double *v = xcalloc(n + 1, sizeof *v);

	if (nw == 0)
		fail("no values", "");
	if (w[0][0] == '~') {
		char *copy = xstrdup(w[0] + 1), *part[2];

		if (onnxw_split(copy, ':', part, 2) != 2)
			fail("seed and scale", w[0]);
		for (size_t i = 0; i < n; i++)
			v[i] = (float)(made((uint32_t)i, (uint32_t)onnxw_integer(part[0])) *
				       onnxw_number(part[1]));
		free(copy);
		return v;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = onnxw_number(w[i % nw]);
	return v;
}

/* Half precision of what it can hold exactly or nearly: the fraction is cut. */
static uint16_t half(double d)
{
	const float f = (float)d;
	uint32_t u;
	int e;

	memcpy(&u, &f, sizeof u);
	e = (int)(u >> 23 & 255) - 127 + 15;
	if (e <= 0)
		return (uint16_t)(u >> 16 & 0x8000);
	return (uint16_t)((u >> 16 & 0x8000) | (uint32_t)e << 10 | (u >> 13 & 0x3ff));
}

/* One value in the machine's order, which is little-endian. */
static void put_raw(struct str *s, const struct type *t, double v)
{
	const float f = (float)v;
	const int64_t i = (int64_t)v;
	uint16_t h;
	uint32_t u;

	if (t->field == PACKED_FLOATS) {
		str_add(s, &f, sizeof f);
	} else if (t->field == PACKED_DOUBLES) {
		str_add(s, &v, sizeof v);
	} else if (t->field == HALFS) {
		memcpy(&u, &f, sizeof u);
		h = t->number == 14 ? (uint16_t)(u >> 16) : half(v);
		str_add(s, &h, sizeof h);
	} else {
		str_add(s, &i, (size_t)t->bytes);
	}
}

/* A TensorShapeProto. */
static void put_shape(struct str *out, int field, const int64_t *dim, size_t rank)
{
	struct str shape = { 0 };

	for (size_t i = 0; i < rank; i++) {
		struct str d = { 0 };

		onnxw_int(&d, 1, dim[i]);
		onnxw_message(&shape, 2, &d);
	}
	onnxw_message(out, field, &shape);
}

static void put_values(struct str *t, const struct type *type, const double *v, size_t n)
{
	struct str s = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (type->field == PACKED_FLOATS || type->field == PACKED_DOUBLES) {
			put_raw(&s, type, v[i]);
		} else if (type->field == HALFS) {
			struct str two = { 0 };
			uint16_t h;

			put_raw(&two, type, v[i]);
			memcpy(&h, two.p, sizeof h);
			str_release(&two);
			onnxw_varint(&s, h);
		} else {
			onnxw_varint(&s, (uint64_t)(int64_t)v[i]);
		}
	}
	onnxw_message(t, type->field, &s);
}

void tfg_tensor(struct str *out, int number, const int64_t *dim, size_t rank, char *const *w,
		size_t nw)
{
	const struct type *type = find(number);
	const bool packed = nw && strcmp(w[0], "packed") == 0;
	struct str s = { 0 };
	size_t n = 1;
	double *v;

	onnxw_int(out, 1, number);
	put_shape(out, 2, dim, rank);
	for (size_t i = 0; i < rank; i++)
		n *= (size_t)dim[i];
	if (type->field == STRINGS) {
		for (size_t i = 0; i < nw; i++)
			onnxw_text(out, STRINGS, w[i]);
		return;
	}
	if (n == 0)
		return;
	v = tfg_values(w + packed, nw - packed, n);
	if (packed || n > nw || w[0][0] == '~') {
		/* One value stands for all: TensorFlow writes it so. */
		const bool one = !packed && nw == 1 && w[0][0] != '~';

		if (one) {
			put_values(out, type, v, 1);
		} else {
			for (size_t i = 0; i < n; i++)
				put_raw(&s, type, v[i]);
			onnxw_message(out, 4, &s);
		}
	} else {
		put_values(out, type, v, n);
	}
	free(v);
}

static void put_list(struct str *value, const char *text)
{
	int64_t dim[RANK];
	const size_t n = tfg_shape(text, dim, RANK);
	struct str list = { 0 }, s = { 0 };

	for (size_t i = 0; i < n; i++)
		onnxw_varint(&s, (uint64_t)dim[i]);
	onnxw_message(&list, 3, &s);
	onnxw_message(value, 1, &list);
}

void tfg_attr(struct str *out, int field, const char *text)
{
	const char *equal = strchr(text, '=');
	const char *v = equal ? equal + 3 : "";
	struct str value = { 0 }, entry = { 0 };
	int64_t dim[RANK];
	float f;

	if (!equal || equal[1] == '\0' || equal[2] != ':')
		fail("attribute", text);
	switch (equal[1]) {
	case 's':
		onnxw_text(&value, 2, v);
		break;
	case 'i':
		onnxw_int(&value, 3, onnxw_integer(v));
		break;
	case 'f':
		f = (float)onnxw_number(v);
		onnxw_varint(&value, 4 << 3 | 5);
		str_add(&value, &f, sizeof f);
		break;
	case 'b':
		onnxw_int(&value, 5, onnxw_integer(v));
		break;
	case 't':
		onnxw_int(&value, 6, tfg_type(v));
		break;
	case 'h':
		put_shape(&value, 7, dim, tfg_shape(v, dim, RANK));
		break;
	case 'l':
		put_list(&value, v);
		break;
	default:
		fail("attribute", text);
	}
	onnxw_bytes(&entry, 1, text, (size_t)(equal - text));
	onnxw_message(&entry, 2, &value);
	onnxw_message(out, field, &entry);
}

static void put_const(struct str *node, char **w, size_t n)
{
	struct str tensor = { 0 }, value = { 0 }, entry = { 0 };
	int64_t dim[RANK];
	const size_t rank = tfg_shape(w[3], dim, RANK);
	char type[16];

	tfg_tensor(&tensor, tfg_type(w[2]), dim, rank, w + 4, n - 4);
	onnxw_message(&value, 8, &tensor);
	onnxw_text(&entry, 1, "value");
	onnxw_message(&entry, 2, &value);
	onnxw_message(node, 5, &entry);
	snprintf(type, sizeof type, "dtype=t:%s", w[2]);
	tfg_attr(node, 5, type);
}

static void put_input(struct str *node, char **w)
{
	char text[64];

	snprintf(text, sizeof text, "dtype=t:%s", w[2]);
	tfg_attr(node, 5, text);
	if (strcmp(w[3], "-") == 0)
		return;
	snprintf(text, sizeof text, "shape=h:%s", w[3]);
	tfg_attr(node, 5, text);
}

void tfg_floats(struct str *graph, const char *name, const int64_t *dim, size_t rank,
		const float *v)
{
	struct str node = { 0 }, tensor = { 0 }, value = { 0 }, entry = { 0 };
	size_t n = 1;

	for (size_t i = 0; i < rank; i++)
		n *= (size_t)dim[i];
	onnxw_text(&node, 1, name);
	onnxw_text(&node, 2, "Const");
	onnxw_int(&tensor, 1, tfg_type("f32"));
	put_shape(&tensor, 2, dim, rank);
	onnxw_bytes(&tensor, 4, v, n * sizeof *v);
	onnxw_message(&value, 8, &tensor);
	onnxw_text(&entry, 1, "value");
	onnxw_message(&entry, 2, &value);
	onnxw_message(&node, 5, &entry);
	tfg_attr(&node, 5, "dtype=t:f32");
	onnxw_message(graph, 1, &node);
}

bool tfg_node(struct str *out, int field, char **w, size_t n)
{
	struct str node = { 0 };
	char *in[ONNXW_WORDS];
	size_t nin = 0;

	if (n >= 4 && strcmp(w[0], "input") == 0) {
		onnxw_text(&node, 1, w[1]);
		onnxw_text(&node, 2, "Placeholder");
		put_input(&node, w);
	} else if (n >= 4 && strcmp(w[0], "const") == 0) {
		onnxw_text(&node, 1, w[1]);
		onnxw_text(&node, 2, "Const");
		put_const(&node, w, n);
	} else if (n >= 4 && strcmp(w[0], "node") == 0) {
		onnxw_text(&node, 1, w[2]);
		onnxw_text(&node, 2, w[1]);
		if (strcmp(w[3], "-") != 0)
			nin = onnxw_split(w[3], ',', in, ONNXW_WORDS);
		for (size_t i = 0; i < nin; i++)
			onnxw_text(&node, 3, in[i]);
		for (size_t i = 4; i < n; i++)
			tfg_attr(&node, 5, w[i]);
	} else {
		return false;
	}
	onnxw_message(out, field, &node);
	return true;
}
