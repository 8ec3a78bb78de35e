/*
 * onnx2tf MODEL.onnx OUT.pb: the ONNX fixtures of image classifiers as the frozen graph that
 * TensorFlow would have made of the same weights: NHWC, kernels HWIO, FusedBatchNormV3, activations
 * as Keras spells them, padding SAME where it is, else Pad.  With OUT.txt, text for mksaved, the
 * weights as variables.
 */
#include "base/mem.h"
#include "base/outfile.h"
#include "onnx/onnx.pb-c.h"
#include "onnx/onnxw.h"
#include "tf/tfgraph.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = 24,
	VALUES = 4096
};

/* A tensor of the ONNX model: a constant, or what it is called in the graph. */
struct value {
	const char *name, *to;
	const Onnx__Tensor *data;
	int64_t c, hw; /* features, and rows times columns where they have been flattened */
};

struct conv {
	const Onnx__Model *m;
	struct str graph;
	struct value value[VALUES];
	size_t nvalue, nmade;
	struct arena arena;
	FILE *text; /* NULL: graph */
	const char *last;
};

static void stop(const char *what, const char *word)
{
	fprintf(stderr, "onnx2tf: %s '%s'\n", what, word);
	exit(1);
}

static struct value *find(struct conv *t, const char *name)
{
	for (size_t i = 0; i < t->nvalue; i++)
		if (strcmp(t->value[i].name, name) == 0)
			return &t->value[i];
	if (t->nvalue == VALUES)
		stop("too many tensors at", name);
	t->value[t->nvalue].name = name;
	return &t->value[t->nvalue++];
}

static const Onnx__Attribute *attr(const Onnx__Node *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (strcmp(n->attribute[i]->name, name) == 0)
			return n->attribute[i];
	return NULL;
}

static int64_t int_at(const Onnx__Node *n, const char *name, size_t i, int64_t dflt)
{
	const Onnx__Attribute *a = attr(n, name);

	return !a ? dflt : a->n_ints > i ? a->ints[i] : a->has_i ? a->i : dflt;
}

static float *floats(const Onnx__Tensor *t, size_t *n)
{
	float *v;

	*n = 1;
	for (size_t i = 0; i < t->n_dims; i++)
		*n *= (size_t)t->dims[i];
	v = xcalloc(*n + 1, sizeof *v);
	if (t->has_raw_data && t->raw_data.len == *n * sizeof *v)
		memcpy(v, t->raw_data.data, t->raw_data.len);
	else if (t->n_float_data == *n)
		memcpy(v, t->float_data, *n * sizeof *v);
	else
		stop("no floats in", t->name ? t->name : "");
	return v;
}

/* A weight. */
static void weight(struct conv *t, const char *name, const int64_t *dim, size_t rank,
		   const float *v)
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
static void say(struct conv *t, char **w, size_t n)
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

static void statement(struct conv *t, char *line)
{
	char *w[WORDS];
	const size_t n = onnxw_split(line, ' ', w, WORDS);

	if (t->text)
		say(t, w, n);
	else if (!tfg_node(&t->graph, 1, w, n))
		stop("statement", line);
}

/* A statement in words; the node's name is the last made. */
static const char *node(struct conv *t, const char *op, const char *ins, const char *attrs)
{
	const char *name = arena_printf(&t->arena, "net/%zu/%s", ++t->nmade, op);

	statement(t, arena_printf(&t->arena, "node %s %s %s %s", op, name, ins, attrs));
	t->last = name;
	return name;
}

static const char *ints(struct conv *t, const char *values)
{
	const char *name = arena_printf(&t->arena, "net/%zu/ints", ++t->nmade);

	statement(t, arena_printf(&t->arena, "const %s i32 %s", name, values));
	return name;
}

static const char *scalar(struct conv *t, float v)
{
	const char *name = arena_printf(&t->arena, "net/%zu/number", ++t->nmade);

	weight(t, name, NULL, 0, &v);
	return name;
}

