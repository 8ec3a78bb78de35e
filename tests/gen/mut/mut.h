/* Changes that mutonnx makes.  Each returns false where it does not apply. */
#ifndef TESTS_GEN_MUTONNX_H
#define TESTS_GEN_MUTONNX_H

#include "base/mem.h"
#include "onnx/onnx.pb-c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum where {
	AT_MODEL,
	AT_GRAPH_INPUT,
	AT_GRAPH_OUTPUT,
	AT_NODE,
	AT_ATTR, /* each attribute of each node */
	AT_INPUT /* each input of each node */
};

struct mutation {
	const char *name;
	enum where where;
	/* what: operator, attribute ... of the change; names: appended to */
	bool (*change)(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names);
};
/* A row without a name ends each. */
extern const struct mutation mut_nodes[], mut_tensors[], mut_attrs[], mut_ends[];

/* A new text for a field. */
void mut_set(char **s, const char *text);
/* Names of the nodes behind `at`: the change may leave it sound, and the next at fault. */
void mut_behind(const Onnx__Model *m, size_t at, struct str *names);
/* Node `at`; its operator is added to what. */
Onnx__Node *mut_node(Onnx__Model *m, size_t at, struct str *what);

struct base {
	const uint8_t *p; /* the model's bytes */
	size_t n;
	const char *dir, *prefix;
	size_t made;
	char **seen;
	size_t nseen, cap_seen;
};

#endif
