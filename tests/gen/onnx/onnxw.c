/* Writing ONNX files: protobuf fields, attributes and nodes from words. */
#include "onnxw.h"
#include "base/num.h"
#include "base/outfile.h"
#include <math.h>

void onnxw_varint(struct str *s, uint64_t v)
{
	char b[10];
	size_t n = 0;

	do {
		b[n] = (char)(v & 127);
		v >>= 7;
		b[n++] |= v ? (char)128 : 0;
	} while (v);
	str_add(s, b, n);
}

void onnxw_int(struct str *s, int field, int64_t v)
{
	onnxw_varint(s, (uint64_t)field << 3);
	onnxw_varint(s, (uint64_t)v);
}

void onnxw_bytes(struct str *s, int field, const void *p, size_t n)
{
	onnxw_varint(s, (uint64_t)field << 3 | 2);
	onnxw_varint(s, n);
	str_add(s, p, n);
}

void onnxw_text(struct str *s, int field, const char *text)
{
	onnxw_bytes(s, field, text, strlen(text));
}

static void put_float(struct str *s, int field, float f)
{
	onnxw_varint(s, (uint64_t)field << 3 | 5);
	str_add(s, &f, sizeof f);
}

/* A message into a field; the message is released. */
void onnxw_message(struct str *s, int field, struct str *m)
{
	onnxw_bytes(s, field, m->p ? m->p : "", m->len);
	str_release(m);
	*m = (struct str){ 0 };
}

double onnxw_number(const char *text)
{
	struct err e = { 0 };
	double v;

	if (strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0)
		return text[0] == '-' ? -INFINITY : INFINITY;
	if (num_double(text, "number", &v, &e) < 0)
		die(&e);
	return v;
}

int64_t onnxw_integer(const char *text)
{
	struct err e = { 0 };
	int64_t v;

	if (num_int(text, "number", INT64_MIN, INT64_MAX, &v, &e) < 0)
		die(&e);
	return v;
}

/* Splits in place; empty parts count only between separators. */
size_t onnxw_split(char *text, char by, char **part, size_t max)
{
	size_t n = 0;

	while (*text && n < max) {
		char *end = strchr(text, by);

		if (*text != by || by != ' ')
			part[n++] = text;
		if (!end)
			break;
		*end = '\0';
		text = end + 1;
	}
	return n;
}

void onnxw_value_info(struct str *graph, int field, const char *name, char *shape)
{
	struct str info = { 0 }, type = { 0 }, tensor = { 0 }, list = { 0 };
	char *part[ONNXW_WORDS];
	const size_t n = shape ? onnxw_split(shape, ',', part, ONNXW_WORDS) : 0;

	for (size_t i = 0; i < n; i++) {
		struct str d = { 0 };

		if (strspn(part[i], "-0123456789") == strlen(part[i]))
			onnxw_int(&d, 1, onnxw_integer(part[i]));
		else
			onnxw_text(&d, 2, part[i]);
		onnxw_message(&list, 1, &d);
	}
	onnxw_int(&tensor, 1, 1);
	if (shape)
		onnxw_message(&tensor, 2, &list);
	onnxw_message(&type, 1, &tensor);
	onnxw_text(&info, 1, name);
	onnxw_message(&info, 2, &type);
	onnxw_message(graph, field, &info);
}

static void attribute(struct str *node, char *text)
{
	char *value = strchr(text, '=');
	struct str a = { 0 };
	char *part[ONNXW_WORDS];

	*value++ = '\0';
	onnxw_text(&a, 1, text);
	if (strncmp(value, "f:", 2) == 0) {
		put_float(&a, 2, (float)onnxw_number(value + 2));
		onnxw_int(&a, 20, 1);
	} else if (strncmp(value, "s:", 2) == 0) {
		onnxw_text(&a, 4, value + 2);
		onnxw_int(&a, 20, 3);
	} else if (strncmp(value, "l:", 2) == 0) {
		const size_t n = onnxw_split(value + 2, ',', part, ONNXW_WORDS);

		for (size_t i = 0; i < n; i++)
			onnxw_text(&a, 9, part[i]);
		onnxw_int(&a, 20, 8);
	} else if (strncmp(value, "F:", 2) == 0) {
		const size_t n = onnxw_split(value + 2, ',', part, ONNXW_WORDS);

		for (size_t i = 0; i < n; i++)
			put_float(&a, 7, (float)onnxw_number(part[i]));
		onnxw_int(&a, 20, 6);
	} else if (strchr(value, ',')) {
		const size_t n = onnxw_split(value, ',', part, ONNXW_WORDS);

		for (size_t i = 0; i < n; i++)
			onnxw_int(&a, 8, onnxw_integer(part[i]));
		onnxw_int(&a, 20, 7);
	} else {
		onnxw_int(&a, 3, onnxw_integer(value));
		onnxw_int(&a, 20, 2);
	}
	onnxw_message(node, 5, &a);
}

static void names(struct str *node, int field, char *list)
{
	char *part[ONNXW_WORDS];
	const size_t n = onnxw_split(list, ',', part, ONNXW_WORDS);

	for (size_t i = 0; i < n; i++)
		onnxw_text(node, field, strcmp(part[i], "-") == 0 ? "" : part[i]);
}

void onnxw_node(struct str *out, char **w, size_t n)
{
	names(out, 1, w[3]);
	names(out, 2, w[4]);
	onnxw_text(out, 3, strcmp(w[2], "-") == 0 ? "" : w[2]);
	onnxw_text(out, 4, w[1]);
	for (size_t i = 5; i < n; i++)
		attribute(out, w[i]);
}

void onnxw_model(struct str *graph, int64_t opset, const char *path)
{
	struct str model = { 0 }, set = { 0 };
	struct err e = { 0 };

	onnxw_text(graph, 2, "test");
	onnxw_int(&model, 1, 8);
	onnxw_message(&model, 7, graph);
	onnxw_text(&set, 1, "");
	onnxw_int(&set, 2, opset);
	onnxw_message(&model, 8, &set);
	if (outfile_put(path, OUT_BINARY, model.p, model.len, &e) < 0)
		die(&e);
	str_release(&model);
}
