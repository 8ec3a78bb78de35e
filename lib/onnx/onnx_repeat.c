/* Tile, and Gather of indices in any order: concatenations of a tensor's parts. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

enum {
	PARTS = 64 /* of a concatenation made here */
};

/* out = the n values side by side along a dimension. */
static int side_by_side(struct build *b, struct im_value *v, size_t n, int axis,
			struct im_value *out, struct err *e)
{
	if (n > 1)
		return onnx_concat_at(b, v, n, axis, out, e);
	out->view = v[0].view;
	out->done = true;
	return 0;
}

int onnx_tile(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value x = *n->in[0], part[PARTS], next;
	int64_t times[LIMIT_RANK];
	size_t count;

	if (onnx_list(b, n, "repeats", 1, times, &count, e) < 0)
		return -1;
	if (count != (size_t)x.view.rank)
		return err_set(e, "it has %zu repeats for %s", count, view_text(&x.view));
	for (int d = 0; d < x.view.rank; d++) {
		if (times[d] < 1 || times[d] > PARTS)
			return err_set(e, "%lld repeats are not supported (1 to %d are)",
				       (long long)times[d], PARTS);
		if (times[d] == 1)
			continue;
		/* Once for all copies. */
		if (view_plain(b, &x, e) < 0)
			return -1;
		next = (struct im_value){ .name = n->name, .nuse = 1 };
		for (int64_t i = 0; i < times[d]; i++)
			part[i] = x;
		if (side_by_side(b, part, (size_t)times[d], d, &next, e) < 0)
			return -1;
		x = next;
	}
	if (x.view.layer == n->in[0]->view.layer)
		return build_pass(n->out[0], n->in[0]), 0;
	n->out[0]->view = x.view;
	n->out[0]->done = true;
	return 0;
}

/* The run of indices from `at` on: how many, and their step (1 for one alone). */
static size_t run(const int64_t *index, size_t n, size_t at, int64_t *step)
{
	size_t k = 1;

	*step = 1;
	if (at + 1 < n && index[at + 1] > index[at])
		*step = index[at + 1] - index[at];
	while (at + k < n && index[at + k] == index[at] + (int64_t)k * *step)
		k++;
	return k;
}

int onnx_gather_parts(struct build *b, struct im_node *n, int axis, const int64_t *index,
		      size_t count, struct err *e)
{
	struct im_value part[PARTS];
	size_t parts = 0, k;
	int64_t step;

	for (size_t i = 0; i < count; i += k) {
		k = run(index, count, i, &step);
		if (parts == PARTS)
			return err_set(e, "its %zu indices are more than %d runs", count, PARTS);
		part[parts] = (struct im_value){ .name = n->name, .nuse = 1 };
		if (onnx_slice_part(b, n->in[0], axis, index[i], index[i + k - 1] + 1, step,
				    &part[parts++], e) < 0)
			return -1;
	}
	return side_by_side(b, part, parts, axis, n->out[0], e);
}
