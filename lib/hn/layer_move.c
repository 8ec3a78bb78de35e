/* Layers that only move values: concat, slice, feature_splitter, external_pad, reshapes, shuffles.
 */
#include "hn/layer.h"
#include "hn/pack.h"

/* clang-format off */
static const char *const axes[] = { "", "spatial_h", "spatial_w", "features", NULL };
static const char *const d2s_types[] = { "dcr", "crd", NULL };
static const char *const s2d_types[] = { "classic_dcr", "classic_crd", "serial", "focus", NULL };

const struct field fields_concat[] = {
	{ "concat_axis", FIELD_NAME, PARAM(concat_axis), 0, FIELD_ALWAYS, axes },
	FIELDS_END
};

const struct field fields_slice[] = {
	{ "height_slice", FIELD_INTS, PARAM(slice_h), 3, 0, NULL },
	{ "width_slice", FIELD_INTS, PARAM(slice_w), 3, 0, NULL },
	{ "features_slice", FIELD_INTS, PARAM(slice_c), 3, 0, NULL },
	FIELDS_END
};

const struct field fields_splitter[] = {
	{ "hnt_split_sizes", FIELD_SPLIT, PARAM(split), 0, FIELD_ALWAYS, NULL },
	FIELDS_END
};

const struct field fields_pad[] = {
	{ "external_pad_params", FIELD_INTS, PARAM(pad), 4, FIELD_ALWAYS, NULL },
	{ "hnt_pad_value", FIELD_FLOAT, PARAM(pad_value), 0, 0, NULL },
	FIELDS_END
};

const struct field fields_depth_to_space[] = {
	{ "block_sizes", FIELD_INTS, PARAM(block), 2, FIELD_ALWAYS, NULL },
	{ "depth_to_space_type", FIELD_NAME, PARAM(variant), 0, FIELD_ALWAYS, d2s_types },
	FIELDS_END
};

const struct field fields_space_to_depth[] = {
	{ "block_sizes", FIELD_INTS, PARAM(block), 2, FIELD_ALWAYS, NULL },
	{ "space_to_depth_type", FIELD_NAME, PARAM(variant), 0, FIELD_ALWAYS, s2d_types },
	FIELDS_END
};

const struct field fields_shuffle[] = {
	{ "hnt_groups", FIELD_INT, PARAM(shuffle_groups), 0, FIELD_ALWAYS, NULL },
	FIELDS_END
};

const struct field fields_conversion[] = {
	{ "conversion_type", FIELD_STRING, PARAM(conversion), 0, 0, NULL },
	{ "hnt_reshape", FIELD_INTS, PARAM(reshape), 3, 0, NULL },
	{ "hnt_transpose", FIELD_INTS, PARAM(transpose), 3, 0, NULL },
	FIELDS_HOST,
	{ "hnt_emulator_support", FIELD_BOOL, PARAM(emulated), 0, 0, NULL },
	FIELDS_END
};
/* clang-format on */

static int32_t *axis_of(struct hn_shape *s, int axis)
{
	return axis == 1 ? &s->h : axis == 2 ? &s->w : &s->c;
}

int shape_concat(struct layer *l, struct err *e)
{
	struct hn_shape s = *layer_in_shape(l, 0);
	const int axis = l->p.concat_axis;
	int64_t sum = 0;
	int rank = 0;

	for (size_t i = 0; i < l->nin; i++) {
		struct hn_shape t = *layer_in_shape(l, i);

		rank = t.rank > rank ? t.rank : rank;
		sum += *axis_of(&t, axis);
		*axis_of(&t, axis) = *axis_of(&s, axis);
		if (!hn_shape_equal(&s, &t))
			return err_set(e, "its inputs %s and %s differ in more than the axis %d",
				       hn_shape_text(layer_in_shape(l, 0)),
				       hn_shape_text(layer_in_shape(l, i)), axis);
	}
	return shape_set(l, axis == 1 ? sum : s.h, axis == 2 ? sum : s.w, axis == 3 ? sum : s.c,
			 rank, e);
}

