/*
 * Where a value comes from: through calls into functions and back out of their arguments, and
 * through operators that pass a value on.
 */
#include "base/num.h"
#include "tf/tf_read.h"

enum {
	STEPS_MAX = 1 << 24, /* in all; a model of 10^5 nodes takes some 10^6 */
	OUTPUTS_MAX = 65536
};

const Tf__AttrValue *tf_attr_of(const Tf__NodeDef *d, const char *name)
{
	for (size_t i = 0; i < d->n_attr; i++)
		if (d->attr[i]->key && strcmp(d->attr[i]->key, name) == 0)
			return d->attr[i]->value;
	return NULL;
}

size_t tf_data_inputs(const Tf__NodeDef *d)
{
	size_t n = 0;

	while (n < d->n_input && d->input[n][0] != '^')
		n++;
	return n;
}

const char *tf_op_of(const Tf__NodeDef *d)
{
	return d->op ? d->op : "";
}

/* A step on the way. */
struct at {
	struct tf_frame *f;
	const char *input;    /* what is looked for, NULL: found */
	size_t node;          /* what it names */
	const char *out_name; /* of a function's node: n bytes */
	size_t nout_name;
	int out;
	bool through; /* what changes nothing never stays an operator */
};

/* Does it on: 1, the way goes on with a->f and a->input; 0, the node is what was looked for. */
typedef int (*pass_fn)(struct tf_flat *x, struct at *a, struct err *e);

static int input_of(struct at *a, size_t i, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];

	if (i >= tf_data_inputs(d))
		return err_set(e, "node '%s' (%s) has %zu inputs, more than %zu expected",
			       quote(d->name), quote(tf_op_of(d)), tf_data_inputs(d), i);
	a->input = d->input[i];
	return 1;
}

static int pass_first(struct tf_flat *x, struct at *a, struct err *e)
{
	(void)x;
	return input_of(a, 0, e);
}

/* Is this input a constant or a variable, through nodes of this function that change nothing? */
static bool is_stored(const struct tf_func *f, const char *input)
{
	for (int far = 0; far < 64; far++) {
		const size_t n = strcspn(input, ":");
		const ptrdiff_t k = tf_find(f, input, n);
		const Tf__NodeDef *d = k < 0 ? NULL : f->node[k];
		const char *op = d ? tf_op_of(d) : "";

		if (strcmp(op, "Const") == 0 || strcmp(op, "ReadVariableOp") == 0 ||
		    tf_is_variable(op))
			return true;
		if (strcmp(op, "Identity") != 0 || tf_data_inputs(d) != 1)
			return false;
		input = d->input[0];
	}
	return false;
}

/* "Identity", "Identity_2": what the end of a function is called, not by the model's author. */
static bool is_end_of_function(const struct at *a)
{
	const char *name = a->f->func->node[a->node]->name;
	const size_t n = strlen("Identity");

	if (!a->f->parent || strncmp(name, "Identity", n) != 0)
		return false;
	return !name[n] ||
	       (name[n] == '_' && strspn(name + n + 1, "0123456789") == strlen(name + n + 1));
}

/* What changes nothing stays an operator, so that it can be named, but not of what is stored. */
static int pass_same(struct tf_flat *x, struct at *a, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];
	const Tf__AttrValue *v = tf_attr_of(d, "T");

	(void)x;
	if ((size_t)a->out >= tf_data_inputs(d) || a->through || is_end_of_function(a))
		return input_of(a, (size_t)a->out, e);
	if ((v && v->has_type && v->type % TF_REF >= TF_RESOURCE &&
	     v->type % TF_REF <= TF_VARIANT) ||
	    is_stored(a->f->func, d->input[a->out]))
		return input_of(a, (size_t)a->out, e);
	return 0;
}

/* A default of one number is that of a switch (a training phase); others are placeholders that are
 * fed. */
static int pass_default(struct tf_flat *x, struct at *a, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];
	const Tf__AttrValue *v = tf_attr_of(d, "shape");
	const bool scalar = v && v->shape && !v->shape->unknown_rank && v->shape->n_dim == 0;

	(void)x;
	return scalar ? input_of(a, 0, e) : 0;
}

