/*
 * The flat list of operators: from the outputs on, each node behind those that it reads.  Walks
 * with a stack of its own: models are deeper than the machine's.
 */
#include "tf/tf_read.h"

enum {
	NEW = 0,
	OPEN,
	DONE
};

/* A node whose inputs are being made. */
struct step {
	struct tf_at at;
	size_t next; /* input */
	const char **in;
	size_t nin;
};
struct walk {
	struct tf_flat *x;
	struct step *step;
	size_t n, cap;
	struct err *e;
};

static const Tf__NodeDef *def_of(const struct tf_at *at)
{
	return at->frame->func->node[at->node];
}

static const char *tensor_name(struct tf_flat *x, const struct tf_node *n, int out)
{
	return out ? arena_printf(&x->m->arena, "%s:%d", n->name, out) : n->name;
}

static void add(struct tf_flat *x, struct tf_node *n)
{
	VEC_GROW(x->m->node, x->m->nnode, &x->m->cap_node);
	x->m->node[x->m->nnode++] = n;
}

/* ---- inputs of the signature ---- */
static Tf__Attr *attr(struct arena *a, const char *key, Tf__AttrValue **value)
{
	Tf__Attr *t = arena_alloc(a, sizeof *t);

	tf__attr__init(t);
	t->key = arena_strdup(a, key);
	*value = t->value = arena_alloc(a, sizeof **value);
	tf__attr_value__init(t->value);
	return t;
}

/* The signature's words as a node's, for a tensor that it cuts off from what made it. */
static const Tf__NodeDef *placeholder(struct tf_flat *x, const struct tf_feed *f)
{
	struct arena *a = &x->m->arena;
	Tf__NodeDef *d = arena_alloc(a, sizeof *d);
	Tf__AttrValue *v;

	tf__node_def__init(d);
	d->name = arena_strdup(a, f->key);
	d->op = arena_strdup(a, "Placeholder");
	d->attr = arena_array(a, 2, sizeof *d->attr);
	d->n_attr = f->info->tensor_shape ? 2 : 1;
	d->attr[0] = attr(a, "dtype", &v);
	v->has_type = 1;
	v->type = f->info->dtype;
	d->attr[1] = attr(a, "shape", &v);
	v->shape = f->info->tensor_shape;
	return d;
}

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* A placeholder that the signature made up is called as its key is. */
static struct tf_node *feed_node(struct tf_flat *x, struct tf_feed *f)
{
	const Tf__NodeDef *d = x->main.node[f->node];
	const bool own = strcmp(tf_op_of(d), "Placeholder") == 0;
	const bool made_up = starts_with(d->name, "serving_default_") || !own;
	struct tf_node *n = f->flat;

	if (n)
		return n;
	n = f->flat = arena_alloc(&x->m->arena, sizeof *n);
	n->op = "Placeholder";
	n->attr = placeholder(x, f);
	tf_name_node(x, x->top, made_up && f->key[0] ? f->key : d->name, n);
	add(x, n);
	return n;
}

/* ---- nodes ---- */
static int value_of(struct tf_flat *x, const struct tf_at *at, struct tf_node *n, struct err *e)
{
	struct tf_value *v = arena_alloc(&x->m->arena, sizeof *v);
	const Tf__AttrValue *given = tf_attr_of(def_of(at), "value");

	n->value = v;
	if (tf_is_variable(tf_op_of(def_of(at))))
		return tf_variable(x, at, v, e);
	if (!given || !given->tensor)
		return err_set(e, "node '%s' (Const) has no value", quote(def_of(at)->name));
	v->proto = given->tensor;
	return 0;
}

static int finish(struct walk *w, struct step *s)
{
	const Tf__NodeDef *d = def_of(&s->at);
	const bool variable = tf_is_variable(tf_op_of(d));
	struct tf_node *n = arena_alloc(&w->x->m->arena, sizeof *n);

	n->op = variable ? "Const" : tf_op_of(d);
	if (starts_with(n->op, "PlaceholderWithDefault"))
		n->op = "Placeholder";
	n->attr = variable ? NULL : d;
	n->in = s->in;
	n->nin = s->nin;
	if (strcmp(n->op, "Const") == 0 && value_of(w->x, &s->at, n, w->e) < 0)
		return -1;
	tf_name_node(w->x, s->at.frame, d->name, n);
	if (w->x->m->nnode >= LIMIT_LAYERS * 10)
		return err_set(w->e, "it has more than %d operators", LIMIT_LAYERS * 10);
	add(w->x, n);
	s->at.frame->flat[s->at.node] = n;
	s->at.frame->seen[s->at.node] = DONE;
	return 0;
}

/* Loops lead back here. */
static bool is_back_edge(const struct tf_at *at)
{
	const char *op = tf_op_of(def_of(at));

	return strcmp(op, "NextIteration") == 0 || strcmp(op, "RefNextIteration") == 0;
}

static struct tf_node *made(const struct walk *w, const struct tf_at *at)
{
	return at->feed >= 0 ? feed_node(w->x, &w->x->feed[at->feed]) : at->frame->flat[at->node];
}

