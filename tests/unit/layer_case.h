/* One layer from a case of tests/cases: {"type": ..., "in": [shapes], "params": {...}}. */
#ifndef HN_TESTS_UNIT_LAYER_CASE_H
#define HN_TESTS_UNIT_LAYER_CASE_H

#include "hn/layer.h"

static inline struct hn_shape shape_from(const json_t *v)
{
	const int n = (int)json_array_size(v);
	int32_t d[3] = { 1, 1, 1 };

	for (int i = 1; i < n; i++)
		d[3 - n + i] = (int32_t)json_integer_value(json_array_get(v, (size_t)i));
	return (struct hn_shape){ d[0], d[1], d[2], n };
}

/* in0, in1 ... -> x; NULL with a message when its parameters or shapes are wrong. */
static inline struct layer *build_layer_case(struct graph *g, const json_t *c, struct err *e)
{
	const json_t *in = json_object_get(c, "in");
	const json_t *params = json_object_get(c, "params");
	const char *type = json_string_value(json_object_get(c, "type"));
	struct layer *l = graph_add(g, (enum hn_type)hn_type_from_name(type), "x");

	for (size_t i = 0; i < json_array_size(in); i++) {
		char *name = xasprintf("in%zu", i);
		struct layer *from = graph_add(g, HN_INPUT, name);

		from->out[0] = shape_from(json_array_get(in, i));
		layer_add_input(g, l, from, 0);
		free(name);
	}
	if ((params && fields_read(g, l, params, e) < 0) || graph_infer_shapes(g, e) < 0)
		return NULL;
	return l;
}

/* The same with an output per port. */
static inline struct layer *build(struct graph *g, const json_t *c, struct err *e)
{
	struct layer *l = build_layer_case(g, c, e);

	if (!l)
		return NULL;
	for (size_t p = 0; p < l->nout; p++)
		layer_add_input(g, graph_add(g, HN_OUTPUT, graph_new_name(g, "output_layer")), l,
				(int)p);
	return graph_infer_shapes(g, e) < 0 ? NULL : l;
}

#endif
