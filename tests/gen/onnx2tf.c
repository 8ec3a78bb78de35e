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
#include "tf/tfout.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
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
	struct tfout o;
	struct value value[VALUES];
	size_t nvalue;
};

static struct value *find(struct conv *t, const char *name)
{
	for (size_t i = 0; i < t->nvalue; i++)
		if (strcmp(t->value[i].name, name) == 0)
			return &t->value[i];
	if (t->nvalue == VALUES)
		tfo_stop("too many tensors at", name);
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
		tfo_stop("no floats in", t->name ? t->name : "");
	return v;
}

static const char *vector(struct conv *t, const char *initializer)
{
	const struct value *c = find(t, initializer);
	const char *name = arena_printf(&t->o.arena, "net/%zu/vector", ++t->o.nmade);
	size_t n;
	float *v;

	if (!c->data)
		tfo_stop("no constant", initializer);
	v = floats(c->data, &n);
	tfo_weight(&t->o, name, (int64_t[]){ (int64_t)n }, 1, v);
	free(v);
	return name;
}

/* OIHW to HWIO, or of a depthwise one to HWI1. */
static const char *kernel(struct conv *t, const Onnx__Tensor *k, bool depthwise)
{
	const int64_t o = k->dims[0], i = k->dims[1], h = k->dims[2], w = k->dims[3];
	const char *name = arena_printf(&t->o.arena, "net/%zu/kernel", ++t->o.nmade);
	const int64_t dim[4] = { h, w, depthwise ? o : i, depthwise ? 1 : o };
	size_t n;
	float *from = floats(k, &n), *to = xcalloc(n + 1, sizeof *to);

	for (int64_t a = 0; a < o; a++)
		for (int64_t b = 0; b < i; b++)
			for (int64_t p = 0; p < h * w; p++)
				to[(p * i + b) * o + a] = from[(a * i + b) * h * w + p];
	tfo_weight(&t->o, name, dim, 4, to);
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
	pads = tfo_ints(&t->o,
			arena_printf(&t->o.arena, "4,2 0 0 %d %d %d %d 0 0", (int)top, (int)bottom,
				     (int)int_at(n, "pads", 1, 0), (int)int_at(n, "pads", 3, 0)));
	return tfo_node(&t->o, "Pad", arena_printf(&t->o.arena, "%s,%s", x, pads), "T=t:f32");
}

static const char *two(struct conv *t, const char *a, const char *b)
{
	return arena_printf(&t->o.arena, "%s,%s", a, b);
}

