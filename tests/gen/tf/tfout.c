/* A TensorFlow model in the making. */
#include "tfout.h"
#include "../onnx/onnxw.h"
#include "base/outfile.h"
#include "tfgraph.h"
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = 24
};

void tfo_stop(const char *what, const char *word)
{
	fprintf(stderr, "onnx2tf: %s '%s'\n", what, word);
	exit(1);
}

/* A weight. */
void tfo_weight(struct tfout *t, const char *name, const int64_t *dim, size_t rank, const float *v)
{
	size_t n = 1;

	if (!t->text) {
		tfg_floats(&t->graph, name, dim, rank, v);
		return;
	}
	fprintf(t->text, "%s %s float32 ", rank ? "var" : "const", name);
	for (size_t i = 0; i < rank; i++)
		fprintf(t->text, "%s%d", i ? "," : "", (int)dim[i]);
	for (size_t i = 0; i < rank; i++)
		n *= (size_t)dim[i];
	fputs(rank ? "" : "-", t->text);
	for (size_t i = 0; i < n; i++)
		fprintf(t->text, " %.9g", (double)v[i]);
	fputc('\n', t->text);
}

/* The same statement for mksaved: the name comes first, lists of integers are "is". */
static void say(struct tfout *t, char **w, size_t n)
{
	if (strcmp(w[0], "node") == 0)
		fprintf(t->text, "node %s %s", w[2], w[1]);
	else
		fprintf(t->text, "%s %s %s", w[0], w[1],
			strcmp(w[2], "f32") == 0 ? "float32" : "int32");
	for (size_t i = 3; i < n; i++) {
		char *list = strstr(w[i], "=l:");

		if (list)
			fprintf(t->text, " %.*s=is:%s", (int)(list - w[i]), w[i], list + 3);
		else if (!strstr(w[i], "=t:")) /* mksaved adds types */
			fprintf(t->text, " %s", w[i]);
	}
	fputc('\n', t->text);
}

void tfo_statement(struct tfout *t, char *line)
{
	char *w[WORDS];
	const size_t n = onnxw_split(line, ' ', w, WORDS);

	if (t->text)
		say(t, w, n);
	else if (!tfg_node(&t->graph, 1, w, n))
		tfo_stop("statement", line);
}

/* A statement in words; the node's name is the last made. */
const char *tfo_node(struct tfout *t, const char *op, const char *ins, const char *attrs)
{
	const char *name = arena_printf(&t->arena, "net/%zu/%s", ++t->nmade, op);

	tfo_statement(t, arena_printf(&t->arena, "node %s %s %s %s", op, name, ins, attrs));
	t->last = name;
	return name;
}

const char *tfo_ints(struct tfout *t, const char *values)
{
	const char *name = arena_printf(&t->arena, "net/%zu/ints", ++t->nmade);

	tfo_statement(t, arena_printf(&t->arena, "const %s i32 %s", name, values));
	return name;
}

const char *tfo_scalar(struct tfout *t, float v)
{
	const char *name = arena_printf(&t->arena, "net/%zu/number", ++t->nmade);

	tfo_weight(t, name, NULL, 0, &v);
	return name;
}

void tfo_write(struct tfout *t, const char *path)
{
	struct err e = { 0 };

	if (t->text) {
		fprintf(t->text, "output %s\n", t->last);
		if (fclose(t->text) != 0)
			tfo_stop("cannot write", path);
	} else if (outfile_put(path, OUT_BINARY, t->graph.p, t->graph.len, &e) < 0) {
		die(&e);
	}
	str_release(&t->graph);
}
