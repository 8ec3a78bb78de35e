/*
 * Writes frozen TensorFlow graphs from text, for tests.
 *
 *	mktf OUT.pb < TEXT            one graph
 *	mktf cases FILE [NAME]        each case of the file (or that one): NAME.pb, its inputs
 *	                              NAME.in.npy (or NAME.in-INPUT.npy, when there are several),
 *	                              NAME.want.npy, and on standard output NAME and what its layers
 *	                              should be ("-": not said)
 *
 * Statements of a graph are in tf/tfgraph.h; besides: producer N, the version of what wrote it.  A
 *case begins with "case NAME" and has given INPUT SHAPE VALUE...    what is fed layers TYPE,TYPE...
 *what should come of it, without inputs and outputs gives SHAPE VALUE...          what comes out
 */
#include "base/mem.h"
#include "base/outfile.h"
#include "io/npy.h"
#include "onnx/onnxw.h"
#include "tf/tfgraph.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = 4096,
	RANK = 8
};

struct one {
	struct str graph;
	char *name, *layers;
	char **given; /* lines, one for each input */
	size_t ngiven, cap;
	char *gives;
};

static void stop(const char *what, const char *word)
{
	fprintf(stderr, "mktf: %s '%s'\n", what, word);
	exit(1);
}

static void put(const char *path, const struct str *s)
{
	struct err e = { 0 };

	if (outfile_put(path, OUT_BINARY, s->p, s->len, &e) < 0)
		die(&e);
}

/* A GraphDef: nodes, then the versions. */
static void finish(struct str *graph, const char *path)
{
	put(path, graph);
	str_release(graph);
	*graph = (struct str){ 0 };
}

static void array(const char *path, char **w, size_t n)
{
	struct err e = { 0 };
	int64_t dim[RANK];
	const size_t rank = tfg_shape(w[0], dim, RANK);
	struct tensor t = tensor_new(DT_F32, (int)rank, dim);
	double *v = tfg_values(w + 1, n - 1, tensor_count(&t));

	for (size_t i = 0; i < tensor_count(&t); i++)
		((float *)tensor_data(&t))[i] = (float)v[i];
	if (npy_write(path, &t, &e) < 0)
		die(&e);
	free(v);
	tensor_release(&t);
}

static void write_case(struct one *c)
{
	char path[512], *w[WORDS];
	size_t n;

	snprintf(path, sizeof path, "%s.pb", c->name);
	finish(&c->graph, path);
	for (size_t i = 0; i < c->ngiven; i++) {
		n = onnxw_split(c->given[i], ' ', w, WORDS);
		if (n < 4)
			stop("given", c->name);
		if (c->ngiven > 1)
			snprintf(path, sizeof path, "%s.in-%s.npy", c->name, w[1]);
		else
			snprintf(path, sizeof path, "%s.in.npy", c->name);
		array(path, w + 2, n - 2);
	}
	if (c->gives) {
		snprintf(path, sizeof path, "%s.want.npy", c->name);
		n = onnxw_split(c->gives, ' ', w, WORDS);
		array(path, w + 1, n - 1);
	}
	printf("%s %s\n", c->name, c->layers ? c->layers : "-");
}

static void end_case(struct one *c, const char *only)
{
	if (c->name && (!only || strcmp(only, c->name) == 0))
		write_case(c);
	str_release(&c->graph);
	for (size_t i = 0; i < c->ngiven; i++)
		free(c->given[i]);
	free(c->given);
	free(c->name);
	free(c->layers);
	free(c->gives);
	*c = (struct one){ 0 };
}

/* A statement that is no node. */
static void other(struct one *c, const char *line, char **w, size_t n)
{
	struct str versions = { 0 };

	if (strcmp(w[0], "producer") == 0 && n == 2) {
		onnxw_int(&versions, 1, onnxw_integer(w[1]));
		onnxw_message(&c->graph, 4, &versions);
	} else if (strcmp(w[0], "layers") == 0 && n == 2) {
		c->layers = xstrdup(w[1]);
	} else if (strcmp(w[0], "given") == 0) {
		VEC_GROW(c->given, c->ngiven, &c->cap);
		c->given[c->ngiven++] = xstrdup(line);
	} else if (strcmp(w[0], "gives") == 0) {
		c->gives = xstrdup(line);
	} else {
		stop("unknown statement", w[0]);
	}
}

static void read_all(FILE *f, bool cases, const char *only, struct one *c)
{
	char *line = NULL, *w[WORDS];
	size_t cap = 0;

	while (getline(&line, &cap, f) > 0) {
		char *copy;
		size_t n;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		copy = xstrdup(line);
		n = onnxw_split(copy, ' ', w, WORDS);
		if (cases && strcmp(w[0], "case") == 0 && n == 2) {
			end_case(c, only);
			c->name = xstrdup(w[1]);
		} else if (!tfg_node(&c->graph, 1, w, n)) {
			other(c, line, w, n);
		}
		free(copy);
	}
	free(line);
}

int main(int argc, char *argv[])
{
	struct one c = { 0 };
	FILE *f = stdin;

	if (argc >= 3 && strcmp(argv[1], "cases") == 0) {
		if (!(f = fopen(argv[2], "r")))
			stop("cannot open", argv[2]);
		read_all(f, true, argc > 3 ? argv[3] : NULL, &c);
		end_case(&c, argc > 3 ? argv[3] : NULL);
		fclose(f);
		return 0;
	}
	if (argc != 2)
		stop("usage: mktf OUT.pb < TEXT, mktf cases FILE", argc > 1 ? argv[1] : "");
	read_all(stdin, false, NULL, &c);
	finish(&c.graph, argv[1]);
	return 0;
}
