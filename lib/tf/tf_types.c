/* TensorFlow's element types. */
#include "tf/tf_read.h"

static const struct tf_type_row {
	int number;
	int dtype; /* -1: no number */
	const char *name;
} types[] = {
	/* clang-format off */
	{ TF_FLOAT,    DT_F32,  "float32" },  { TF_DOUBLE,   DT_F64,  "float64" },  { TF_INT32,    DT_I32,  "int32" },
	{ TF_UINT8,    DT_U8,   "uint8" },    { TF_INT16,    DT_I16,  "int16" },    { TF_INT8,     DT_I8,   "int8" },
	{ TF_STRING,   -1,      "string" },   { 8,           -1,      "complex64" },{ TF_INT64,    DT_I64,  "int64" },
	{ TF_BOOL,     DT_BOOL, "bool" },     { TF_QINT8,    -1,      "qint8" },    { TF_QUINT8,   -1,      "quint8" },
	{ TF_QINT32,   -1,      "qint32" },   { TF_BFLOAT16, DT_U16,  "bfloat16" }, { TF_UINT16,   DT_U16,  "uint16" },
	{ 18,          -1,      "complex128" }, { TF_HALF,   DT_F16,  "float16" },  { TF_RESOURCE, -1,      "resource" },
	{ TF_VARIANT,  -1,      "variant" },  { TF_UINT32,   DT_U32,  "uint32" },   { TF_UINT64,   DT_U64,  "uint64" },
	/* clang-format on */
};

static const struct tf_type_row *row(int type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].number == type)
			return &types[i];
	return NULL;
}

int tf_dtype(int type)
{
	const struct tf_type_row *r = row(type);

	return r ? r->dtype : -1;
}

const char *tf_type_name(int type)
{
	const struct tf_type_row *r = row(type);

	return r ? r->name : "unknown";
}

int tf_shape(const Tf__Shape *s, struct tensor *t, struct err *e)
{
	size_t bytes = dtype_size(t->dtype);

	t->rank = 0;
	if (!s)
		return 0;
	if (s->n_dim > LIMIT_RANK)
		return err_set(e, "it has %zu dimensions, at most %d expected", s->n_dim,
			       LIMIT_RANK);
	for (size_t i = 0; i < s->n_dim; i++) {
		const int64_t d = s->dim[i]->size;

		if (d < 0 || d > LIMIT_TENSOR_BYTES || !size_mul(bytes, (size_t)d, &bytes) ||
		    bytes > (size_t)LIMIT_TENSOR_BYTES)
			return err_set(e, "dimension %lld is absurd", (long long)d);
		t->dim[i] = d;
	}
	t->rank = (int)s->n_dim;
	return 0;
}

struct tensor tf_widen(struct tensor *bits)
{
	struct tensor t = tensor_new(DT_F32, bits->rank, bits->dim);
	uint32_t *to = tensor_data(&t);
	const uint16_t *from = bits->data;

	for (size_t i = 0; i < tensor_count(&t); i++)
		to[i] = (uint32_t)from[i] << 16;
	tensor_release(bits);
	return t;
}
