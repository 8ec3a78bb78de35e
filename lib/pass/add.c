/*
 * conv + add fusing: an ew_add whose one input is a linear convolution that feeds only it becomes
 * that convolution's added input.  Of two candidates the later one takes it: the other is complete
 * by then.  infusible_ew_add_type=conv: an addition of two tensors of one shape that no convolution
 * takes becomes one of its own, 1x1 with a weight of 1 for every feature.
 */
#include "pass/edit.h"
#include "pass/passes.h"

struct fusing {
	bool enabled, others_conv;
};

/* pre_quantization_optimization(ew_add_fusing, ...): the last one counts; enabled by default. */
static struct fusing fusing_of(const struct alls *s)
{
	struct fusing f = { .enabled = true };

	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		if (!alls_is(st, "pre_quantization_optimization", "ew_add_fusing"))
			continue;
		f.enabled = alls_has_word(st, "policy", "enabled");
		f.others_conv = alls_has_word(st, "infusible_ew_add_type", "conv");
	}
	return f;
}

/* Does an argument of a script name the layer? */
static bool names_layer(const struct alls_value *v, const struct graph *g, const struct layer *l)
{
	if (v->kind == ALLS_GLOB)
		return alls_match(v->text, l->name);
	if (v->kind == ALLS_NAME || v->kind == ALLS_STRING)
		return graph_find(g, v->text) == l;
	for (size_t i = 0; i < v->nitems; i++)
		if (names_layer(&v->items[i], g, l))
			return true;
	return false;
}

/* Activation bits that the script's precision modes ("a16_w16") give a layer; 8 by default. */
static int activation_bits(const struct alls *s, const struct graph *g, const struct layer *l)
{
	int bits = 8;

	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];
		const char *mode;

		if (alls_is(st, "quantization_param", NULL) &&
		    (mode = alls_get_text(st, "precision_mode")) &&
		    names_layer(alls_get(st, "layers"), g, l))
			bits = strncmp(mode, "a16", 3) == 0 ? 16 : 8;
	}
	return bits;
}

static bool takes_add(const struct layer *l, const struct layer *add)
{
	return hn_is(l->type, HNF_ADD) && edit_is_open(l) && edit_consumer(l) == add;
}

/* Which input of the add is the convolution; -1: none. */
static int candidate(const struct layer *add)
{
	const struct layer *a = add->in[0].layer;
	const struct layer *b = add->in[1].layer;
	const bool first = takes_add(a, add);
	const bool second = takes_add(b, add);

	if (!hn_shape_equal(layer_in_shape(add, 0), layer_in_shape(add, 1)))
		return -1;
	if (first && second)
		return a->index > b->index ? 0 : 1;
	return first ? 0 : second ? 1 : -1;
}

static void fuse(struct graph *g, struct tensors *w, struct layer *add, int which)
{
	struct layer *conv = add->in[which].layer;

	edit_take_input(g, conv, add, (size_t)(1 - which));
	conv->p.elementwise_add = true;
	edit_move_activation(w, add, conv);
	edit_absorb(g, add, conv);
}

/* The layer stays where it is, with its name and activation. */
static void become_conv(struct tensors *w, struct layer *add)
{
	const int32_t c = add->out[0].c;
	const size_t n = (size_t)c;
	struct tensor one = tensor_new(DT_F32, 4, (int64_t[]){ 1, 1, 1, c });

	for (size_t i = 0; i < n; i++)
		((float *)tensor_data(&one))[i] = 1;
	add->type = HN_CONV;
	memcpy(add->p.kernel, (int32_t[]){ 1, 1, 1, c }, sizeof add->p.kernel);
	add->p.groups = c;
	add->p.padding = PAD_VALID;
	add->p.elementwise_add = true;
	layer_set_weight(w, add, "kernel", one);
	layer_set_weight(w, add, "bias", edit_weight(w, add, "bias", n, 0));
}

/* Both inputs as large as the sum. */
static bool can_be_conv(const struct layer *add)
{
	return hn_shape_equal(layer_in_shape(add, 0), layer_in_shape(add, 1));
}

int pass_fuse_add(struct graph *g, struct tensors *w, const struct pass_opts *o, struct err *e)
{
	const struct fusing f = fusing_of(o->script);

	(void)e;
	for (size_t i = 0; f.enabled && i < g->nlayers; i++) {
		struct layer *l = g->layers[i];
		const int which = l->type == HN_EW_ADD ? candidate(l) : -1;

		if (which >= 0 && activation_bits(o->script, g, l) ==
				      activation_bits(o->script, g, l->in[which].layer))
			fuse(g, w, l, which);
		else if (l->type == HN_EW_ADD && f.others_conv && can_be_conv(l))
			become_conv(w, l);
	}
	return 0;
}