static int enter(struct tf_flat *x, struct at *a, struct tf_func *func, size_t first, struct err *e)
{
	const Tf__FunctionDef *d = func->def;
	const Tf__OpDef *s = d->signature;
	const char *out = NULL;
	struct tf_frame *f;

	for (size_t i = 0; i < s->n_output_arg && a->nout_name; i++)
		if (s->output_arg[i]->name && strlen(s->output_arg[i]->name) == a->nout_name &&
		    memcmp(s->output_arg[i]->name, a->out_name, a->nout_name) == 0)
			out = s->output_arg[i]->name;
	if (!out && (size_t)a->out < s->n_output_arg)
		out = s->output_arg[a->out]->name;
	f = tf_enter(x, a->f, a->node, func, first, e);
	if (!f)
		return -1;
	for (size_t i = 0; i < d->n_ret && out; i++)
		if (d->ret[i]->key && strcmp(d->ret[i]->key, out) == 0 && d->ret[i]->value) {
			a->f = f;
			a->input = d->ret[i]->value;
			return 1;
		}
	return err_set(e, "function '%s' has no output %d", quote(func->name), a->out);
}

/* The function that an attribute of the node names. */
static struct tf_func *named(struct tf_flat *x, const struct at *a, const char *attr, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];
	const Tf__AttrValue *v = tf_attr_of(d, attr);
	const char *name = v && v->func && v->func->name ? v->func->name : "";
	struct tf_func *f = tf_find_function(x, name);

	if (!f)
		err_set(e, "node '%s' (%s) calls function '%s', which is not there", quote(d->name),
			quote(tf_op_of(d)), quote(name));
	return f && f->def->signature ? f : NULL;
}

static int pass_call(struct tf_flat *x, struct at *a, struct err *e)
{
	struct tf_func *f = named(x, a, "f", e);

	return f ? enter(x, a, f, 0, e) : -1;
}

/* A branch that a constant chooses; else it stays an operator. */
static int pass_if(struct tf_flat *x, struct at *a, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];
	const int truth = tf_data_inputs(d) ? tf_truth(x, a->f, d->input[0]) : -1;
	struct tf_func *f;

	if (truth < 0)
		return 0;
	f = named(x, a, truth ? "then_branch" : "else_branch", e);
	return f ? enter(x, a, f, 1, e) : -1;
}

static int pass_switch(struct tf_flat *x, struct at *a, struct err *e)
{
	const uint8_t dead = a->f->dead ? a->f->dead[a->node] : 0;

	(void)x;
	return dead ? input_of(a, 0, e) : 0;
}

/* The only input that has a value. */
static int pass_merge(struct tf_flat *x, struct at *a, struct err *e)
{
	const Tf__NodeDef *d = a->f->func->node[a->node];
	size_t alive = 0, which = 0;

	(void)x;
	if (!a->f->dead || a->out != 0)
		return 0;
	for (size_t i = 0; i < tf_data_inputs(d); i++) {
		const char *colon = strchr(d->input[i], ':');
		const size_t n = colon ? (size_t)(colon - d->input[i]) : strlen(d->input[i]);
		const ptrdiff_t k = tf_find(a->f->func, d->input[i], n);
		const int out = colon && colon[1] == '1' ? 1 : 0;

		if (k >= 0 && a->f->dead[k] >> out & 1)
			continue;
		alive++;
		which = i;
	}
	return alive == 1 ? input_of(a, which, e) : 0;
}

static const struct {
	const char *op;
	pass_fn pass;
} passes[] = {
	/* clang-format off */
	{ "CheckNumerics",           pass_same },
	{ "EnsureShape",             pass_same },
	{ "Identity",                pass_same },
	{ "IdentityN",               pass_same },
	{ "If",                      pass_if },
	{ "Merge",                   pass_merge },
	{ "PartitionedCall",         pass_call },
	{ "PlaceholderWithDefault",  pass_default },
	{ "PlaceholderWithDefaultV2", pass_default },
	{ "PreventGradient",         pass_same },
	{ "ReadVariableOp",          pass_first },
	{ "RefIdentity",             pass_first },
	{ "Snapshot",                pass_same },
	{ "StatefulPartitionedCall", pass_call },
	{ "StatelessIf",             pass_if },
	{ "StopGradient",            pass_same },
	{ "Switch",                  pass_switch },
	/* clang-format on */
};