/* start, stop, step of one axis; stop 0: to the end; step 0: 1.  Resolves them. */
static int slice_axis(int32_t v[3], int32_t dim, const char *what, int64_t *out, struct err *e)
{
	if (v[1] == 0)
		v[1] = dim;
	if (v[2] == 0)
		v[2] = 1;
	if (v[0] < 0 || v[0] >= v[1] || v[1] > dim || v[2] < 1)
		return err_set(e, "%s %d:%d:%d does not fit into 0:%d", what, v[0], v[1], v[2],
			       dim);
	*out = ((int64_t)v[1] - v[0] + v[2] - 1) / v[2];
	return 0;
}

int shape_slice(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	int64_t h, w, c;

	if (slice_axis(l->p.slice_h, in.h, "height_slice", &h, e) < 0 ||
	    slice_axis(l->p.slice_w, in.w, "width_slice", &w, e) < 0 ||
	    slice_axis(l->p.slice_c, in.c, "features_slice", &c, e) < 0)
		return -1;
	return shape_set(l, h, w, c, 0, e);
}

int shape_splitter(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	int64_t sum = 0;

	shape_ports(l, (size_t)l->p.nsplit);
	for (int32_t i = 0; i < l->p.nsplit; i++) {
		sum += l->p.split[i];
		l->out[i] = (struct hn_shape){ in.h, in.w, l->p.split[i], in.rank };
	}
	if (sum != in.c)
		return err_set(e, "its %d parts have %lld features, its input has %d", l->p.nsplit,
			       (long long)sum, in.c);
	return 0;
}

int shape_pad(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int32_t *p = l->p.pad;

	return shape_set(l, (int64_t)in.h + p[0] + p[1], (int64_t)in.w + p[2] + p[3], in.c, 0, e);
}

int shape_depth_to_space(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int64_t h = l->p.block[0];
	const int64_t w = l->p.block[1];

	if (in.c % (h * w) != 0)
		return err_set(e, "%d features do not fill blocks of %lldx%lld", in.c, (long long)h,
			       (long long)w);
	return shape_set(l, in.h * h, in.w * w, in.c / (h * w), 0, e);
}

int shape_space_to_depth(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int64_t h = l->p.block[0];
	const int64_t w = l->p.block[1];

	if (in.h % h != 0 || in.w % w != 0)
		return err_set(e, "its input %s does not divide into blocks of %lldx%lld",
			       hn_shape_text(&in), (long long)h, (long long)w);
	return shape_set(l, in.h / h, in.w / w, in.c * h * w, 0, e);
}

int shape_shuffle(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);

	if (in.c % l->p.shuffle_groups != 0)
		return err_set(e, "%d features do not divide into %d groups", in.c,
			       l->p.shuffle_groups);
	return shape_same(l, e);
}

static int shape_transpose(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int32_t dim[3] = { in.h, in.w, in.c };
	const int32_t *t = l->p.transpose;

	/* Where the height is 1, hnt_reshape may say that the result has none. */
	return shape_set(l, dim[t[0]], dim[t[1]], dim[t[2]],
			 l->p.reshape[0] == 0 && l->p.reshape[1] > 0 ? 3 : 0, e);
}

/* A reshape's height 0 makes rank 3, height and width 0 rank 2. */
static int shape_reshape(struct layer *l, struct err *e)
{
	const struct hn_shape in = *layer_in_shape(l, 0);
	const int32_t *r = l->p.reshape;
	const int64_t h = r[0] ? r[0] : 1;
	const int64_t w = r[1] ? r[1] : 1;

	if (shape_set(l, h, w, r[2], r[0] ? 4 : r[1] ? 3 : 2, e) < 0)
		return -1;
	if (hn_shape_count(&l->out[0]) != hn_shape_count(&in))
		return err_set(e, "%s cannot be reshaped to %s", hn_shape_text(&in),
			       hn_shape_text(&l->out[0]));
	return 0;
}

int shape_conversion(struct layer *l, struct err *e)
{
	if (layer_pack(l))
		return shape_unpack(l, layer_pack(l), e);
	return hn_conversion_transposes(l->p.conversion) ? shape_transpose(l, e)
							 : shape_reshape(l, e);
}
