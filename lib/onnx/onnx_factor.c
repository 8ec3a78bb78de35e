/* Operands of products: dimensions of computed tensors and of constants under one roof. */
#include "onnx/onnx_int.h"

void onnx_factor(struct onnx_factor *f, const struct im_node *n, size_t input)
{
	const struct im_value *v = n->in[input];
	int64_t step = 1;

	*f = (struct onnx_factor){ .constant = v->is_const, .v = *v, .input = input };
	if (!v->is_const)
		return;
	f->rank = v->data.rank;
	for (int d = f->rank - 1; d >= 0; d--) {
		f->size[d] = v->data.dim[d];
		f->stride[d] = step;
		step *= v->data.dim[d];
	}
}

int onnx_factor_rank(const struct onnx_factor *f)
{
	return f->constant ? f->rank : f->v.view.rank;
}

int64_t onnx_factor_size(const struct onnx_factor *f, int d)
{
	return f->constant ? f->size[d] : view_size(&f->v.view, d);
}

bool onnx_factor_is_batch(const struct onnx_factor *f, int d)
{
	return !f->constant && f->v.view.dim[d].n && f->v.view.dim[d].at[0] == IM_BATCH;
}

void onnx_factor_unsqueeze(struct onnx_factor *f, int d)
{
	if (!f->constant) {
		view_unsqueeze(&f->v.view, d);
		return;
	}
	for (int i = f->rank; i > d; i--) {
		f->size[i] = f->size[i - 1];
		f->stride[i] = f->stride[i - 1];
	}
	f->size[d] = 1;
	f->stride[d] = 0;
	f->rank++;
}

static void pick_view(struct im_view *v, const int *perm, int n)
{
	int full[LIMIT_RANK], lost = 0;

	for (int d = 0; d < v->rank; d++) {
		bool kept = false;

		for (int i = 0; i < n; i++)
			kept |= perm[i] == d;
		if (!kept)
			full[lost++] = d;
	}
	memcpy(full + lost, perm, (size_t)n * sizeof *perm);
	view_transpose(v, full);
	while (lost--)
		view_squeeze(v, 0);
}

void onnx_factor_pick(struct onnx_factor *f, const int *perm, int n)
{
	int64_t size[LIMIT_RANK], stride[LIMIT_RANK];

	if (!f->constant) {
		pick_view(&f->v.view, perm, n);
		return;
	}
	memcpy(size, f->size, sizeof size);
	memcpy(stride, f->stride, sizeof stride);
	for (int i = 0; i < n; i++) {
		f->size[i] = size[perm[i]];
		f->stride[i] = stride[perm[i]];
	}
	f->rank = n;
}
