/* Parameters of a layer as JSON: both directions walk the field list of the layer's type. */
#include "hn/layer.h"
#include <math.h>

static const char *const paddings[] = { "VALID", "SAME", "SAME_TENSORFLOW", "DECONV", NULL };

enum {
	MAX_INTS = 64
};

static const void *at(const struct hn_params *p, const struct field *f)
{
	return (const char *)p + f->offset;
}

static void *at_var(struct hn_params *p, const struct field *f)
{
	return (char *)p + f->offset;
}

static bool applies(const struct field *f, const struct hn_params *p)
{
	return !(f->flags & FIELD_EXPLICIT) || p->padding == PAD_VALID;
}

/* ---- writing ---- */

/* The shortest decimal number that reads back as the same float. */
static json_t *float_json(float v)
{
	char text[40];

	if (isinf(v))
		return json_string(v > 0 ? "inf" : "-inf");
	for (int digits = 1; digits <= 9; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, (double)v);
		if ((float)strtod(text, NULL) == v)
			break;
	}
	return json_real(strtod(text, NULL));
}

static json_t *ints_json(const int32_t *v, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_integer(v[i]));
	return a;
}

static json_t *floats_json(const float *v, int n)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, float_json(v[i]));
	return a;
}

static json_t *hw4_json(const int32_t *v)
{
	const int32_t four[4] = { 1, v[0], v[1], 1 };

	return ints_json(four, 4);
}

static json_t *axes_json(int32_t bits)
{
	json_t *a = json_array();

	for (int i = 0; i < 3; i++)
		if (bits & 1 << i)
			json_array_append_new(a, json_integer(i + 1));
	return a;
}

/* The ratio of sizes where no scale is given. */
static json_t *ratio_json(const struct layer *l, int axis)
{
	const int32_t out = l->p.resize_out[axis];
	float ratio = l->p.resize_scale[axis];

	if (ratio == 0 && l->nin && l->in[0].layer->nout && l->in[0].layer->out[0].h > 0) {
		const struct hn_shape *in = layer_in_shape(l, 0);

		ratio = (float)((double)out / (axis ? in->w : in->h));
	}
	return ratio == 0 ? NULL : floats_json(&ratio, 1);
}

static json_t *field_json(const struct layer *l, const struct field *f)
{
	const void *v = at(&l->p, f);

	switch (f->kind) {
	case FIELD_BOOL:
		return json_boolean(*(const bool *)v);
	case FIELD_FLAG:
		return json_boolean(*(const int32_t *)v != 0);
	case FIELD_INT:
		return json_integer(*(const int32_t *)v);
	case FIELD_FLOAT:
		return float_json(*(const float *)v);
	case FIELD_INTS:
		return ints_json(v, f->count);
	case FIELD_FLOATS:
		return floats_json(v, f->count);
	case FIELD_HW4:
		return hw4_json(v);
	case FIELD_NAME:
		return json_string(f->names[*(const int32_t *)v]);
	case FIELD_PADDING:
		return json_string(paddings[*(const enum hn_padding *)v]);
	case FIELD_ACT:
		return json_string(hn_act_name(*(const enum hn_act *)v));
	case FIELD_STRING:
		return *(char *const *)v ? json_string(*(char *const *)v) : NULL;
	case FIELD_SPLIT:
		return ints_json(v, l->p.nsplit);
	case FIELD_RATIO:
		return ratio_json(l, f->count);
	case FIELD_AXES:
		return axes_json(*(const int32_t *)v);
	}
	BUG("field kind %d", (int)f->kind);
}

static size_t field_size(const struct field *f)
{
	switch (f->kind) {
	case FIELD_BOOL:
		return sizeof(bool);
	case FIELD_INTS:
	case FIELD_FLOATS:
		return (size_t)f->count * sizeof(int32_t);
	case FIELD_HW4:
		return 2 * sizeof(int32_t);
	case FIELD_STRING:
		return sizeof(char *);
	case FIELD_PADDING:
		return sizeof(enum hn_padding);
	case FIELD_ACT:
		return sizeof(enum hn_act);
	case FIELD_FLAG:
	case FIELD_INT:
	case FIELD_FLOAT:
	case FIELD_NAME:
	case FIELD_SPLIT:
	case FIELD_RATIO:
	case FIELD_AXES:
		break;
	}
	return sizeof(int32_t);
}

