/* Transforms that put one layer in: activations, shortcuts, pools, a normalization. */
#include "base/log.h"
#include "pass/edit.h"
#include "quant/transform.h"

#include <string.h>

int transform_activation(struct quant *q, const struct alls_stmt *st, struct layer *l,
			 struct err *e)
{
	struct layer *act;

	(void)e;
	if ((alls_get(st, "policy") && alls_get_switch(st, "policy") != 1) ||
	    !hn_is(l->type, HNF_ACT) || l->type == HN_ACTIVATION || l->p.activation == ACT_LINEAR)
		return 0;
	act = transform_add(q, HN_ACTIVATION, "activation", l);
	edit_move_activation(q->w, l, act);
	transform_behind(q, l, act);
	return 0;
}

/* Activations that need a number, or weights, which the command has not. */
static bool needs_number(enum hn_act a)
{
	return a == ACT_LEAKY || a == ACT_PRELU || a == ACT_CLIP || a == ACT_POW ||
	       a == ACT_THRESHOLD || (a >= ACT_DELTA && a <= ACT_SIGN);
}

/* The activation's name; default: those of the layer and the targets with "-" between. */
static char *shortcut_name(const struct alls_stmt *st, const struct layer *l,
			   struct layer *const *target, size_t n)
{
	char *name;

	if (alls_get_text(st, "name"))
		return xstrdup(alls_get_text(st, "name"));
	name = xstrdup(l->name);
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(target[i]->name, '/');
		char *longer = xasprintf("%s-%s", name, slash ? slash + 1 : target[i]->name);

		free(name);
		name = longer;
	}
	return name;
}

/* Edges from l to a target go through act; how many there were. */
static size_t redirect(struct quant *q, struct layer *l, struct layer *target, struct layer *act)
{
	size_t n = 0;

	for (size_t i = 0; i < target->nin; i++)
		if (target->in[i].layer == l) {
			graph_redirect(q->g, target, i, act, 0);
			n++;
		}
	return n;
}

static int put_shortcut(struct quant *q, const struct alls_stmt *st, struct layer *l,
			struct layer *const *target, size_t n, struct err *e)
{
	const char *text = alls_get_text(st, "activation");
	const int kind = text ? hn_act_from_name(text) : ACT_LINEAR;
	char *name = shortcut_name(st, l, target, n);
	struct layer *act;

	if (kind < 0 || needs_number((enum hn_act)kind))
		err_set(e, "activation '%s' cannot stand here: one without numbers is expected",
			quote(text));
	else if (l->nout != 1)
		err_set(e, "layer '%s' has %zu outputs, one is expected", quote(l->name), l->nout);
	else if (graph_find(q->g, name))
		err_set(e, "there is a layer '%s' already", quote(name));
	if (err_is(e)) {
		free(name);
		return -1;
	}
	act = transform_add(q, HN_ACTIVATION, name, NULL);
	free(name);
	((struct qinfo *)act->user)->mode = ((const struct qinfo *)l->user)->mode;
	act->p.activation = (enum hn_act)kind;
	for (size_t i = 0; i < n; i++)
		if (redirect(q, l, target[i], act) == 0)
			return err_set(e, "layer '%s' does not read '%s'", quote(target[i]->name),
				       quote(l->name));
	if (n == 0)
		graph_replace_uses(q->g, l, 0, act, 0);
	layer_add_input(q->g, act, l, 0);
	return 0;
}

int transform_shortcut(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	struct layer **target = NULL;
	size_t n = 0;
	int rc = 0;

	if (alls_get(st, "target") && !alls_has_word(st, "target", "None"))
		rc = alls_layers(st, alls_get(st, "target"), q->g, &target, &n, e);
	if (rc == 0)
		rc = put_shortcut(q, st, l, target, n, e);
	free(target);
	return rc;
}

static bool is_global(const struct layer *l)
{
	const struct hn_shape *s = l->nin ? layer_in_shape(l, 0) : NULL;

	return l->type == HN_GLOBAL_AVGPOOL ||
	       (l->type == HN_AVGPOOL && l->p.kernel[0] == s->h && l->p.kernel[1] == s->w &&
		l->out[0].h == 1 && l->out[0].w == 1 && l->p.pad[0] + l->p.pad[1] == 0 &&
		l->p.pad[2] + l->p.pad[3] == 0);
}