static const char *vector(struct conv *t, const char *initializer)
{
	const struct value *c = find(t, initializer);
	const char *name = arena_printf(&t->arena, "net/%zu/vector", ++t->nmade);
	size_t n;
	float *v;

	if (!c->data)
		stop("no constant", initializer);
	v = floats(c->data, &n);
	weight(t, name, (int64_t[]){ (int64_t)n }, 1, v);
	free(v);
	return name;
}

/* OIHW to HWIO, or of a depthwise one to HWI1. */
static const char *kernel(struct conv *t, const Onnx__Tensor *k, bool depthwise)
{
	const int64_t o = k->dims[0], i = k->dims[1], h = k->dims[2], w = k->dims[3];
	const char *name = arena_printf(&t->arena, "net/%zu/kernel", ++t->nmade);
	const int64_t dim[4] = { h, w, depthwise ? o : i, depthwise ? 1 : o };
	size_t n;
	float *from = floats(k, &n), *to = xcalloc(n + 1, sizeof *to);

	for (int64_t a = 0; a < o; a++)
		for (int64_t b = 0; b < i; b++)
			for (int64_t p = 0; p < h * w; p++)
				to[(p * i + b) * o + a] = from[(a * i + b) * h * w + p];
	weight(t, name, dim, 4, to);
	free(from);
	free(to);
	return name;
}

/* SAME of stride 1, else zeros around and VALID. */
static const char *padded(struct conv *t, const Onnx__Node *n, const char *x, int64_t kh,
			  const char **scheme)
{
	const int64_t top = int_at(n, "pads", 0, 0), bottom = int_at(n, "pads", 2, 0);
	const int64_t stride = int_at(n, "strides", 0, 1);
	const char *pads;

	*scheme = "VALID";
	if (top + bottom == 0)
		return x;
	if (stride == 1 && top == bottom && 2 * top == kh - 1) {
		*scheme = "SAME";
		return x;
	}
	pads = ints(t, arena_printf(&t->arena, "4,2 0 0 %d %d %d %d 0 0", (int)top, (int)bottom,
				    (int)int_at(n, "pads", 1, 0), (int)int_at(n, "pads", 3, 0)));
	return node(t, "Pad", arena_printf(&t->arena, "%s,%s", x, pads), "T=t:f32");
}

static const char *two(struct conv *t, const char *a, const char *b)
{
	return arena_printf(&t->arena, "%s,%s", a, b);
}

static const char *conv(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const Onnx__Tensor *k = find(t, n->input[1])->data;
	const bool depthwise = int_at(n, "group", 0, 1) > 1;
	const int stride = (int)int_at(n, "strides", 0, 1);
	const char *scheme, *x, *y;

	if (!k)
		stop("no kernel of", n->input[0]);
	x = padded(t, n, find(t, n->input[0])->to, k->dims[2], &scheme);
	y = node(t, depthwise ? "DepthwiseConv2dNative" : "Conv2D",
		 two(t, x, kernel(t, k, depthwise)),
		 arena_printf(&t->arena,
			      "T=t:f32 strides=l:1,%d,%d,1 padding=s:%s data_format=s:NHWC "
			      "dilations=l:1,1,1,1",
			      stride, stride, scheme));
	out->c = k->dims[0];
	return n->n_input > 2 ? node(t, "BiasAdd", two(t, y, vector(t, n->input[2])),
				     "T=t:f32 data_format=s:NHWC")
			      : y;
}

static const char *batch_norm(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const Onnx__Attribute *eps = attr(n, "epsilon");
	const char *ins = find(t, n->input[0])->to;

	for (size_t i = 1; i < 5; i++)
		ins = two(t, ins, vector(t, n->input[i]));
	out->c = find(t, n->input[0])->c;
	return node(t, "FusedBatchNormV3", ins,
		    arena_printf(&t->arena,
				 "T=t:f32 U=t:f32 epsilon=f:%.9g is_training=b:0 "
				 "data_format=s:NHWC",
				 eps ? (double)eps->f : 1e-5));
}

