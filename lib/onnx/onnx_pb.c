/* The door to protobuf-c for ONNX: the model's messages become an importer graph. */
#include "onnx/onnx_pb.h"
#include "base/limits.h"

static char *text(struct im_graph *g, const uint8_t *p, size_t n)
{
	char *s = arena_alloc(&g->arena, n + 1);

	if (n)
		memcpy(s, p, n);
	return s;
}

static int read_attr(struct im_file *f, struct im_graph *g, const Onnx__Attribute *p,
		     struct im_attr *a, struct err *e)
{
	/* AttributeProto.AttributeType; older files leave it out. */
	enum {
		FLOAT = 1,
		INT,
		STRING,
		TENSOR,
		FLOATS = 6,
		INTS,
		STRINGS
	};
	const char **strings;
	int type = p->type;

	if (!p->has_type)
		type = p->t           ? TENSOR
		       : p->has_s     ? STRING
		       : p->n_ints    ? INTS
		       : p->n_floats  ? FLOATS
		       : p->n_strings ? STRINGS
		       : p->has_f     ? FLOAT
				      : INT;
	a->name = arena_strdup(&g->arena, p->name ? p->name : "");
	a->kind = IM_OTHER;
	if (type == FLOAT) {
		a->kind = IM_FLOAT;
		a->f = p->f;
	} else if (type == INT) {
		a->kind = IM_INT;
		a->i = p->i;
	} else if (type == STRING) {
		a->kind = IM_STRING;
		a->s = text(g, p->s.data, p->s.len);
	} else if (type == FLOATS) {
		float *v = arena_array(&g->arena, p->n_floats, sizeof *v);

		if (p->n_floats)
			memcpy(v, p->floats, p->n_floats * sizeof *v);
		a->kind = IM_FLOATS;
		a->n = p->n_floats;
		a->floats = v;
	} else if (type == INTS) {
		int64_t *v = arena_array(&g->arena, p->n_ints, sizeof *v);

		if (p->n_ints)
			memcpy(v, p->ints, p->n_ints * sizeof *v);
		a->kind = IM_INTS;
		a->n = p->n_ints;
		a->ints = v;
	} else if (type == STRINGS) {
		strings = arena_array(&g->arena, p->n_strings, sizeof *strings);
		for (size_t i = 0; i < p->n_strings; i++)
			strings[i] = text(g, p->strings[i].data, p->strings[i].len);
		a->kind = IM_STRINGS;
		a->n = p->n_strings;
		a->strings = strings;
	} else if (type == TENSOR && p->t) {
		a->kind = IM_TENSOR;
		return onnx_pb_tensor(f, p->t, &a->t, e);
	}
	return 0;
}

static bool is_default_domain(const char *s)
{
	return !s || s[0] == '\0' || strcmp(s, "ai.onnx") == 0;
}

static int read_node(struct im_file *f, struct im_graph *g, const Onnx__Node *p, size_t at,
		     struct err *e)
{
	const char *first = p->n_output ? p->output[0] : "";
	const char *name = p->name && p->name[0] ? p->name : first;
	struct im_node *n;

	if (p->n_input > IM_INPUTS || p->n_output > IM_INPUTS || strlen(name) > LIMIT_NAME)
		return err_set(e, "node %zu: too many inputs or outputs, or too long a name", at);
	if (!p->op_type || !p->op_type[0])
		return err_set(e, "node '%s' has no operator", quote(name));
	n = im_add(g, p->op_type, name, p->n_input, p->n_output, p->n_attribute);
	if (!is_default_domain(p->domain))
		n->domain = arena_strdup(&g->arena, p->domain);
	for (size_t i = 0; i < n->nin; i++)
		n->in[i] = p->input[i][0] ? im_value(g, p->input[i]) : NULL;
	for (size_t i = 0; i < n->nout; i++)
		n->out[i] = p->output[i][0] ? im_value(g, p->output[i]) : NULL;
	for (size_t i = 0; i < n->nattr; i++)
		if (read_attr(f, g, p->attribute[i], &n->attr[i], e) < 0)
			return err_in(e, "node '%s': attribute '%s'", quote(name),
				      quote(n->attr[i].name));
	return 0;
}

static int read_value_info(struct im_graph *g, const Onnx__ValueInfo *p, struct im_value *v,
			   struct err *e)
{
	const Onnx__TensorType *t = p->type ? p->type->tensor_type : NULL;

