/*
 * quantization_param of a script.  It may name layers that a transform will make, as public scripts
 * do (conv1_s2d): their settings wait until they are there.
 */
#include "quant/script_int.h"

#include <math.h>

/* Values of one quantization_param statement. */
struct layer_param {
	const char *precision, *bias;
	struct qmode mode;
	int groups, feed_repeat, vector, weight_group;
	double range[2], range_in[2];
	size_t nrange, nrange_in;
};

static int set_groups(const struct alls_stmt *st, const struct layer *l, struct qinfo *info,
		      int groups, struct err *e)
{
	bool last = false;

	for (size_t i = 0; i < l->nsucc; i++)
		last = last || l->succ[i]->type == HN_OUTPUT;
	if (groups == 1 ||
	    ((l->type == HN_CONV || l->type == HN_DENSE) && !l->p.elementwise_add && !last)) {
		info->groups = groups;
		return 0;
	}
	if (alls_by_glob(st))
		return 0;
	err_set(e,
		"layer '%s': quantization groups serve conv and dense layers that add nothing and "
		"are not the last",
		quote(l->name));
	return alls_in_value(st, alls_get(st, "quantization_groups"), e);
}

static void force_range(struct qinfo *info, const double range[2])
{
	info->forced = true;
	info->lo = fmin(range[0], 0);
	info->hi = fmax(range[1], 0);
}

/* The range of one input is that of what makes it, for all who read it. */
static int force_input(struct quant *q, const struct alls_stmt *st, const struct layer *l,
		       const double range[2], struct err *e)
{
	const int i = alls_get_int(st, "force_range_index", 0);

	if (i < (int)l->nin) {
		force_range(quant_info(q, quant_source(l->in[i].layer)), range);
		return 0;
	}
	err_set(e, "layer '%s' has no input %d", quote(l->name), i);
	return alls_in_value(
	    st, alls_get(st, alls_get(st, "force_range_index") ? "force_range_index" : "layers"),
	    e);
}

/* bias_mode, or by its name before version 2.8. */
static const char *bias_of(const struct alls_stmt *st)
{
	const int wide = alls_get_switch(st, "use_16bit_bias");

	if (alls_get(st, "bias_mode") || wide < 0)
		return alls_get_text(st, "bias_mode");
	return wide ? "double_scale_initialization" : "single_scale_decomposition";
}

static struct layer_param read_param(const struct alls_stmt *st)
{
	struct layer_param p = { .precision = alls_get_text(st, "precision_mode"),
				 .bias = bias_of(st),
				 .vector = alls_get_switch(st, "output_encoding_vector"),
				 .groups = alls_get_int(st, "quantization_groups", 0),
				 .weight_group = alls_get_int(st, "weight_group_size", 0),
				 .feed_repeat = alls_get_int(st, "max_bias_feed_repeat", 0) };

	p.nrange = alls_get_numbers(st, "force_range_out", p.range, 2);
	p.nrange_in = alls_get_numbers(st, "force_range_in", p.range_in, 2);
	if (p.precision && !precision_parse(p.precision, &p.mode))
		p.precision = NULL; /* stored: alls/table_quant.c */
	return p;
}

static int apply_param(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const struct layer_param p = read_param(st);
	struct qinfo *info = quant_info(q, l);

	if (p.precision)
		info->mode = p.mode;
	info->bias_asked = info->bias_asked || p.bias;
	if (p.bias && hn_is(l->type, HNF_BIAS))
		l->quant.bias_mode = arena_strdup(&q->g->arena, p.bias);
	if (p.weight_group)
		info->weight_group = p.weight_group;
	if (p.vector >= 0) {
		info->vector_asked = p.vector;
		info->vector_named = !alls_by_glob(st);
	}
	if (p.feed_repeat)
		info->max_feed_repeat = p.feed_repeat;
	if (p.nrange)
		force_range(info, p.range);
	if (p.nrange_in && force_input(q, st, l, p.range_in, e) < 0)
		return -1;
	return p.groups ? set_groups(st, l, info, p.groups, e) : 0;
}

int script_params(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, apply_param, e);
}

/* Names in a statement's layers that are of layers made meanwhile. */
static int apply_made(struct quant *q, const struct alls_stmt *st, const struct alls_value *v,
		      struct err *e)
{
	struct layer *l;

	for (size_t i = 0; i < v->nitems; i++)
		if (apply_made(q, st, &v->items[i], e) < 0)
			return -1;
	if ((v->kind != ALLS_NAME && v->kind != ALLS_STRING) || alls_made(st, v->text))
		return 0;
	if (!(l = graph_find(q->g, v->text))) {
		/* One that was there, and is not: its statement was followed. */
		if (!alls_will_make(st, v->text))
			return 0;
		alls_unknown_layer(q->g, v->text, e);
		return alls_in_value(st, v, e);
	}
	return quant_info(q, l)->made ? apply_param(q, st, l, e) : 0;
}

int quant_script_made(struct quant *q, struct err *e)
{
	const struct alls *s = q->o->script;

	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		if (!alls_is(st, "quantization_param", NULL))
			continue;
		if (apply_made(q, st, alls_get(st, "layers"), e) < 0)
			return -1;
	}
	return 0;
}