/* relu6(x + 3) / 6. */
static const char *hard(struct conv *t, const char *x)
{
	const char *a = node(t, "AddV2", two(t, x, scalar(t, 3)), "T=t:f32");
	const char *r = node(t, "Relu6", a, "T=t:f32");

	return node(t, "Mul", two(t, r, scalar(t, 1.0f / 6)), "T=t:f32");
}

/* Rows of a matrix behind a flattened map in the order of NHWC. */
static const char *dense(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const struct value *x = find(t, n->input[0]);
	const Onnx__Tensor *w = find(t, n->input[1])->data;
	const bool turned = int_at(n, "transB", 0, 0) != 0;
	const char *name = arena_printf(&t->arena, "net/%zu/weights", ++t->nmade), *y;
	const int64_t m = w->dims[turned ? 0 : 1], k = w->dims[turned ? 1 : 0];
	const int64_t hw = x->hw > 0 ? x->hw : k / (x->c ? x->c : k);
	size_t count;
	float *from = floats(w, &count), *to = xcalloc(count + 1, sizeof *to);

	for (int64_t a = 0; a < k; a++)
		for (int64_t b = 0; b < m; b++)
			to[(a % hw * (k / hw) + a / hw) * m + b] =
			    from[turned ? b * k + a : a * m + b];
	weight(t, name, (int64_t[]){ k, m }, 2, to);
	free(from);
	free(to);
	out->c = m;
	y = node(t, "MatMul", two(t, x->to, name), "T=t:f32 transpose_a=b:0 transpose_b=b:0");
	return n->n_input > 2 ? node(t, "BiasAdd", two(t, y, vector(t, n->input[2])), "T=t:f32")
			      : y;
}

static const char *pool(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const int k = (int)int_at(n, "kernel_shape", 0, 1), s = (int)int_at(n, "strides", 0, 1);

	out->c = find(t, n->input[0])->c;
	return node(t, "MaxPool", find(t, n->input[0])->to,
		    arena_printf(&t->arena,
				 "T=t:f32 ksize=l:1,%d,%d,1 strides=l:1,%d,%d,1 padding=s:VALID "
				 "data_format=s:NHWC",
				 k, k, s, s));
}

/* What is read later as [batch, all]: the number of features is not needed there. */
static const char *flatten(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const struct value *x = find(t, n->input[0]);
	size_t more = 0;
	int64_t k = 0;

	for (size_t i = 0; i < t->m->graph->n_node; i++)
		if (t->m->graph->node[i]->n_input > 1 &&
		    strcmp(t->m->graph->node[i]->input[0], n->output[0]) == 0) {
			const Onnx__Tensor *w = find(t, t->m->graph->node[i]->input[1])->data;

			more++;
			k = w ? w->dims[int_at(t->m->graph->node[i], "transB", 0, 0) ? 1 : 0] : 0;
		}
	if (more != 1 || k == 0)
		stop("who reads", n->output[0]);
	out->c = x->c;
	return node(t, "Reshape",
		    two(t, x->to, ints(t, arena_printf(&t->arena, "2 -1 %d", (int)k))), "T=t:f32");
}

static const char *mean(struct conv *t, const Onnx__Node *n, struct value *out)
{
	out->c = find(t, n->input[0])->c;
	return node(t, "Mean", two(t, find(t, n->input[0])->to, ints(t, "2 1 2")),
		    "T=t:f32 keep_dims=b:1");
}

static const char *one(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const struct value *x = find(t, n->input[0]);
	const char *op = n->op_type;

	out->c = x->c;
	if (strcmp(op, "HardSigmoid") == 0)
		return hard(t, x->to);
	if (strcmp(op, "HardSwish") == 0)
		return node(t, "Mul", two(t, x->to, hard(t, x->to)), "T=t:f32");
	return node(t, strcmp(op, "Clip") == 0 ? "Relu6" : op, x->to, "T=t:f32");
}

static const char *pair(struct conv *t, const Onnx__Node *n, struct value *out)
{
	out->c = find(t, n->input[0])->c;
	return node(t, strcmp(n->op_type, "Add") == 0 ? "AddV2" : n->op_type,
		    two(t, find(t, n->input[0])->to, find(t, n->input[1])->to), "T=t:f32");
}

