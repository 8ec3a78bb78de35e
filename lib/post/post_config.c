/* The JSON configuration of a post-process, in both directions. */
#include "base/limits.h"
#include "post/post_int.h"

enum {
	MAX_CLASSES = 1 << 16, /* what HailoRT's record counts classes with */
	MAX_PROPOSALS = 1 << 16,
	MAX_STRIDE = 4096,
	MAX_SCALE = 1 << 16,
	MAX_BINS = 256
};

/* A whole number of the configuration: its key and where it goes. */
struct number {
	const char *key;
	size_t offset;
	int64_t min, max, otherwise; /* otherwise < min: it must be there */
};
/* clang-format off */
#define NUMBER(key, member, min, max, otherwise) { key, offsetof(struct post, member), min, max, otherwise }
static const struct number numbers[] = {
	NUMBER("classes",                      classes,       1, MAX_CLASSES,   0),
	NUMBER("max_proposals_per_class",      max_per_class, 1, MAX_PROPOSALS, 100),
	NUMBER("max_total_proposals",          max_total,     0, LIMIT_DIM,     0),
	NUMBER("background_removal_index",     background,    0, MAX_CLASSES,   0),
	NUMBER("regression_length",            bins,          0, MAX_BINS,      0),
	NUMBER("centers_scale_factor",         centers_scale, 1, MAX_SCALE,     10),
	NUMBER("bbox_dimensions_scale_factor", dims_scale,    1, MAX_SCALE,     5),
	NUMBER("input_division_factor",        division,      1, MAX_SCALE,     1),
};
/* clang-format on */

static int read_numbers(struct post *p, const json_t *o, struct err *e)
{
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const struct number *n = &numbers[i];
		int64_t v;

		if (n->otherwise < n->min && !json_object_get(o, n->key))
			return err_set(e, "key '%s' is missing", n->key);
		if (json_get_int(o, n->key, n->min, n->max, n->otherwise, &v, e) < 0)
			return -1;
		*(int32_t *)((char *)p + n->offset) = (int32_t)v;
	}
	return 0;
}

/* A number within 0 and 1. */
static int read_unit(const json_t *o, const char *key, double otherwise, double *out, struct err *e)
{
	if (json_get_double(o, key, otherwise, out, e) < 0)
		return -1;
	return *out >= 0 && *out <= 1 ? 0 : err_set(e, "key '%s' must be from 0 to 1", key);
}

static int read_image(struct post *p, const json_t *o, struct err *e)
{
	int64_t v[2];
	int got;

	if (json_get_ints(o, "image_dims", 2, 1, LIMIT_DIM, v, &got, e) < 0)
		return -1;
	for (int i = 0; i < got; i++)
		p->image[i] = (int32_t)v[i];
	return 0;
}

static int read_sizes(const json_t *o, const char *key, float *out, int32_t *n, struct err *e)
{
	const json_t *a = json_object_get(o, key);

	if (!json_is_array(a) || json_array_size(a) < 1 || json_array_size(a) > POST_ANCHORS)
		return err_set(e, "key '%s' must be an array of 1 to %d numbers", key,
			       POST_ANCHORS);
	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *v = json_array_get(a, i);

		if (!json_is_number(v) || !((float)json_number_value(v) > 0) ||
		    json_number_value(v) > LIMIT_DIM)
			return err_set(e, "key '%s' must hold sizes above 0", key);
		out[i] = (float)json_number_value(v);
	}
	*n = (int32_t)json_array_size(a);
	return 0;
}

static int read_anchors(struct post *p, struct post_level *l, const json_t *o, struct err *e)
{
	int32_t n = 0;

	l->nanchor = 1;
	if (!post_row(p->kind)->anchors)
		return 0;
	if (read_sizes(o, "w", l->w, &l->nanchor, e) < 0 || read_sizes(o, "h", l->h, &n, e) < 0)
		return -1;
	return n == l->nanchor ? 0
			       : err_set(e, "key 'w' has %d sizes, key 'h' has %d", l->nanchor, n);
}

static int read_level(struct post *p, const json_t *o, struct err *e)
{
	struct post_level *l = &p->level[p->nlevel];
	int64_t stride = 0;

	if (!json_is_object(o))
		return err_set(e, "it must be an object");
	if (post_row(p->kind)->stride && !json_object_get(o, "stride"))
		return err_set(e, "key 'stride' is missing");
	if (post_row(p->kind)->stride &&
	    json_get_int(o, "stride", 1, MAX_STRIDE, 0, &stride, e) < 0)
		return -1;
	l->stride = (int32_t)stride;
	if (read_anchors(p, l, o, e) < 0)
		return -1;
	p->nlevel++;
	return 0;
}