	if (!t || !t->shape)
		return 0;
	if (t->shape->n_dim > LIMIT_RANK)
		return err_set(e, "tensor '%s' has %zu dimensions", quote(p->name),
			       t->shape->n_dim);
	v->declared = true;
	v->elem = onnx_elem(t->elem_type);
	v->rank = (int)t->shape->n_dim;
	for (int i = 0; i < v->rank; i++) {
		const Onnx__Dimension *d = t->shape->dim[i];

		v->dim[i] = d->has_dim_value && d->dim_value > 0 ? d->dim_value : -1;
		v->symbol[i] = d->dim_param ? arena_strdup(&g->arena, d->dim_param) : NULL;
	}
	return 0;
}

/* What the file says about a tensor that a node makes: a hint, used where a node is not understood.
 */
static int tell_shape(struct im_graph *g, const Onnx__ValueInfo *p, struct im_value *v,
		      struct err *e)
{
	if (!v || v->is_const || v->is_input)
		return 0;
	if (read_value_info(g, p, v, e) < 0)
		return -1;
	v->told = v->declared;
	v->declared = false;
	return 0;
}

static int read_graph(struct im_file *f, struct im_graph *g, const Onnx__Graph *p, struct err *e)
{
	if (p->n_node > LIMIT_LAYERS * 10)
		return err_set(e, "the model has %zu nodes, at most %d expected", p->n_node,
			       LIMIT_LAYERS * 10);
	g->name = arena_strdup(&g->arena, p->name ? p->name : "");
	for (size_t i = 0; i < p->n_initializer; i++) {
		const Onnx__Tensor *t = p->initializer[i];
		struct tensor data;

		if (!t->name || !t->name[0])
			return err_set(e, "initializer %zu has no name", i);
		if (im_find_value(g, t->name))
			return err_set(e, "initializer '%s' is there twice", quote(t->name));
		if (onnx_pb_tensor(f, t, &data, e) < 0)
			return err_in(e, "initializer '%s'", quote(t->name));
		im_set_const(im_value(g, t->name), data);
	}
	for (size_t i = 0; i < p->n_input; i++) {
		struct im_value *v = im_value(g, p->input[i]->name ? p->input[i]->name : "");

		if (v->is_const)
			continue;
		if (v->is_input)
			return err_set(e, "input '%s' is there twice", quote(v->name));
		im_add_input(g, v);
		if (read_value_info(g, p->input[i], v, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_node; i++)
		if (read_node(f, g, p->node[i], i, e) < 0)
			return -1;
	for (size_t i = 0; i < p->n_output; i++) {
		struct im_value *v = im_value(g, p->output[i]->name ? p->output[i]->name : "");

		if (v->is_output)
			return err_set(e, "output '%s' is there twice", quote(v->name));
		im_add_output(g, v);
		if (tell_shape(g, p->output[i], v, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n_value_info; i++)
		if (p->value_info[i]->name &&
		    tell_shape(g, p->value_info[i], im_find_value(g, p->value_info[i]->name), e) <
			0)
			return -1;
	return 0;
}

static const char *producer(struct im_graph *g, const Onnx__Model *m)
{
	const char *name = m->producer_name ? m->producer_name : "";
	const char *version = m->producer_version ? m->producer_version : "";

	return arena_printf(&g->arena, "%s%s%s", name, *name && *version ? " " : "", version);
}

int onnx_decode(struct im_file *f, struct im_graph *g, int64_t *opset, struct err *e)
{
	struct str skeleton = { 0 };
	Onnx__Model *m = NULL;
	int r = onnx_strip(f->p, f->n, &skeleton, e);

	if (r == 0) {
		m = onnx__model__unpack(NULL, skeleton.len, (const uint8_t *)skeleton.p);
		if (!m)
			r = err_set(e, "not an ONNX model: its protobuf does not decode");
		else if (!m->graph)
			r = err_set(e, "not an ONNX model: there is no graph in it");
	}
	str_release(&skeleton);
	if (r == 0 && m->ir_version >= 3 && m->n_opset_import == 0)
		r = err_set(e, "the model names no operator set: truncated?");
	*opset = 1;
	for (size_t i = 0; r == 0 && i < m->n_opset_import; i++)
		if (is_default_domain(m->opset_import[i]->domain))
			*opset = m->opset_import[i]->version;
	if (r == 0)
		g->producer = producer(g, m);
	g->spelled = true;
	if (r == 0)
		r = read_graph(f, g, m->graph, e);
	if (m)
		onnx__model__free_unpacked(m, NULL);
	return r;
}
