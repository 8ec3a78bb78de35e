/*
 * mkonnx OUT.onnx < TEXT: small ONNX models for tests, one statement a line.
 *
 *	opset N                           default 13
 *	input NAME 1,3,8,8                a letter in place of a number is an open dimension
 *	output NAME
 *	value NAME 1,3,8,8                what the file says of a tensor inside
 *	init NAME DIMS VALUE...           float32, raw; values repeat; DIMS - is a scalar
 *	inits NAME DIMS VALUE...          float32 in the typed field; inith: float16 bits; initi:
 *int64, raw initx NAME DIMS FILE OFFSET LENGTH    float32 in an external file node OP NAME IN,IN
 *OUT,OUT KEY=VALUE...    - is an empty name; VALUE: 3, f:0.5, s:text, 1,2 (a list also with one
 *number: 3,) domain D                          of the node before
 */
#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include <math.h>

enum {
	WORDS = 64
};

static void put_varint(struct str *s, uint64_t v)
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

static void put_int(struct str *s, int field, int64_t v)
{
	put_varint(s, (uint64_t)field << 3);
	put_varint(s, (uint64_t)v);
}

static void put_bytes(struct str *s, int field, const void *p, size_t n)
{
	put_varint(s, (uint64_t)field << 3 | 2);
	put_varint(s, n);
	str_add(s, p, n);
}

static void put_text(struct str *s, int field, const char *text)
{
	put_bytes(s, field, text, strlen(text));
}

static void put_float(struct str *s, int field, float f)
{
	put_varint(s, (uint64_t)field << 3 | 5);
	str_add(s, &f, sizeof f);
}

/* A message into a field; the message is released. */
static void put_message(struct str *s, int field, struct str *m)
{
	put_bytes(s, field, m->p ? m->p : "", m->len);
	str_release(m);
	*m = (struct str){ 0 };
}

static double number(const char *text)
{
	struct err e = { 0 };
	double v;

	if (strcmp(text, "inf") == 0)
		return INFINITY;
	if (num_double(text, "number", &v, &e) < 0)
		die(&e);
	return v;
}

static int64_t integer(const char *text)
{
	struct err e = { 0 };
	int64_t v;

	if (num_int(text, "number", INT64_MIN, INT64_MAX, &v, &e) < 0)
		die(&e);
	return v;
}

/* Splits in place; empty parts count only between separators. */
static size_t split(char *text, char by, char **part, size_t max)
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

static void dims(struct str *s, char *text, size_t *count)
{
	char *part[WORDS];
	const size_t n = strcmp(text, "-") == 0 ? 0 : split(text, ',', part, WORDS);

	*count = 1;
	for (size_t i = 0; i < n; i++) {
		put_int(s, 1, integer(part[i]));
		*count *= (size_t)integer(part[i]);
	}
}

static void external(struct str *t, char **w)
{
	static const char *const keys[] = { "location", "offset", "length" };

	for (int i = 0; i < 3; i++) {
		struct str entry = { 0 };

		put_text(&entry, 1, keys[i]);
		put_text(&entry, 2, w[i]);
		put_message(t, 13, &entry);
	}
	put_int(t, 14, 1);
}

static void init(struct str *graph, char **w, size_t n)
{
	const char kind = w[0][4];
	struct str t = { 0 }, raw = { 0 };
	size_t count;

	dims(&t, w[2], &count);
	put_int(&t, 2, kind == 'i' ? 7 : kind == 'h' ? 10 : 1);
	put_text(&t, 8, w[1]);
	if (kind == 'x') {
		external(&t, w + 3);
	} else {
		/* Absurd shapes get no values. */
		for (size_t i = 0; n > 3 && count < 1 << 20 && i < count; i++) {
			const char *v = w[3 + i % (n - 3)];
			const float f = kind == 'i' ? 0 : (float)number(v);
			const int64_t k = kind == 'i' ? integer(v) : 0;

			if (kind == 'h')
				put_varint(&raw, (uint64_t)f);
			else
				str_add(&raw, kind == 'i' ? (const void *)&k : &f,
					kind == 'i' ? 8 : 4);
		}
		put_bytes(&t, kind == 's' ? 4 : kind == 'h' ? 5 : 9, raw.p ? raw.p : "", raw.len);
	}
	put_message(graph, 5, &t);
	str_release(&raw);
}

