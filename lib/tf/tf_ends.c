/* Where a model starts and ends: by its signature, or by its graph. */
#include "tf/tf_read.h"
#include <ctype.h>

/* Keys with numbers in the order of the numbers: output_2 is before output_10. */
static int in_order(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			const size_t n = strspn(a, "0123456789"), k = strspn(b, "0123456789");
			const int d = n == k ? memcmp(a, b, n) : n < k ? -1 : 1;

			if (d)
				return d;
			a += n - 1;
			b += k - 1;
		} else if (*a != *b) {
			break;
		}
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static int by_key(const void *a, const void *b)
{
	const Tf__TensorInfoEntry *p = *(Tf__TensorInfoEntry *const *)a;
	const Tf__TensorInfoEntry *q = *(Tf__TensorInfoEntry *const *)b;

	return in_order(p->key ? p->key : "", q->key ? q->key : "");
}

static Tf__TensorInfoEntry **sorted(struct tf_flat *x, Tf__TensorInfoEntry *const *list, size_t n)
{
	Tf__TensorInfoEntry **out = arena_array(&x->m->arena, n, sizeof(Tf__TensorInfoEntry *));

	for (size_t i = 0; i < n; i++)
		out[i] = list[i];
	qsort(out, n, sizeof(Tf__TensorInfoEntry *), by_key);
	return out;
}

/* The node and output that "name:1" says, which is not looked through. */
static int named(const struct tf_flat *x, const char *tensor, size_t *node, int *out, struct err *e)
{
	const char *colon = strchr(tensor, ':');
	const size_t n = colon ? (size_t)(colon - tensor) : strlen(tensor);
	const ptrdiff_t k = tf_find(&x->main, tensor, n);

	if (k < 0)
		return err_set(e, "there is no node of its tensor '%s'", quote(tensor));
	*node = (size_t)k;
	*out = colon && isdigit((unsigned char)colon[1]) ? (int)strtol(colon + 1, NULL, 10) : 0;
	return 0;
}

int tf_feeds(struct tf_flat *x, struct err *e)
{
	const Tf__SignatureDef *s = x->m->signature;
	Tf__TensorInfoEntry **in = s ? sorted(x, s->inputs, s->n_inputs) : NULL;

	if (!s)
		return 0;
	if (s->n_inputs > IM_INPUTS)
		return err_set(e, "its signature has %zu inputs", s->n_inputs);
	x->feed = arena_array(&x->m->arena, s->n_inputs, sizeof *x->feed);
	for (size_t i = 0; i < s->n_inputs; i++) {
		struct tf_feed *f = &x->feed[x->nfeed];

		if (!in[i]->value || !in[i]->value->name)
			return err_set(e, "input '%s' of its signature is no plain tensor",
				       quote(in[i]->key ? in[i]->key : ""));
		f->key = in[i]->key ? in[i]->key : "";
		f->info = in[i]->value;
		if (named(x, f->info->name, &f->node, &f->out, e) < 0)
			return err_in(e, "input '%s' of its signature", quote(f->key));
		x->nfeed++;
	}
	return 0;
}

static int signed_roots(struct tf_flat *x, struct tf_root **root, size_t *n, struct err *e)
{
	const Tf__SignatureDef *s = x->m->signature;
	Tf__TensorInfoEntry **out = sorted(x, s->outputs, s->n_outputs);

	if (s->n_outputs > IM_INPUTS)
		return err_set(e, "its signature has %zu outputs", s->n_outputs);
	*root = arena_array(&x->m->arena, s->n_outputs, sizeof **root);
	for (size_t i = 0; i < s->n_outputs; i++) {
		struct tf_root *r = &(*root)[i];

		r->key = out[i]->key ? out[i]->key : "";
		r->info = out[i]->value;
		if (!r->info || !r->info->name)
			return err_set(e, "output '%s' of its signature is no plain tensor",
				       quote(r->key));
		if (tf_chase(x, x->top, r->info->name, &r->at, e) < 0)
			return err_in(e, "output '%s' of its signature", quote(r->key));
		++*n;
	}
	if (s->n_outputs == 0)
		return err_set(e, "its signature has no outputs");
	return 0;
}

static bool is_one_of(const char *op, const char *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(op, ops[i]) == 0)
			return true;
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

