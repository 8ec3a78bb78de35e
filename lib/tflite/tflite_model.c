/* The model: buffers, tensors, inputs and outputs of the first subgraph. */
#include "base/limits.h"
#include "tflite/tflite_int.h"

/* Fields of the schema's tables. */
enum {
	MODEL_VERSION = 0,
	MODEL_CODES = 1,
	MODEL_SUBGRAPHS = 2,
	MODEL_BUFFERS = 4,
	SUBGRAPH_TENSORS = 0,
	SUBGRAPH_INPUTS = 1,
	SUBGRAPH_OUTPUTS = 2,
	TENSOR_SHAPE = 0,
	TENSOR_TYPE = 1,
	TENSOR_BUFFER = 2,
	TENSOR_NAME = 3,
	TENSOR_QUANTIZATION = 4,
	TENSOR_VARIABLE = 5,
	TENSOR_SPARSITY = 6,
	TENSOR_SIGNATURE = 7,
	QUANTIZATION_SCALE = 2,
	BUFFER_DATA = 0,
	BUFFER_OFFSET = 1,
	BUFFER_SIZE = 2
};

enum {
	SMALL_LIST = 64 /* lists of integers up to here get ONNX's type */
};

static int dtype_of(int64_t type)
{
	switch (type) {
	case TFL_FLOAT32:
		return DT_F32;
	case TFL_FLOAT16:
		return DT_F16;
	case TFL_FLOAT64:
		return DT_F64;
	case TFL_INT32:
		return DT_I32;
	case TFL_INT64:
		return DT_I64;
	case TFL_UINT8:
		return DT_U8;
	case TFL_BOOL:
		return DT_BOOL;
	default:
		return -1;
	}
}

/* A name of its own for tensor i: names may be absent or there twice. */
static struct im_value *new_value(struct tfl *t, const struct fb_table *p, size_t i, struct err *e)
{
	size_t n;
	const char *s = fb_string(p, TENSOR_NAME, &n);
	char *name;

	if (n > LIMIT_NAME) {
		err_set(e, "tensor %zu: its name has %zu bytes, at most %d expected", i, n,
			LIMIT_NAME);
		return NULL;
	}
	name = s && n ? arena_printf(&t->g->arena, "%.*s", (int)n, s)
		      : arena_printf(&t->g->arena, "tensor_%zu", i);
	for (int k = 1; im_find_value(t->g, name); k++)
		name = arena_printf(&t->g->arena, "%.*s_%zu_%d", s ? (int)n : 6, s ? s : "tensor",
				    i, k);
	return im_value(t->g, name);
}

static int shape_of(const struct fb_table *p, struct tfl_tensor *x, struct err *e)
{
	const struct fb_vector shape = fb_vector(p, TENSOR_SHAPE, 4);
	const struct fb_vector open = fb_vector(p, TENSOR_SIGNATURE, 4);

	if (shape.n > LIMIT_RANK)
		return err_set(e, "it has %zu dimensions, at most %d expected", shape.n,
			       LIMIT_RANK);
	x->rank = (int)shape.n;
	for (size_t i = 0; i < shape.n; i++) {
		x->dim[i] = fb_i32_at(&shape, i);
		if (open.n == shape.n && fb_i32_at(&open, i) < 0)
			x->dim[i] = -1;
		if (x->dim[i] < -1)
			return err_set(e, "dimension %lld is absurd", (long long)x->dim[i]);
	}
	return 0;
}

/* Bytes of buffer i: *n of them at *offset of the file; false when it is none or empty. */
static bool buffer(const struct tfl *t, int64_t i, size_t *offset, size_t *n, struct err *e)
{
	struct fb_vector data;
	struct fb_table b;
	uint64_t far, size;

	if (i <= 0)
		return false;
	if ((uint64_t)i >= t->buffers.n) {
		err_set(e, "damaged: there is no buffer %lld", (long long)i);
		return false;
	}
	b = fb_table_at(&t->buffers, (size_t)i);
	data = fb_vector(&b, BUFFER_DATA, 1);
	*offset = data.at;
	*n = data.n;
	/* Buffers of models above 2 GB lie behind the FlatBuffer. */
	far = fb_u64(&b, BUFFER_OFFSET, 0);
	size = fb_u64(&b, BUFFER_SIZE, 0);
	if (!data.n && far > 1) {
		if (far > t->file->n || size > t->file->n - far) {
			err_set(e, "damaged: buffer %lld is outside of the file", (long long)i);
			return false;
		}
		*offset = (size_t)far;
		*n = (size_t)size;
	}
	return *n > 0;
}

/* Shape lists are compared and joined with what ONNX's Shape makes. */
static struct tensor as_int64(struct tensor *t)
{
	struct tensor wide = tensor_convert(t, DT_I64);

	tensor_release(t);
	return wide;
}