int transform_avgpool(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	double factor[2] = { 1, 1 };
	struct layer *pool;
	int32_t k[2];

	if (!is_global(l) && alls_by_glob(st))
		return 0;
	if (!is_global(l))
		return err_set(e, "layer '%s' is no average pool over the whole picture",
			       quote(l->name));
	if (alls_get_numbers(st, "division_factors", factor, 2) != 2)
		return err_set(e, "argument 'division_factors' is missing");
	if (factor[0] == 1 && factor[1] == 1)
		return 0;
	for (int i = 0; i < 2; i++) {
		const int32_t size = i ? layer_in_shape(l, 0)->w : layer_in_shape(l, 0)->h;

		k[i] = factor[i] <= size ? size / (int32_t)factor[i] : 0;
		if (k[i] < 1 || size % k[i] != 0)
			return err_set(e,
				       "layer '%s': windows of %d do not divide %d evenly, so that "
				       "the mean would change (factors that divide the size)",
				       quote(l->name), k[i], size);
	}
	pool = transform_add(q, HN_AVGPOOL, "reduction", l);
	layer_add_input(q->g, pool, l->in[0].layer, l->in[0].port);
	graph_redirect(q->g, l, 0, pool, 0);
	for (int i = 0; i < 2; i++) {
		pool->p.kernel[i] = pool->p.stride[i] = k[i];
		if (l->type == HN_AVGPOOL)
			l->p.kernel[i] = l->p.stride[i] = l->p.kernel[i] / k[i];
	}
	pool->p.padding = PAD_VALID;
	return 0;
}

/*
 * A normalization by 1, which takes equalization factors of the values that it reads.  What it
 * gives has its own unequal features again: 16 bits hold them, and its weights any factor.
 */
int transform_norm(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	struct layer *one;
	size_t c;

	if (l->type != HN_LAYER_NORM && alls_by_glob(st))
		return 0;
	if (l->type != HN_LAYER_NORM)
		return err_set(e, "layer '%s' is no layer normalization", quote(l->name));
	if (alls_get_switch(st, "equalization") >= 0)
		((struct qinfo *)l->user)->equalize = alls_get_switch(st, "equalization");
	if (alls_get_switch(st, "eq_consumer") != 1)
		return 0;
	c = (size_t)layer_in_shape(l, 0)->c;
	one = transform_add(q, HN_NORMALIZATION, "eq_consumer", l);
	((struct qinfo *)one->user)->mode = (struct qmode){ .act = 8, .w = 16, .out = 16 };
	((struct qinfo *)one->user)->equalize = -1;
	layer_set_weight(q->w, one, "kernel", edit_weight(q->w, one, "kernel", c, 1));
	layer_set_weight(q->w, one, "bias", edit_weight(q->w, one, "bias", c, 0));
	layer_add_input(q->g, one, l->in[0].layer, l->in[0].port);
	graph_redirect(q->g, l, 0, one, 0);
	return 0;
}

/* What other machines make of 8-bit parts is a precision of the layer here. */
static int set_mode(struct layer *l, const char *name)
{
	struct qinfo *info = l->user;
	struct qmode mode;

	if (!precision_parse(name, &mode))
		return 0; /* stored: alls/table_pre.c */
	mode.out = mode.out ? mode.out : info->mode.out;
	info->mode = mode;
	return 0;
}

/* By a glob such as {conv*}, what cannot have such weights is not meant. */
int transform_a16_w4(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	const char *why = l->p.conversion ? "it converts colors"
			  : l->type != HN_CONV || l->p.kernel[0] != 1 || l->p.kernel[1] != 1
			      ? "it is no 1x1 convolution"
			      : NULL;

	(void)q;
	(void)e;
	if (alls_get_switch(st, "policy") != 1)
		return 0;
	if (why) {
		(alls_by_glob(st) ? log_info : log_warn)("conv_a16_w4: '%s' stays: %s",
							 quote(l->name), why);
		return 0;
	}
	return set_mode(l, "a16_w4");
}

int transform_wide(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	(void)q;
	(void)e;
	return alls_get_switch(st, "policy") == 1 ? set_mode(l, "a16_w16") : 0;
}
