/* TensorProto to a tensor: typed fields, raw bytes where they lie, external files. */
#include "base/limits.h"
#include "base/num.h"
#include "import/strip.h"
#include "onnx/onnx_pb.h"

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
	struct im_ref ref;
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

int onnx_pb_tensor(struct im_file *f, const Onnx__Tensor *p, struct tensor *t, struct err *e)
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