static int constant(struct tfl *t, const struct fb_table *p, struct tfl_tensor *x, struct err *e)
{
	const int dtype = dtype_of(x->type);
	struct tensor c = { .rank = x->rank };
	size_t offset = 0, n = 0, bytes;

	if (!buffer(t, fb_u32(p, TENSOR_BUFFER, 0), &offset, &n, e) || dtype < 0 || x->quantized) {
		/* The shape of a scalar is an empty list. */
		if (x->type == TFL_INT32 && x->rank == 1 && x->dim[0] == 0)
			im_set_const(x->v, tensor_new(DT_I64, 1, x->dim));
		return err_is(e) ? -1 : 0;
	}
	if (fb_has(p, TENSOR_SPARSITY))
		return err_set(e,
			       "its values are stored as a sparse tensor, which is not supported");
	c.dtype = (enum dtype)dtype;
	bytes = dtype_size(c.dtype);
	for (int i = 0; i < c.rank; i++) {
		c.dim[i] = x->dim[i];
		if (c.dim[i] < 0 || !size_mul(bytes, (size_t)c.dim[i], &bytes))
			return err_set(e, "it is constant, but dimension %d is open or absurd", i);
	}
	if (bytes != n)
		return err_set(e, "it has %zu bytes, %zu expected from shape %s", n, bytes,
			       tensor_shape_text(&c));
	if (offset % dtype_size(c.dtype) != 0)
		return err_set(e, "damaged: its values are not aligned");
	/* What the tables said may be damaged, too. */
	if (err_is(e) || !(c.owner = im_file_range(t->file, offset, n, &c.data, e)))
		return -1;
	if (c.dtype == DT_I32 && tensor_count(&c) <= SMALL_LIST)
		c = as_int64(&c);
	im_set_const(x->v, c);
	return 0;
}

static int read_tensor(struct tfl *t, const struct fb_table *p, size_t i, struct err *e)
{
	struct tfl_tensor *x = &t->tensor[i];
	const struct fb_table q = fb_table(p, TENSOR_QUANTIZATION);

	x->v = new_value(t, p, i, e);
	if (!x->v)
		return -1;
	x->type = fb_i8(p, TENSOR_TYPE, TFL_FLOAT32);
	x->variable = fb_u8(p, TENSOR_VARIABLE, 0) != 0;
	x->quantized = x->type != TFL_FLOAT32 && x->type != TFL_FLOAT16 && q.at &&
		       fb_vector(&q, QUANTIZATION_SCALE, 4).n > 0;
	if (shape_of(p, x, e) < 0 || constant(t, p, x, e) < 0)
		return err_in(e, "tensor '%s'", quote(x->v->name));
	x->v->told = true;
	x->v->rank = x->rank;
	memcpy(x->v->dim, x->dim, sizeof x->dim);
	x->v->elem = x->type == TFL_FLOAT32 || x->type == TFL_FLOAT16 ? 'f' : 'i';
	return 0;
}

int tfl_tensors(struct tfl *t, const struct fb_table *subgraph, struct err *e)
{
	const struct fb_vector list = fb_vector(subgraph, SUBGRAPH_TENSORS, 4);

	if (list.n > LIMIT_LAYERS * 10)
		return err_set(e, "the model has %zu tensors, at most %d expected", list.n,
			       LIMIT_LAYERS * 10);
	t->tensor = arena_array(&t->g->arena, list.n, sizeof *t->tensor);
	t->ntensor = list.n;
	for (size_t i = 0; i < list.n; i++) {
		const struct fb_table p = fb_table_at(&list, i);

		if (err_is(e) || read_tensor(t, &p, i, e) < 0)
			return -1;
	}
	return 0;
}

static struct tfl_tensor *tensor_at(struct tfl *t, const struct fb_vector *list, size_t i,
				    const char *what, struct err *e)
{
	const int32_t k = fb_i32_at(list, i);

	if (k < 0 || (size_t)k >= t->ntensor) {
		err_set(e, "damaged: %s %zu is no tensor", what, i);
		return NULL;
	}
	return &t->tensor[k];
}

static int ends(struct tfl *t, const struct fb_table *subgraph, struct err *e)
{
	const struct fb_vector in = fb_vector(subgraph, SUBGRAPH_INPUTS, 4);
	const struct fb_vector out = fb_vector(subgraph, SUBGRAPH_OUTPUTS, 4);

	for (size_t i = 0; i < in.n; i++) {
		struct tfl_tensor *x = tensor_at(t, &in, i, "input", e);

		if (!x)
			return -1;
		if (x->v->is_const)
			continue;
		if (x->v->is_input)
			return err_set(e, "input '%s' is there twice", quote(x->v->name));
		im_add_input(t->g, x->v);
		x->v->declared = true;
	}
	for (size_t i = 0; i < out.n; i++) {
		struct tfl_tensor *x = tensor_at(t, &out, i, "output", e);

		if (!x)
			return -1;
		if (x->v->is_output)
			return err_set(e, "output '%s' is there twice", quote(x->v->name));
		im_add_output(t->g, x->v);
	}
	return 0;
}

int tfl_decode(struct im_file *file, struct im_graph *g, struct err *e)
{
	struct tfl t = { .file = file, .g = g };
	struct fb_vector subgraphs;
	struct fb_table root, first;
	int64_t version;

	if (!fb_is(file->p, file->n, "TFL3"))
		return err_set(e, "not a TensorFlow Lite model: it does not begin like one");
	t.fb = fb_make(file->p, file->n, e);
	root = fb_root(&t.fb);
	version = fb_u32(&root, MODEL_VERSION, 0);
	subgraphs = fb_vector(&root, MODEL_SUBGRAPHS, 4);
	t.buffers = fb_vector(&root, MODEL_BUFFERS, 4);
	t.codes = fb_vector(&root, MODEL_CODES, 4);
	if (err_is(e))
		return -1;
	if (version != 3)
		return err_set(e, "its schema has version %lld, 3 expected", (long long)version);
	if (subgraphs.n == 0)
		return err_set(e, "there is no graph in it");
	first = fb_table_at(&subgraphs, 0);
	g->name = arena_strdup(&g->arena, "");
	if (err_is(e) || tfl_tensors(&t, &first, e) < 0 || ends(&t, &first, e) < 0 ||
	    tfl_operators(&t, &first, e) < 0)
		return -1;
	return err_is(e) ? -1 : 0;
}
