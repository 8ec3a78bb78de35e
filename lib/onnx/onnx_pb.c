/* The door to protobuf-c for ONNX: the model's messages become an importer graph. */
#include "base/limits.h"
#include "base/num.h"
#include "onnx/onnx.pb-c.h"
#include "onnx/onnx_int.h"

/* TensorProto.DataType; index is the number in the file. */
enum {
	TYPE_STRING = 8,
	TYPE_F16 = 10,
	TYPE_BF16 = 16,
	TYPE_COUNT = 17
};
static const signed char dtypes[TYPE_COUNT] = {
	[0] = -1,
	[1] = DT_F32,
	[2] = DT_U8,
	[3] = DT_I8,
	[4] = DT_U16,
	[5] = DT_I16,
	[6] = DT_I32,
	[7] = DT_I64,
	[8] = -1,
	[9] = DT_BOOL,
	[10] = DT_F16,
	[11] = DT_F64,
	[12] = DT_U32,
	[13] = DT_U64,
	[14] = -1,
	[15] = -1,
	[16] = DT_U16 /* bfloat16: bits */,
};

static int tensor_dims(const Onnx__Tensor *p, struct tensor *t, struct err *e)
{
	size_t bytes = dtype_size(t->dtype);

	if (p->n_dims > LIMIT_RANK)
		return err_set(e, "it has %zu dimensions, at most %d expected", p->n_dims,
			       LIMIT_RANK);
	t->rank = (int)p->n_dims;
	for (int i = 0; i < t->rank; i++) {
		t->dim[i] = p->dims[i];
		if (t->dim[i] < 0 || t->dim[i] > LIMIT_TENSOR_BYTES ||
		    !size_mul(bytes, (size_t)t->dim[i], &bytes) ||
		    bytes > (size_t)LIMIT_TENSOR_BYTES)
			return err_set(e, "dimension %lld is absurd", (long long)p->dims[i]);
	}
	return 0;
}

/* Element i of the typed fields as bits of the tensor's type. */
static void put(const Onnx__Tensor *p, struct tensor *t, size_t i, uint8_t *out)
{
	switch (t->dtype) {
	case DT_F32:
		memcpy(out, &p->float_data[i], 4);
		break;
	case DT_F64:
		memcpy(out, &p->double_data[i], 8);
		break;
	case DT_I64:
		memcpy(out, &p->int64_data[i], 8);
		break;
	case DT_U64:
		memcpy(out, &p->uint64_data[i], 8);
		break;
	case DT_U32: {
		uint32_t v = (uint32_t)p->uint64_data[i];

		memcpy(out, &v, 4);
		break;
	}
	case DT_U8:
	case DT_I8:
	case DT_U16:
	case DT_I16:
	case DT_I32:
	case DT_BOOL:
	case DT_F16: {
		uint32_t v = (uint32_t)p->int32_data[i];

		memcpy(out, &v, dtype_size(t->dtype)); /* little-endian: the low bytes */
		break;
	}
	case DT_COUNT:
		break;
	}
}

static size_t typed_count(const Onnx__Tensor *p, enum dtype t)
{
	return t == DT_F32                  ? p->n_float_data
	       : t == DT_F64                ? p->n_double_data
	       : t == DT_I64                ? p->n_int64_data
	       : t == DT_U64 || t == DT_U32 ? p->n_uint64_data
					    : p->n_int32_data;
}

static int external(struct im_file *f, const Onnx__Tensor *p, struct tensor *t, struct err *e)
{
	int64_t offset = 0, length = -1;
	const char *location = NULL;

	for (size_t i = 0; i < p->n_external_data; i++) {
		const Onnx__StringStringEntry *s = p->external_data[i];
		const char *key = s->key ? s->key : "";
		const char *val = s->value ? s->value : "";

		if (strcmp(key, "location") == 0)
			location = val;
		else if (strcmp(key, "offset") == 0 &&
			 num_int(val, "external data offset", 0, INT64_MAX, &offset, e) < 0)
			return -1;
		else if (strcmp(key, "length") == 0 &&
			 num_int(val, "external data length", 0, INT64_MAX, &length, e) < 0)
			return -1;
	}
	if (!location)
		return err_set(e, "its data is external, but no location is given");
	t->owner = im_file_external(f, location, offset, length, tensor_bytes(t), &t->data, e);
	return err_is(e) ? -1 : 0;
}