/* Operators that look at what a model computes: they are no outputs, and what they read may be. */
static bool is_looker(const char *op)
{
	static const char *const ops[] = { "Print", "PrintV2", "SaveV2", "Save" };

	return is_one_of(op, ops, sizeof ops / sizeof ops[0]) || ends_with(op, "Summary") ||
	       ends_with(op, "SummaryV2");
}

/* Other operators that are no outputs. */
static bool is_aside(const char *op)
{
	static const char *const ops[] = {
		"NoOp",
		"Assert",
		"Const",
		"Placeholder",
		"VarHandleOp",
		"VariableV2",
		"Variable",
		"MergeV2Checkpoints",
		"ShardedFilename",
		"RestoreV2",
		"Restore",
		"VarIsInitializedOp",
		"IsVariableInitialized",
	};

	return is_looker(op) || is_one_of(op, ops, sizeof ops / sizeof ops[0]);
}

/* The nodes on which a branch hangs, and file names, which no network computes. */
static bool is_pivot(const Tf__NodeDef *d)
{
	const Tf__AttrValue *v = tf_attr_of(d, "T");

	return ends_with(d->name, "/switch_t") || ends_with(d->name, "/switch_f") ||
	       (v && v->type == TF_STRING);
}

/* Operators that change variables: neither they nor what they read, as gradients, are outputs. */
static bool is_update(const char *op)
{
	static const char *const starts[] = { "Assign", "Apply", "ResourceApply", "Scatter",
					      "ResourceScatter" };

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncmp(op, starts[i], strlen(starts[i])) == 0 && strcmp(op, "ScatterNd") != 0)
			return true;
	return false;
}

/* What a training graph computes gradients with. */
static bool is_gradient(const char *name)
{
	return strncmp(name, "gradients", 9) == 0 && strchr("/_", name[9]) && name[9];
}

/* What a data input of some node reads. */
static uint8_t *read_nodes(const struct tf_flat *x)
{
	uint8_t *read = xcalloc(x->main.n, 1);

	for (size_t i = 0; i < x->main.n; i++) {
		const Tf__NodeDef *d = x->main.node[i];

		if (is_looker(tf_op_of(d)) || is_gradient(d->name))
			continue;
		for (size_t k = 0; k < tf_data_inputs(d); k++) {
			const char *colon = strchr(d->input[k], ':');
			const ptrdiff_t p =
			    tf_find(&x->main, d->input[k],
				    colon ? (size_t)(colon - d->input[k]) : strlen(d->input[k]));

			if (p >= 0)
				read[p] = 1;
		}
	}
	return read;
}

/* Is the output there as an earlier root, or no result at all? */
static bool is_no_root(const struct tf_root *root, size_t n, const struct tf_at *at)
{
	const char *op = tf_op_of(at->frame->func->node[at->node]);

	for (size_t i = 0; i < n; i++)
		if (root[i].at.frame == at->frame && root[i].at.node == at->node &&
		    root[i].at.out == at->out)
			return true;
	return is_aside(op) || is_update(op);
}

static int graph_roots(struct tf_flat *x, struct tf_root **root, size_t *n, struct err *e)
{
	uint8_t *read = read_nodes(x);
	size_t cap = 0;
	struct tf_root *list = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->main.n; i++) {
		const Tf__NodeDef *d = x->main.node[i];
		struct tf_at at;

		if (read[i] || is_aside(tf_op_of(d)) || is_update(tf_op_of(d)) ||
		    is_gradient(d->name) || is_pivot(d) || (x->top->dead && x->top->dead[i]))
			continue;
		r = tf_chase(x, x->top, d->name, &at, e);
		if (r < 0 || is_no_root(list, *n, &at))
			continue;
		VEC_GROW(list, *n, &cap);
		list[(*n)++] = (struct tf_root){ .key = "", .at = at };
	}
	free(read);
	*root = arena_array(&x->m->arena, *n, sizeof **root);
	if (*n)
		memcpy(*root, list, *n * sizeof **root);
	free(list);
	if (r == 0 && *n == 0)
		return err_set(e, "it has no outputs: there is no node that no other reads");
	if (r == 0 && *n > IM_INPUTS)
		return err_set(e, "%zu nodes are read by no other: more than %d outputs", *n,
			       IM_INPUTS);
	return r;
}

int tf_roots(struct tf_flat *x, struct tf_root **root, size_t *n, struct err *e)
{
	*n = 0;
	return x->m->signature ? signed_roots(x, root, n, e) : graph_roots(x, root, n, e);
}
