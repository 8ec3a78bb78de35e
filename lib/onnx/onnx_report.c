/* What became of the model, as JSON: onnx2hn --report. */
#include "onnx/onnx_int.h"

static json_t *strings(char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(quote(v[i])));
	return a;
}

static json_t *shape_of(const struct im_value *v)
{
	json_t *a = json_array();

	for (int d = 0; d < v->view.rank; d++)
		json_array_append_new(a, json_integer(view_size(&v->view, d)));
	return a;
}

static json_t *ends(struct im_value *const *v, struct layer *const *l, size_t n,
		    char (*axes)[LIMIT_RANK + 1])
{
	json_t *a = json_array();

	for (size_t i = 0; l && i < n; i++) {
		json_t *o;

		if (!l[i])
			continue;
		o = json_object();
		json_object_set_new(o, "name", json_string(quote(v[i]->name)));
		json_object_set_new(o, "layer", json_string(l[i]->name));
		json_object_set_new(o, "shape", shape_of(v[i]));
		json_object_set_new(o, "axes", json_string(axes[i]));
		json_array_append_new(a, o);
	}
	return a;
}

static bool is_bad(const struct im_node *n)
{
	for (size_t k = 0; k < n->nout; k++)
		if (n->out[k] && n->out[k]->bad)
			return true;
	return false;
}

static json_t *nodes(const struct onnx_run *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->ir->nnode; i++) {
		const struct im_node *n = r->ir->node[i];
		const char *reason = n->fault;
		json_t *o = json_object(), *names = json_array();

		json_object_set_new(o, "name", json_string(quote(n->name)));
		json_object_set_new(o, "op", json_string(quote(n->op)));
		for (size_t k = 0; k < n->norigin; k++)
			json_array_append_new(names, json_string(quote(n->origin[k])));
		json_object_set_new(o, "nodes", names);
		json_object_set_new(o, "status",
				    json_string(reason      ? "unsupported"
						: is_bad(n) ? "after an unsupported node"
							    : "parsed"));
		if (reason)
			json_object_set_new(o, "reason", json_string(reason));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *layers(const struct graph *g)
{
	json_t *o = json_object();

	for (size_t i = 0; g && i < g->nlayers; i++)
		json_object_set_new(o, g->layers[i]->name,
				    strings(g->layers[i]->original_names, g->layers[i]->noriginal));
	return o;
}

static json_t *original(const struct graph *g)
{
	json_t *o = json_object();

	for (size_t i = 0; g && i < g->nlayers; i++)
		for (size_t k = 0; k < g->layers[i]->noriginal; k++)
			json_object_set_new(o, quote(g->layers[i]->original_names[k]),
					    json_string(g->layers[i]->name));
	return o;
}

json_t *onnx_report(const struct onnx_run *r, const struct graph *g)
{
	json_t *o = json_object(), *advice = json_array();

	json_object_set_new(o, "net", json_string(r->b.g->name));
	json_object_set_new(o, "opset", json_integer(r->opset));
	json_object_set_new(o, "parsed", json_boolean(r->nfault == 0));
	json_object_set_new(o, "inputs", ends(r->ir->in, r->in_layer, r->ir->nin, r->in_axes));
	json_object_set_new(o, "outputs", ends(r->ir->out, r->out_layer, r->ir->nout, r->out_axes));
	for (size_t i = 0; i < r->nadvice; i++)
		json_array_append_new(advice, json_string(quote(r->advice[i])));
	json_object_set_new(o, "recommended_end_nodes", advice);
	json_object_set_new(o, "nodes", nodes(r));
	json_object_set_new(o, "layers", layers(g));
	json_object_set_new(o, "original", original(g));
	return o;
}
