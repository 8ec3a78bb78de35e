/* Changes to nodes. */
#include "mut.h"

void mut_set(char **s, const char *text)
{
	char *old = *s; /* may be protobuf's own "" */

	*s = xstrdup(text);
	if (old && old != (const char *)protobuf_c_empty_string)
		free(old);
}

void mut_behind(const Onnx__Model *m, size_t at, struct str *names)
{
	for (size_t i = at + 1; i < m->graph->n_node; i++)
		str_printf(names, " %s", m->graph->node[i]->name);
}

Onnx__Node *mut_node(Onnx__Model *m, size_t at, struct str *what)
{
	str_puts(what, m->graph->node[at]->op_type);
	return m->graph->node[at];
}

static bool rename_op(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);
	char *name = xasprintf("%sX", n->op_type);

	(void)part, (void)names;
	mut_set(&n->op_type, name);
	free(name);
	return true;
}

static bool other_domain(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	(void)part, (void)names;
	mut_set(&mut_node(m, at, what)->domain, "com.example");
	return true;
}

static bool fewer_inputs(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);

	(void)part;
	mut_behind(m, at, names);
	if (n->n_input == 0)
		return false;
	free(n->input[--n->n_input]);
	return true;
}

static bool no_inputs(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);

	(void)part, (void)names;
	if (n->n_input == 0)
		return false;
	while (n->n_input)
		free(n->input[--n->n_input]);
	return true;
}

static bool more_inputs(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);

	(void)part, (void)names;
	if (n->n_input == 0)
		return false;
	n->input = realloc(n->input, (n->n_input + 5) * sizeof(char *));
	for (int i = 0; i < 5; i++)
		n->input[n->n_input++] = xstrdup(n->input[0]);
	return true;
}

static bool more_outputs(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);

	(void)part, (void)names;
	n->output = realloc(n->output, (n->n_output + 6) * sizeof(char *));
	for (int i = 0; i < 6; i++)
		n->output[n->n_output++] = xasprintf("%s_more%d", n->output[0], i);
	return true;
}

static bool no_name(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part, (void)names;
	mut_set(&mut_node(m, at, what)->name, "");
	return true;
}

static bool no_op(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part, (void)names;
	mut_set(&mut_node(m, at, what)->op_type, "");
	return true;
}

static bool same_name(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part, (void)names;
	if (at == 0)
		return false;
	mut_set(&mut_node(m, at, what)->name, m->graph->node[0]->name);
	return true;
}

static bool made_twice(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	const char *other = m->graph->node[at ? 0 : m->graph->n_node - 1]->output[0];

	(void)part;
	str_printf(names, " %s", other);
	mut_set(&mut_node(m, at, what)->output[0], other);
	return true;
}

static bool makes_input(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)part;
	str_printf(names, " %s", m->graph->input[0]->name);
	mut_set(&mut_node(m, at, what)->output[0], m->graph->input[0]->name);
	return true;
}

static bool empty_output(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	(void)part;
	/* What reads it is at fault then. */
	for (size_t i = 0; i < m->graph->n_node; i++)
		str_printf(names, " %s", m->graph->node[i]->name);
	mut_set(&mut_node(m, at, what)->output[0], "");
	return true;
}

static bool cycle(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);

	(void)part;
	if (n->n_input == 0)
		return false;
	for (size_t i = 0; i < m->graph->n_node; i++)
		str_printf(names, " %s", m->graph->node[i]->name);
	mut_set(&n->input[0], m->graph->node[m->graph->n_node - 1]->output[0]);
	return true;
}

static bool swap_inputs(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = mut_node(m, at, what);
	char *first;

	(void)part, (void)names;
	if (n->n_input < 2 || strcmp(n->input[0], n->input[1]) == 0)
		return false;
	first = n->input[0];
	n->input[0] = n->input[1];
	n->input[1] = first;
	return true;
}

const struct mutation mut_nodes[] = {
	{ "operator renamed", AT_NODE, rename_op },
	{ "other domain", AT_NODE, other_domain },
	{ "last input absent", AT_NODE, fewer_inputs },
	{ "no inputs", AT_NODE, no_inputs },
	{ "five more inputs", AT_NODE, more_inputs },
	{ "six more outputs", AT_NODE, more_outputs },
	{ "no name", AT_NODE, no_name },
	{ "no operator", AT_NODE, no_op },
	{ "name of another node", AT_NODE, same_name },
	{ "output made twice", AT_NODE, made_twice },
	{ "output is the input", AT_NODE, makes_input },
	{ "output without a name", AT_NODE, empty_output },
	{ "cycle", AT_NODE, cycle },
	{ "inputs swapped", AT_NODE, swap_inputs },
	{ NULL, AT_MODEL, NULL },
};
