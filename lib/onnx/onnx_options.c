/* The options of a translation, kept in the bundle so that it can be made again: "hnt_parser". */
#include "onnx/onnx.h"

enum {
	MOST = 100000 /* strings of one option */
};

static const char key[] = "hnt_parser";

static void keep(json_t *o, const char *name, const char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(quote(v[i])));
	if (n)
		json_object_set_new(o, name, a);
	else
		json_decref(a);
}

void onnx_options_keep(const struct onnx_opts *o, json_t *metadata)
{
	json_t *j = json_object();

	keep(j, "start_node_names", o->start, o->nstart);
	keep(j, "end_node_names", o->end, o->nend);
	keep(j, "net_input_shapes", o->shapes, o->nshapes);
	keep(j, "net_input_format", o->formats, o->nformats);
	if (json_object_size(j))
		json_object_set(metadata, key, j);
	json_decref(j);
}

static int recall(const json_t *o, const char *name, struct arena *arena, const char *const **v,
		  size_t *n, struct err *e)
{
	const json_t *a = json_object_get(o, name);
	const char **list;

	*n = 0;
	if (!a)
		return 0;
	if (!json_is_array(a) || json_array_size(a) > MOST)
		return err_set(e, "metadata: %s.%s is no list of names", key, name);
	list = arena_array(arena, json_array_size(a) + 1, sizeof *list);
	for (; *n < json_array_size(a); ++*n) {
		const char *s = json_string_value(json_array_get(a, *n));

		if (!s)
			return err_set(e, "metadata: %s.%s is no list of names", key, name);
		list[*n] = arena_strdup(arena, s);
	}
	*v = list;
	return 0;
}

int onnx_options_recall(const json_t *metadata, struct arena *a, struct onnx_opts *o, struct err *e)
{
	const json_t *j = json_object_get(metadata, key);

	if (recall(j, "start_node_names", a, &o->start, &o->nstart, e) < 0 ||
	    recall(j, "end_node_names", a, &o->end, &o->nend, e) < 0 ||
	    recall(j, "net_input_shapes", a, &o->shapes, &o->nshapes, e) < 0 ||
	    recall(j, "net_input_format", a, &o->formats, &o->nformats, e) < 0)
		return -1;
	return 0;
}
