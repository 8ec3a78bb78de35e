/*
 * mkonnx OUT.onnx < TEXT: small ONNX models for tests, one statement a line.
 *
 *	opset N                           default 13
 *	input NAME 1,3,8,8                a letter in place of a number is an open dimension
 *	output NAME
 *	value NAME 1,3,8,8                what the file says of a tensor inside
 *	init NAME DIMS VALUE...           float32, raw; values repeat; DIMS - is a scalar
 *	inits NAME DIMS VALUE...          float32 in the typed field
 *	inith NAME DIMS VALUE...          float16 bits
 *	initi NAME DIMS VALUE...          int64, raw
 *	initx NAME DIMS FILE OFFSET LENGTH  float32 in an external file
 *	node OP NAME IN,IN OUT,OUT KEY=VALUE...
 *	domain D                          of the node before
 *
 * In a node - is an empty name; VALUE: 3, f:0.5, s:text, 1,2 (a list also with one number: 3,),
 * l:text,text, F:0.5,1.
 */
#include "base/outfile.h"
#include "onnx/onnxw.h"

static void dims(struct str *s, char *text, size_t *count)
{
	char *part[ONNXW_WORDS];
	const size_t n = strcmp(text, "-") == 0 ? 0 : onnxw_split(text, ',', part, ONNXW_WORDS);

	*count = 1;
	for (size_t i = 0; i < n; i++) {
		onnxw_int(s, 1, onnxw_integer(part[i]));
		*count *= (size_t)onnxw_integer(part[i]);
	}
}

static void external(struct str *t, char **w)
{
	static const char *const keys[] = { "location", "offset", "length" };

	for (int i = 0; i < 3; i++) {
		struct str entry = { 0 };

		onnxw_text(&entry, 1, keys[i]);
		onnxw_text(&entry, 2, w[i]);
		onnxw_message(t, 13, &entry);
	}
	onnxw_int(t, 14, 1);
}

static void init(struct str *graph, char **w, size_t n)
{
	const char kind = w[0][4];
	struct str t = { 0 }, raw = { 0 };
	size_t count;

	dims(&t, w[2], &count);
	onnxw_int(&t, 2, kind == 'i' ? 7 : kind == 'h' ? 10 : 1);
	onnxw_text(&t, 8, w[1]);
	if (kind == 'x') {
		external(&t, w + 3);
	} else {
		/* Absurd shapes get no values. */
		for (size_t i = 0; n > 3 && count < 1 << 20 && i < count; i++) {
			const char *v = w[3 + i % (n - 3)];
			const float f = kind == 'i' ? 0 : (float)onnxw_number(v);
			const int64_t k = kind == 'i' ? onnxw_integer(v) : 0;

			if (kind == 'h')
				onnxw_varint(&raw, (uint64_t)f);
			else
				str_add(&raw, kind == 'i' ? (const void *)&k : &f,
					kind == 'i' ? 8 : 4);
		}
		onnxw_bytes(&t, kind == 's' ? 4 : kind == 'h' ? 5 : 9, raw.p ? raw.p : "", raw.len);
	}
	onnxw_message(graph, 5, &t);
	str_release(&raw);
}

int main(int argc, char *argv[])
{
	struct str graph = { 0 }, last = { 0 };
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
		char *w[ONNXW_WORDS];
		size_t words;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		words = onnxw_split(line, ' ', w, ONNXW_WORDS);
		if (words == 0)
			continue;
		if (strcmp(w[0], "domain") == 0) {
			onnxw_text(&last, 7, w[1]);
			continue;
		}
		if (last.len)
			onnxw_message(&graph, 1, &last);
		if (strcmp(w[0], "opset") == 0)
			opset = onnxw_integer(w[1]);
		else if (strcmp(w[0], "input") == 0)
			onnxw_value_info(&graph, 11, w[1], words > 2 ? w[2] : NULL);
		else if (strcmp(w[0], "output") == 0)
			onnxw_value_info(&graph, 12, w[1], NULL);
		else if (strcmp(w[0], "value") == 0)
			onnxw_value_info(&graph, 13, w[1], words > 2 ? w[2] : NULL);
		else if (strncmp(w[0], "init", 4) == 0)
			init(&graph, w, words);
		else if (strcmp(w[0], "node") == 0)
			onnxw_node(&last, w, words);
		else
			err_set(&e, "'%s' is no statement", w[0]);
		if (err_is(&e))
			die(&e);
	}
	if (last.len)
		onnxw_message(&graph, 1, &last);
	onnxw_model(&graph, opset, argv[1]);
	free(text);
	return 0;
}
