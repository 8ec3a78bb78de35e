#include "pass/script.h"

static int all_inputs(const struct graph *g, struct layer ***out, size_t *n)
{
	*n = graph_inputs(g, NULL, 0);
	*out = xcalloc(*n, sizeof **out);
	graph_inputs(g, *out, *n);
	return 0;
}

int script_inputs(const struct alls_stmt *st, const struct graph *g, struct layer ***out, size_t *n,
		  struct err *e)
{
	const struct alls_value *v = alls_get(st, "input_layer");

	if (!v)
		return all_inputs(g, out, n);
	if (alls_layers(st, v, g, out, n, e) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		if ((*out)[i]->type != HN_INPUT) {
			err_set(e, "layer '%s' is not an input layer", quote((*out)[i]->name));
			free(*out);
			return alls_in_value(st, v, e);
		}
	return 0;
}

static json_t *numbers(const struct alls_stmt *st, const char *argument)
{
	const struct alls_value *v = alls_get(st, argument);
	json_t *a = json_array();

	for (size_t i = 0; v && i < v->nitems; i++)
		json_array_append_new(a, json_real(v->items[i].number));
	return a;
}

static int add_record(json_t *inputs, const struct alls_stmt *st, const struct graph *g,
		      struct err *e)
{
	struct layer **in;
	size_t n;

	if (script_inputs(st, g, &in, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		json_t *list = json_object_get(inputs, in[i]->name);
		json_t *o = json_object();

		if (!list) {
			list = json_array();
			json_object_set_new(inputs, in[i]->name, list);
		}
		json_object_set_new(o, "cmd_type", json_string(st->command));
		json_object_set_new(o, "mean", numbers(st, "mean"));
		json_object_set_new(o, "std", numbers(st, "std"));
		json_array_append_new(list, o);
	}
	free(in);
	return 0;
}

json_t *script_modifications(const struct alls *s, const struct graph *native, struct err *e)
{
	json_t *o = json_object();
	json_t *inputs = json_object();

	json_object_set_new(o, "inputs", inputs);
	json_object_set_new(o, "outputs", json_object());
	for (size_t i = 0; s && i < s->nstmts; i++)
		if (alls_is(&s->stmts[i], "normalization", NULL) &&
		    add_record(inputs, &s->stmts[i], native, e) < 0) {
			json_decref(o);
			return NULL;
		}
	return o;
}
