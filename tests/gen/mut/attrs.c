/* Changes to attributes. */
#include "mut.h"

enum {
	FLOAT = 1,
	INT,
	STRING,
	FLOATS = 6,
	INTS
};

static Onnx__Attribute *attr_at(Onnx__Model *m, size_t at, size_t part, struct str *what)
{
	Onnx__Attribute *a = mut_node(m, at, what)->attribute[part];

	str_printf(what, " %s", a->name);
	return a;
}

static void clear_attr(Onnx__Attribute *a, int type)
{
	a->has_f = a->has_i = a->has_s = false;
	a->n_ints = a->n_floats = 0;
	a->has_type = true;
	a->type = type;
}

static bool wrong_kind(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);
	const bool was_int = a->type == INT;

	(void)names;
	clear_attr(a, was_int ? FLOAT : INT);
	a->has_f = was_int;
	a->f = 0.5F;
	a->has_i = !was_int;
	a->i = 1;
	return true;
}

static bool no_attr(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Node *n = m->graph->node[at];

	mut_behind(m, at, names);
	attr_at(m, at, part, what);
	onnx__attribute__free_unpacked(n->attribute[part], NULL);
	n->attribute[part] = n->attribute[--n->n_attribute];
	/* Without it the node is another one, and what comes behind it may not fit. */
	mut_behind(m, at, names);
	return true;
}

static bool misspelt_attr(Onnx__Model *m, size_t at, size_t part, struct str *what,
			  struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);
	char *name = xasprintf("%ss_", a->name);

	(void)names;
	mut_set(&a->name, name);
	free(name);
	return true;
}

static bool set_ints(Onnx__Model *m, size_t at, size_t part, struct str *what, int64_t value)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);

	if (a->type == INT)
		a->i = value;
	else if (a->type == INTS && a->n_ints)
		a->ints[0] = value;
	else
		return false;
	return true;
}

static bool negative_attr(Onnx__Model *m, size_t at, size_t part, struct str *what,
			  struct str *names)
{
	(void)names;
	return set_ints(m, at, part, what, -9);
}

static bool huge_attr(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	(void)names;
	return set_ints(m, at, part, what, INT64_C(1) << 50);
}

static bool zero_attr(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	/* A zero may give another, sound node. */
	mut_behind(m, at, names);
	return set_ints(m, at, part, what, 0);
}

static bool nine_attr(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	mut_behind(m, at, names);
	return set_ints(m, at, part, what, 9);
}

static bool shorter_list(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);

	mut_behind(m, at, names);
	if (a->type != INTS || a->n_ints < 2)
		return false;
	a->n_ints--;
	return true;
}

static bool longer_list(Onnx__Model *m, size_t at, size_t part, struct str *what, struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);

	mut_behind(m, at, names);
	if (a->type != INTS)
		return false;
	a->ints = realloc(a->ints, (a->n_ints + 1) * sizeof *a->ints);
	a->ints[a->n_ints++] = 1;
	return true;
}

static bool bogus_string(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);

	(void)names;
	if (a->type != STRING || a->s.len < 2)
		return false;
	a->s.data[0] = 'Q';
	return true;
}

static bool not_a_number(Onnx__Model *m, size_t at, size_t part, struct str *what,
			 struct str *names)
{
	Onnx__Attribute *a = attr_at(m, at, part, what);
	const uint32_t nan = 0x7fc00000;

	(void)names;
	if (a->type != FLOAT)
		return false;
	memcpy(&a->f, &nan, sizeof a->f);
	return true;
}

const struct mutation mut_attrs[] = {
	{ "attribute of another kind", AT_ATTR, wrong_kind },
	{ "attribute absent", AT_ATTR, no_attr },
	{ "attribute misspelt", AT_ATTR, misspelt_attr },
	{ "attribute negative", AT_ATTR, negative_attr },
	{ "attribute huge", AT_ATTR, huge_attr },
	{ "attribute 0", AT_ATTR, zero_attr },
	{ "attribute 9", AT_ATTR, nine_attr },
	{ "list too short", AT_ATTR, shorter_list },
	{ "list too long", AT_ATTR, longer_list },
	{ "unknown word", AT_ATTR, bogus_string },
	{ "not a number", AT_ATTR, not_a_number },
	{ NULL, AT_MODEL, NULL },
};
