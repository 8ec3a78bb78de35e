/* The builder: nodes, constants, layers. */
#include "arch.h"
#include <math.h>
#include <stdarg.h>

const char *ar_name(const char *fmt, ...)
{
	static char ring[1024][96];
	static unsigned turn;
	char *t = ring[turn++ % 1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, sizeof ring[0], fmt, ap);
	va_end(ap);
	return t;
}

int ar_thin(const struct arch *a, int c)
{
	return a->thin == 1 ? c : (c / a->thin + 7) / 8 * 8 + (c < a->thin ? 8 : 0);
}

static struct val next(struct arch *a, struct val like)
{
	like.id = a->nval++;
	return like;
}

/* The image is tensor 0. */
static const char *tensor_name(struct val v)
{
	return v.id ? ar_name("t%d", v.id) : "images";
}

static struct val input(struct arch *a, struct val like, char *shape)
{
	const struct val v = next(a, like);

	onnxw_value_info(&a->graph, 11, tensor_name(v), shape);
	return v;
}

struct val ar_input_hw(struct arch *a, int c, int h, int w)
{
	const int width = a->size ? a->size : w, height = a->size ? h * a->size / w : h;
	char shape[64];

	snprintf(shape, sizeof shape, "1,%d,%d,%d", c, height, width);
	return input(a, (struct val){ .c = c, .h = height, .w = width }, shape);
}

struct val ar_input_tokens(struct arch *a, int tokens, int dim)
{
	char shape[64];

	snprintf(shape, sizeof shape, "1,%d,%d", tokens, dim);
	return input(a, (struct val){ .c = dim, .h = 1, .w = tokens }, shape);
}

struct val ar_input(struct arch *a, int c, int size)
{
	return ar_input_hw(a, c, size, size);
}

void ar_output(struct arch *a, struct val x)
{
	onnxw_value_info(&a->graph, 12, tensor_name(x), NULL);
}

static void put_node(struct arch *a, const char *op, const char *name, char *in, char *out,
		     const char *attrs)
{
	char *w[ONNXW_WORDS] = { NULL, xstrdup(op), xstrdup(name), in, out };
	char *text = xstrdup(attrs);
	struct str node = { 0 };
	const size_t n = 5 + onnxw_split(text, ' ', w + 5, ONNXW_WORDS - 5);

	onnxw_node(&node, w, n);
	onnxw_message(&a->graph, 1, &node);
	free(w[1]);
	free(w[2]);
	free(text);
}

static struct val put(struct arch *a, const char *op, const char *scope, const struct val *in,
		      size_t nin, const char *attrs)
{
	const struct val v = next(a, in[0]);
	struct str list = { 0 };
	char *name = xasprintf("%s/%s", scope, op), *out = xasprintf("t%d", v.id);

	for (size_t i = 0; i < nin; i++)
		str_printf(&list, "%s%s", i ? "," : "", tensor_name(in[i]));
	put_node(a, op, name, list.p, out, attrs);
	str_release(&list);
	free(name);
	free(out);
	return v;
}

struct val ar_node(struct arch *a, const char *op, const char *scope, const struct val *in,
		   size_t nin, const char *attrs)
{
	return put(a, op, scope, in, nin, attrs);
}

struct val ar_1(struct arch *a, const char *op, const char *scope, struct val x, const char *attrs)
{
	return put(a, op, scope, &x, 1, attrs);
}

struct val ar_2(struct arch *a, const char *op, const char *scope, struct val x, struct val y,
		const char *attrs)
{
	return put(a, op, scope, (struct val[]){ x, y }, 2, attrs);
}

/* An initializer; type 1 float, 7 int64. */
static struct val init(struct arch *a, int type, int rank, const int64_t *dim, const void *p,
		       size_t bytes)
{
	const struct val v = next(a, (struct val){ 0 });
	struct str t = { 0 };

	for (int i = 0; i < rank; i++)
		onnxw_int(&t, 1, dim[i]);
	onnxw_int(&t, 2, type);
	onnxw_text(&t, 8, tensor_name(v));
	onnxw_bytes(&t, 9, p, bytes);
	onnxw_message(&a->graph, 5, &t);
	return v;
}

struct val ar_ints(struct arch *a, size_t n, const int64_t *v)
{
	const int64_t dim = (int64_t)n;

	return init(a, 7, 1, &dim, v, n * sizeof *v);
}

struct val ar_index(struct arch *a, int64_t v)
{
	return init(a, 7, 0, NULL, &v, sizeof v);
}

struct val ar_floats(struct arch *a, int rank, const int64_t *dim, const float *v)
{
	size_t n = 1;

	for (int i = 0; i < rank; i++)
		n *= (size_t)dim[i];
	return init(a, 1, rank, dim, v, n * sizeof *v);
}