static int read_levels(struct post *p, const json_t *o, struct err *e)
{
	const json_t *list = json_object_get(o, "bbox_decoders");

	p->nlevel = 0;
	if (!json_is_array(list) || json_array_size(list) < 1 ||
	    json_array_size(list) > POST_LEVELS)
		return err_set(e, "key 'bbox_decoders' must be an array of 1 to %d objects",
			       POST_LEVELS);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (read_level(p, json_array_get(list, i), e) < 0)
			return err_in(e, "bbox_decoders[%zu]", i);
	return 0;
}

/* The first of the list "proto"; what it says follows from the layer, too. */
static int read_proto(struct post *p, const json_t *o, struct err *e)
{
	const json_t *list = json_object_get(o, "proto"), *first = json_array_get(list, 0);
	int64_t stride;

	if (read_unit(o, "mask_threshold", 0.5, &p->mask_threshold, e) < 0)
		return -1;
	if (list && (!json_is_array(list) || !json_is_object(first)))
		return err_set(e, "key 'proto' must be an array with an object");
	if (json_get_int(first, "stride", 1, MAX_STRIDE, 4, &stride, e) < 0)
		return err_in(e, "proto[0]");
	p->proto_stride = (int32_t)stride;
	return 0;
}

/* 0 to 3, each once. */
static bool is_order(const int32_t v[4])
{
	unsigned seen = 0;

	for (int i = 0; i < 4; i++)
		seen |= v[i] >= 0 && v[i] < 4 ? 1u << v[i] : 0;
	return seen == 15;
}

/* The places of y, x, height, width; a permutation. */
static int read_order(struct post *p, const json_t *o, struct err *e)
{
	int64_t v[4] = { 0, 1, 2, 3 };
	int got;

	if (json_get_ints(o, "hnt_box_order", 4, 0, 3, v, &got, e) < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		p->order[i] = (int32_t)v[i];
	return is_order(p->order)
		   ? 0
		   : err_set(e, "key 'hnt_box_order' must be the places of y, x, height, "
				"width: 0, 1, 2, 3 in some order");
}

int post_from_config(struct post *p, const json_t *config, struct err *e)
{
	bool multi;

	if (!json_is_object(config))
		return err_set(e, "it must be an object");
	if (read_numbers(p, config, e) < 0 ||
	    json_get_bool(config, "hnt_multi_label", !post_row(p->kind)->best, &multi, e) < 0 ||
	    read_unit(config, "nms_scores_th", 0.3, &p->score_th, e) < 0 ||
	    read_unit(config, "nms_iou_th", 0.6, &p->iou_th, e) < 0 ||
	    json_get_bool(config, "background_removal", false, &p->background_removal, e) < 0 ||
	    json_get_bool(config, "hnt_softmax", false, &p->softmax, e) < 0 ||
	    read_order(p, config, e) < 0 || read_image(p, config, e) < 0 ||
	    read_levels(p, config, e) < 0 || read_proto(p, config, e) < 0)
		return -1;
	if (post_row(p->kind)->bins && p->bins < 1)
		return err_set(e, "key 'regression_length' is missing");
	p->one_class = !multi;
	post_number_inputs(p);
	return 0;
}

/* ---- numbers that come from somewhere else ---- */

static int check_level_numbers(const struct post *p, const struct post_level *l, struct err *e)
{
	const struct post_row *row = post_row(p->kind);

	if (l->stride < row->stride || l->stride > MAX_STRIDE)
		return err_set(e, "a stride of %d", l->stride);
	if (l->nanchor < 1 || l->nanchor > (row->anchors ? POST_ANCHORS : 1))
		return err_set(e, "%d anchors", l->nanchor);
	for (int32_t i = 0; i < l->nanchor && row->anchors; i++)
		if (!(l->w[i] > 0 && l->w[i] <= LIMIT_DIM && l->h[i] > 0 && l->h[i] <= LIMIT_DIM))
			return err_set(e, "an anchor of %gx%g", (double)l->w[i], (double)l->h[i]);
	return 0;
}

int post_check_numbers(const struct post *p, struct err *e)
{
	const double unit[3] = { p->score_th, p->iou_th, p->mask_threshold };
	const int32_t *const v = p->order;
	const bool usual = !v[0] && !v[1] && !v[2] && !v[3];

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const struct number *n = &numbers[i];
		const int32_t x = *(const int32_t *)((const char *)p + n->offset);

		if (x != n->otherwise && (x < n->min || x > n->max))
			return err_set(e, "%s is %d", n->key, x);
	}
	for (int i = 0; i < 3; i++)
		if (!(unit[i] >= 0 && unit[i] <= 1))
			return err_set(e, "a threshold of %g", unit[i]);
	if (!usual && !is_order(v))
		return err_set(e, "boxes in the order %d, %d, %d, %d", v[0], v[1], v[2], v[3]);
	if (p->image[0] < 1 || p->image[0] > LIMIT_DIM || p->image[1] < 1 ||
	    p->image[1] > LIMIT_DIM || p->classes < 1)
		return err_set(e, "%d classes in an image of %dx%d", p->classes, p->image[0],
			       p->image[1]);
	if (p->nlevel < 1 || p->nlevel > POST_LEVELS)
		return err_set(e, "%d decoders", p->nlevel);
	for (int32_t i = 0; i < p->nlevel; i++)
		if (check_level_numbers(p, &p->level[i], e) < 0)
			return -1;
	if (post_row(p->kind)->bins && p->bins < 1)
		return err_set(e, "regression_length is %d", p->bins);
	return 0;
}

