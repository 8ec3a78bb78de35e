/*
 * The model with every tensor that an operator makes as an output: a longer list of outputs stands
 * behind the file's bytes, and the graph's table refers to it.
 */
#include "base/outfile.h"
#include "tflite/tflite.h"
#include "tflite/tflite_int.h"

enum {
	MODEL_SUBGRAPHS = 2,
	SUBGRAPH_TENSORS = 0,
	SUBGRAPH_OUTPUTS = 2,
	SUBGRAPH_OPERATORS = 3,
	OPERATOR_OUTPUTS = 2,
	CHUNK = 1 << 20
};

struct list {
	int32_t *v; /* n tensors */
	size_t n, cap;
	bool *seen; /* ntensor */
	size_t ntensor;
};

static void take(struct list *l, const struct fb_vector *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const int32_t k = fb_i32_at(v, i);

		if (k < 0 || (size_t)k >= l->ntensor || l->seen[k])
			continue;
		l->seen[k] = true;
		VEC_GROW(l->v, l->n, &l->cap);
		l->v[l->n++] = k;
	}
}

/* The outputs as they are, then the others; *place is where the graph's table refers to them. */
static int collect(struct im_file *f, struct list *l, size_t *place, struct err *e)
{
	struct fb fb = fb_make(f->p, f->n, e);
	struct fb_table root = fb_root(&fb), graph;
	const struct fb_vector graphs = fb_vector(&root, MODEL_SUBGRAPHS, 4);
	struct fb_vector v;

	if (err_is(e) || graphs.n == 0)
		return err_set(e, "there is no graph in it");
	graph = fb_table_at(&graphs, 0);
	l->ntensor = fb_vector(&graph, SUBGRAPH_TENSORS, 4).n;
	l->seen = xcalloc(l->ntensor + 1, sizeof *l->seen);
	*place = fb_place(&graph, SUBGRAPH_OUTPUTS, 4);
	v = fb_vector(&graph, SUBGRAPH_OUTPUTS, 4);
	take(l, &v);
	v = fb_vector(&graph, SUBGRAPH_OPERATORS, 4);
	for (size_t i = 0; i < v.n; i++) {
		const struct fb_table op = fb_table_at(&v, i);
		const struct fb_vector out = fb_vector(&op, OPERATOR_OUTPUTS, 4);

		take(l, &out);
	}
	if (err_is(e))
		return -1;
	return *place ? 0 : err_set(e, "it has no list of outputs");
}

static int write_with(const char *to, const struct im_file *f, const struct list *l, size_t place,
		      struct err *e)
{
	static const uint8_t zeros[4];
	const size_t pad = (4 - f->n % 4) % 4;
	const uint32_t count = (uint32_t)l->n, by = (uint32_t)(f->n + pad - place);
	struct outfile *o;
	int r;

	if (f->n + pad - place > INT32_MAX)
		return err_set(e, "it is too large for a list behind its bytes");
	o = outfile_open(to, OUT_BINARY, e);
	r = o ? outfile_write(o, f->p, place, e) : -1;
	if (r == 0)
		r = outfile_write(o, &by, 4, e);
	for (size_t at = place + 4; r == 0 && at < f->n; at += CHUNK)
		r = outfile_write(o, f->p + at, f->n - at < CHUNK ? f->n - at : CHUNK, e);
	if (r == 0)
		r = outfile_write(o, zeros, pad, e);
	if (r == 0)
		r = outfile_write(o, &count, 4, e);
	if (r == 0)
		r = outfile_write(o, l->v, 4 * l->n, e);
	if (r == 0)
		return outfile_commit(o, e);
	outfile_abort(o);
	return -1;
}

int tflite_augment(const char *path, const char *to, struct err *e)
{
	struct list l = { .n = 0 };
	struct im_file f;
	size_t place = 0;
	int r = im_file_open(&f, path, "a TensorFlow Lite model", e);

	if (r < 0)
		return -1;
	r = collect(&f, &l, &place, e);
	if (r == 0)
		r = write_with(to, &f, &l, place, e);
	free(l.v);
	free(l.seen);
	im_file_close(&f);
	return r;
}