static void value_info(struct str *graph, int field, const char *name, char *shape)
{
	struct str info = { 0 }, type = { 0 }, tensor = { 0 }, list = { 0 };
	char *part[WORDS];
	const size_t n = shape ? split(shape, ',', part, WORDS) : 0;

	for (size_t i = 0; i < n; i++) {
		struct str d = { 0 };

		if (strspn(part[i], "-0123456789") == strlen(part[i]))
			put_int(&d, 1, integer(part[i]));
		else
			put_text(&d, 2, part[i]);
		put_message(&list, 1, &d);
	}
	put_int(&tensor, 1, 1);
	if (shape)
		put_message(&tensor, 2, &list);
	put_message(&type, 1, &tensor);
	put_text(&info, 1, name);
	put_message(&info, 2, &type);
	put_message(graph, field, &info);
}

static void attribute(struct str *node, char *text)
{
	char *value = strchr(text, '=');
	struct str a = { 0 };
	char *part[WORDS];

	*value++ = '\0';
	put_text(&a, 1, text);
	if (strncmp(value, "f:", 2) == 0) {
		put_float(&a, 2, (float)number(value + 2));
		put_int(&a, 20, 1);
	} else if (strncmp(value, "s:", 2) == 0) {
		put_text(&a, 4, value + 2);
		put_int(&a, 20, 3);
	} else if (strchr(value, ',')) {
		const size_t n = split(value, ',', part, WORDS);

		for (size_t i = 0; i < n; i++)
			put_int(&a, 8, integer(part[i]));
		put_int(&a, 20, 7);
	} else {
		put_int(&a, 3, integer(value));
		put_int(&a, 20, 2);
	}
	put_message(node, 5, &a);
}

static void names(struct str *node, int field, char *list)
{
	char *part[WORDS];
	const size_t n = split(list, ',', part, WORDS);

	for (size_t i = 0; i < n; i++)
		put_text(node, field, strcmp(part[i], "-") == 0 ? "" : part[i]);
}

/* w: node OP NAME INS OUTS KEY=VALUE... */
static void node(struct str *out, char **w, size_t n)
{
	names(out, 1, w[3]);
	names(out, 2, w[4]);
	put_text(out, 3, strcmp(w[2], "-") == 0 ? "" : w[2]);
	put_text(out, 4, w[1]);
	for (size_t i = 5; i < n; i++)
		attribute(out, w[i]);
}

int main(int argc, char *argv[])
{
	struct str model = { 0 }, graph = { 0 }, set = { 0 }, last = { 0 };
	struct err e = { 0 };
	int64_t opset = 13;
	size_t n;
	char *text, *line, *next;

	if (argc != 2 || !(text = read_file("-", 1 << 24, &n, &e))) {
		fprintf(stderr, "usage: mkonnx OUT.onnx < TEXT\n");
		return 2;
	}
	text = xreallocarray(text, n + 1, 1);
	text[n] = '\0';
	for (line = text; line && *line; line = next) {
		char *w[WORDS];
		size_t words;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		words = split(line, ' ', w, WORDS);
		if (words == 0)
			continue;
		if (strcmp(w[0], "domain") == 0) {
			put_text(&last, 7, w[1]);
			continue;
		}
		if (last.len)
			put_message(&graph, 1, &last);
		if (strcmp(w[0], "opset") == 0)
			opset = integer(w[1]);
		else if (strcmp(w[0], "input") == 0)
			value_info(&graph, 11, w[1], words > 2 ? w[2] : NULL);
		else if (strcmp(w[0], "output") == 0)
			value_info(&graph, 12, w[1], NULL);
		else if (strcmp(w[0], "value") == 0)
			value_info(&graph, 13, w[1], words > 2 ? w[2] : NULL);
		else if (strncmp(w[0], "init", 4) == 0)
			init(&graph, w, words);
		else if (strcmp(w[0], "node") == 0)
			node(&last, w, words);
		else
			err_set(&e, "'%s' is no statement", w[0]);
		if (err_is(&e))
			die(&e);
	}
	if (last.len)
		put_message(&graph, 1, &last);
	put_text(&graph, 2, "test");
	put_int(&model, 1, 8);
	put_message(&model, 7, &graph);
	put_text(&set, 1, "");
	put_int(&set, 2, opset);
	put_message(&model, 8, &set);
	if (outfile_put(argv[1], OUT_BINARY, model.p, model.len, &e) < 0)
		die(&e);
	str_release(&model);
	free(text);
	return 0;
}