struct val ar_scalar(struct arch *a, float v)
{
	return ar_floats(a, 0, NULL, &v);
}

void ar_split(struct arch *a, const char *scope, struct val x, const int *sizes, int n, int axis,
	      struct val *y)
{
	int64_t size[16];
	struct val s;
	struct str out = { 0 };
	char *in, *name = xasprintf("%s/Split", scope);

	for (int i = 0; i < n; i++)
		size[i] = sizes[i];
	s = ar_ints(a, (size_t)n, size);
	in = xasprintf("t%d,t%d", x.id, s.id);
	for (int i = 0; i < n; i++) {
		y[i] = next(a, x);
		if (axis == 1)
			y[i].c = sizes[i];
		str_printf(&out, "%st%d", i ? "," : "", y[i].id);
	}
	put_node(a, "Split", name, in, out.p, ar_name("axis=%d", axis));
	free(in);
	free(name);
	str_release(&out);
}

struct val ar_reshape(struct arch *a, const char *scope, struct val x, size_t n, const int64_t *dim)
{
	return ar_2(a, "Reshape", scope, x, ar_ints(a, n, dim), "");
}

/* Uniform in -1 .. 1. */
static float uniform(struct arch *a)
{
	uint64_t z = a->rng += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (float)(z >> 40) / (float)(1 << 23) - 1;
}

struct val ar_random(struct arch *a, int rank, const int64_t *dim, double scale)
{
	struct val v;
	size_t n = 1;
	float *p;

	for (int i = 0; i < rank; i++)
		n *= (size_t)dim[i];
	a->params += (double)n;
	if (a->count)
		return next(a, (struct val){ 0 });
	p = xcalloc(n, sizeof *p);
	for (size_t i = 0; i < n; i++)
		p[i] = (float)scale * uniform(a);
	v = ar_floats(a, rank, dim, p);
	free(p);
	return v;
}

/* Kernel with a variance that keeps that of the input about the same, and a small bias. */
static struct val windowed(struct arch *a, const char *op, const char *scope, struct val x,
			   const int64_t dim[4], int co, double fan, const char *attrs)
{
	const int64_t c = co;
	struct val in[3] = { x };

	in[1] = ar_random(a, 4, dim, (a->gain > 0 ? a->gain : 1) * sqrt(3 * 2 / fan));
	in[2] = ar_random(a, 1, &c, 0.1);
	return put(a, op, scope, in, 3, attrs);
}

struct val ar_conv_hw(struct arch *a, const char *scope, struct val x, int co, const int k[2],
		      const int s[2], const int pad[2], int groups)
{
	const int64_t dim[4] = { co, x.c / groups, k[0], k[1] };
	const double fan = (double)(dim[1] * k[0] * k[1]);
	struct val y =
	    windowed(a, "Conv", scope, x, dim, co, fan,
		     ar_name("kernel_shape=%d,%d strides=%d,%d pads=%d,%d,%d,%d "
			     "dilations=1,1 group=%d",
			     k[0], k[1], s[0], s[1], pad[0], pad[1], pad[0], pad[1], groups));

	y.c = co;
	y.h = (x.h + 2 * pad[0] - k[0]) / s[0] + 1;
	y.w = (x.w + 2 * pad[1] - k[1]) / s[1] + 1;
	a->macs += fan * co * y.h * y.w;
	return y;
}

struct val ar_conv_full(struct arch *a, const char *scope, struct val x, int co, int k, int s,
			int pad, int groups)
{
	return ar_conv_hw(a, scope, x, co, (const int[2]){ k, k }, (const int[2]){ s, s },
			  (const int[2]){ pad, pad }, groups);
}

struct val ar_conv(struct arch *a, const char *scope, struct val x, int co, int k, int s)
{
	return ar_conv_full(a, scope, x, co, k, s, (k - 1) / 2, 1);
}

struct val ar_dw(struct arch *a, const char *scope, struct val x, int k, int s)
{
	return ar_conv_full(a, scope, x, x.c, k, s, (k - 1) / 2, x.c);
}

struct val ar_deconv(struct arch *a, const char *scope, struct val x, int co, int k, int s, int pad)
{
	const int64_t dim[4] = { x.c, co, k, k };
	struct val y = windowed(a, "ConvTranspose", scope, x, dim, co, (double)(x.c * k * k) / s,
				ar_name("kernel_shape=%d,%d strides=%d,%d pads=%d,%d,%d,%d", k, k,
					s, s, pad, pad, pad, pad));

	y.c = co;
	y.h = (x.h - 1) * s - 2 * pad + k;
	y.w = (x.w - 1) * s - 2 * pad + k;
	a->macs += (double)x.c * k * k * co * y.h * y.w;
	return y;
}

