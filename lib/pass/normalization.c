/*
 * The script's command NAME = normalization(MEANS, DEVIATIONS [, INPUT_LAYER]): a layer
 * y = (x - mean) / deviation directly after the input layer, or after each of them.
 */
#include "pass/modify.h"

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

static json_t *numbers(const struct alls_value *v)
{
	json_t *a = json_array();

	for (size_t i = 0; i < v->nitems; i++)
		json_array_append_new(a, json_real(v->items[i].number));
	return a;
}

static int insert(struct modify *m, const struct alls_stmt *st, size_t which, struct layer *in,
		  struct err *e)
{
	const char *name = modify_name(m, st, which, "normalization", e);
	struct tensor kernel = { 0 };
	struct tensor bias = { 0 };
	struct layer *l;
	json_t *o;

	if (!name)
		return -1;
	if (values(st, in, &kernel, &bias, e) < 0) {
		tensor_release(&kernel);
		tensor_release(&bias);
		return -1;
	}
	l = modify_behind(m, HN_NORMALIZATION, name, in);
	layer_set_weight(m->w, l, "kernel", kernel);
	layer_set_weight(m->w, l, "bias", bias);
	o = modify_record(m, in, st->command);
	json_object_set_new(o, "mean", numbers(alls_get(st, "mean")));
	json_object_set_new(o, "std", numbers(alls_get(st, "std")));
	return 0;
}

/* One command on the input layers it names, or on all. */
int modify_normalization(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	struct layer **in;
	size_t n;
	int r = 0;

	if (modify_inputs(m, st, "input_layer", &in, &n, e) < 0)
		return -1;
	if (st->nlhs && st->nlhs != n) {
		err_set(e, "%zu names on the left, %zu input layers", st->nlhs, n);
		r = alls_in(st, e);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = insert(m, st, i, in[i], e);
	free(in);
	return r;
}
