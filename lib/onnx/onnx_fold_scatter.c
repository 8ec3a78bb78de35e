/* Constant folding: ScatterND, by which exporters write assignments to slices (masks of windows).
 */
#include "onnx/onnx_fold.h"

/* Place of the slice that index row i names, in slices of `step` values; -1 when outside. */
static int64_t slice_at(const struct tensor *data, const struct tensor *indices, int64_t depth,
			int64_t i)
{
	int64_t at = 0;

	for (int64_t k = 0; k < depth; k++) {
		int64_t v = tensor_get_int(indices, (size_t)(i * depth + k));

		v += v < 0 ? data->dim[k] : 0;
		if (v < 0 || v >= data->dim[k])
			return -1;
		at = at * data->dim[k] + v;
	}
	return at;
}

int fold_scatter_nd(struct build *b, struct im_node *n, struct err *e)
{
	const struct tensor *data, *indices, *updates;
	int64_t depth, rows = 1, step = 1;
	struct tensor t;

	if (n->nin != 3 || !n->in[1] || !n->in[2])
		return err_set(e, "it has %zu inputs, 3 expected", n->nin);
	data = &n->in[0]->data;
	indices = &n->in[1]->data;
	updates = &n->in[2]->data;
	if (strcmp(im_string(n, "reduction", "none"), "none") != 0)
		return 1;
	if (indices->rank < 1 || fold_is_float(indices->dtype) || updates->dtype != data->dtype)
		return err_set(e, "its inputs are not of the types expected");
	depth = indices->dim[indices->rank - 1];
	for (int d = 0; d < indices->rank - 1; d++)
		rows *= indices->dim[d];
	if (depth < 1 || depth > data->rank)
		return err_set(e, "its indices %s do not fit %s", tensor_shape_text(indices),
			       tensor_shape_text(data));
	for (int d = (int)depth; d < data->rank; d++)
		step *= data->dim[d];
	if ((int64_t)tensor_count(updates) != rows * step)
		return err_set(e, "its updates %s do not fit %s", tensor_shape_text(updates),
			       tensor_shape_text(indices));
	if (fold_new(b, data->dtype, data->rank, data->dim, &t, e) < 0)
		return -1;
	memcpy(tensor_data(&t), data->data, tensor_bytes(data));
	for (int64_t i = 0; i < rows; i++) {
		const int64_t at = slice_at(data, indices, depth, i);

		if (at < 0) {
			tensor_release(&t);
			return err_set(e, "its index %lld is outside of %s", (long long)i,
				       tensor_shape_text(data));
		}
		for (int64_t k = 0; k < step; k++)
			fold_copy(&t, (size_t)(at * step + k), updates, (size_t)(i * step + k));
	}
	im_set_const(n->out[0], t);
	return 0;
}