struct val ar_act(struct arch *a, const char *scope, struct val x, enum ar_act act)
{
	switch (act) {
	case AR_NONE:
		break;
	case AR_RELU:
		return ar_1(a, "Relu", scope, x, "");
	case AR_RELU6: {
		const struct val in[3] = { x, ar_scalar(a, 0), ar_scalar(a, 6) };

		return put(a, "Clip", scope, in, 3, "");
	}
	case AR_LEAKY:
		return ar_1(a, "LeakyRelu", scope, x, "alpha=f:0.1");
	case AR_SILU:
		return ar_2(a, "Mul", scope, x, ar_1(a, "Sigmoid", scope, x, ""), "");
	case AR_SIGMOID:
		return ar_1(a, "Sigmoid", scope, x, "");
	}
	return x;
}

struct val ar_cba(struct arch *a, const char *scope, struct val x, int co, int k, int s)
{
	return ar_act(a, ar_name("%s/act", scope),
		      ar_conv(a, ar_name("%s/conv", scope), x, co, k, s), a->act);
}

struct val ar_concat(struct arch *a, const char *scope, const struct val *x, size_t n)
{
	struct val y = put(a, "Concat", scope, x, n, "axis=1");

	y.c = 0;
	for (size_t i = 0; i < n; i++)
		y.c += x[i].c;
	return y;
}

struct val ar_maxpool(struct arch *a, const char *scope, struct val x, int k, int s)
{
	const int pad = s > 1 && k % 2 == 0 ? 0 : (k - 1) / 2;
	struct val y = ar_1(a, "MaxPool", scope, x,
			    ar_name("kernel_shape=%d,%d strides=%d,%d pads=%d,%d,%d,%d", k, k, s, s,
				    pad, pad, pad, pad));

	y.h = (x.h + 2 * pad - k) / s + 1;
	y.w = (x.w + 2 * pad - k) / s + 1;
	return y;
}

struct val ar_up(struct arch *a, const char *scope, struct val x)
{
	const int64_t four = 4;
	const struct val in[3] = { x, ar_floats(a, 1, (int64_t[]){ 0 }, (const float[]){ 0 }),
				   ar_floats(a, 1, &four, (const float[]){ 1, 1, 2, 2 }) };
	struct val y = put(a, "Resize", scope, in, 3,
			   "coordinate_transformation_mode=s:asymmetric mode=s:nearest "
			   "nearest_mode=s:floor");

	y.h *= 2;
	y.w *= 2;
	return y;
}

struct val ar_norm(struct arch *a, const char *scope, struct val x)
{
	const int64_t c = x.c;
	float *v = xcalloc((size_t)c, sizeof *v);
	struct val in[5] = { x };

	for (int i = 1; i < 5; i++) {
		for (int64_t k = 0; k < c; k++)
			v[k] = i == 1 || i == 4 ? 1 + 0.3f * uniform(a) : 0.1f * uniform(a);
		in[i] = ar_floats(a, 1, &c, v);
	}
	free(v);
	return put(a, "BatchNormalization", scope, in, 5, "epsilon=f:0.001");
}

/* Every second row or column (axis 2 or 3) from `from` on. */
static struct val every_second(struct arch *a, const char *scope, struct val x, int64_t axis,
			       int64_t from)
{
	const struct val in[5] = { x, ar_ints(a, 1, &from),
				   ar_ints(a, 1, (const int64_t[]){ INT32_MAX }),
				   ar_ints(a, 1, &axis), ar_ints(a, 1, (const int64_t[]){ 2 }) };

	return put(a, "Slice", scope, in, 5, "");
}

struct val ar_focus(struct arch *a, const char *scope, struct val x)
{
	struct val part[4];

	for (int i = 0; i < 4; i++) {
		part[i] = every_second(a, ar_name("%s/rows%d", scope, i), x, 2, i % 2);
		part[i] = every_second(a, ar_name("%s/columns%d", scope, i), part[i], 3, i / 2);
	}
	x = ar_concat(a, scope, part, 4);
	x.h /= 2;
	x.w /= 2;
	return x;
}

/* Pooled, flattened, one fully connected layer to the classes. */
struct val ar_classify(struct arch *a, const char *scope, struct val x)
{
	const int64_t dim[2] = { a->classes, x.c }, n = a->classes;
	struct val in[3];

	in[0] = ar_1(a, "GlobalAveragePool", scope, x, "");
	in[0] = ar_1(a, "Flatten", scope, in[0], "axis=1");
	in[1] = ar_random(a, 2, dim, sqrt(3.0 / x.c));
	in[2] = ar_random(a, 1, &n, 0.1);
	a->macs += (double)x.c * a->classes;
	return put(a, "Gemm", scope, in, 3, "transB=1");
}