static const struct {
	const char *op;
	const char *(*make)(struct conv *t, const Onnx__Node *n, struct value *out);
} rows[] = {
	{ "Add", pair },
	{ "BatchNormalization", batch_norm },
	{ "Clip", one },
	{ "Conv", conv },
	{ "Flatten", flatten },
	{ "Gemm", dense },
	{ "HardSigmoid", one },
	{ "HardSwish", one },
	{ "MaxPool", pool },
	{ "Mul", pair },
	{ "Relu", one },
	{ "Softmax", one },
	{ "GlobalAveragePool", mean },
};

/* A ReLU before a clip is one with it: TensorFlow has Relu6. */
static bool is_clipped(const struct conv *t, const Onnx__Node *n)
{
	for (size_t i = 0; i < t->m->graph->n_node; i++)
		if (strcmp(t->m->graph->node[i]->op_type, "Clip") == 0 &&
		    strcmp(t->m->graph->node[i]->input[0], n->output[0]) == 0)
			return true;
	return false;
}

static void convert(struct conv *t, const Onnx__Node *n)
{
	struct value *out = find(t, n->output[0]);

	if (strcmp(n->op_type, "Constant") == 0 && n->n_attribute) {
		out->data = n->attribute[0]->t;
		return;
	}
	if (strcmp(n->op_type, "Identity") == 0 || strcmp(n->op_type, "Cast") == 0 ||
	    (strcmp(n->op_type, "Relu") == 0 && is_clipped(t, n))) {
		const struct value *from = find(t, n->input[0]);

		out->data = from->data;
		out->to = from->to;
		out->c = from->c;
		return;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].op, n->op_type) == 0) {
			out->to = rows[i].make(t, n, out);
			return;
		}
	stop("operator", n->op_type);
}

static void input(struct conv *t, const Onnx__ValueInfo *in)
{
	const Onnx__Shape *s = in->type->tensor_type->shape;

	if (find(t, in->name)->data)
		return;
	find(t, in->name)->to = "x";
	find(t, in->name)->c = s->dim[1]->dim_value;
	statement(t, arena_printf(&t->arena, "input x f32 -1,%d,%d,%d", (int)s->dim[2]->dim_value,
				  (int)s->dim[3]->dim_value, (int)s->dim[1]->dim_value));
}

static void write_graph(struct conv *t, const char *path)
{
	struct err e = { 0 };

	if (t->text) {
		fprintf(t->text, "output %s\n", t->last);
		if (fclose(t->text) != 0)
			stop("cannot write", path);
	} else if (outfile_put(path, OUT_BINARY, t->graph.p, t->graph.len, &e) < 0) {
		die(&e);
	}
	str_release(&t->graph);
}

int main(int argc, char *argv[])
{
	struct conv t = { .nvalue = 0 };
	struct err e = { 0 };
	Onnx__Model *m;
	size_t n;
	void *p;

	if (argc != 3)
		stop("usage: onnx2tf MODEL.onnx OUT.pb", "");
	if (!(p = read_file(argv[1], (size_t)1 << 30, &n, &e)))
		die(&e);
	m = onnx__model__unpack(NULL, n, p);
	if (!m || !m->graph || m->graph->n_input == 0)
		stop("no model", argv[1]);
	if (strstr(argv[2], ".txt") && !(t.text = fopen(argv[2], "w")))
		stop("cannot write", argv[2]);
	t.m = m;
	for (size_t i = 0; i < m->graph->n_initializer; i++)
		find(&t, m->graph->initializer[i]->name)->data = m->graph->initializer[i];
	for (size_t i = 0; i < m->graph->n_input; i++)
		input(&t, m->graph->input[i]);
	for (size_t i = 0; i < m->graph->n_node; i++)
		convert(&t, m->graph->node[i]);
	write_graph(&t, argv[2]);
	arena_release(&t.arena);
	onnx__model__free_unpacked(m, NULL);
	free(p);
	return 0;
}
