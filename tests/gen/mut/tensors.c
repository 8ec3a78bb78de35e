/* Changes to one input of a node: its name, or the initializer behind it. */
#include "mut.h"

static bool missing_tensor(Onnx__Model *m, size_t at, size_t part, struct str *what,
			   struct str *names)
{
	str_puts(names, " nobody");
	mut_set(&mut_node(m, at, what)->input[part], "nobody");
	str_printf(what, " %zu", part);
	return true;
}

static bool empty_input(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	mut_behind(m, at, names);
	mut_set(&mut_node(m, at, what)->input[part], "");
	str_printf(what, " %zu", part);
	return true;
}

static Onnx__Tensor *tensor_at(Onnx__Model *m, size_t at, size_t part, struct str *what)
{
	Onnx__Node *n = mut_node(m, at, what);

	str_printf(what, " %zu", part);
	for (size_t i = 0; i < m->graph->n_initializer; i++)
		if (strcmp(m->graph->initializer[i]->name, n->input[part]) == 0)
			return m->graph->initializer[i];
	return NULL;
}

static bool short_data(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	(void)names;
	if (!t || !t->has_raw_data || t->raw_data.len < 4)
		return false;
	t->raw_data.len -= 4;
	return true;
}

static bool other_type(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	(void)names;
	if (!t)
		return false;
	/* Of the same size: float and int32, int64 and double. */
	t->data_type = t->data_type == 1 ? 6 : 11;
	return true;
}

static bool strange_type(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	(void)names;
	if (!t)
		return false;
	t->data_type = 8; /* strings */
	return true;
}

static bool more_rank(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	(void)names;
	if (!t)
		return false;
	t->dims = realloc(t->dims, (t->n_dims + 1) * sizeof *t->dims);
	t->dims[t->n_dims++] = 1;
	return true;
}

static bool set_dim(Onnx__Model *m, size_t at, size_t part, struct str *what, int64_t dim)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	if (!t || t->n_dims == 0)
		return false;
	t->dims[0] = dim;
	return true;
}

static bool zero_dim(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	mut_behind(m, at, names);
	if (!t || t->n_dims == 0)
		return false;
	t->dims[0] = 0;
	t->raw_data.len = 0;
	return true;
}

static bool minus_dim(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)names;
	return set_dim(m, at, part, what, -1);
}

static bool huge_dim(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)names;
	return set_dim(m, at, part, what, INT64_C(1) << 40);
}

static bool other_dims(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);
	int64_t first;

	(void)names;
	if (!t || t->n_dims < 2 || t->dims[0] == t->dims[1])
		return false;
	first = t->dims[0];
	t->dims[0] = t->dims[1];
	t->dims[1] = first;
	return true;
}

/* The last, or first, integer of a list that is an input. */
static bool integer(Onnx__Model *m, size_t at, size_t part, struct str *what, bool last,
		    int64_t value)
{
	Onnx__Tensor *t = tensor_at(m, at, part, what);

	if (!t || t->data_type != 7 || t->raw_data.len < 8)
		return false;
	memcpy(t->raw_data.data + (last ? t->raw_data.len - 8 : 0), &value, 8);
	return true;
}

static bool last_seven(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	mut_behind(m, at, names);
	return integer(m, at, part, what, true, 7);
}

static bool first_minus(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	mut_behind(m, at, names);
	return integer(m, at, part, what, false, -9);
}

static bool first_huge(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	mut_behind(m, at, names);
	return integer(m, at, part, what, false, INT64_C(1) << 50);
}

const struct mutation mut_tensors[] = {
	{ "missing tensor", AT_INPUT, missing_tensor },
	{ "empty input", AT_INPUT, empty_input },
	{ "initializer too short", AT_INPUT, short_data },
	{ "element type of the same size", AT_INPUT, other_type },
	{ "element type string", AT_INPUT, strange_type },
	{ "initializer of more rank", AT_INPUT, more_rank },
	{ "initializer without values", AT_INPUT, zero_dim },
	{ "initializer's dimension negative", AT_INPUT, minus_dim },
	{ "initializer's dimension huge", AT_INPUT, huge_dim },
	{ "initializer's dimensions swapped", AT_INPUT, other_dims },
	{ "last integer 7", AT_INPUT, last_seven },
	{ "first integer -9", AT_INPUT, first_minus },
	{ "first integer huge", AT_INPUT, first_huge },
	{ NULL, AT_MODEL, NULL },
};