static const char *conv(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const Onnx__Tensor *k = find(t, n->input[1])->data;
	const bool depthwise = int_at(n, "group", 0, 1) > 1;
	const int stride = (int)int_at(n, "strides", 0, 1);
	const char *scheme, *x, *y;

	if (!k)
		tfo_stop("no kernel of", n->input[0]);
	x = padded(t, n, find(t, n->input[0])->to, k->dims[2], &scheme);
	y = tfo_node(&t->o, depthwise ? "DepthwiseConv2dNative" : "Conv2D",
		     two(t, x, kernel(t, k, depthwise)),
		     arena_printf(&t->o.arena,
				  "T=t:f32 strides=l:1,%d,%d,1 padding=s:%s data_format=s:NHWC "
				  "dilations=l:1,1,1,1",
				  stride, stride, scheme));
	out->c = k->dims[0];
	return n->n_input > 2 ? tfo_node(&t->o, "BiasAdd", two(t, y, vector(t, n->input[2])),
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
	return tfo_node(&t->o, "FusedBatchNormV3", ins,
			arena_printf(&t->o.arena,
				     "T=t:f32 U=t:f32 epsilon=f:%.9g is_training=b:0 "
				     "data_format=s:NHWC",
				     eps ? (double)eps->f : 1e-5));
}

/* relu6(x + 3) / 6. */
static const char *hard(struct conv *t, const char *x)
{
	const char *a = tfo_node(&t->o, "AddV2", two(t, x, tfo_scalar(&t->o, 3)), "T=t:f32");
	const char *r = tfo_node(&t->o, "Relu6", a, "T=t:f32");

	return tfo_node(&t->o, "Mul", two(t, r, tfo_scalar(&t->o, 1.0f / 6)), "T=t:f32");
}

/* Rows of a matrix behind a flattened map in the order of NHWC. */
static const char *dense(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const struct value *x = find(t, n->input[0]);
	const Onnx__Tensor *w = find(t, n->input[1])->data;
	const bool turned = int_at(n, "transB", 0, 0) != 0;
	const char *name = arena_printf(&t->o.arena, "net/%zu/weights", ++t->o.nmade), *y;
	const int64_t m = w->dims[turned ? 0 : 1], k = w->dims[turned ? 1 : 0];
	const int64_t hw = x->hw > 0 ? x->hw : k / (x->c ? x->c : k);
	size_t count;
	float *from = floats(w, &count), *to = xcalloc(count + 1, sizeof *to);

	for (int64_t a = 0; a < k; a++)
		for (int64_t b = 0; b < m; b++)
			to[(a % hw * (k / hw) + a / hw) * m + b] =
			    from[turned ? b * k + a : a * m + b];
	tfo_weight(&t->o, name, (int64_t[]){ k, m }, 2, to);
	free(from);
	free(to);
	out->c = m;
	y = tfo_node(&t->o, "MatMul", two(t, x->to, name),
		     "T=t:f32 transpose_a=b:0 transpose_b=b:0");
	return n->n_input > 2
		   ? tfo_node(&t->o, "BiasAdd", two(t, y, vector(t, n->input[2])), "T=t:f32")
		   : y;
}

static const char *pool(struct conv *t, const Onnx__Node *n, struct value *out)
{
	const int k = (int)int_at(n, "kernel_shape", 0, 1), s = (int)int_at(n, "strides", 0, 1);

	out->c = find(t, n->input[0])->c;
	return tfo_node(
	    &t->o, "MaxPool", find(t, n->input[0])->to,
	    arena_printf(&t->o.arena,
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
		tfo_stop("who reads", n->output[0]);
	out->c = x->c;
	return tfo_node(
	    &t->o, "Reshape",
	    two(t, x->to, tfo_ints(&t->o, arena_printf(&t->o.arena, "2 -1 %d", (int)k))),
	    "T=t:f32");
}

static const char *mean(struct conv *t, const Onnx__Node *n, struct value *out)
{
	out->c = find(t, n->input[0])->c;
	return tfo_node(&t->o, "Mean", two(t, find(t, n->input[0])->to, tfo_ints(&t->o, "2 1 2")),
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
		return tfo_node(&t->o, "Mul", two(t, x->to, hard(t, x->to)), "T=t:f32");
	return tfo_node(&t->o, strcmp(op, "Clip") == 0 ? "Relu6" : op, x->to, "T=t:f32");
}

static const char *pair(struct conv *t, const Onnx__Node *n, struct value *out)
{
	out->c = find(t, n->input[0])->c;
	return tfo_node(&t->o, strcmp(n->op_type, "Add") == 0 ? "AddV2" : n->op_type,
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
	tfo_stop("operator", n->op_type);
}

static void input(struct conv *t, const Onnx__ValueInfo *in)
{
	const Onnx__Shape *s = in->type->tensor_type->shape;

	if (find(t, in->name)->data)
		return;
	find(t, in->name)->to = "x";
	find(t, in->name)->c = s->dim[1]->dim_value;
	tfo_statement(&t->o, arena_printf(&t->o.arena, "input x f32 -1,%d,%d,%d",
					  (int)s->dim[2]->dim_value, (int)s->dim[3]->dim_value,
					  (int)s->dim[1]->dim_value));
}

int main(int argc, char *argv[])
{
	struct conv t = { .nvalue = 0 };
	struct err e = { 0 };
	Onnx__Model *m;
	size_t n;
	void *p;

	if (argc != 3)
		tfo_stop("usage: onnx2tf MODEL.onnx OUT.pb", "");
	if (!(p = read_file(argv[1], (size_t)1 << 30, &n, &e)))
		die(&e);
	m = onnx__model__unpack(NULL, n, p);
	if (!m || !m->graph || m->graph->n_input == 0)
		tfo_stop("no model", argv[1]);
	if (strstr(argv[2], ".txt") && !(t.o.text = fopen(argv[2], "w")))
		tfo_stop("cannot write", argv[2]);
	t.m = m;
	for (size_t i = 0; i < m->graph->n_initializer; i++)
		find(&t, m->graph->initializer[i]->name)->data = m->graph->initializer[i];
	for (size_t i = 0; i < m->graph->n_input; i++)
		input(&t, m->graph->input[i]);
	for (size_t i = 0; i < m->graph->n_node; i++)
		convert(&t, m->graph->node[i]);
	tfo_write(&t.o, argv[2]);
	arena_release(&t.o.arena);
	onnx__model__free_unpacked(m, NULL);
	free(p);
	return 0;
}