static struct tensor from_bfloat16(struct tensor *bits)
{
	struct tensor t = tensor_new(DT_F32, bits->rank, bits->dim);
	uint32_t *to = tensor_data(&t);

	for (size_t i = 0; i < tensor_count(&t); i++)
		to[i] = (uint32_t)tensor_get_int(bits, i) << 16;
	tensor_release(bits);
	return t;
}

static int tensor_bytes_of(struct im_file *f, const Onnx__Tensor *p, struct tensor *t,
			   struct err *e)
{
	const size_t n = tensor_count(t);
	struct onnx_ref ref;
	uint8_t *out;

	if (p->data_location == 1)
		return external(f, p, t, e);
	if (p->has_raw_data && p->raw_data.len == sizeof ref) {
		memcpy(&ref, p->raw_data.data, sizeof ref);
		if (ref.n != tensor_bytes(t))
			return err_set(e, "it has %llu bytes, %zu expected from shape %s",
				       (unsigned long long)ref.n, tensor_bytes(t),
				       tensor_shape_text(t));
		t->owner = im_file_range(f, (size_t)ref.offset, (size_t)ref.n, &t->data, e);
		return err_is(e) ? -1 : 0;
	}
	if (typed_count(p, t->dtype) != n)
		return err_set(e, "it has %zu values, %zu expected from shape %s",
			       typed_count(p, t->dtype), n, tensor_shape_text(t));
	*t = tensor_new(t->dtype, t->rank, t->dim);
	out = tensor_data(t);
	for (size_t i = 0; i < n; i++)
		put(p, t, i, out + i * dtype_size(t->dtype));
	return 0;
}

static int read_tensor(struct im_file *f, const Onnx__Tensor *p, struct tensor *t, struct err *e)
{
	const int type = p->data_type;

	*t = (struct tensor){ .data = "" };
	if (type < 0 || type >= TYPE_COUNT || dtypes[type] < 0)
		return err_set(e, "its element type %d is not supported", type);
	t->dtype = (enum dtype)dtypes[type];
	if (tensor_dims(p, t, e) < 0 || tensor_bytes_of(f, p, t, e) < 0)
		return -1;
	if (type == TYPE_BF16)
		*t = from_bfloat16(t);
	return 0;
}

static char *text(struct im_graph *g, const uint8_t *p, size_t n)
{
	char *s = arena_alloc(&g->arena, n + 1);

	if (n)
		memcpy(s, p, n);
	return s;
}

static int read_attr(struct im_file *f, struct im_graph *g, const Onnx__Attribute *p,
		     struct im_attr *a, struct err *e)
{
	/* AttributeProto.AttributeType; older files leave it out. */
	enum {
		FLOAT = 1,
		INT,
		STRING,
		TENSOR,
		FLOATS = 6,
		INTS,
		STRINGS
	};
	const char **strings;
	int type = p->type;

