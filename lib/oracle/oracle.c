/* Executing a graph node by node. */
#include "oracle/oracle_int.h"
#include <stdint.h>

/*
 * A value's `data` holds its tensor while `done` is set; `bad` marks what was fed, `declared` what
 * is wanted (the graph is ours alone, its importer marks are free).
 */
struct oracle {
	struct im_graph *g;
	int64_t opset;
	size_t max, used; /* bytes of tensors that are held */
	bool *needed;     /* of each node */
};

enum {
	DEFAULT_GIB = 8
};

/* float32, int64 or bool, aligned. */
static struct tensor canonical(const struct tensor *t)
{
	const bool is_float = t->dtype == DT_F32 || t->dtype == DT_F64 || t->dtype == DT_F16;
	const enum dtype to = is_float ? DT_F32 : t->dtype == DT_BOOL ? DT_BOOL : DT_I64;
	struct tensor out;

	if (t->dtype != to)
		return tensor_convert(t, to);
	if ((uintptr_t)t->data % dtype_size(to) == 0)
		return tensor_ref(t);
	out = tensor_new(to, t->rank, t->dim);
	memcpy(tensor_data(&out), t->data, tensor_bytes(t));
	return out;
}

static void make_canonical(struct tensor *t)
{
	struct tensor c = canonical(t);

	tensor_release(t);
	*t = c;
}

struct oracle *oracle_new(const struct im_source *src, size_t max_bytes, struct err *e)
{
	struct oracle *o = xcalloc(1, sizeof *o);

	o->g = im_new();
	o->max = max_bytes ? max_bytes : (size_t)DEFAULT_GIB << 30;
	if (src->decode(src->ctx, o->g, &o->opset, e) < 0 || im_sort(o->g, e) < 0) {
		oracle_free(o);
		return NULL;
	}
	if (o->g->last) {
		err_set(e, "models whose features are the last dimension are not executed here");
		oracle_free(o);
		return NULL;
	}
	for (size_t i = 0; i < o->g->nvalue; i++) {
		struct im_value *v = o->g->value[i];

		v->bad = v->declared = false;
		v->done = v->is_const;
		if (v->is_const)
			make_canonical(&v->data);
	}
	for (size_t i = 0; i < o->g->nnode; i++)
		for (size_t k = 0; k < o->g->node[i]->nattr; k++)
			if (o->g->node[i]->attr[k].kind == IM_TENSOR)
				make_canonical(&o->g->node[i]->attr[k].t);
	o->needed = xcalloc(o->g->nnode + 1, sizeof *o->needed);
	return o;
}

void oracle_free(struct oracle *o)
{
	if (!o)
		return;
	im_free(o->g);
	free(o->needed);
	free(o);
}

const struct im_graph *oracle_graph(const struct oracle *o)
{
	return o->g;
}

static struct im_value *named(const struct oracle *o, const char *name, struct err *e)
{
	struct im_value *v = im_find_value(o->g, name);

	if (!v)
		err_set(e, "the model has no tensor '%s'", quote(name));
	return v;
}

static void drop(struct oracle *o, struct im_value *v)
{
	if (!v->done || v->is_const)
		return;
	o->used -= tensor_bytes(&v->data);
	tensor_release(&v->data);
	v->done = false;
}

int oracle_feed(struct oracle *o, const char *name, const struct tensor *t, struct err *e)
{
	struct im_value *v = named(o, name, e);

	if (!v)
		return -1;
	if (v->is_const)
		return err_set(e, "tensor '%s' is a constant of the model", quote(name));
	drop(o, v);
	v->data = canonical(t);
	v->done = v->bad = true;
	o->used += tensor_bytes(&v->data);
	return 0;
}

int oracle_want(struct oracle *o, const char *name, struct err *e)
{
	struct im_value *v = named(o, name, e);

	if (!v)
		return -1;
	v->declared = true;
	return 0;
}

const struct tensor *oracle_tensor(const struct oracle *o, const char *name)
{
	const struct im_value *v = im_find_value(o->g, name);

	return v && v->done ? &v->data : NULL;
}

/* Which nodes lead from what is given to what is wanted, and how often their values are used. */
static void plan(struct oracle *o)
{
	for (size_t i = 0; i < o->g->nvalue; i++) {
		struct im_value *v = o->g->value[i];

		if (!v->bad)
			drop(o, v);
		v->nuse = v->declared;
	}
	for (size_t i = o->g->nnode; i-- > 0;) {
		const struct im_node *n = o->g->node[i];

		o->needed[i] = false;
		for (size_t k = 0; k < n->nout; k++)
			o->needed[i] |= n->out[k] && n->out[k]->nuse && !n->out[k]->bad;
		for (size_t k = 0; o->needed[i] && k < n->nin; k++)
			if (n->in[k])
				n->in[k]->nuse++;
	}
}

/* The outputs become values; those that nobody reads go at once. */
static int store(struct oracle *o, struct im_node *n, struct or_node *x, struct err *e)
{
	for (size_t k = 0; k < n->nout; k++) {
		struct im_value *v = n->out[k];

		if (!v || v->bad || v->nuse == 0)
			continue;
		if (!x->out[k].owner && !x->out[k].data)
			return err_set(e, "its output %zu is not computed here", k);
		v->data = tensor_ref(&x->out[k]);
		v->done = true;
		o->used += tensor_bytes(&v->data);
	}
	return 0;
}

static int run_node(struct oracle *o, struct im_node *n, struct err *e)
{
	const struct or_op *op = n->domain[0] ? NULL : or_find(n->op);
	const struct tensor **in = xcalloc(n->nin + 1, sizeof *in);
	struct or_node x = { .n = n, .opset = o->opset, .in = in, .nin = n->nin, .nout = n->nout };
	int r = 0;

	x.out = xcalloc(n->nout + 1, sizeof *x.out);
	x.left = o->used < o->max ? o->max - o->used : 0;
	for (size_t k = 0; r == 0 && k < n->nin; k++) {
		in[k] = n->in[k] ? &n->in[k]->data : NULL;
		if (n->in[k] && !n->in[k]->done)
			r = err_set(e, "its input '%s' is not given", quote(n->in[k]->name));
	}
	if (r == 0 && !op)
		r = err_set(e, "this operator%s%s is not executed here",
			    n->domain[0] ? " of domain " : "", quote(n->domain));
	if (r == 0)
		r = op->run(&x, e);
	if (r == 0)
		r = store(o, n, &x, e);
	for (size_t k = 0; k < n->nout; k++)
		tensor_release(&x.out[k]);
	free(x.out);
	free(in);
	for (size_t k = 0; k < n->nin; k++)
		if (n->in[k] && --n->in[k]->nuse == 0 && !n->in[k]->bad)
			drop(o, n->in[k]);
	return r;
}

int oracle_run(struct oracle *o, struct err *e)
{
	plan(o);
	for (size_t i = 0; i < o->g->nnode; i++) {
		struct im_node *n = o->g->node[i];

		if (o->needed[i] && run_node(o, n, e) < 0)
			return err_in(e, "node '%s' (%s)", quote(n->name), quote(n->op));
	}
	for (size_t i = 0; i < o->g->nvalue; i++)
		if (o->g->value[i]->declared && !o->g->value[i]->done)
			return err_set(e, "tensor '%s' is not given", quote(o->g->value[i]->name));
	return 0;
}
