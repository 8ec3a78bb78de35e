/* Constants that meet tensors: per-feature vectors, constant layers. */
#include "import/build.h"

/*
 * Stride in the constant's elements of each atom of the view; 0 where the constant repeats.
 * -1: it does not broadcast to the view's shape.
 */
static int const_strides(const struct im_view *v, const struct tensor *t, int64_t stride[IM_ATOMS],
			 struct err *e)
{
	const int extra = t->rank - v->rank;
	int64_t step = 1;

	memset(stride, 0, IM_ATOMS * sizeof *stride);
	for (int k = t->rank - 1; k >= 0; k--) {
		const int d = k - extra;
		int64_t inner = step;

		step *= t->dim[k];
		if (t->dim[k] == 1)
			continue;
		if (d < 0 || t->dim[k] != view_size(v, d))
			return err_set(e, "its constant %s does not broadcast to %s",
				       tensor_shape_text(t), view_text(v));
		for (int i = v->dim[d].n - 1; i >= 0; i--) {
			const int at = v->dim[d].at[i];

			if (at == IM_BATCH)
				return err_set(
				    e, "its constant %s differs between the images of a batch",
				    tensor_shape_text(t));
			stride[at] = inner;
			inner *= v->atom[at].size;
		}
	}
	return 0;
}

/* Place in the constant of stored value `at`, counted over the atoms from `first` on. */
static size_t place(const struct im_view *v, const int64_t stride[IM_ATOMS], int64_t at)
{
	int64_t p = 0;

	for (int a = v->natoms - 1; a >= 0; a--) {
		p += at % v->atom[a].size * stride[a];
		at /= v->atom[a].size;
	}
	return (size_t)p;
}

int build_vector(const struct im_view *v, const struct tensor *t, float **vec, struct err *e)
{
	int64_t stride[IM_ATOMS];

	if (const_strides(v, t, stride, e) < 0)
		return -1;
	for (int a = 0; a < v->natoms; a++)
		if (v->atom[a].axis != 2 && stride[a] != 0)
			return 1;
	*vec = xcalloc((size_t)v->base[2], sizeof **vec);
	/* The features of the first pixel: the slower atoms are then 0. */
	for (int64_t c = 0; c < v->base[2]; c++)
		(*vec)[c] = (float)tensor_get(t, place(v, stride, c));
	return 0;
}

struct layer *build_const(struct build *b, struct tensor t, const int64_t base[3], int rank)
{
	struct layer *l = build_layer(b, HN_CONST, "const_input");

	l->out[0] = (struct hn_shape){ (int32_t)base[0], (int32_t)base[1], (int32_t)base[2], rank };
	layer_set_weight(b->w, l, "value", t);
	return l;
}

struct layer *build_const_map(struct build *b, const struct im_view *v, const struct tensor *t,
			      struct err *e)
{
	int64_t stride[IM_ATOMS];
	struct tensor map;
	float *to;

	if (const_strides(v, t, stride, e) < 0)
		return NULL;
	if ((uint64_t)(view_count(v) / v->batch) > b->fold_left / 4) {
		err_set(e, "its constant would have %lld values",
			(long long)(view_count(v) / v->batch));
		return NULL;
	}
	map = tensor_new(DT_F32, 3, v->base);
	b->fold_left -= tensor_bytes(&map);
	to = tensor_data(&map);
	for (int64_t i = 0; i < v->base[0] * v->base[1] * v->base[2]; i++)
		to[i] = (float)tensor_get(t, place(v, stride, i));
	return build_const(b, map, v->base, v->base[0] == 1 ? 3 : 4);
}

int build_from_const(struct build *b, struct im_value *v, const char *axes, struct err *e)
{
	const struct tensor *t = &v->data;
	struct im_view view;
	struct layer *l;
	int64_t base[3] = { 1, 1, 1 };

	if (!axes || strlen(axes) != (size_t)t->rank)
		axes = build_std_axes(b, t->rank);
	if (!axes || tensor_count(t) == 0)
		return err_set(e, "constant '%s' of shape %s has no form in the HN", quote(v->name),
			       tensor_shape_text(t));
	for (int d = 0; d < t->rank; d++) {
		if (t->dim[d] == 1)
			continue;
		if (!strchr("HWC", axes[d]))
			return err_set(e, "constant '%s' has a batch of %lld", quote(v->name),
				       (long long)t->dim[d]);
		base[axes[d] == 'H' ? 0 : axes[d] == 'W' ? 1 : 2] = t->dim[d];
	}
	view_init(&view, NULL, 0, 1, base, axes);
	l = build_const_map(b, &view, t, e);
	if (!l)
		return -1;
	v->is_const = false;
	view_init(&v->view, l, 0, 1, base, axes);
	return 0;
}
