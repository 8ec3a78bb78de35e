/*
 * HN JSON to a graph, without trust: names, lists and numbers are checked here, structure and
 * bounds in graph_validate.  Layers come in three rounds: names and types, parameters, then edges,
 * so that an edge may point forward.
 */
#include "base/limits.h"
#include "hn/layer.h"
#include "hn/names.h"

static int check_name(const char *name, struct err *e)
{
	const size_t n = strlen(name);

	if (n == 0 || n > LIMIT_NAME || *name_unscoped(name) == '\0')
		return err_set(e, "a layer name has %zu bytes, 1 to %d expected", n, LIMIT_NAME);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(e, "layer name '%s' has a blank or control character",
				       quote(name));
	return 0;
}

/* [-1, h, w, c], [-1, w, c] or [-1, c]; the batch may be any number. */
static int read_shape(const json_t *v, const char *key, struct hn_shape *s, struct err *e)
{
	const size_t n = json_array_size(v);
	int32_t dim[3] = { 1, 1, 1 };

	if (n < 2 || n > 4)
		return err_set(e, "key '%s' must hold shapes of 2 to 4 integers", key);
	for (size_t i = 1; i < n; i++) {
		const json_int_t d = json_integer_value(json_array_get(v, i));

		if (d < 1 || d > LIMIT_DIM)
			return err_set(e, "key '%s' has a dimension out of range (1 to %d)", key,
				       LIMIT_DIM);
		dim[3 - n + i] = (int32_t)d;
	}
	*s = (struct hn_shape){ dim[0], dim[1], dim[2], (int32_t)n };
	return 0;
}

/* Shape k of a list; a bare shape counts as a list of one.  0: absent. */
static int shape_at(const json_t *obj, const char *key, size_t k, struct hn_shape *s, struct err *e)
{
	const json_t *list = json_object_get(obj, key);
	const json_t *v = json_array_get(list, k);

	if (json_is_integer(json_array_get(list, 0)))
		v = k == 0 ? list : NULL;
	if (!v)
		return 0;
	return read_shape(v, key, s, e) < 0 ? -1 : 1;
}

/* Shapes that are data: a first guess for every layer, what graph_infer_shapes keeps for inputs. */
static int read_out_shape(struct layer *l, const json_t *o, struct err *e)
{
	static const char *const keys[] = { "output_shapes", "output_shape", "input_shapes",
					    "input_shape" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const int r = shape_at(o, keys[i], 0, &l->out[0], e);

		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	return 0;
}

/* feature_splitter without hnt_split_sizes: its parts are what its consumers get. */
static int read_parts(struct layer *l, const json_t *o, struct err *e)
{
	const size_t max = sizeof l->p.split / sizeof l->p.split[0];

	for (size_t k = 0; l->p.nsplit == (int32_t)k && k < max; k++) {
		struct hn_shape s;
		const int r = shape_at(o, "output_shapes", k, &s, e);

		if (r < 0)
			return -1;
		if (r > 0)
			l->p.split[l->p.nsplit++] = s.c;
	}
	return 0;
}

static int read_quant(struct graph *g, struct hn_quant *q, const json_t *v, struct err *e)
{
	const struct {
		const char *key;
		char **to;
	} known[] = { { "precision_mode", &q->precision_mode }, { "bias_mode", &q->bias_mode } };

	if (!v)
		return 0;
	if (!json_is_object(v))
		return err_set(e, "key 'quantization_params' must be an object");
	q->extra = json_copy((json_t *)(uintptr_t)v);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const char *s = json_string_value(json_object_get(v, known[i].key));

		if (!s)
			continue;
		*known[i].to = arena_strdup(&g->arena, s);
		json_object_del(q->extra, known[i].key);
	}
	if (json_object_size(q->extra) == 0) {
		json_decref(q->extra);
		q->extra = NULL;
	}
	return 0;
}

static int read_originals(struct graph *g, struct layer *l, const json_t *v, struct err *e)
{
	if (v && !json_is_array(v))
		return err_set(e, "key 'original_names' must be an array of strings");
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *s = json_string_value(json_array_get(v, i));

		if (!s)
			return err_set(e, "key 'original_names' must be an array of strings");
		layer_add_original(g, l, s);
	}
	return 0;
}

