/* The model: inputs, outputs, and the walk over its operators. */
#include "base/limits.h"
#include "base/num.h"
#include "onnx/onnx_early.h"
#include "tf/tf_ops.h"

struct im_value *tf_value(struct tf *t, const char *input)
{
	size_t port;
	const struct tf_item *it = tf_item_of(t, input, &port);

	return it && it->alias && port == 0 ? it->alias : im_value(t->g, input);
}

/* ---- inputs and outputs ---- */
/* "NAME=1,224,224,3", or the shape alone where there is one input: into v when it fits. */
static void shape_option(const struct tf *t, struct im_value *v, const char *text)
{
	const size_t len = strlen(v->name);
	int64_t dim[LIMIT_RANK];
	int rank = 0;

	if (strncmp(text, v->name, len) == 0 && (text[len] == '=' || text[len] == ':'))
		text += len + 1;
	else if (t->g->nin != 1 || strpbrk(text, "=:"))
		return;
	while (*text) {
		char part[24];
		struct err ignored = { 0 };
		const size_t skip = strspn(text, "[ ,]"), n = strcspn(text + skip, "[ ,]");

		text += skip;
		if (n == 0)
			continue;
		if (n >= sizeof part || rank == LIMIT_RANK)
			return;
		memcpy(part, text, n);
		part[n] = '\0';
		if (num_int(part, "dimension", -1, LIMIT_DIM, &dim[rank], &ignored) < 0)
			return;
		rank++;
		text += n;
	}
	/* What is wrong with it is said later, with the option's name. */
	if (rank == 0 || (v->declared && v->rank != rank))
		return;
	v->declared = true;
	v->rank = rank;
	for (int d = 0; d < rank; d++)
		v->dim[d] = dim[d] < 1 ? -1 : dim[d];
}

static void declare(struct im_value *v, int rank, const int64_t *dim)
{
	if (rank < 0)
		return;
	v->declared = true;
	v->rank = rank;
	for (int d = 0; d < rank; d++)
		v->dim[d] = dim[d] < 1 ? -1 : dim[d];
}

static char elem_of(int type)
{
	return type == TF_BOOL                                            ? 'b'
	       : type == TF_INT32 || type == TF_INT64 || type == TF_UINT8 ? 'i'
	       : type == TF_FLOAT || type == TF_HALF || type == TF_DOUBLE ? 'f'
									  : 0;
}

/* A default for what is data; a number or a switch keeps its default. */
static bool takes_data(const struct tf_node *n)
{
	int64_t dim[LIMIT_RANK];
	int rank;

	return strcmp(n->op, "Placeholder") == 0 || strcmp(n->op, "PlaceholderV2") == 0 ||
	       (strcmp(n->op, "PlaceholderWithDefault") == 0 &&
		elem_of(tf_attr_type(n, "dtype")) == 'f' &&
		tf_attr_shape(n, "shape", 0, &rank, dim) && rank > 1);
}

static void add_input(struct tf *t, const struct tf_node *n, const struct tf_end *end)
{
	struct im_value *v = im_value(t->g, n->name);
	int64_t dim[LIMIT_RANK];
	int rank;

	if (v->is_input || !takes_data(n))
		return;
	im_add_input(t->g, v);
	v->elem = elem_of(tf_attr_type(n, "dtype"));
	if (end && end->rank >= 0)
		declare(v, end->rank, end->dim);
	else if (tf_attr_shape(n, "shape", 0, &rank, dim) && rank > 0)
		declare(v, rank, dim);
	else if (tf_attr_shape(n, "_output_shapes", 0, &rank, dim) && rank > 0)
		declare(v, rank, dim);
}

int tf_begin(struct tf *t, struct err *e)
{
	size_t port;

	for (size_t i = 0; i < tf_inputs(t->m); i++) {
		const struct tf_end *end = tf_input_at(t->m, i);
		const struct tf_item *it = tf_item_of(t, end->tensor, &port);

		if (!it)
			return err_set(e, "damaged: there is no node '%s' for input '%s'",
				       quote(end->tensor), quote(end->key));
		add_input(t, it->n, end);
	}
	for (size_t i = 0; i < t->nitem; i++)
		if (t->item[i].nuse)
			add_input(t, t->item[i].n, NULL);
	for (size_t i = 0; i < t->g->nin; i++)
		for (size_t k = 0; k < t->o->nshapes; k++)
			shape_option(t, t->g->in[i], t->o->shapes[k]);
	return 0;
}

static void add_output(struct tf *t, const char *tensor)
{
	struct im_value *v = tf_value(t, tensor);

	if (!v->is_output)
		im_add_output(t->g, v);
}