/* One step behind the node that was found. */
static int pass(struct tf_flat *x, struct at *a, struct err *e)
{
	const char *op = tf_op_of(a->f->func->node[a->node]);
	struct tf_func *f;

	for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++)
		if (strcmp(passes[i].op, op) == 0)
			return passes[i].pass(x, a, e);
	/* A function's name may be an operator. */
	f = tf_find_function(x, op);
	return f && f->def->signature ? enter(x, a, f, 0, e) : 0;
}

/* "name", "name:1", in functions "name:output:1". */
static int split(struct at *a, size_t *n, struct err *e)
{
	const char *s = a->input, *colon = strchr(s, ':'), *last;
	int64_t i = 0;

	*n = colon ? (size_t)(colon - s) : strlen(s);
	a->out_name = "";
	a->nout_name = 0;
	if (colon) {
		last = strrchr(s, ':');
		if (last > colon) {
			a->out_name = colon + 1;
			a->nout_name = (size_t)(last - colon - 1);
		}
		if (num_int(last + 1, "output", 0, OUTPUTS_MAX, &i, e) < 0)
			return err_in(e, "input '%s'", quote(s));
	}
	a->out = (int)i;
	return 0;
}

/* Argument of the frame's function: the way goes on with the caller. */
static int argument(struct at *a, size_t n, struct err *e)
{
	const Tf__OpDef *s = a->f->parent ? a->f->func->def->signature : NULL;
	const Tf__NodeDef *call = a->f->call;

	for (size_t i = 0; s && i < s->n_input_arg; i++) {
		const char *name = s->input_arg[i]->name ? s->input_arg[i]->name : "";

		if (strlen(name) != n || memcmp(name, a->input, n) != 0)
			continue;
		if (i + a->f->first >= tf_data_inputs(call))
			return err_set(e, "node '%s' (%s) has too few inputs for function '%s'",
				       quote(call->name), quote(tf_op_of(call)),
				       quote(a->f->func->name));
		a->input = call->input[i + a->f->first];
		a->f = a->f->parent;
		return 1;
	}
	return 0;
}

static int feed_of(const struct tf_flat *x, const struct at *a)
{
	for (size_t i = 0; i < x->nfeed && !a->f->parent; i++)
		if (x->feed[i].node == a->node && x->feed[i].out == a->out)
			return (int)i;
	return -1;
}

static int chase(struct tf_flat *x, struct at a, struct tf_at *out, struct err *e)
{
	int r = 1;

	while (r == 1) {
		ptrdiff_t k;
		size_t n;

		if (++x->steps > STEPS_MAX)
			return err_set(e, "nodes read each other in a circle, at '%s'",
				       quote(a.input));
		if (split(&a, &n, e) < 0)
			return -1;
		r = argument(&a, n, e);
		if (r)
			continue;
		k = tf_find(a.f->func, a.input, n);
		if (k < 0)
			return err_set(e, "there is no node '%s', which another reads",
				       quote(a.input));
		a.node = (size_t)k;
		a.out =
		    tf_output_index(tf_op_of(a.f->func->node[k]), a.out_name, a.nout_name, a.out);
		out->feed = feed_of(x, &a);
		if (out->feed >= 0)
			break;
		r = pass(x, &a, e);
	}
	if (r < 0)
		return -1;
	out->frame = a.f;
	out->node = a.node;
	out->out = a.out;
	return 0;
}

int tf_chase(struct tf_flat *x, struct tf_frame *f, const char *input, struct tf_at *out,
	     struct err *e)
{
	return chase(x, (struct at){ .f = f, .input = input }, out, e);
}

int tf_source(struct tf_flat *x, struct tf_frame *f, const char *input, struct tf_at *out,
	      struct err *e)
{
	return chase(x, (struct at){ .f = f, .input = input, .through = true }, out, e);
}
