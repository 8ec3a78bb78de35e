/* Changes to the model's inputs, outputs and operator set. */
#include "mut.h"

static Onnx__Shape *input_shape(Onnx__Model *m, size_t at, struct str *what, struct str *names)
{
	str_puts(what, m->graph->input[at]->name);
	/* What it does not fit into is at fault as well. */
	str_puts(names, m->graph->input[at]->name);
	for (size_t i = 0; i < m->graph->n_node; i++)
		str_printf(names, " %s", m->graph->node[i]->name);
	return m->graph->input[at]->type->tensor_type->shape;
}

static bool input_dim(Onnx__Model *m, size_t at, struct str *what, struct str *names, size_t d,
		      int64_t dim)
{
	Onnx__Shape *s = input_shape(m, at, what, names);

	if (d >= s->n_dim)
		return false;
	s->dim[d]->has_dim_value = dim != 0;
	s->dim[d]->dim_value = dim;
	return true;
}

static bool input_open(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part;
	return input_dim(m, at, what, names, 2, 0);
}

static bool input_minus(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part;
	return input_dim(m, at, what, names, 1, -5);
}

static bool input_huge(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part;
	return input_dim(m, at, what, names, 2, INT64_C(1) << 40);
}

static bool input_features(Onnx__Model *m, size_t at, size_t part, struct str *what,
			   struct str *names)
{
	(void)part;
	return input_dim(m, at, what, names, 1, 11);
}

static bool input_small(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part;
	return input_dim(m, at, what, names, 2, 1);
}

static bool input_less_rank(Onnx__Model *m, size_t at, size_t part, struct str *what,
			    struct str *names)
{
	Onnx__Shape *s = input_shape(m, at, what, names);

	(void)part;
	onnx__dimension__free_unpacked(s->dim[--s->n_dim], NULL);
	return true;
}

static bool input_no_shape(Onnx__Model *m, size_t at, size_t part, struct str *what,
			   struct str *names)
{
	Onnx__TensorType *t = m->graph->input[at]->type->tensor_type;

	(void)part;
	input_shape(m, at, what, names);
	onnx__shape__free_unpacked(t->shape, NULL);
	t->shape = NULL;
	return true;
}

static bool input_integers(Onnx__Model *m, size_t at, size_t part, struct str *what,
			   struct str *names)
{
	(void)part;
	input_shape(m, at, what, names);
	m->graph->input[at]->type->tensor_type->elem_type = 7;
	return true;
}

static bool input_renamed(Onnx__Model *m, size_t at, size_t part, struct str *what,
			  struct str *names)
{
	(void)part;
	input_shape(m, at, what, names);
	mut_set(&m->graph->input[at]->name, "renamed");
	return true;
}

static bool output_renamed(Onnx__Model *m, size_t at, size_t part, struct str *what,
			   struct str *names)
{
	(void)part;
	str_puts(what, m->graph->output[at]->name);
	str_puts(names, "renamed");
	mut_set(&m->graph->output[at]->name, "renamed");
	return true;
}

static bool output_twice(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	(void)part;
	if (m->graph->n_output < 2)
		return false;
	str_puts(what, m->graph->output[at]->name);
	str_puts(names, m->graph->output[0]->name);
	mut_set(&m->graph->output[m->graph->n_output - 1]->name, m->graph->output[0]->name);
	return true;
}

static bool new_opset(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)at, (void)part;
	str_puts(what, "99");
	str_puts(names, "opset");
	m->opset_import[0]->version = 99;
	return true;
}

static bool no_outputs(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)at, (void)part, (void)what;
	str_puts(names, "outputs");
	while (m->graph->n_output)
		onnx__value_info__free_unpacked(m->graph->output[--m->graph->n_output], NULL);
	return true;
}

const struct mutation mut_ends[] = {
	{ "input open", AT_GRAPH_INPUT, input_open },
	{ "input negative", AT_GRAPH_INPUT, input_minus },
	{ "input huge", AT_GRAPH_INPUT, input_huge },
	{ "input of other features", AT_GRAPH_INPUT, input_features },
	{ "input too small", AT_GRAPH_INPUT, input_small },
	{ "input of less rank", AT_GRAPH_INPUT, input_less_rank },
	{ "input without a shape", AT_GRAPH_INPUT, input_no_shape },
	{ "input of integers", AT_GRAPH_INPUT, input_integers },
	{ "input renamed", AT_GRAPH_INPUT, input_renamed },
	{ "output renamed", AT_GRAPH_OUTPUT, output_renamed },
	{ "output twice", AT_GRAPH_OUTPUT, output_twice },
	{ "opset", AT_MODEL, new_opset },
	{ "no outputs", AT_MODEL, no_outputs },
	{ NULL, AT_MODEL, NULL },
};
