/* TensorProto to a tensor: typed fields, of which the last value repeats, or bytes where they lie.
 */
#include "import/strip.h"
#include "tf/tf_read.h"

static size_t typed_count(const Tf__Tensor *p, int type)
{
	switch (type) {
	case TF_FLOAT:
		return p->n_float_val;
	case TF_DOUBLE:
		return p->n_double_val;
	case TF_INT64:
		return p->n_int64_val;
	case TF_BOOL:
		return p->n_bool_val;
	case TF_HALF:
	case TF_BFLOAT16:
		return p->n_half_val;
	case TF_UINT32:
		return p->n_uint32_val;
	case TF_UINT64:
		return p->n_uint64_val;
	default:
		return p->n_int_val;
	}
}

/* Value i of the typed fields as bits of the tensor's type: little-endian, the low bytes. */
static void put(const Tf__Tensor *p, int type, size_t i, uint8_t *out, size_t size)
{
	uint64_t bits = 0;

	if (type == TF_FLOAT)
		memcpy(&bits, &p->float_val[i], sizeof(float));
	else if (type == TF_DOUBLE)
		memcpy(&bits, &p->double_val[i], sizeof(double));
	else if (type == TF_INT64)
		bits = (uint64_t)p->int64_val[i];
	else if (type == TF_BOOL)
		bits = p->bool_val[i] != 0;
	else if (type == TF_HALF || type == TF_BFLOAT16)
		bits = (uint64_t)p->half_val[i];
	else if (type == TF_UINT32)
		bits = p->uint32_val[i];
	else if (type == TF_UINT64)
		bits = p->uint64_val[i];
	else
		bits = (uint64_t)p->int_val[i];
	memcpy(out, &bits, size);
}

enum {
	FILLED_MAX =
	    1 << 26 /* bytes of a tensor that one value fills; zeros of a mask, an anchor grid */
};

static int typed(const Tf__Tensor *p, struct tensor *t, struct err *e)
{
	const size_t n = tensor_count(t), have = typed_count(p, p->dtype);
	const size_t size = dtype_size(t->dtype);
	uint8_t *out;

	if (have > n)
		return err_set(e, "it has %zu values, at most %zu expected from shape %s", have, n,
			       tensor_shape_text(t));
	if (have < n && n > FILLED_MAX / size)
		return err_set(e, "it has %zu values, %zu expected from shape %s", have, n,
			       tensor_shape_text(t));
	*t = tensor_new(t->dtype, t->rank, t->dim);
	out = tensor_data(t);
	for (size_t i = 0; have && i < n; i++) {
		if (i < have)
			put(p, p->dtype, i, out + i * size, size);
		else
			memcpy(out + i * size, out + (have - 1) * size, size);
	}
	return 0;
}

static int content(struct im_file *f, const Tf__Tensor *p, struct tensor *t, struct err *e)
{
	struct im_ref ref;
	struct buf *owner;
	const void *data;

	memcpy(&ref, p->tensor_content.data, sizeof ref);
	if (ref.n == 0)
		return typed(p, t, e);
	if (ref.n != tensor_bytes(t))
		return err_set(e, "it has %llu bytes, %zu expected from shape %s",
			       (unsigned long long)ref.n, tensor_bytes(t), tensor_shape_text(t));
	owner = im_file_range(f, (size_t)ref.offset, (size_t)ref.n, &data, e);
	if (err_is(e))
		return -1;
	if ((size_t)ref.offset % dtype_size(t->dtype) == 0) {
		t->owner = owner;
		t->data = data;
		return 0;
	}
	*t = tensor_new(t->dtype, t->rank, t->dim);
	memcpy(tensor_data(t), data, (size_t)ref.n);
	buf_unref(owner);
	return 0;
}

int tf_tensor(struct im_file *f, const Tf__Tensor *p, struct tensor *t, struct err *e)
{
	const int dtype = tf_dtype(p->dtype);
	int r;

	*t = (struct tensor){ .data = "" };
	if (dtype < 0)
		return 1;
	t->dtype = (enum dtype)dtype;
	if (p->tensor_shape && p->tensor_shape->unknown_rank)
		return err_set(e, "it is constant, but its shape is not known");
	r = tf_shape(p->tensor_shape, t, e);
	if (r == 0)
		r = p->has_tensor_content && p->tensor_content.len == sizeof(struct im_ref)
			? content(f, p, t, e)
			: typed(p, t, e);
	if (r == 0 && p->dtype == TF_BFLOAT16)
		*t = tf_widen(t);
	return r;
}
