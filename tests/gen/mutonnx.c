/*
 * mutonnx MODEL.onnx OUTDIR PREFIX: wrong variants of a model, one file each, always the same ones.
 *
 * Each is the model with one change to one node, attribute, initializer, input or output.  A change
 * is made once for each operator of the model, at its first node.  A line for each file on stdout:
 *
 *	FILE <tab> CHANGE <tab> NAME...      what the change is, and the names that an error may
 *name
 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "mut/mut.h"

static Onnx__Model *unpack(const struct base *b)
{
	Onnx__Model *m = onnx__model__unpack(NULL, b->n, b->p);

	if (!m || !m->graph) {
		fprintf(stderr, "mutonnx: no model\n");
		exit(1);
	}
	return m;
}

/* Has this change been made to this operator? */
static bool again(struct base *b, const char *key)
{
	for (size_t i = 0; i < b->nseen; i++)
		if (strcmp(b->seen[i], key) == 0)
			return true;
	VEC_GROW(b->seen, b->nseen, &b->cap_seen);
	b->seen[b->nseen++] = xstrdup(key);
	return false;
}

static void emit(struct base *b, const Onnx__Model *m, const char *change, const char *names)
{
	char *path = xasprintf("%s/%s%04zu.onnx", b->dir, b->prefix, b->made++);
	const size_t n = onnx__model__get_packed_size(m);
	uint8_t *p = xmalloc(n);
	FILE *f = fopen(path, "wb"); /* not outfile: thousands of them need no fsync */

	onnx__model__pack(m, p);
	if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
	printf("%s\t%s\t%s\n", path, change, names);
	free(p);
	free(path);
}

/* Names of a node, and of what it takes and makes. */
static void names_of(const Onnx__Node *n, struct str *s)
{
	str_printf(s, "%s", n->name && n->name[0] ? n->name : n->output[0]);
	for (size_t i = 0; i < n->n_input; i++)
		str_printf(s, " %s", n->input[i]);
	for (size_t i = 0; i < n->n_output; i++)
		str_printf(s, " %s", n->output[i]);
}

/* One change at one place of a fresh copy. */
static void change(struct base *b, const struct mutation *x, size_t at, size_t part)
{
	Onnx__Model *m = unpack(b);
	struct str names = { 0 }, what = { 0 }, key = { 0 };
	bool made;

	if (x->where == AT_NODE || x->where == AT_ATTR || x->where == AT_INPUT)
		names_of(m->graph->node[at], &names);
	made = x->change(m, at, part, &what, &names);
	str_printf(&key, "%s %s", x->name, made ? what.p : "");
	if (made && !again(b, key.p))
		emit(b, m, key.p, names.p);
	str_release(&names);
	str_release(&what);
	str_release(&key);
	onnx__model__free_unpacked(m, NULL);
}

static void each_node(struct base *b, const struct mutation *x, const Onnx__Graph *g)
{
	for (size_t i = 0; i < g->n_node; i++) {
		const size_t parts = x->where == AT_ATTR    ? g->node[i]->n_attribute
				     : x->where == AT_INPUT ? g->node[i]->n_input
							    : 1;

		for (size_t k = 0; k < parts; k++)
			change(b, x, i, k);
	}
}

static void everywhere(struct base *b, const struct mutation *x, const Onnx__Graph *g)
{
	const size_t n = x->where == AT_GRAPH_INPUT    ? g->n_input
			 : x->where == AT_GRAPH_OUTPUT ? g->n_output
						       : 1;

	if (x->where == AT_NODE || x->where == AT_ATTR || x->where == AT_INPUT)
		each_node(b, x, g);
	else
		for (size_t i = 0; i < n; i++)
			change(b, x, i, 0);
}

int main(int argc, char *argv[])
{
	const struct mutation *const tables[] = { mut_nodes, mut_tensors, mut_attrs, mut_ends };
	struct base b = { 0 };
	struct err e = { 0 };
	Onnx__Model *m;
	void *p;

	if (argc != 4 || !(p = read_file(argv[1], (size_t)1 << 28, &b.n, &e))) {
		fprintf(stderr, "usage: mutonnx MODEL.onnx OUTDIR PREFIX\n");
		return 2;
	}
	b.p = p;
	b.dir = argv[2];
	b.prefix = argv[3];
	m = unpack(&b);
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct mutation *x = tables[i]; x->name; x++)
			everywhere(&b, x, m->graph);
	onnx__model__free_unpacked(m, NULL);
	for (size_t i = 0; i < b.nseen; i++)
		free(b.seen[i]);
	free(b.seen);
	free(p);
	return 0;
}
