/* The file's nodes in the report: what became of each, and why. */
#include "onnx/onnx_int.h"

/* Layers by the name of a node that they stand for. */
struct found {
	json_t *layers; /* name: [layer, ...] */
	json_t *makers; /* name: true where a layer was made for the node itself */
};

static struct found find_layers(const struct graph *g)
{
	struct found f = { json_object(), json_object() };

	for (size_t i = 0; g && i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];

		if (l->type == HN_INPUT || l->type == HN_OUTPUT)
			continue;
		for (size_t k = 0; k < l->noriginal; k++) {
			onnx_json_append(f.layers, l->original_names[k], json_string(l->name));
			if (k == 0)
				json_object_set_new(f.makers, l->original_names[k], json_true());
		}
	}
	return f;
}

static bool is_constant(const struct im_node *n)
{
	bool any = false;

	for (size_t k = 0; k < n->nout; k++) {
		if (n->out[k] && !n->out[k]->is_const)
			return false;
		any |= n->out[k] != NULL;
	}
	return any;
}

static const char *cutoff(enum im_cutoff cut)
{
	return cut == IM_BEFORE   ? "before the start nodes"
	       : cut == IM_BEHIND ? "behind the end nodes"
				  : "no output needs it";
}

static void put(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, json_string(text));
}

static void put_status(json_t *o, const struct im_origin *from, const struct found *f,
		       const struct graph *g)
{
	const struct im_node *n = from->node;
	json_t *layers = json_object_get(f->layers, from->name);

	while (n->into)
		n = n->into;
	if (n->cut != IM_KEPT) {
		put(o, "status", "cut off");
		put(o, "reason", cutoff(n->cut));
	} else if (n->stuck) {
		put(o, "status", n->fault ? "unsupported" : "after an unsupported node");
		if (n->fault)
			json_object_set_new(o, "reason", onnx_json_name(n->fault));
	} else if (layers) {
		put(o, "status", json_object_get(f->makers, from->name) ? "layer" : "fused into");
		json_object_set(o, "layers", layers);
	} else if (is_constant(n)) {
		put(o, "status", "constant");
	} else {
		put(o, "status", g ? "view only" : "parsed");
	}
}

json_t *onnx_report_nodes(const struct onnx_run *r, const struct graph *g)
{
	struct found f = find_layers(g);
	json_t *a = json_array();

	for (size_t i = 0; i < r->ir->norigin; i++) {
		const struct im_origin *from = &r->ir->origin[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", onnx_json_name(from->name));
		json_object_set_new(o, "op", onnx_json_name(from->op));
		json_object_set_new(o, "domain", onnx_json_name(from->domain));
		put_status(o, from, &f, g);
		json_array_append_new(a, o);
	}
	json_decref(f.layers);
	json_decref(f.makers);
	return a;
}
