/*
 * Weights in groups of input features, each with a scale of its own: conv_decomposition, and
 * weight_group_size of quantization_param.
 */
#include "base/log.h"
#include "pass/edit.h"
#include "quant/transform.h"

#include <math.h>

enum {
	SORT_MOST = 8192 /* features that a convolution sorts: 256 MiB of weights */
};

struct ranked {
	double top;
	int32_t feature;
};

static int larger_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->top != y->top)
		return x->top > y->top ? -1 : 1;
	return x->feature < y->feature ? -1 : 1;
}

/* Input features by their largest weight, so that those of a group are alike. */
static struct ranked *rank_features(const struct tensor *kernel, int32_t c)
{
	const size_t cout = (size_t)kernel->dim[kernel->rank - 1], n = tensor_count(kernel);
	const float *w = kernel->data;
	struct ranked *r = xcalloc((size_t)c, sizeof *r);

	for (int32_t f = 0; f < c; f++)
		r[f].feature = f;
	for (size_t k = 0; k < n; k++) {
		struct ranked *of = &r[k / cout % (size_t)c];

		of->top = fmax(of->top, fabs((double)w[k]));
	}
	qsort(r, (size_t)c, sizeof *r, larger_first);
	return r;
}

/* The last dimension (of makers' weights), or the one before it (of readers'), in a new order. */
static struct tensor reorder(const struct tensor *t, const struct ranked *r, size_t c, size_t step)
{
	struct tensor out = tensor_new(DT_F32, t->rank, t->dim);
	const float *from = t->data;
	float *to = tensor_data(&out);

	for (size_t k = 0; k < tensor_count(t); k++) {
		const size_t at = k / step % c;

		to[k] = from[k - at * step + (size_t)r[at].feature * step];
	}
	return out;
}

/* The layer that makes the features can give them in any order when nobody else reads them. */
static bool can_reorder(const struct layer *maker, const struct layer *l)
{
	for (size_t i = 1; i < l->nin; i++)
		if (l->in[i].layer == maker)
			return false;
	return maker->nsucc == 1 &&
	       (maker->type == HN_DENSE || (maker->type == HN_CONV && maker->p.groups == 1)) &&
	       !maker->p.elementwise_add && !maker->p.conversion && !maker->p.batch_norm;
}

static void reorder_maker(struct quant *q, struct layer *maker, const struct ranked *r, size_t c)
{
	static const char *const keys[] = { "kernel", "bias", "slope" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct tensor *t = layer_weight(q->w, maker, keys[i]);

		if (t && tensor_count(t) % c == 0)
			layer_set_weight(q->w, maker, keys[i], reorder(t, r, c, 1));
	}
}

/* Otherwise a 1x1 convolution does, with one weight for each feature. */
static void add_sorter(struct quant *q, struct layer *l, const struct ranked *r, int32_t c)
{
	struct layer *sort = transform_add(q, HN_CONV, "sort", l);
	struct qinfo *info = sort->user;
	struct tensor k = tensor_new(DT_F32, 4, (int64_t[]){ 1, 1, c, c });

	for (int32_t f = 0; f < c; f++)
		((float *)tensor_data(&k))[(int64_t)r[f].feature * c + f] = 1;
	layer_set_weight(q->w, sort, "kernel", k);
	sort->p.kernel[0] = sort->p.kernel[1] = 1;
	sort->p.kernel[2] = sort->p.kernel[3] = c;
	sort->p.padding = PAD_VALID;
	info->mode = (struct qmode){ info->mode.act ? info->mode.act : 8, 8, 0 };
	info->prequant = PREQUANT_NONE;
	layer_add_input(q->g, sort, l->in[0].layer, l->in[0].port);
	graph_redirect(q->g, l, 0, sort, 0);
}

static int sort_features(struct quant *q, struct layer *l, struct err *e)
{
	const int32_t c = layer_in_shape(l, 0)->c;
	const struct tensor *t = layer_weight(q->w, l, "kernel");
	struct layer *maker = l->in[0].layer;
	struct ranked *r;

	if (!can_reorder(maker, l) && c > SORT_MOST)
		return err_set(e, "layer '%s' reads %d features, sorted are %d at most",
			       quote(l->name), c, SORT_MOST);
	if (!quant_weight(q, l, "kernel", t ? tensor_count(t) : 0, e))
		return -1;
	r = rank_features(t, c);
	layer_set_weight(q->w, l, "kernel", reorder(t, r, (size_t)c, (size_t)t->dim[t->rank - 1]));
	if (can_reorder(maker, l))
		reorder_maker(q, maker, r, (size_t)c);
	else
		add_sorter(q, l, r, c);
	free(r);
	return graph_infer_shapes(q->g, e);
}

int transform_groups(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const int each = alls_get_int(st, "sub_group_size", 128);
	const char *text = alls_get_text(st, "pm_ew_adds");
	struct err why = { 0 };
	struct qmode sums;

	if (alls_by_glob(st) && transform_divides(l, &why) < 0)
		return 0;
	if (transform_divides(l, e) < 0)
		return -1;
	if (each < 1)
		return err_set(e, "sub_group_size must be 1 or more");
	if (!precision_parse(text ? text : "a16_w16", &sums))
		return err_set(e, "'%s' is no precision mode", quote(text));
	if (alls_get_switch(st, "allow_equlize_block") != 1)
		((struct qinfo *)l->user)->equalize = 0;
	if (each >= layer_in_shape(l, 0)->c)
		return 0;
	if (alls_get_switch(st, "sort_channels_by_stats") == 1 && sort_features(q, l, e) < 0)
		return -1;
	return transform_divide(q, l, each, &sums, e);
}

/* Weights that a group of so many holds: whole features, one at least. */
static int32_t group_features(const struct layer *l, int size)
{
	const int32_t window = l->type == HN_DENSE ? l->p.kernel[2] / layer_in_shape(l, 0)->c
						   : l->p.kernel[0] * l->p.kernel[1];

	return size / window > 1 ? size / window : 1;
}

int transform_weight_groups(struct quant *q, struct err *e)
{
	static const struct qmode sums = { 16, 16, 0 };

	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct layer *l = q->g->layers[i];
		const struct qinfo *info = l->user;
		struct err why = { 0 };

		if (!info->weight_group || l->dead)
			continue;
		if (transform_divides(l, &why) < 0) {
			log_info("weight_group_size: '%s' stays as it is: conv and dense layers in "
				 "one group have groups of weights",
				 quote(l->name));
			continue;
		}
		if (group_features(l, info->weight_group) >= layer_in_shape(l, 0)->c)
			continue;
		if (transform_divide(q, l, group_features(l, info->weight_group), &sums, e) < 0 ||
		    graph_infer_shapes(q->g, e) < 0)
			return -1;
	}
	return 0;
}
