/* Nodes against the specification: counts, attributes, element types. */
#include "onnx/onnx_int.h"

/* Kind of an attribute in a signature's list; '\0' when it is not there. */
static char attr_kind(const struct onnx_signature *s, const char *name)
{
	const size_t n = strlen(name);

	for (const char *a = s->attrs; n && (a = strstr(a, name)); a += n)
		if ((a == s->attrs || a[-1] == ' ') && a[n] == ':')
			return a[n + 1];
	return '\0';
}

static const char *kind_text(char kind)
{
	switch (kind) {
	case 'i':
		return "an integer";
	case 'f':
		return "a number";
	case 's':
		return "a word";
	case 'I':
		return "a list of integers";
	case 'F':
		return "a list of numbers";
	case 'S':
		return "a list of words";
	default:
		return "a tensor";
	}
}

static bool has_kind(const struct im_attr *a, char kind)
{
	static const char kinds[] = {
		[IM_INT] = 'i',    [IM_FLOAT] = 'f',   [IM_STRING] = 's', [IM_INTS] = 'I',
		[IM_FLOATS] = 'F', [IM_STRINGS] = 'S', [IM_TENSOR] = 'x', [IM_OTHER] = 'x',
	};

	/* An empty list may be of either kind. */
	return kind == '?' || kinds[a->kind] == kind ||
	       ((a->kind == IM_INTS || a->kind == IM_FLOATS) && a->n == 0 &&
		(kind == 'I' || kind == 'F'));
}

