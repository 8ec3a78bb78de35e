/*
 * change_output_activation([OUTPUT_LAYER,] ACTIVATION): the activation of the layer before an
 * output is another one; a layer that takes none gets a standalone activation behind it.
 */
#include "pass/modify.h"
#include <math.h>

/* Parameters that a command without them means: the defaults of ONNX's operators. */
static const struct {
	enum hn_act act;
	float alpha, beta;
} defaults[] = {
	{ ACT_LEAKY, 0.01F, 0 }, { ACT_HARD_SIGMOID, 0.2F, 0.5F },       { ACT_SWISH, 0, 1 },
	{ ACT_ELU, 1, 0 },       { ACT_SELU, 1.67326319F, 1.05070102F }, { ACT_THRESHOLD, 1, 0 },
};

/* Activations that are nothing without their parameters. */
static const struct {
	enum hn_act act;
	const char *needs;
} refused[] = {
	{ ACT_PRELU, "slopes" },
	{ ACT_CLIP, "bounds" },
	{ ACT_POW, "an exponent" },
	{ ACT_DELTA, "a value" },
	{ ACT_GREATER, "a number to compare with" },
	{ ACT_GREATER_EQUAL, "a number to compare with" },
	{ ACT_LESS, "a number to compare with" },
	{ ACT_LESS_EQUAL, "a number to compare with" },
	{ ACT_EQUAL, "a number to compare with" },
};

static int check(const struct alls_stmt *st, enum hn_act act, struct err *e)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (refused[i].act == act) {
			err_set(e, "'%s' needs %s, which the command cannot give", hn_act_name(act),
				refused[i].needs);
			return alls_in_value(st, alls_get(st, "activation"), e);
		}
	return 0;
}

static void set(struct layer *l, enum hn_act act)
{
	l->p.activation = act;
	l->p.act = (struct hn_act_params){ .lo = -INFINITY, .hi = INFINITY };
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		if (defaults[i].act == act) {
			l->p.act.alpha = defaults[i].alpha;
			l->p.act.beta = defaults[i].beta;
		}
}

/* Layers with weights and elementwise ones; pools and their like take none but keep what they have.
 */
static bool takes_activation(const struct layer *l)
{
	return hn_is(l->type, HNF_ACT) &&
	       (hn_is(l->type, HNF_KERNEL) || hn_is(l->type, HNF_ELTWISE) ||
		l->p.activation != ACT_LINEAR);
}

/* Does something that is not an output read the layer? */
static const struct layer *other_reader(const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i]->type != HN_OUTPUT && !layer_on_host(l->succ[i]))
			return l->succ[i];
	return NULL;
}

static int change(struct modify *m, const struct alls_stmt *st, struct layer *output,
		  enum hn_act act, struct err *e)
{
	struct layer *l = modify_producer(output);
	const struct layer *other = other_reader(l);
	json_t *r = modify_record(m, output, st->command);

	json_object_set_new(r, "activation", json_string(hn_act_name(act)));
	if (takes_activation(l) && !other) {
		set(l, act);
		return 0;
	}
	if (hn_is(l->type, HNF_ACT) && l->p.activation != ACT_LINEAR) {
		err_set(e, "'%s' feeds '%s', too, which needs its activation '%s'", quote(l->name),
			quote(other->name), hn_act_name(l->p.activation));
		return alls_in(st, e);
	}
	if (act == ACT_LINEAR)
		return 0;
	l = modify_before(m, st, HN_ACTIVATION, graph_new_name(m->g, "activation"), output, e);
	if (!l)
		return -1;
	set(l, act);
	return 0;
}

/* The output of the post-process that a layer is a head of, also through what nms_postprocess put
 * in between; NULL: it is none. */
static struct layer *output_of_head(const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++) {
		struct layer *to = l->succ[i];

		if (to->type == HN_POSTPROCESS && to->nsucc)
			return to->succ[0];
		if (to->type == HN_ACTIVATION || to->type == HN_FORMAT_CONVERSION)
			return output_of_head(to);
	}
	return NULL;
}

/* nms_postprocess came first: the layer stopped being an output, but scripts still name it. */
static int change_head(struct modify *m, const struct alls_stmt *st, struct layer *l,
		       enum hn_act act, struct err *e)
{
	const struct layer *next = l->nsucc == 1 ? l->succ[0] : NULL;
	json_t *r = modify_record(m, output_of_head(l), st->command);

	json_object_set_new(r, "activation", json_string(hn_act_name(act)));
	json_object_set_new(r, "hnt_layer", json_string(l->name));
	if (next && next->type == HN_ACTIVATION && next->p.activation == act)
		return 0;
	if (takes_activation(l) && !other_reader(l)) {
		set(l, act);
		return 0;
	}
	if (l->p.activation == act)
		return 0;
	err_set(e, "'%s' is a head of the post-process (put this command before nms_postprocess)",
		quote(l->name));
	return alls_in(st, e);
}

int modify_output_activation(struct modify *m, const struct alls_stmt *st, struct err *e)
{
	const enum hn_act act = (enum hn_act)hn_act_from_name(alls_get_text(st, "activation"));
	const char *name = alls_get_text(st, "output_layer");
	struct layer *head = name ? graph_find(m->g, name) : NULL;
	struct layer **out;
	size_t n;
	int r = 0;

	if (check(st, act, e) < 0)
		return -1;
	if (head && output_of_head(head))
		return change_head(m, st, head, act, e);
	if (modify_outputs(m, st, "output_layer", &out, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && r == 0; i++)
		r = change(m, st, out[i], act, e);
	free(out);
	return r;
}
