/* What became of the model, as JSON: onnx2hn --report. */
#include "onnx/onnx_int.h"

enum {
	SCHEMA = 1
};

json_t *onnx_json_name(const char *s)
{
	json_t *j = json_string(s);

	return j ? j : json_string(quote(s));
}

void onnx_json_append(json_t *object, const char *key, json_t *item)
{
	json_t *list = json_object_get(object, key);

	if (!list) {
		list = json_array();
		if (json_object_set_new(object, key, list) < 0) { /* no UTF-8 */
			json_decref(item);
			return;
		}
	}
	json_array_append_new(list, item);
}

static json_t *names(const char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, onnx_json_name(v[i]));
	return a;
}

static json_t *dims(const struct im_view *v)
{
	json_t *a = json_array();

	for (int d = 0; d < v->rank; d++)
		json_array_append_new(a, json_integer(view_size(v, d)));
	return a;
}

static json_t *hn_dims(const struct hn_shape *s)
{
	return json_pack("[i,i,i]", (int)s->h, (int)s->w, (int)s->c);
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
		json_object_set_new(o, "name", onnx_json_name(v[i]->name));
		if (v[i]->from)
			json_object_set_new(o, "node", onnx_json_name(v[i]->from->name));
		json_object_set_new(o, "layer", json_string(l[i]->name));
		json_object_set_new(o, "shape", dims(&v[i]->view));
		json_object_set_new(o, "axes", json_string(axes[i]));
		json_object_set_new(o, "hn_shape", hn_dims(&l[i]->out[0]));
		json_array_append_new(a, o);
	}
	return a;
}

static bool is_end(const struct layer *l)
{
	return l->type == HN_INPUT || l->type == HN_OUTPUT;
}

static json_t *layers(const struct graph *g)
{
	json_t *o = json_object();

	for (size_t i = 0; g && i < g->nlayers; i++)
		json_object_set_new(o, g->layers[i]->name,
				    names((const char *const *)g->layers[i]->original_names,
					  g->layers[i]->noriginal));
	return o;
}

/* The layer of each node; the last one where it became several. */
static json_t *original(const struct graph *g)
{
	json_t *o = json_object();

	for (size_t i = 0; g && i < g->nlayers; i++)
		for (size_t k = 0; !is_end(g->layers[i]) && k < g->layers[i]->noriginal; k++)
			json_object_set_new(o, g->layers[i]->original_names[k],
					    json_string(g->layers[i]->name));
	return o;
}

/* Where each tensor of the model lies. */
static json_t *tensors(const struct onnx_run *r, const struct graph *g)
{
	json_t *all = json_object();

	for (size_t i = 0; g && i < r->ir->nvalue; i++) {
		const struct im_value *v = r->ir->value[i];
		char axes[LIMIT_RANK + 1];
		json_t *o;

		if (!v->done || v->is_const || v->bad || !v->view.layer ||
		    (v->from && v->from->part_of))
			continue;
		o = json_pack("{s:s,s:i,s:o}", "layer", v->view.layer->name, "port",
			      (int)v->view.port, "shape", dims(&v->view));
		if (!view_axes(&v->view, axes))
			axes[0] = '\0';
		else if (axes[0] == '1' && v->view.batch == 1)
			axes[0] = 'B';
		if (axes[0])
			json_object_set_new(o, "axes", json_string(axes));
		if (json_object_set_new(all, v->name, o) < 0)
			continue; /* no UTF-8: it cannot be a key */
	}
	return all;
}

static json_t *options_used(const struct onnx_opts *o)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "start_node_names", names(o->start, o->nstart),
			 "end_node_names", names(o->end, o->nend), "net_input_shapes",
			 names(o->shapes, o->nshapes), "net_input_format",
			 names(o->formats, o->nformats));
}

static void numbers(const struct onnx_run *r, const struct graph *g, json_t *o)
{
	uint64_t params = 0, macs = 0;

	for (size_t i = 0; g && i < tensors_count(r->b.w); i++)
		params += tensor_count(tensors_at(r->b.w, i));
	for (size_t i = 0; g && i < g->nlayers; i++)
		macs += layer_macs(g->layers[i]);
	json_object_set_new(o, "parameters", g ? json_integer((json_int_t)params) : json_null());
	json_object_set_new(o, "macs", g ? json_integer((json_int_t)macs) : json_null());
	json_object_set_new(o, "operations",
			    g ? json_integer((json_int_t)(2 * macs)) : json_null());
}

json_t *onnx_report(const struct onnx_run *r, const struct onnx_opts *o, const struct graph *g)
{
	json_t *j = json_object();

	json_object_set_new(j, "schema", json_integer(SCHEMA));
	json_object_set_new(j, "net", json_string(r->b.g->name));
	json_object_set_new(j, "opset", json_integer(r->opset));
	json_object_set_new(j, "producer", onnx_json_name(r->ir->producer ? r->ir->producer : ""));
	json_object_set_new(j, "parsed", json_boolean(g != NULL));
	json_object_set_new(j, "options", options_used(o));
	numbers(r, g, j);
	json_object_set_new(j, "inputs", ends(r->ir->in, r->in_layer, r->ir->nin, r->in_axes));
	json_object_set_new(j, "outputs",
			    g ? ends(r->ir->out, r->out_layer, r->ir->nout, r->out_axes)
			      : json_array());
	json_object_set_new(j, "nodes", onnx_report_nodes(r, g));
	json_object_set_new(j, "layers", layers(g));
	json_object_set_new(j, "original", original(g));
	json_object_set_new(j, "tensors", tensors(r, g));
	json_object_set_new(j, "notes", r->notes ? json_incref(r->notes) : json_array());
	json_object_set_new(j, "warnings", r->warnings ? json_incref(r->warnings) : json_array());
	json_object_set_new(j, "nms", json_null());
	return j;
}

static json_t *owned_names(const struct onnx_names *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(a, onnx_json_name(l->v[i]));
	return a;
}

void onnx_report_advice(struct onnx_result *out)
{
	json_object_set_new(out->report, "recommended_start_nodes", owned_names(&out->try_start));
	json_object_set_new(out->report, "recommended_end_nodes", owned_names(&out->try_end));
	json_object_set_new(out->report, "retry_command", json_null());
}