/* Attributes that say yes or no. */
static bool is_switch(const char *name)
{
	static const char *const names[] = { "keepdims",     "ceil_mode", "count_include_pad",
					     "transA",       "transB",    "training_mode",
					     "is_test",      "exclusive", "select_last_index",
					     "allowzero",    "layout",    "noop_with_empty_axes",
					     "input_forget", "largest",   "linear_before_reset" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Attributes that must be there, marked so in the signature. */
static int check_required(const struct im_node *n, const struct onnx_signature *s, struct err *e)
{
	for (const char *end = strchr(s->attrs, '!'); end; end = strchr(end + 1, '!')) {
		const char *from = end - 2;
		char name[32] = "";

		while (from > s->attrs && from[-1] != ' ')
			from--;
		memcpy(name, from, (size_t)(end - 2 - from));
		if (!im_attr(n, name))
			return err_set(e, "it has no attribute '%s'", name);
	}
	return 0;
}

/* From opset 6 on a Cast's type is a number. */
static int check_cast(const struct im_node *n, struct err *e)
{
	const struct im_attr *to = im_attr(n, "to");

	if (strcmp(n->op, "Cast") != 0 || !to)
		return 0;
	if (to->kind != IM_INT || !onnx_elem(to->i))
		return err_set(e, "its attribute 'to' is no element type");
	return 0;
}

/* Lists among the inputs have one dimension. */
static int check_lists(const struct im_node *n, struct err *e)
{
	static const char lists[] = " Split Pad Slice Squeeze Unsqueeze Reshape Expand Tile Resize "
				    "Upsample ReduceSum ";
	const char *at = strstr(lists, n->op);

	if (!at || at[-1] != ' ' || at[strlen(n->op)] != ' ')
		return 0;
	for (size_t i = 1; i < n->nin; i++)
		if (n->in[i] && n->in[i]->is_const && n->in[i]->data.rank > 1)
			return err_set(e, "its input '%s' of shape %s must be a list",
				       quote(n->in[i]->name), tensor_shape_text(&n->in[i]->data));
	return 0;
}

static int check_attrs(const struct im_node *n, const struct onnx_signature *s, struct err *e)
{
	for (size_t i = 0; i < n->nattr; i++) {
		const struct im_attr *a = &n->attr[i];
		const char kind = attr_kind(s, a->name);

		if (!kind)
			return err_set(e, "attribute '%s' is not one of this operator's",
				       quote(a->name));
		if (!has_kind(a, kind))
			return err_set(e, "its attribute '%s' must be %s", quote(a->name),
				       kind_text(kind));
		for (size_t k = 0; k < i; k++)
			if (strcmp(n->attr[k].name, a->name) == 0)
				return err_set(e, "its attribute '%s' is there twice",
					       quote(a->name));
		if (is_switch(a->name) && a->i != 0 && a->i != 1)
			return err_set(e, "its attribute '%s' is %lld, 0 or 1 expected",
				       quote(a->name), (long long)a->i);
		if (a->kind == IM_FLOAT && a->f != a->f)
			return err_set(e, "its attribute '%s' is not a number", quote(a->name));
	}
	return 0;
}

/* Absent values at the end do not count. */
static int present(struct im_value *const *v, size_t n)
{
	while (n && !v[n - 1])
		n--;
	return (int)n;
}

static int check_counts(const struct im_node *n, const struct onnx_signature *s, struct err *e)
{
	const int in = present(n->in, n->nin), out = present(n->out, n->nout);

	if (in < s->in_min || in > s->in_max)
		return err_set(e, "it has %d input%s, %s%d expected", in, in == 1 ? "" : "s",
			       s->in_min == s->in_max ? ""
			       : in < s->in_min       ? "at least "
						      : "at most ",
			       in < s->in_min ? s->in_min : s->in_max);
	for (int i = 0; i < s->in_min; i++)
		if (!n->in[i])
			return err_set(e, "its input %d has no name", i);
	if (out > s->out_max)
		return err_set(e, "it has %d outputs, at most %d expected", out, s->out_max);
	return 0;
}

static const char *type_text(char type)
{
	return type == 'f' ? "floats" : type == 'i' ? "integers" : "booleans";
}

static char letter(const char *types, size_t i)
{
	const size_t n = strlen(types);

	return n ? types[i < n ? i : n - 1] : '?';
}

/* Element types of inputs: where both are known. */
static int check_types(const struct im_node *n, const struct onnx_signature *s, char same[10],
		       struct err *e)
{
	for (size_t i = 0; i < n->nin; i++) {
		const char want = letter(s->in, i), is = n->in[i] ? n->in[i]->elem : '\0';
		char *common = want >= '1' && want <= '9' ? &same[want - '0'] : NULL;

		if (!is || want == '?')
			continue;
		if (common && !*common)
			*common = is;
		if (is != (common ? *common : want) && !(want == 'b' && is == 'i'))
			return err_set(e, "its input '%s' is of %s, %s expected",
				       quote(n->in[i]->name), type_text(is),
				       type_text(common ? *common : want));
	}
	return 0;
}

static char dtype_letter(enum dtype t)
{
	return t == DT_F32 || t == DT_F64 || t == DT_F16 ? 'f' : t == DT_BOOL ? 'b' : 'i';
}

/* Types of what a node makes. */
static void pass_types(struct im_node *n, const struct onnx_signature *s, const char same[10])
{
	const struct im_attr *value = im_attr(n, "value");
	const int64_t to = im_int(n, "to", 0);

	for (size_t i = 0; i < n->nout; i++) {
		const char type = letter(s->out, i);

		if (!n->out[i] || type == '?')
			continue;
		n->out[i]->elem = type >= '1' && type <= '9' ? same[type - '0'] : type;
	}
	if (n->nout == 0 || !n->out[0])
		return;
	if (strcmp(n->op, "Cast") == 0)
		n->out[0]->elem = onnx_elem(to);
	else if (strncmp(n->op, "Constant", 8) == 0)
		n->out[0]->elem =
		    value && value->kind == IM_TENSOR ? dtype_letter(value->t.dtype) : '\0';
}

void onnx_check_nodes(struct im_graph *g, int64_t opset)
{
	for (size_t i = 0; i < g->nvalue; i++)
		if (g->value[i]->is_const)
			g->value[i]->elem = dtype_letter(g->value[i]->data.dtype);
	for (size_t i = 0; i < g->nnode; i++) {
		struct im_node *n = g->node[i];
		const struct onnx_signature *s = n->domain[0] ? NULL : onnx_signature(n->op);
		char same[10] = { 0 };
		struct err e = { 0 };

		if (!s)
			continue;
		if (check_counts(n, s, &e) < 0 || check_attrs(n, s, &e) < 0 ||
		    (opset > 6 && check_required(n, s, &e) < 0) ||
		    (opset > 5 && check_cast(n, &e) < 0) || check_lists(n, &e) < 0 ||
		    check_types(n, s, same, &e) < 0)
			n->fault = arena_strdup(&g->arena, e.msg);
		pass_types(n, s, same);
	}
}