void fields_write(const struct layer *l, json_t *obj)
{
	const struct field *f = layer_rule(l->type)->fields;
	struct hn_params dflt;

	params_default(&dflt);
	for (; f && f->key; f++) {
		const bool same = memcmp(at(&l->p, f), at(&dflt, f), field_size(f)) == 0;
		json_t *v;

		if (!applies(f, &l->p) ||
		    (same && !(f->flags & FIELD_ALWAYS) && f->kind != FIELD_RATIO))
			continue;
		if ((v = field_json(l, f)))
			json_object_set_new(obj, f->key, v);
	}
}

/* ---- reading ---- */

static int read_float(const json_t *v, const char *key, float *out, struct err *e)
{
	const char *s = json_string_value(v);

	if (s && (strcmp(s, "inf") == 0 || strcmp(s, "-inf") == 0))
		*out = *s == '-' ? -INFINITY : INFINITY;
	else if (json_is_number(v))
		*out = (float)json_number_value(v);
	else
		return err_set(e, "key '%s' must be a number", key);
	return 0;
}

static int read_ints(const json_t *obj, const char *key, int n, int32_t *out, struct err *e)
{
	int64_t v[MAX_INTS];
	int got;

	if (json_get_ints(obj, key, n, INT32_MIN, INT32_MAX, v, &got, e) < 0)
		return -1;
	for (int i = 0; i < got; i++)
		out[i] = (int32_t)v[i];
	return got;
}

static int read_hw4(const json_t *obj, const char *key, int32_t out[2], struct err *e)
{
	int32_t v[4];

	if (read_ints(obj, key, 4, v, e) < 0)
		return -1;
	if (v[0] != 1 || v[3] != 1)
		return err_set(e, "key '%s' must be [1, height, width, 1]", key);
	out[0] = v[1];
	out[1] = v[2];
	return 0;
}

static int read_floats(const json_t *arr, const char *key, int n, float *out, struct err *e)
{
	if (json_array_size(arr) != (size_t)n)
		return err_set(e, "key '%s' must be an array of %d numbers", key, n);
	for (int i = 0; i < n; i++)
		if (read_float(json_array_get(arr, (size_t)i), key, &out[i], e) < 0)
			return -1;
	return 0;
}

static int read_ratio(const json_t *arr, const char *key, float *out, struct err *e)
{
	double product = 1;

	if (json_array_size(arr) < 1)
		return err_set(e, "key '%s' must be an array of numbers", key);
	for (size_t i = 0; i < json_array_size(arr); i++)
		product *= json_number_value(json_array_get(arr, i));
	*out = (float)product;
	return 0;
}

static int read_name(const json_t *v, const char *key, const char *const *names, int *out,
		     struct err *e)
{
	const char *s = json_string_value(v);

	if (!s)
		return err_set(e, "key '%s' must be a string", key);
	for (int i = 0; names[i]; i++)
		if (*s && strcmp(names[i], s) == 0) {
			*out = i;
			return 0;
		}
	return err_set(e, "key '%s' has the unknown value '%s'", key, quote(s));
}

static int read_act(const json_t *v, const char *key, enum hn_act *out, struct err *e)
{
	const char *s = json_string_value(v);
	const int a = s ? hn_act_from_name(s) : -1;

	if (a < 0)
		return err_set(e, "key '%s': the activation '%s' is not known", key,
			       s ? quote(s) : "?");
	*out = (enum hn_act)a;
	return 0;
}