void tf_finish(struct tf *t)
{
	for (size_t i = 0; i < tf_outputs(t->m); i++)
		add_output(t, tf_output_at(t->m, i)->tensor);
}

/* ---- operators ---- */
/* The operator as one node that cannot be imported; what makers added is dropped. */
static void stuck(struct tf *t, const struct tf_oper *o, size_t first, const char *why)
{
	struct im_node *n;

	t->g->nnode = first;
	n = im_add(t->g, o->kind, o->name, o->nin, o->nout, 0);
	n->kind = o->kind;
	if (o->nin)
		memcpy(n->in, o->in, o->nin * sizeof(struct im_value *));
	for (size_t k = 0; k < o->nout; k++)
		n->out[k] = tf_out(t, o, k);
	n->fault = arena_strdup(&t->g->arena, why);
}

/* What a file says about the tensor where no rule does. */
static void told_by_file(struct tf *t, const struct tf_oper *o)
{
	int64_t dim[LIMIT_RANK];
	int rank;

	for (size_t k = 0; k < o->nout; k++) {
		struct im_value *v = tf_out(t, o, k);

		if (v->is_const || v->is_input || v->told || o->item->alias ||
		    !tf_attr_shape(o->n, "_output_shapes", k, &rank, dim))
			continue;
		declare(v, rank, dim);
		v->declared = false;
		v->told = true;
	}
}

static void make(struct tf *t, const struct tf_oper *o)
{
	const struct tf_row *row = tf_find_row(o->kind);
	const size_t first = t->g->nnode;
	struct err why = { 0 };

	if (!row || !row->make)
		stuck(t, o, first, tf_refusal(o->kind));
	else if (row->make(t, o, &why) < 0)
		stuck(t, o, first, why.msg);
	im_bind_parts(t->g, first);
	for (size_t i = first; i < t->g->nnode; i++)
		onnx_early(t->g, t->g->node[i], TF_OPSET);
	told_by_file(t, o);
}

static int constants(struct tf *t, struct err *e)
{
	for (size_t i = 0; i < t->nitem; i++) {
		struct tf_oper o = { .item = &t->item[i], .n = t->item[i].n, .kind = "Const" };
		int r;

		o.name = o.n->name;
		o.nout = 1;
		if (strcmp(o.n->op, "Const") != 0)
			continue;
		r = tf_constant_op(t, &o, e);
		if (r < 0)
			return -1;
		if (r > 0)
			stuck(t, &o, t->g->nnode, tf_refusal(o.kind));
	}
	return 0;
}

static int walk(struct tf *t, struct err *e)
{
	size_t port;

	if (constants(t, e) < 0)
		return -1;
	for (size_t i = 0; i < t->norder; i++) {
		struct tf_item *it = t->order[i];
		const struct tf_row *row = tf_find_row(it->n->op);
		struct tf_oper o = { .item = it,
				     .n = it->n,
				     .kind = it->n->op,
				     .op = row ? row->op : NULL,
				     .name = it->n->name,
				     .nin = it->n->nin,
				     .nout = it->nout };

		if (strcmp(o.kind, "Const") == 0)
			continue;
		o.in = arena_array(&t->g->arena, o.nin, sizeof(struct im_value *));
		for (size_t k = 0; k < o.nin; k++)
			if (strcmp(o.kind, "Merge") != 0 ||
			    strcmp(tf_item_of(t, o.n->in[k], &port)->n->op, "NextIteration") != 0)
				o.in[k] = tf_value(t, o.n->in[k]);
		make(t, &o);
	}
	return 0;
}

/* Are features the second dimension everywhere? */
static bool is_features_second(const struct tf *t)
{
	size_t second = 0, all = 0;

	for (size_t i = 0; i < t->nitem; i++) {
		const char *format = tf_attr_text(t->item[i].n, "data_format", NULL);

		all += format != NULL;
		second += format && strncmp(format, "NC", 2) == 0;
	}
	return second > 0 && second == all;
}

int tf_decode(struct tf *t, struct err *e)
{
	int r = tf_sort(t, e);

	if (r == 0) {
		t->g->name = arena_strdup(&t->g->arena, "");
		t->g->producer = arena_strdup(&t->g->arena, tf_producer(t->m));
		t->g->last = !is_features_second(t);
		tf_find_dilated(t);
		r = tf_begin(t, e);
	}
	if (r == 0)
		r = walk(t, e);
	if (r == 0)
		tf_finish(t);
	tf_release(t);
	return r;
}