	if (!p->has_type)
		type = p->t           ? TENSOR
		       : p->has_s     ? STRING
		       : p->n_ints    ? INTS
		       : p->n_floats  ? FLOATS
		       : p->n_strings ? STRINGS
		       : p->has_f     ? FLOAT
				      : INT;
	a->name = arena_strdup(&g->arena, p->name ? p->name : "");
	a->kind = IM_OTHER;
	if (type == FLOAT) {
		a->kind = IM_FLOAT;
		a->f = p->f;
	} else if (type == INT) {
		a->kind = IM_INT;
		a->i = p->i;
	} else if (type == STRING) {
		a->kind = IM_STRING;
		a->s = text(g, p->s.data, p->s.len);
	} else if (type == FLOATS) {
		float *v = arena_array(&g->arena, p->n_floats, sizeof *v);

		if (p->n_floats)
			memcpy(v, p->floats, p->n_floats * sizeof *v);
		a->kind = IM_FLOATS;
		a->n = p->n_floats;
		a->floats = v;
	} else if (type == INTS) {
		int64_t *v = arena_array(&g->arena, p->n_ints, sizeof *v);

		if (p->n_ints)
			memcpy(v, p->ints, p->n_ints * sizeof *v);
		a->kind = IM_INTS;
		a->n = p->n_ints;
		a->ints = v;
	} else if (type == STRINGS) {
		strings = arena_array(&g->arena, p->n_strings, sizeof *strings);
		for (size_t i = 0; i < p->n_strings; i++)
			strings[i] = text(g, p->strings[i].data, p->strings[i].len);
		a->kind = IM_STRINGS;
		a->n = p->n_strings;
		a->strings = strings;
	} else if (type == TENSOR && p->t) {
		a->kind = IM_TENSOR;
		return read_tensor(f, p->t, &a->t, e);
	}
	return 0;
}

static bool is_default_domain(const char *s)
{
	return !s || s[0] == '\0' || strcmp(s, "ai.onnx") == 0;
}

static int read_node(struct im_file *f, struct im_graph *g, const Onnx__Node *p, size_t at,
		     struct err *e)
{
	const char *first = p->n_output ? p->output[0] : "";
	const char *name = p->name && p->name[0] ? p->name : first;
	struct im_node *n;

	if (p->n_input > IM_INPUTS || p->n_output > IM_INPUTS || strlen(name) > LIMIT_NAME)
		return err_set(e, "node %zu: too many inputs or outputs, or too long a name", at);
	if (!p->op_type || !p->op_type[0])
		return err_set(e, "node '%s' has no operator", quote(name));
	n = im_add(g, p->op_type, name, p->n_input, p->n_output, p->n_attribute);
	if (!is_default_domain(p->domain))
		n->domain = arena_strdup(&g->arena, p->domain);
	for (size_t i = 0; i < n->nin; i++)
		n->in[i] = p->input[i][0] ? im_value(g, p->input[i]) : NULL;
	for (size_t i = 0; i < n->nout; i++)
		n->out[i] = p->output[i][0] ? im_value(g, p->output[i]) : NULL;
	for (size_t i = 0; i < n->nattr; i++)
		if (read_attr(f, g, p->attribute[i], &n->attr[i], e) < 0)
			return err_in(e, "node '%s': attribute '%s'", quote(name),
				      quote(n->attr[i].name));
	return 0;
}

char onnx_elem(int64_t type)
{
	if (type == TYPE_BF16)
		return 'f';
	if (type < 0 || type >= TYPE_COUNT || dtypes[type] < 0)
		return '\0';
	return type == 1 || type == TYPE_F16 || type == 11 ? 'f'
	       : dtypes[type] == DT_BOOL                   ? 'b'
							   : 'i';
}

static int read_value_info(struct im_graph *g, const Onnx__ValueInfo *p, struct im_value *v,
			   struct err *e)
{
	const Onnx__TensorType *t = p->type ? p->type->tensor_type : NULL;

	if (!t || !t->shape)
		return 0;
	if (t->shape->n_dim > LIMIT_RANK)
		return err_set(e, "tensor '%s' has %zu dimensions", quote(p->name),
			       t->shape->n_dim);
	v->declared = true;
	v->elem = onnx_elem(t->elem_type);
	v->rank = (int)t->shape->n_dim;
	for (int i = 0; i < v->rank; i++) {
		const Onnx__Dimension *d = t->shape->dim[i];

		v->dim[i] = d->has_dim_value && d->dim_value > 0 ? d->dim_value : -1;
		v->symbol[i] = d->dim_param ? arena_strdup(&g->arena, d->dim_param) : NULL;
	}
	return 0;
}