static int read_axes(const json_t *obj, const char *key, int32_t *out, struct err *e)
{
	int64_t v[3];
	int got;

	if (json_get_ints(obj, key, -3, 1, 3, v, &got, e) < 0)
		return -1;
	*out = 0;
	for (int i = 0; i < got; i++)
		*out |= 1 << (v[i] - 1);
	return 0;
}

static int read_bool(const json_t *v, const char *key, bool *out, struct err *e)
{
	if (!json_is_boolean(v))
		return err_set(e, "key '%s' must be true or false", key);
	*out = json_is_true(v);
	return 0;
}

static int read_string(struct graph *g, const json_t *v, const char *key, char **out, struct err *e)
{
	if (!json_is_string(v))
		return err_set(e, "key '%s' must be a string", key);
	*out = arena_strdup(&g->arena, json_string_value(v));
	return 0;
}

static int read_split(const json_t *obj, const char *key, struct hn_params *p, struct err *e)
{
	const int max = (int)(sizeof p->split / sizeof p->split[0]);
	const int n = read_ints(obj, key, -max, p->split, e);

	p->nsplit = n < 0 ? 0 : n;
	return n < 0 ? -1 : 0;
}

static int read_field(struct graph *g, struct layer *l, const json_t *obj, const struct field *f,
		      struct err *e)
{
	const json_t *v = json_object_get(obj, f->key);
	void *to = at_var(&l->p, f);
	int which = 0;
	bool flag = false;

	switch (f->kind) {
	case FIELD_BOOL:
		return read_bool(v, f->key, to, e);
	case FIELD_FLAG:
		if (read_bool(v, f->key, &flag, e) < 0)
			return -1;
		*(int32_t *)to = flag;
		return 0;
	case FIELD_INT: {
		int64_t n;

		if (json_get_int(obj, f->key, INT32_MIN, INT32_MAX, 0, &n, e) < 0)
			return -1;
		*(int32_t *)to = (int32_t)n;
		return 0;
	}
	case FIELD_FLOAT:
		return read_float(v, f->key, to, e);
	case FIELD_INTS:
		return read_ints(obj, f->key, f->count, to, e) < 0 ? -1 : 0;
	case FIELD_FLOATS:
		return read_floats(v, f->key, f->count, to, e);
	case FIELD_HW4:
		return read_hw4(obj, f->key, to, e);
	case FIELD_NAME:
		if (read_name(v, f->key, f->names, &which, e) < 0)
			return -1;
		*(int32_t *)to = which;
		return 0;
	case FIELD_PADDING:
		if (read_name(v, f->key, paddings, &which, e) < 0)
			return -1;
		*(enum hn_padding *)to = (enum hn_padding)which;
		return 0;
	case FIELD_ACT:
		return read_act(v, f->key, to, e);
	case FIELD_STRING:
		return read_string(g, v, f->key, to, e);
	case FIELD_SPLIT:
		return read_split(obj, f->key, &l->p, e);
	case FIELD_RATIO:
		return read_ratio(v, f->key, to, e);
	case FIELD_AXES:
		return read_axes(obj, f->key, to, e);
	}
	BUG("field kind %d", (int)f->kind);
}

/* A ratio that only restates the sizes is no scale. */
static void settle_ratio(struct hn_params *p, const json_t *obj)
{
	if (json_object_get(obj, "hnt_size") && !json_object_get(obj, "hnt_scale"))
		p->resize_scale[0] = p->resize_scale[1] = 0;
}

int fields_read(struct graph *g, struct layer *l, const json_t *obj, struct err *e)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)obj);
	const struct field *f = layer_rule(l->type)->fields;

	for (; f && f->key; f++) {
		if (!json_object_get(obj, f->key))
			continue;
		if (read_field(g, l, obj, f, e) < 0) {
			json_decref(rest);
			return err_in(e, "params");
		}
		json_object_del(rest, f->key);
	}
	settle_ratio(&l->p, obj);
	if (json_object_size(rest) > 0)
		l->unknown_params = json_incref(rest);
	json_decref(rest);
	return 0;
}