static int open_node(struct walk *w, const struct tf_at *at)
{
	const Tf__NodeDef *d = def_of(at);
	size_t nin = tf_data_inputs(d);

	if (!tf_op_of(d)[0])
		return err_set(w->e, "node '%s' has no operator", quote(d->name));
	if (at->frame->seen[at->node] == OPEN)
		return err_set(w->e, "nodes read each other in a circle, at '%s'", quote(d->name));
	if (nin > IM_INPUTS)
		return err_set(w->e, "node '%s' has %zu inputs, at most %d expected",
			       quote(d->name), nin, IM_INPUTS);
	if (tf_is_variable(tf_op_of(d)) || starts_with(tf_op_of(d), "Placeholder"))
		nin = 0;
	at->frame->seen[at->node] = OPEN;
	VEC_GROW(w->step, w->n, &w->cap);
	w->step[w->n++] = (struct step){
		.at = *at,
		.in = arena_array(&w->x->m->arena, nin, sizeof(char *)),
	};
	return 0;
}

/* The next input of the node on top, or the node itself when there is none left. */
static int advance(struct walk *w)
{
	struct step *s = &w->step[w->n - 1];
	const Tf__NodeDef *d = def_of(&s->at);
	const bool merge = strcmp(tf_op_of(d), "Merge") == 0;
	struct tf_node *n;
	struct tf_at at;

	if (s->next == tf_data_inputs(d) || tf_is_variable(tf_op_of(d)) ||
	    starts_with(tf_op_of(d), "Placeholder")) {
		if (finish(w, s) < 0)
			return -1;
		w->n--;
		return 0;
	}
	if (tf_chase(w->x, s->at.frame, d->input[s->next], &at, w->e) < 0)
		return err_in(w->e, "node '%s' (%s)", quote(d->name), quote(tf_op_of(d)));
	if (merge && at.feed < 0 && is_back_edge(&at)) {
		s->next++;
		return 0;
	}
	n = made(w, &at);
	if (!n)
		return open_node(w, &at);
	s->in[s->nin++] = tensor_name(w->x, n, at.feed >= 0 ? 0 : at.out);
	s->next++;
	return 0;
}

static int make(struct walk *w, const struct tf_at *at)
{
	if (made(w, at))
		return 0;
	if (open_node(w, at) < 0)
		return -1;
	while (w->n)
		if (advance(w) < 0)
			return -1;
	return 0;
}

/* ---- inputs and outputs ---- */
static void shape_of(const Tf__Shape *s, struct tf_end *end)
{
	end->rank = -1;
	if (!s || s->unknown_rank || s->n_dim > LIMIT_RANK)
		return;
	end->rank = (int)s->n_dim;
	for (int i = 0; i < end->rank; i++)
		end->dim[i] = s->dim[i]->size < 0 ? -1 : s->dim[i]->size;
}

/* Before version 24 of GraphDef an unknown shape was written as that of a scalar. */
static bool shapes_lie(const struct tf_model *m)
{
	const Tf__VersionDef *v = m->graph->versions;

	return v && v->producer < 24;
}

static void list_inputs(struct tf_flat *x)
{
	struct tf_model *m = x->m;
	size_t cap = 0;

	for (size_t i = 0; i < x->nfeed; i++)
		if (x->feed[i].flat) {
			VEC_GROW(m->in, m->nin, &cap);
			m->in[m->nin] = (struct tf_end){ .key = x->feed[i].key,
							 .tensor = x->feed[i].flat->name };
			shape_of(x->feed[i].info->tensor_shape, &m->in[m->nin++]);
		}
	/* What the signature does not name, in the file's order. */
	for (size_t i = 0; i < x->main.n; i++) {
		const struct tf_node *n = x->top->flat[i];
		const Tf__AttrValue *shape;

		if (!n || strcmp(n->op, "Placeholder") != 0)
			continue;
		shape = tf_attr_of(x->main.node[i], "shape");
		VEC_GROW(m->in, m->nin, &cap);
		m->in[m->nin] = (struct tf_end){ .key = "", .tensor = n->name };
		shape_of(shape ? shape->shape : NULL, &m->in[m->nin]);
		if (m->in[m->nin].rank == 0 && shapes_lie(m))
			m->in[m->nin].rank = -1;
		m->nin++;
	}
}

static void list_outputs(const struct walk *w, const struct tf_root *root, size_t n)
{
	struct tf_model *m = w->x->m;

	m->out = xcalloc(n + 1, sizeof *m->out);
	for (size_t i = 0; i < n; i++) {
		const struct tf_at *at = &root[i].at;
		struct tf_end *o = &m->out[m->nout++];

		o->key = root[i].key;
		o->tensor = tensor_name(w->x, made(w, at), at->feed >= 0 ? 0 : at->out);
		shape_of(root[i].info ? root[i].info->tensor_shape : NULL, o);
	}
}

int tf_flatten(struct tf_flat *x, struct err *e)
{
	struct walk w = { .x = x, .e = e };
	struct tf_root *root = NULL;
	size_t nroot = 0;
	int r;

	if (tf_functions(x, e) < 0)
		return -1;
	x->top = tf_top(x);
	r = tf_feeds(x, e) < 0 || tf_switch_off(x, e) < 0 || tf_roots(x, &root, &nroot, e) < 0;
	for (size_t i = 0; i < nroot && !r; i++)
		r = make(&w, &root[i].at) < 0;
	if (!r) {
		list_inputs(x);
		list_outputs(&w, root, nroot);
	}
	free(w.step);
	free(x->name);
	return r ? -1 : 0;
}
