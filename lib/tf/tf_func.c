/* The library of functions, and frames: calls of them. */
#include "base/rng.h"
#include "tf/tf_read.h"

enum {
	DEPTH_MAX = 64, /* calls in calls; the deepest seen has seven */
	FRAME_NODES_MAX = LIMIT_LAYERS * 20
};

/* Names of the outputs of operators that have several, in order. */
static const struct {
	const char *op, *names;
} outputs[] = {
	/* clang-format off */
	{ "BlockLSTM",              "i cs f o ci co h" },
	{ "BlockLSTMV2",            "i cs f o ci co h" },
	{ "CombinedNonMaxSuppression", "nmsed_boxes nmsed_scores nmsed_classes valid_detections" },
	{ "CudnnRNNV3",             "output output_h output_c reserve_space host_reserved" },
	{ "FusedBatchNorm",         "y batch_mean batch_variance reserve_space_1 reserve_space_2" },
	{ "FusedBatchNormV2",       "y batch_mean batch_variance reserve_space_1 reserve_space_2" },
	{ "FusedBatchNormV3",       "y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3" },
	{ "GRUBlockCell",           "r u c h" },
	{ "LSTMBlockCell",          "i cs f o ci co h" },
	{ "ListDiff",               "out idx" },
	{ "MaxPoolWithArgmax",      "output argmax" },
	{ "Merge",                  "output value_index" },
	{ "NonMaxSuppressionV4",    "selected_indices valid_outputs" },
	{ "NonMaxSuppressionV5",    "selected_indices selected_scores valid_outputs" },
	{ "SoftmaxCrossEntropyWithLogits", "loss backprop" },
	{ "Switch",                 "output_false output_true" },
	{ "TensorArrayV3",          "handle flow" },
	{ "TensorListPopBack",      "output_handle tensor" },
	{ "TopK",                   "values indices" },
	{ "TopKV2",                 "values indices" },
	{ "Unique",                 "y idx" },
	{ "UniqueWithCounts",       "y idx count" },
	/* clang-format on */
};

/* Place of a word in a list of words, -1: none. */
static int word_in(const char *list, const char *word, size_t n)
{
	for (int i = 0;; i++) {
		const size_t k = strcspn(list, " ");

		if (k == n && memcmp(list, word, n) == 0)
			return i;
		if (!list[k])
			return -1;
		list += k + 1;
	}
}

int tf_output_index(const char *op, const char *name, size_t n, int at)
{
	for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
		if (strcmp(outputs[i].op, op) == 0) {
			const int k = word_in(outputs[i].names, name, n);

			return k < 0 ? at : k;
		}
	return at;
}

/* ---- nodes by name ---- */
static int index_nodes(struct tf_flat *x, struct tf_func *f, struct err *e)
{
	size_t slots = 16;

	if (f->n > LIMIT_LAYERS * 10)
		return err_set(e, "it has %zu nodes, at most %d expected", f->n, LIMIT_LAYERS * 10);
	while (slots < 2 * f->n)
		slots *= 2;
	f->nindex = slots;
	f->index = arena_array(&x->m->arena, slots, sizeof *f->index);
	for (size_t i = 0; i < f->n; i++) {
		const char *name = f->node[i]->name ? f->node[i]->name : "";
		const size_t n = strlen(name);
		size_t k = hash_xxh3(name, n) & (slots - 1);

		if (n == 0 || n > LIMIT_NAME)
			return err_set(e, "node %zu has a name of %zu bytes", i, n);
		if (tf_find(f, name, n) >= 0)
			return err_set(e, "node '%s' is there twice", quote(name));
		while (f->index[k])
			k = (k + 1) & (slots - 1);
		f->index[k] = (uint32_t)i + 1;
	}
	return 0;
}

ptrdiff_t tf_find(const struct tf_func *f, const char *name, size_t n)
{
	for (size_t k = hash_xxh3(name, n) & (f->nindex - 1); f->index[k];
	     k = (k + 1) & (f->nindex - 1)) {
		const char *s = f->node[f->index[k] - 1]->name;

		if (strlen(s) == n && memcmp(s, name, n) == 0)
			return (ptrdiff_t)f->index[k] - 1;
	}
	return -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tf_func *)a)->name, ((const struct tf_func *)b)->name);
}

int tf_functions(struct tf_flat *x, struct err *e)
{
	const Tf__FunctionDefLibrary *l = x->m->graph->library;

	x->main =
	    (struct tf_func){ .name = "", .node = x->m->graph->node, .n = x->m->graph->n_node };
	if (index_nodes(x, &x->main, e) < 0)
		return -1;
	x->nfunc = l ? l->n_function : 0;
	x->func = arena_array(&x->m->arena, x->nfunc, sizeof *x->func);
	for (size_t i = 0; i < x->nfunc; i++) {
		const Tf__FunctionDef *d = l->function[i];
		struct tf_func *f = &x->func[i];

		f->name = d->signature && d->signature->name ? d->signature->name : "";
		f->def = d;
		f->node = d->node_def;
		f->n = d->n_node_def;
		if (index_nodes(x, f, e) < 0)
			return err_in(e, "function '%s'", quote(f->name));
	}
	qsort(x->func, x->nfunc, sizeof *x->func, by_name);
	for (size_t i = 1; i < x->nfunc; i++)
		if (by_name(&x->func[i - 1], &x->func[i]) == 0)
			return err_set(e, "function '%s' is there twice", quote(x->func[i].name));
	return 0;
}

struct tf_func *tf_find_function(const struct tf_flat *x, const char *name)
{
	const struct tf_func key = { .name = name };

	return x->nfunc ? bsearch(&key, x->func, x->nfunc, sizeof key, by_name) : NULL;
}

/* ---- frames ---- */
static struct tf_frame *new_frame(struct tf_flat *x, struct tf_func *func)
{
	struct arena *a = &x->m->arena;
	struct tf_frame *f = arena_alloc(a, sizeof *f);

	f->func = func;
	f->prefix = "";
	f->flat = arena_array(a, func->n, sizeof *f->flat);
	f->seen = arena_array(a, func->n, sizeof *f->seen);
	f->child = arena_array(a, func->n, sizeof *f->child);
	return f;
}

struct tf_frame *tf_top(struct tf_flat *x)
{
	return new_frame(x, &x->main);
}

struct tf_frame *tf_enter(struct tf_flat *x, struct tf_frame *parent, size_t node,
			  struct tf_func *func, size_t first, struct err *e)
{
	const Tf__NodeDef *call = parent->func->node[node];
	struct tf_frame *f = parent->child[node];

	if (f)
		return f;
	for (const struct tf_frame *p = parent; p; p = p->parent)
		if (p->func == func) {
			err_set(e, "function '%s' calls itself", quote(func->name));
			return NULL;
		}
	x->made += func->n + 1;
	if (parent->depth == DEPTH_MAX || x->made > FRAME_NODES_MAX) {
		err_set(e,
			"function '%s': calls are more than %d deep, or have more than %d nodes "
			"in all",
			quote(func->name), DEPTH_MAX, FRAME_NODES_MAX);
		return NULL;
	}
	f = new_frame(x, func);
	f->parent = parent;
	f->call = call;
	f->first = first;
	f->depth = parent->depth + 1;
	f->prefix = arena_printf(&x->m->arena, "%s%s/", parent->prefix, call->name);
	parent->child[node] = f;
	return f;
}
