#include "io/tensor.h"
#include "base/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct tensor tensor_new(enum dtype t, int rank, const int64_t *dim)
{
	struct tensor out = { .dtype = t, .rank = rank };
	size_t n = dtype_size(t);

	if (rank < 0 || rank > LIMIT_RANK)
		BUG("rank %d", rank);
	for (int i = 0; i < rank; i++) {
		out.dim[i] = dim[i];
		if (dim[i] < 0 || !size_mul(n, (size_t)dim[i], &n))
			BUG("dimension %" PRId64, dim[i]);
	}
	out.owner = buf_new(n);
	out.data = buf_data(out.owner);
	return out;
}

void *tensor_data(struct tensor *t)
{
	return t->owner ? buf_data(t->owner) : NULL;
}

struct tensor tensor_ref(const struct tensor *t)
{
	buf_ref(t->owner);
	return *t;
}

void tensor_release(struct tensor *t)
{
	buf_unref(t->owner);
	*t = (struct tensor){ 0 };
}

size_t tensor_count(const struct tensor *t)
{
	size_t n = 1;

	for (int i = 0; i < t->rank; i++)
		n *= (size_t)t->dim[i];
	return n;
}

size_t tensor_bytes(const struct tensor *t)
{
	return tensor_count(t) * dtype_size(t->dtype);
}

const char *tensor_shape_text(const struct tensor *t)
{
	enum {
		SLOTS = 8,
		SIZE = LIMIT_RANK * 21 + 3
	};
	static _Thread_local char slots[SLOTS][SIZE];
	static _Thread_local unsigned next;
	char *out = slots[next++ % SLOTS];
	int n = snprintf(out, SIZE, "[");

	for (int i = 0; i < t->rank; i++)
		n += snprintf(out + n, (size_t)(SIZE - n), "%s%" PRId64, i ? "," : "", t->dim[i]);
	snprintf(out + n, (size_t)(SIZE - n), "]");
	return out;
}
