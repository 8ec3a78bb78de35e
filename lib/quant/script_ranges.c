/* Script commands about ranges: clipping, features that never change, softmax scores. */
#include "quant/script_int.h"

#include <math.h>

static const char *const clip_modes[] = {
	[CLIP_NONE] = "disabled",
	[CLIP_MANUAL] = "manual",
	[CLIP_PERCENTILE] = "percentile",
	[CLIP_PERCENTILE_FORCE] = "percentile_force",
	[CLIP_MMSE] = "mmse",
	[CLIP_MMSE_IF4B] = "mmse_if4b",
};

static struct clip read_clip(const struct alls_stmt *st)
{
	struct clip c = { 0 };

	for (size_t i = 0; i < sizeof clip_modes / sizeof clip_modes[0]; i++)
		if (alls_has_word(st, "mode", clip_modes[i]))
			c.mode = (enum clip_mode)i;
	alls_get_numbers(st, "clipping_values", c.v, 2);
	return c;
}

int script_each(struct quant *q, const struct alls_stmt *st,
		int (*fn)(struct quant *q, const struct alls_stmt *st, struct layer *l,
			  struct err *e),
		struct err *e)
{
	struct layer **layers;
	size_t n;
	int rc = 0;

	if (alls_layers(st, alls_get(st, "layers"), q->g, &layers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = fn(q, st, layers[i], e);
	free(layers);
	return rc;
}

static int clip_values(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const struct clip c = read_clip(st);

	(void)e;
	quant_info(q, l)->value_clip = c;
	if (c.mode == CLIP_PERCENTILE || c.mode == CLIP_PERCENTILE_FORCE)
		quant_want_hist(q, l);
	q->recollect = q->recollect || alls_get_switch(st, "recollect_stats") == 1;
	return 0;
}

int script_value_clipping(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, clip_values, e);
}

static int clip_weights(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	(void)e;
	quant_info(q, l)->weight_clip = read_clip(st);
	return 0;
}

int script_weight_clipping(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, clip_weights, e);
}

static int zero_layer(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	(void)e;
	quant_info(q, l)->zero_static = alls_get_switch(st, "policy");
	return 0;
}

int script_zero_static(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	if (st->row->layered)
		return script_each(q, st, zero_layer, e);
	q->zero_static = alls_get_switch(st, "policy") == 1;
	q->static_eps = alls_get_number(st, "eps", q->static_eps);
	return 0;
}

int script_dead_channels(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->remove_channels = alls_get_switch(st, "policy") == 1;
	return 0;
}

int script_dead_layers(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->remove_layers = alls_get_switch(st, "policy") != 0;
	q->validate_removal = alls_get_switch(st, "validate_change") != 0;
	return 0;
}

static int reduce_input(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	struct qinfo *info = quant_info(q, l);
	double size[2] = { 0, 0 };

	if (l->type != HN_INPUT) {
		err_set(e, "layer '%s' is no input layer", quote(l->name));
		return alls_in_value(st, alls_get(st, "layers"), e);
	}
	if (alls_get_numbers(st, "shape", size, 2) != 2) {
		err_set(e, "argument 'shape' is missing");
		return alls_in(st, e);
	}
	info->reduced[0] = (int32_t)fmin(size[0], LIMIT_DIM);
	info->reduced[1] = (int32_t)fmin(size[1], LIMIT_DIM);
	info->given_small = alls_has_word(st, "interpolation", "disabled");
	return 0;
}

int script_reduction(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	if (st->row->layered)
		return script_each(q, st, reduce_input, e);
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (q->g->layers[i]->type == HN_INPUT &&
		    reduce_input(q, st, q->g->layers[i], e) < 0)
			return -1;
	return 0;
}

int script_softmax_stats(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->smart_softmax = alls_get_switch(st, "policy") != 0;
	return 0;
}
