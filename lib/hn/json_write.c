/* A graph as HN JSON (hn(5)). */
#include "hn/layer.h"

static json_t *shape_json(const struct hn_shape *s)
{
	json_t *a = json_array();

	json_array_append_new(a, json_integer(-1));
	if (s->rank == 4)
		json_array_append_new(a, json_integer(s->h));
	if (s->rank >= 3)
		json_array_append_new(a, json_integer(s->w));
	json_array_append_new(a, json_integer(s->c));
	return a;
}

static json_t *strings_json(char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(v[i]));
	return a;
}

/* Port of l that its k-th edge leaves from. */
static int32_t edge_port(const struct layer *l, size_t k)
{
	const struct layer *to = l->succ[k];
	size_t earlier = 0;

	if (l->nout == 1)
		return 0;
	for (size_t i = 0; i < k; i++)
		earlier += l->succ[i] == to;
	for (size_t i = 0; i < to->nin; i++)
		if (to->in[i].layer == l && earlier-- == 0)
			return to->in[i].port;
	BUG("layer '%s' is not linked", l->name);
}

static void put_edges(const struct layer *l, json_t *o)
{
	json_t *in = json_array();
	json_t *out = json_array();
	json_t *in_shapes = json_array();
	json_t *out_shapes = json_array();

	for (size_t i = 0; i < l->nin; i++) {
		json_array_append_new(in, json_string(l->in[i].layer->name));
		json_array_append_new(in_shapes, shape_json(layer_in_shape(l, i)));
	}
	for (size_t i = 0; i < l->nsucc; i++) {
		json_array_append_new(out, json_string(l->succ[i]->name));
		json_array_append_new(out_shapes, shape_json(&l->out[edge_port(l, i)]));
	}
	for (size_t i = 0; l->nsucc == 0 && i < l->nout; i++)
		json_array_append_new(out_shapes, shape_json(&l->out[i]));
	if (l->type == HN_INPUT)
		json_array_append_new(in_shapes, shape_json(&l->out[0]));
	json_object_set_new(o, "input", in);
	json_object_set_new(o, "output", out);
	json_object_set_new(o, "input_shapes", in_shapes);
	json_object_set_new(o, "output_shapes", out_shapes);
}

/* Which output ports the inputs come from, where a layer has several. */
static void put_ports(const struct layer *l, json_t *o)
{
	json_t *ports = json_array();
	bool any = false;

	for (size_t i = 0; i < l->nin; i++) {
		any |= l->in[i].layer->nout > 1;
		json_array_append_new(ports, json_integer(l->in[i].port));
	}
	if (any)
		json_object_set(o, "hnt_input_ports", ports);
	json_decref(ports);
}

static void put_quant(const struct hn_quant *q, json_t *o)
{
	json_t *v = json_object();

	if (q->precision_mode)
		json_object_set_new(v, "precision_mode", json_string(q->precision_mode));
	if (q->bias_mode)
		json_object_set_new(v, "bias_mode", json_string(q->bias_mode));
	if (q->extra)
		json_object_update_missing(v, q->extra);
	if (json_object_size(v) > 0)
		json_object_set(o, "quantization_params", v);
	json_decref(v);
}

static json_t *layer_json(const struct layer *l)
{
	json_t *o = json_object();
	json_t *params = json_object();

	json_object_set_new(o, "type", json_string(hn_type_name(l->type)));
	put_edges(l, o);
	put_ports(l, o);
	json_object_set_new(o, "original_names", strings_json(l->original_names, l->noriginal));
	if (l->p.io_type)
		json_object_set_new(o, "io_type", json_string(l->p.io_type));
	fields_write(l, params);
	if (l->unknown_params)
		json_object_update_missing(params, l->unknown_params);
	json_object_set_new(o, "params", params);
	put_quant(&l->quant, o);
	if (l->compilation_params)
		json_object_set(o, "compilation_params", l->compilation_params);
	if (l->unknown)
		json_object_update_missing(o, l->unknown);
	return o;
}

json_t *graph_to_json(const struct graph *g)
{
	json_t *o = json_object();
	json_t *net = json_object();
	json_t *layers = json_object();

	json_object_set_new(o, "name", json_string(g->name));
	if (g->noutput_order)
		json_object_set_new(net, "output_layers_order",
				    strings_json(g->output_order, g->noutput_order));
	if (g->unknown_net_params)
		json_object_update_missing(net, g->unknown_net_params);
	json_object_set_new(o, "net_params", net);
	for (size_t i = 0; i < g->nlayers; i++)
		json_object_set_new(layers, g->layers[i]->name, layer_json(g->layers[i]));
	json_object_set_new(o, "layers", layers);
	if (g->unknown)
		json_object_update_missing(o, g->unknown);
	return o;
}