/* What is left of an object without the keys we know; NULL when nothing. */
static json_t *rest_of(const json_t *o, const char *const *known)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)o);

	for (size_t i = 0; known[i]; i++)
		json_object_del(rest, known[i]);
	if (json_object_size(rest) > 0)
		return rest;
	json_decref(rest);
	return NULL;
}

static int read_layer(struct graph *g, struct layer *l, const json_t *o, struct err *e)
{
	static const char *const known[] = { "type",
					     "input",
					     "output",
					     "input_shapes",
					     "output_shapes",
					     "input_shape",
					     "output_shape",
					     "original_names",
					     "io_type",
					     "params",
					     "quantization_params",
					     "compilation_params",
					     "hnt_input_ports",
					     NULL };
	const json_t *params = json_object_get(o, "params");
	const json_t *io_type = json_object_get(o, "io_type");

	if (params && !json_is_object(params))
		return err_set(e, "key 'params' must be an object");
	if (io_type && !json_is_string(io_type))
		return err_set(e, "key 'io_type' must be a string");
	if (read_out_shape(l, o, e) < 0 ||
	    read_originals(g, l, json_object_get(o, "original_names"), e) < 0 ||
	    read_quant(g, &l->quant, json_object_get(o, "quantization_params"), e) < 0 ||
	    (params && fields_read(g, l, params, e) < 0))
		return -1;
	if (hn_is(l->type, HNF_MULTI_OUT) && l->p.nsplit == 0 && read_parts(l, o, e) < 0)
		return -1;
	if (l->p.nsplit > 0)
		shape_ports(l, (size_t)l->p.nsplit);
	if (io_type)
		l->p.io_type = arena_strdup(&g->arena, json_string_value(io_type));
	l->compilation_params = json_incref(json_object_get(o, "compilation_params"));
	l->unknown = rest_of(o, known);
	return 0;
}

/* Which of from's edges goes to the n-th use by l: the port where ports are not given. */
static int32_t port_by_order(const struct layer *l, const struct layer *from,
			     const json_t *from_json, size_t n)
{
	const json_t *list = json_object_get(from_json, "output");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s && strcmp(name_unscoped(s), name_unscoped(l->name)) == 0 && n-- == 0)
			return (int32_t)i < from->p.nsplit ? (int32_t)i : 0;
	}
	return 0;
}

static int read_edge(struct graph *g, struct layer *l, size_t i, const json_t *o,
		     const json_t *const *json, struct err *e)
{
	const json_t *ports = json_object_get(o, "hnt_input_ports");
	const char *name = json_string_value(json_array_get(json_object_get(o, "input"), i));
	struct layer *from = name ? graph_find(g, name) : NULL;
	json_int_t port = 0;
	size_t earlier = 0;

	if (!name)
		return err_set(e, "key 'input' must be an array of strings");
	if (!from)
		return err_set(e, "its input '%s' does not exist", quote(name));
	if (ports)
		port = json_integer_value(json_array_get(ports, i));
	else if (hn_is(from->type, HNF_MULTI_OUT)) {
		for (size_t k = 0; k < i; k++)
			earlier += l->in[k].layer == from;
		port = port_by_order(l, from, json[from->index], earlier);
	}
	if (port < 0 || port >= (json_int_t)from->nout)
		return err_set(e, "its input '%s' has no output port %lld", quote(name),
			       (long long)port);
	layer_add_input(g, l, from, (int)port);
	return 0;
}

static int read_edges(struct graph *g, struct layer *l, const json_t *const *json, struct err *e)
{
	const json_t *o = json[l->index];
	const json_t *list = json_object_get(o, "input");

	if (list && !json_is_array(list))
		return err_set(e, "key 'input' must be an array of strings");
	if (json_array_size(list) > LIMIT_INPUTS)
		return err_set(e, "it has %zu inputs, at most %d expected", json_array_size(list),
			       LIMIT_INPUTS);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (read_edge(g, l, i, o, json, e) < 0)
			return -1;
	return 0;
}

/* "output" repeats what "input" says; where they differ the file is damaged. */
static int check_outputs(const struct graph *g, const struct layer *l, const json_t *o,
			 struct err *e)
{
	const json_t *list = json_object_get(o, "output");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		const struct layer *to = name ? graph_find(g, name) : NULL;
		size_t k = 0;

