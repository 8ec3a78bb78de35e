/*
 * What a variable holds: the key of the variables' files is what the model itself restores it from.
 * In the main graph or in a function, AssignVariableOp or Assign gets RestoreV2's output k, whose
 * second input is the list of keys.  Without that, the checkpoint's own list of objects tells, or
 * the variable has its name as key.
 */
#include "tf/tf_read.h"
#include <unistd.h>

/* A variable of the main graph, and what it is restored from. */
struct tf_restore {
	size_t node;
	const char *key;
	const char *part;
};

bool tf_is_variable(const char *op)
{
	static const char *const ops[] = { "VarHandleOp", "VariableV2", "Variable",
					   "AutoReloadVariable" };

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (strcmp(ops[i], op) == 0)
			return true;
	return false;
}

/* String k of a constant that an input is. */
static const char *text_at(struct tf_flat *x, struct tf_frame *f, const char *input, size_t k)
{
	struct err lost = { 0 };
	const Tf__AttrValue *v;
	const Tf__NodeDef *d;
	struct tf_at at;
	char *s;

	if (tf_source(x, f, input, &at, &lost) < 0 || at.feed >= 0)
		return NULL;
	d = at.frame->func->node[at.node];
	v = tf_attr_of(d, "value");
	if (strcmp(tf_op_of(d), "Const") != 0 || !v || !v->tensor || k >= v->tensor->n_string_val)
		return NULL;
	s = arena_alloc(&x->m->arena, v->tensor->string_val[k].len + 1);
	if (v->tensor->string_val[k].len)
		memcpy(s, v->tensor->string_val[k].data, v->tensor->string_val[k].len);
	return s;
}

/* Assignment i of the frame: is it of a variable of the main graph, with a restored value? */
static void assignment(struct tf_flat *x, struct tf_frame *f, size_t i)
{
	const Tf__NodeDef *d = f->func->node[i], *from;
	struct tf_restore *r = &x->restore[x->nrestore];
	struct err lost = { 0 };
	struct tf_at var, value;

	if (tf_data_inputs(d) < 2 || tf_source(x, f, d->input[0], &var, &lost) < 0 ||
	    tf_source(x, f, d->input[1], &value, &lost) < 0 || var.frame != x->top ||
	    value.feed >= 0 || !tf_is_variable(tf_op_of(var.frame->func->node[var.node])))
		return;
	from = value.frame->func->node[value.node];
	if (strcmp(tf_op_of(from), "RestoreV2") != 0 || tf_data_inputs(from) < 3)
		return;
	*r = (struct tf_restore){ .node = var.node };
	r->key = text_at(x, value.frame, from->input[1], (size_t)value.out);
	r->part = text_at(x, value.frame, from->input[2], (size_t)value.out);
	if (r->key)
		x->nrestore++;
}

static void assignments(struct tf_flat *x, struct tf_frame *f)
{
	for (size_t i = 0; i < f->func->n && x->nrestore < x->main.n; i++) {
		const char *op = tf_op_of(f->func->node[i]);

		if (strcmp(op, "AssignVariableOp") == 0 || strcmp(op, "Assign") == 0)
			assignment(x, f, i);
	}
}

static int by_node(const void *a, const void *b)
{
	const struct tf_restore *p = a, *q = b;

	return (p->node > q->node) - (p->node < q->node);
}

/* The main graph, and functions that it calls and that restore. */
static void find_restores(struct tf_flat *x)
{
	struct tf_frame *f = x->top;

	x->restore_known = true;
	x->restore = arena_array(&x->m->arena, x->main.n + 1, sizeof *x->restore);
	assignments(x, f);
	for (size_t i = 0; i < f->func->n; i++) {
		const Tf__AttrValue *v = tf_attr_of(f->func->node[i], "f");
		struct tf_func *func =
		    v && v->func && v->func->name ? tf_find_function(x, v->func->name) : NULL;
		struct err lost = { 0 };
		bool restores = false;

		for (size_t k = 0; func && func->def->signature && k < func->n && !restores; k++)
			restores = strcmp(tf_op_of(func->node[k]), "RestoreV2") == 0;
		if (restores && (f = tf_enter(x, x->top, i, func, 0, &lost)))
			assignments(x, f);
		f = x->top;
	}
	qsort(x->restore, x->nrestore, sizeof *x->restore, by_node);
}

