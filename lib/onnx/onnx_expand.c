/* Expand: rows and columns by a nearest resize, features by a 1x1 convolution of ones. */
#include "base/limits.h"
#include "onnx/onnx_int.h"

/* The axis on which dimension d, of size 1, is repeated: its usual one, or another that is free. */
static int axis_for(const struct im_view *v, int d)
{
	static const int usual[5][4] = { { 0 }, { 0 }, { 2, 2 }, { 2, 2, 1 }, { 2, 2, 0, 1 } };
	static const int order[3] = { 1, 0, 2 };

	if (v->rank > 4)
		return 2;
	if (v->base[usual[v->rank][d]] == 1)
		return usual[v->rank][d];
	if (d == v->rank - 1 && v->base[2] == 1)
		return 2;
	for (int i = 0; i < 3; i++)
		if (v->base[order[i]] == 1)
			return order[i];
	return 2;
}

/*
 * Place among the atoms for a new one of dimension d on the axis: behind the dimension before when
 * that is there, else outermost.
 */
static int place_for(const struct im_view *v, int d, int axis)
{
	int at = 0;

	for (int k = d - 1; k >= 0; k--) {
		const struct im_dim *dim = &v->dim[k];

		if (dim->n && dim->at[0] != IM_BATCH && v->atom[dim->at[dim->n - 1]].axis == axis)
			return dim->at[dim->n - 1] + 1;
	}
	while (at < v->natoms && v->atom[at].axis < axis)
		at++;
	return at;
}

/* Features of v repeated: new atom `at` of this size; kernel [1][1][c][size c]. */
static struct layer *repeat_features(struct build *b, const struct im_view *v, int at, int64_t size,
				     struct err *e)
{
	const int64_t c = v->base[2];
	int64_t inner = 1;
	struct tensor t;
	struct layer *l;
	float *to;

	if (size > LIMIT_FEATURES / c || (uint64_t)(c * c) * (uint64_t)size > b->fold_left / 4) {
		err_set(e, "repeating %lld features %lld times is not supported", (long long)c,
			(long long)size);
		return NULL;
	}
	for (int a = at; a < v->natoms; a++)
		inner *= v->atom[a].axis == 2 ? v->atom[a].size : 1;
	t = tensor_new(DT_F32, 4, (int64_t[]){ 1, 1, c, c * size });
	b->fold_left -= tensor_bytes(&t);
	to = memset(tensor_data(&t), 0, tensor_bytes(&t));
	for (int64_t i = 0; i < c * size; i++)
		to[(i / (inner * size) * inner + i % inner) * c * size + i] = 1;
	l = build_after(b, HN_CONV, "conv", v);
	l->p.kernel[2] = (int32_t)c;
	l->p.kernel[3] = (int32_t)(c * size);
	layer_set_weight(b->w, l, "kernel", t);
	return l;
}

static struct layer *repeat_pixels(struct build *b, const struct im_view *v, int axis, int64_t size)
{
	struct layer *l = v->layer;

	/* Rows and columns of one Expand are one resize. */
	if (!v->sole || l->type != HN_RESIZE || l->p.resize_out[axis] != 1 || l->noriginal == 0 ||
	    strcmp(l->original_names[0], b->node->origin[0]) != 0) {
		l = build_after(b, HN_RESIZE, "resize", v);
		l->p.resize_mode = 2;
		for (int i = 0; i < 2; i++)
			l->p.resize_out[i] = (int32_t)v->base[i];
	}
	l->p.resize_out[axis] = (int32_t)size;
	return l;
}

int onnx_repeat_dim(struct build *b, struct im_view *v, int d, int64_t size, struct err *e)
{
	const int axis = axis_for(v, d);
	const int at = place_for(v, d, axis);
	struct layer *l;

	if (v->natoms == IM_ATOMS || size > LIMIT_DIM)
		return err_set(e, "expanding %s %lld times is not supported", view_text(v),
			       (long long)size);
	l = axis == 2 ? repeat_features(b, v, at, size, e) : repeat_pixels(b, v, axis, size);
	if (!l)
		return -1;
	v->layer = l;
	v->port = 0;
	v->sole = true;
	view_repeat(v, d, at, axis, size);
	return 0;
}

int onnx_expand(struct build *b, struct im_node *n, struct err *e)
{
	struct im_value *x = n->in[0];
	int64_t dim[LIMIT_RANK];
	struct im_view v;
	size_t rank;
	int lead;

	if (onnx_list(b, n, "shape", 1, dim, &rank, e) < 0)
		return -1;
	build_pass(n->out[0], x);
	while (n->out[0]->view.rank < (int)rank)
		view_unsqueeze(&n->out[0]->view, 0);
	v = n->out[0]->view;
	lead = v.rank - (int)rank;
	for (int i = 0; i < (int)rank; i++) {
		const int64_t size = view_size(&v, lead + i);

		if (dim[i] == 1 || dim[i] == size)
			continue;
		if (size != 1 || dim[i] < 1)
			return err_set(e, "%s does not repeat to %lld in dimension %d",
				       view_text(&v), (long long)dim[i], lead + i);
		if (lead + i == 0 && v.rank > 1 && v.rank == x->view.rank)
			return err_set(e, "repeating the batch of %s is not supported",
				       view_text(&v));
		if (onnx_repeat_dim(b, &v, lead + i, dim[i], e) < 0)
			return -1;
	}
	n->out[0]->view = v;
	return 0;
}
