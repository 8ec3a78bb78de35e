/*
 * A model with every tensor as an output.  Protobuf messages merge by concatenation: the file's own
 * bytes stay, and a second ModelProto that holds only further outputs follows.
 */
#include "base/outfile.h"
#include "import/strip.h"
#include "onnx/onnx_int.h"

enum {
	MODEL_GRAPH = 7,
	GRAPH_OUTPUT = 12,
	VALUE_NAME = 1,
	BYTES = 2, /* wire type of what has a length */
	CHUNK = 1 << 24
};

static void put_field(struct str *s, int field, const void *p, size_t n)
{
	im_put_varint(s, (uint64_t)field << 3 | BYTES);
	im_put_varint(s, n);
	str_add(s, p, n);
}

/* ModelProto { graph { output { name } ... } } of all tensors that nodes make and that are no
 * outputs. */
static void further_outputs(struct im_graph *g, struct str *model)
{
	struct str graph = { 0 };

	for (size_t i = 0; i < g->nnode; i++)
		for (size_t k = 0; k < g->node[i]->nout; k++) {
			struct im_value *v = g->node[i]->out[k];
			struct str value = { 0 };

			if (!v || v->is_output)
				continue;
			v->is_output = true;
			put_field(&value, VALUE_NAME, v->name, strlen(v->name));
			put_field(&graph, GRAPH_OUTPUT, value.p, value.len);
			str_release(&value);
		}
	if (graph.len)
		put_field(model, MODEL_GRAPH, graph.p, graph.len);
	str_release(&graph);
}

static int write_both(const char *to, const struct im_file *f, const struct str *more,
		      struct err *e)
{
	struct outfile *o = outfile_open(to, OUT_BINARY, e);
	int r = o ? 0 : -1;

	for (size_t at = 0; r == 0 && at < f->n; at += CHUNK)
		r = outfile_write(o, f->p + at, f->n - at < CHUNK ? f->n - at : CHUNK, e);
	if (r == 0 && more->len)
		r = outfile_write(o, more->p, more->len, e);
	if (r == 0)
		return outfile_commit(o, e);
	outfile_abort(o);
	return -1;
}

int onnx_augment(const char *path, const char *to, struct err *e)
{
	struct im_graph *g = im_new();
	struct str more = { 0 };
	struct im_file f;
	int64_t opset;
	int r = im_file_open(&f, path, "an ONNX model", e);

	if (r == 0) {
		r = onnx_decode(&f, g, &opset, e);
		if (r == 0) {
			further_outputs(g, &more);
			r = write_both(to, &f, &more, e);
		}
		im_free(g);
		g = NULL;
		im_file_close(&f);
	}
	im_free(g);
	str_release(&more);
	return r;
}