/* What the file says about a tensor that a node makes: a hint, used where a node is not understood.
 */
static int tell_shape(struct im_graph *g, const Onnx__ValueInfo *p, struct im_value *v,
		      struct err *e)
{
	if (!v || v->is_const || v->is_input)
		return 0;
	if (read_value_info(g, p, v, e) < 0)
		return -1;
	v->told = v->declared;
	v->declared = false;
	return 0;
}

static int read_graph(struct im_file *f, struct im_graph *g, const Onnx__Graph *p, struct err *e)
{
	if (p->n_node > LIMIT_LAYERS * 10)
		return err_set(e, "the model has %zu nodes, at most %d expected", p->n_node,
			       LIMIT_LAYERS * 10);
	g->name = arena_strdup(&g->arena, p->name ? p->name : "");
	for (size_t i = 0; i < p->n_initializer; i++) {
		const Onnx__Tensor *t = p->initializer[i];
		struct tensor data;

		if (!t->name || !t->name[0])
			return err_set(e, "initializer %zu has no name", i);
		if (im_find_value(g, t->name))
			return err_set(e, "initializer '%s' is there twice", quote(t->name));
		if (read_tensor(f, t, &data, e) < 0)
			return err_in(e, "initializer '%s'", quote(t->name));
		im_set_const(im_value(g, t->name), data);
	}
	for (size_t i = 0; i < p->n_input; i++) {
		struct im_value *v = im_value(g, p->input[i]->name ? p->input[i]->name : "");

		if (v->is_const)
			continue;
		if (v->is_input)
			return err_set(e, "input '%s' is there twice", quote(v->name));
		im_add_input(g, v);
		if (read_value_info(g, p->input[i], v, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_node; i++)
		if (read_node(f, g, p->node[i], i, e) < 0)
			return -1;
	for (size_t i = 0; i < p->n_output; i++) {
		struct im_value *v = im_value(g, p->output[i]->name ? p->output[i]->name : "");

		if (v->is_output)
			return err_set(e, "output '%s' is there twice", quote(v->name));
		im_add_output(g, v);
		if (tell_shape(g, p->output[i], v, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_value_info; i++)
		if (p->value_info[i]->name &&
		    tell_shape(g, p->value_info[i], im_find_value(g, p->value_info[i]->name), e) <
			0)
			return -1;
	return 0;
}

static const char *producer(struct im_graph *g, const Onnx__Model *m)
{
	const char *name = m->producer_name ? m->producer_name : "";
	const char *version = m->producer_version ? m->producer_version : "";

	return arena_printf(&g->arena, "%s%s%s", name, *name && *version ? " " : "", version);
}

int onnx_decode(struct im_file *f, struct im_graph *g, int64_t *opset, struct err *e)
{
	struct str skeleton = { 0 };
	Onnx__Model *m = NULL;
	int r = onnx_strip(f->p, f->n, &skeleton, e);

	if (r == 0) {
		m = onnx__model__unpack(NULL, skeleton.len, (const uint8_t *)skeleton.p);
		if (!m)
			r = err_set(e, "not an ONNX model: its protobuf does not decode");
		else if (!m->graph)
			r = err_set(e, "not an ONNX model: there is no graph in it");
	}
	str_release(&skeleton);
	if (r == 0 && m->ir_version >= 3 && m->n_opset_import == 0)
		r = err_set(e, "the model names no operator set: truncated?");
	*opset = 1;
	for (size_t i = 0; r == 0 && i < m->n_opset_import; i++)
		if (is_default_domain(m->opset_import[i]->domain))
			*opset = m->opset_import[i]->version;
	if (r == 0)
		g->producer = producer(g, m);
	g->spelled = true;
	if (r == 0)
		r = read_graph(f, g, m->graph, e);
	if (m)
		onnx__model__free_unpacked(m, NULL);
	return r;
}
