/*
 * The script's command NAME = normalization(MEANS, DEVIATIONS [, INPUT_LAYER]): a layer
 * y = (x - mean) / deviation directly after the input layer, or after each of them.
 */
#include "pass/passes.h"
#include "pass/script.h"

/* The list of an argument: one number for each feature of the input; NULL with an error. */
static const struct alls_value *need_list(const struct alls_stmt *st, const char *argument,
					  const struct layer *in, struct err *e)
{
	const struct alls_value *v = alls_get(st, argument);

	if (v->nitems == (size_t)in->out[0].c)
		return v;
	err_set(e, "argument '%s' has %zu numbers, '%s' has %d features", argument, v->nitems,
		quote(in->name), in->out[0].c);
	alls_in_value(st, v, e);
	return NULL;
}

/* Kernel and bias for one input layer. */
static int values(const struct alls_stmt *st, const struct layer *in, struct tensor *kernel,
		  struct tensor *bias, struct err *e)
{
	const struct alls_value *means = need_list(st, "mean", in, e);
	const struct alls_value *devs = means ? need_list(st, "std", in, e) : NULL;
	const int64_t n = in->out[0].c;
	float *k, *b;

	if (!devs)
		return -1;
	*kernel = tensor_new(DT_F32, 1, &n);
	*bias = tensor_new(DT_F32, 1, &n);
	k = tensor_data(kernel);
	b = tensor_data(bias);
	for (size_t c = 0; c < (size_t)n; c++) {
		k[c] = (float)(1 / devs->items[c].number);
		b[c] = (float)(-means->items[c].number / devs->items[c].number);
	}
	return 0;
}

static int insert(struct graph *g, struct tensors *w, const struct alls_stmt *st, size_t which,
		  struct layer *in, struct err *e)
{
	const char *name = st->nlhs ? st->lhs[which] : graph_new_name(g, "normalization");
	struct tensor kernel = { 0 };
	struct tensor bias = { 0 };
	struct layer *l;

	if (graph_find(g, name)) {
		err_set(e, "there is a layer '%s' already", quote(name));
		return alls_in(st, e);
	}
	if (values(st, in, &kernel, &bias, e) < 0) {
		tensor_release(&kernel);
		tensor_release(&bias);
		return -1;
	}
	l = graph_add(g, HN_NORMALIZATION, name);
	l->pinned = true;
	layer_add_input(g, l, in, 0);
	graph_replace_uses(g, in, 0, l, 0);
	layer_set_weight(w, l, "kernel", kernel);
	layer_set_weight(w, l, "bias", bias);
	return 0;
}

/* One command on the input layers it names, or on all. */
static int apply(struct graph *g, struct tensors *w, const struct alls_stmt *st, struct err *e)
{
	struct layer **in;
	size_t n;
	int r = 0;

	if (script_inputs(st, g, &in, &n, e) < 0)
		return -1;
	if (st->nlhs && st->nlhs != n) {
		err_set(e, "%zu names on the left, %zu input layers", st->nlhs, n);
		r = alls_in(st, e);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = insert(g, w, st, i, in[i], e);
	free(in);
	return r == 0 ? graph_infer_shapes(g, e) : -1;
}

int pass_normalization(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e)
{
	const struct alls *s = o->script;

	for (size_t i = 0; s && i < s->nstmts; i++)
		if (alls_is(&s->stmts[i], "normalization", NULL) &&
		    apply(g, w, &s->stmts[i], e) < 0)
			return -1;
	return 0;
}
