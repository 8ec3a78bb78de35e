/*
 * TF1's control flow with a constant predicate, as a training phase that is off: what a Switch
 * sends nothing to never runs, and a Merge hands on the other branch.
 */
#include "tf/tf_read.h"

enum {
	BOTH = 3, /* outputs 0 and 1; a dead node has all bits */
	ALL = 255,
	NESTED_MAX = 16, /* predicates that depend on predicates */
	ROUNDS_MAX =
	    64 /* a round goes through the graph in the file's order, which is near its own */
};

static bool ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

static int truth_of_const(struct tf_flat *x, const Tf__NodeDef *d)
{
	const Tf__AttrValue *v = tf_attr_of(d, "value");
	struct err lost = { 0 };
	struct tensor t = { 0 };
	int truth = -1;

	if (v && v->tensor && tf_tensor(&x->m->file, v->tensor, &t, &lost) == 0 &&
	    tensor_count(&t) == 1)
		truth = tensor_get(&t, 0) != 0;
	tensor_release(&t);
	return truth;
}

int tf_truth(struct tf_flat *x, struct tf_frame *f, const char *input)
{
	bool inverted = false;

	for (int i = 0; i < NESTED_MAX; i++) {
		struct err lost = { 0 };
		const Tf__NodeDef *d;
		struct tf_at at;
		int truth = -1;

		if (x->nested == NESTED_MAX)
			return -1;
		x->nested++;
		truth = tf_source(x, f, input, &at, &lost);
		x->nested--;
		if (truth < 0 || at.feed >= 0)
			return -1;
		d = at.frame->func->node[at.node];
		if (strcmp(tf_op_of(d), "LogicalNot") == 0 && tf_data_inputs(d) == 1) {
			inverted = !inverted;
			f = at.frame;
			input = d->input[0];
			continue;
		}
		truth = -1;
		if (strcmp(tf_op_of(d), "Const") == 0)
			truth = truth_of_const(x, d);
		else if (strcmp(tf_op_of(d), "Placeholder") == 0 &&
			 ends_with(d->name, "learning_phase"))
			truth = 0;
		return truth < 0 ? -1 : truth != inverted;
	}
	return -1;
}

/* Bits of the outputs of the node that an input is about. */
static uint8_t dead_input(const struct tf_frame *f, const char *input)
{
	const bool control = input[0] == '^';
	const char *name = input + control, *colon = strchr(name, ':');
	const ptrdiff_t k = tf_find(f->func, name, colon ? (size_t)(colon - name) : strlen(name));

	if (k < 0)
		return 0;
	if (control)
		return f->dead[k] == ALL;
	return f->dead[k] >> (colon && colon[1] == '1' ? 1 : 0) & 1;
}

static bool is_merge(const char *op)
{
	return strcmp(op, "Merge") == 0 || strcmp(op, "RefMerge") == 0;
}

static uint8_t dead_node(struct tf_flat *x, struct tf_frame *f, size_t i)
{
	const Tf__NodeDef *d = f->func->node[i];
	const size_t n = tf_data_inputs(d);
	size_t dead = 0, control = 0;
	int truth;

	for (size_t k = 0; k < n; k++)
		dead += dead_input(f, d->input[k]);
	for (size_t k = n; k < d->n_input; k++)
		control += dead_input(f, d->input[k]);
	if (control || (is_merge(tf_op_of(d)) ? n && dead == n : dead > 0))
		return ALL;
	if (strcmp(tf_op_of(d), "Switch") != 0 || n < 2)
		return f->dead[i];
	if (f->dead[i])
		return f->dead[i];
	truth = tf_truth(x, f, d->input[1]);
	return truth < 0 ? 0 : (uint8_t)(BOTH & ~(1 << truth));
}

int tf_switch_off(struct tf_flat *x, struct err *e)
{
	struct tf_frame *f = x->top;
	bool any = false, changed = true;

	for (size_t i = 0; i < f->func->n && !any; i++)
		any = strcmp(tf_op_of(f->func->node[i]), "Switch") == 0;
	if (!any)
		return 0;
	f->dead = arena_alloc(&x->m->arena, f->func->n);
	for (int round = 0; changed; round++) {
		if (round == ROUNDS_MAX)
			return err_set(e, "its control flow does not settle");
		changed = false;
		for (size_t i = 0; i < f->func->n; i++) {
			const uint8_t dead = dead_node(x, f, i);

			changed |= dead != f->dead[i];
			f->dead[i] = dead;
		}
	}
	return 0;
}