		if (!to)
			return err_set(e, "its output '%s' does not exist",
				       name ? quote(name) : "?");
		while (k < to->nin && to->in[k].layer != l)
			k++;
		if (k == to->nin)
			return err_set(e, "its output '%s' does not list it as an input",
				       quote(name));
	}
	return 0;
}

static int read_names(struct graph *g, const json_t *layers, const json_t **json, struct err *e)
{
	const char *name;
	json_t *o;

	json_object_foreach((json_t *)(uintptr_t)layers, name, o)
	{
		const char *type;
		int t;

		if (check_name(name, e) < 0)
			return -1;
		if (!json_is_object(o))
			return err_set(e, "layer '%s' must be an object", quote(name));
		if (json_need_string(o, "type", &type, e) < 0)
			return err_in(e, "layer '%s'", quote(name));
		if ((t = hn_type_from_name(type)) < 0)
			return err_set(e, "layer '%s': its type '%s' is not known", quote(name),
				       quote(type));
		json[g->nlayers] = o;
		if (graph_find(g, graph_add(g, (enum hn_type)t, name)->name)->index + 1 !=
		    g->nlayers)
			return err_set(e, "layer '%s' is there twice, with and without its scope",
				       quote(name));
	}
	return 0;
}

static int read_layers(struct graph *g, const json_t *layers, const json_t **json, struct err *e)
{
	if (read_names(g, layers, json, e) < 0)
		return -1;
	for (size_t i = 0; i < g->nlayers; i++)
		if (read_layer(g, g->layers[i], json[i], e) < 0)
			return err_in(e, "layer '%s'", quote(g->layers[i]->name));
	for (size_t i = 0; i < g->nlayers; i++)
		if (read_edges(g, g->layers[i], json, e) < 0)
			return err_in(e, "layer '%s'", quote(g->layers[i]->name));
	for (size_t i = 0; i < g->nlayers; i++)
		if (check_outputs(g, g->layers[i], json[i], e) < 0)
			return err_in(e, "layer '%s'", quote(g->layers[i]->name));
	return 0;
}

static int read_net_params(struct graph *g, const json_t *net, struct err *e)
{
	static const char *const known[] = { "output_layers_order", NULL };
	const json_t *order = json_object_get(net, "output_layers_order");
	const size_t n = json_array_size(order);

	if (net && !json_is_object(net))
		return err_set(e, "key 'net_params' must be an object");
	if ((order && !json_is_array(order)) || n > LIMIT_LAYERS)
		return err_set(e, "key 'output_layers_order' must be an array of layer names");
	g->output_order = xcalloc(n, sizeof *g->output_order);
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(order, i));
		const struct layer *l = s ? graph_find(g, s) : NULL;

		if (!l)
			return err_set(e, "output_layers_order: layer '%s' does not exist",
				       s ? quote(s) : "?");
		g->output_order[g->noutput_order++] = l->name;
	}
	if (net)
		g->unknown_net_params = rest_of(net, known);
	return 0;
}

static int read_graph(struct graph *g, const json_t *j, struct err *e)
{
	static const char *const known[] = { "name", "net_params", "layers", NULL };
	const json_t *layers = json_object_get(j, "layers");
	const size_t n = json_object_size(layers);
	const json_t **json;
	int r;

	if (!json_is_object(layers))
		return err_set(e, "key 'layers' must be an object");
	if (n > LIMIT_LAYERS)
		return err_set(e, "it has %zu layers, at most %d expected", n, LIMIT_LAYERS);
	json = xcalloc(n, sizeof *json);
	r = read_layers(g, layers, json, e);
	free(json);
	if (r < 0 || read_net_params(g, json_object_get(j, "net_params"), e) < 0)
		return -1;
	g->unknown = rest_of(j, known);
	return 0;
}

struct graph *graph_from_json(const json_t *j, struct err *e)
{
	const char *name;
	struct graph *g;

	if (!json_is_object(j)) {
		err_set(e, "HN JSON must be an object");
		return NULL;
	}
	if (json_need_string(j, "name", &name, e) < 0)
		return NULL;
	if (strchr(name, '/') || check_name(name, e) < 0) {
		err_set(e, "'%s' is not a network name", quote(name));
		return NULL;
	}
	g = graph_new(name);
	if (read_graph(g, j, e) < 0) {
		graph_free(g);
		return NULL;
	}
	return g;
}
