/* A TensorFlow model in the making: a frozen graph, or text for mksaved. */
#ifndef HN_TESTS_TFOUT_H
#define HN_TESTS_TFOUT_H

#include "base/mem.h"
#include <stdint.h>
#include <stdio.h>

struct tfout {
	struct str graph;
	FILE *text; /* NULL: graph */
	size_t nmade;
	struct arena arena;
	const char *last; /* node that was made */
};

/* Ends the programme with a message. */
void tfo_stop(const char *what, const char *word);
/* A statement of tfgraph.h. */
void tfo_statement(struct tfout *t, char *line);
/* A node, constant integers ("4,2 0 0 1 1"), a constant number: the name. */
const char *tfo_node(struct tfout *t, const char *op, const char *ins, const char *attrs);
const char *tfo_ints(struct tfout *t, const char *values);
const char *tfo_scalar(struct tfout *t, float v);
/* A weight; in text, a variable. */
void tfo_weight(struct tfout *t, const char *name, const int64_t *dim, size_t rank, const float *v);
void tfo_write(struct tfout *t, const char *path);

#endif