static json_t *decoder_at(const json_t *config, int level)
{
	return json_array_get(json_object_get(config, "bbox_decoders"), (size_t)level);
}

const char *post_config_layer(const json_t *config, enum post_kind k, int level,
			      enum post_part part)
{
	const char *key = post_row(k)->key[part];
	const char *name =
	    key ? json_string_value(json_object_get(decoder_at(config, level), key)) : NULL;

	return name && *name ? name : NULL;
}

void post_config_set_layer(json_t *config, enum post_kind k, int level, enum post_part part,
			   const char *name)
{
	json_object_set_new(decoder_at(config, level), post_row(k)->key[part], json_string(name));
}

void post_name_layers(const struct post *p, const char *net, json_t *config)
{
	const struct post_row *row = post_row(p->kind);
	const size_t n = strlen(net);

	for (int32_t i = 0; i < p->nlevel; i++)
		for (int k = 0; k < row->nparts; k++) {
			const char *name = p->name[p->level[i].input[row->parts[k]]];

			if (strncmp(name, net, n) == 0 && name[n] == '/')
				name += n + 1;
			post_config_set_layer(config, p->kind, i, row->parts[k], name);
		}
}

/* ---- writing ---- */

/* The shortest decimal number that reads back as the same float. */
static json_t *size_json(float v)
{
	char text[32];
	double d = (double)v;

	if (v == (float)(int32_t)v)
		return json_integer((json_int_t)v);
	for (int digits = 6; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)v);
		d = strtod(text, NULL);
		if ((float)d == v)
			break;
	}
	return json_real(d);
}

static json_t *sizes_json(const float *v, int32_t n)
{
	json_t *a = json_array();

	for (int32_t i = 0; i < n; i++)
		json_array_append_new(a, size_json(v[i]));
	return a;
}

static json_t *level_json(const struct post *p, const struct post_level *l)
{
	const struct post_row *row = post_row(p->kind);
	json_t *o = json_object();

	if (row->anchors) {
		json_object_set_new(o, "w", sizes_json(l->w, l->nanchor));
		json_object_set_new(o, "h", sizes_json(l->h, l->nanchor));
	}
	if (row->stride)
		json_object_set_new(o, "stride", json_integer(l->stride));
	for (int k = 0; k < row->nparts; k++) {
		const int32_t i = l->input[row->parts[k]];

		json_object_set_new(o, row->key[row->parts[k]],
				    json_string(i >= 0 && p->name[i] ? p->name[i] : ""));
	}
	return o;
}

json_t *post_to_config(const struct post *p)
{
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "nms_scores_th", json_real(p->score_th));
	json_object_set_new(o, "nms_iou_th", json_real(p->iou_th));
	json_object_set_new(o, "image_dims", json_pack("[i,i]", p->image[0], p->image[1]));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const int32_t v = *(const int32_t *)((const char *)p + numbers[i].offset);

		if (v >= numbers[i].min && v != numbers[i].otherwise)
			json_object_set_new(o, numbers[i].key, json_integer(v));
	}
	json_object_set_new(o, "background_removal", json_boolean(p->background_removal));
	if (p->softmax)
		json_object_set_new(o, "hnt_softmax", json_true());
	if (p->order[0] != p->order[1])
		json_object_set_new(
		    o, "hnt_box_order",
		    json_pack("[i,i,i,i]", p->order[0], p->order[1], p->order[2], p->order[3]));
	if (p->one_class != post_row(p->kind)->best)
		json_object_set_new(o, "hnt_multi_label", json_boolean(!p->one_class));
	for (int32_t i = 0; i < p->nlevel; i++)
		json_array_append_new(list, level_json(p, &p->level[i]));
	json_object_set_new(o, "bbox_decoders", list);
	if (p->proto >= 0) {
		json_object_set_new(
		    o, "proto",
		    json_pack("[{s:i,s:i}]", "number", post_masks(p), "stride", p->proto_stride));
		json_object_set_new(o, "mask_threshold", json_real(p->mask_threshold));
	}
	return o;
}