/* The key of the object whose variable has this full name, by the checkpoint's own list. */
static const char *object_key(struct tf_flat *x, const char *name, struct err *e)
{
	const char *key = NULL;
	size_t n = 0;
	const uint8_t *p = tf_bundle_string(x->m->variables, "_CHECKPOINTABLE_OBJECT_GRAPH", &n, e);
	Tf__TrackableObjectGraph *g = p ? tf__trackable_object_graph__unpack(NULL, n, p) : NULL;

	if (err_is(e) || (p && !g)) {
		err_set(e, "it does not decode");
		err_in(e, "the list of objects");
		return NULL;
	}
	for (size_t i = 0; g && i < g->n_nodes; i++)
		for (size_t k = 0; k < g->nodes[i]->n_attributes; k++) {
			const Tf__SerializedTensor *t = g->nodes[i]->attributes[k];

			if (!t->full_name || !t->checkpoint_key || strcmp(t->full_name, name) != 0)
				continue;
			if (key && strcmp(key, t->checkpoint_key) != 0)
				err_set(
				    e, "two objects have this name, and nothing tells which it is");
			key = arena_strdup(&x->m->arena, t->checkpoint_key);
		}
	if (g)
		tf__trackable_object_graph__free_unpacked(g, NULL);
	return err_is(e) ? NULL : key;
}

static const char *shared_name(const Tf__NodeDef *d)
{
	const Tf__AttrValue *v = tf_attr_of(d, "shared_name");

	return v && v->s && v->s[0] ? v->s : d->name;
}

/* The files of variables are opened with the first one. */
static int open_variables(struct tf_model *m, const char *name, struct err *e)
{
	const char *path;

	if (m->variables)
		return 0;
	if (!m->prefix)
		return err_set(
		    e,
		    "node '%s' is a variable, and a single file holds no values of variables "
		    "(give the folder of the SavedModel, or freeze the graph)",
		    quote(name));
	path = arena_printf(&m->arena, "%s.index", m->prefix);
	if (m->lone_meta && access(path, F_OK) != 0)
		return err_set(
		    e, "there is no .index beside it: TensorFlow's checkpoints of version 1 are "
		       "not read (convert the model to TensorFlow Lite and use tflite2hn)");
	m->variables = tf_bundle_open(m->prefix, e);
	return m->variables ? 0 : -1;
}

static int find_key(struct tf_flat *x, const struct tf_at *at, struct tf_value *v, struct err *e)
{
	const struct tf_restore key = { .node = at->node }, *r = NULL;
	const Tf__NodeDef *d = at->frame->func->node[at->node];

	if (!x->restore_known)
		find_restores(x);
	if (at->frame == x->top && x->nrestore)
		r = bsearch(&key, x->restore, x->nrestore, sizeof key, by_node);
	if (r) {
		v->key = r->key;
		return tf_part_parse(r->part ? r->part : "", &v->part, e);
	}
	v->key = object_key(x, shared_name(d), e);
	if (!v->key && !err_is(e))
		v->key = d->name;
	return v->key ? 0 : -1;
}

int tf_variable(struct tf_flat *x, const struct tf_at *at, struct tf_value *v, struct err *e)
{
	const Tf__NodeDef *d = at->frame->func->node[at->node];
	int r;

	if (open_variables(x->m, d->name, e) < 0)
		return -1;
	r = find_key(x, at, v, e);
	if (r == 0 && !tf_bundle_has(x->m->variables, v->key))
		r = err_set(e, "there is no '%s' in the variables' files", quote(v->key));
	return r < 0 ? err_in(e, "variable '%s'", quote(d->name)) : 0;
}
