/*
 * Commands that say how exactly a layer computes: products of two bytes' bits, weights that have
 * codes already.  They hold over quantization_param.
 */
#include "base/log.h"
#include "quant/script_int.h"

/*
 * Where the guide's hardware makes products of 16 bits from those of their bytes, this machine has
 * one layer that computes them exactly.
 */
static int split_mult(struct quant *q, const struct alls_stmt *st, struct layer *l, struct err *e)
{
	struct qinfo *info = quant_info(q, l);

	if (l->type != HN_EW_MULT && alls_by_glob(st))
		return 0;
	if (l->type != HN_EW_MULT) {
		err_set(e, "layer '%s' is no elementwise product", quote(l->name));
		return alls_in_value(st, alls_get(st, "layers"), e);
	}
	if (alls_get_int(st, "num_splits", 1) == 2)
		info->mode = (struct qmode){ 16, 16, info->mode.out };
	return 0;
}

int script_split_mult(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	return script_each(q, st, split_mult, e);
}

static bool has_codes(const struct layer *l)
{
	return (l->type == HN_CONV || l->type == HN_DENSE) && !l->p.elementwise_add &&
	       !l->p.conversion;
}

/* No factor may move such weights. */
static void given_codes(const struct alls_stmt *st, struct qinfo *info)
{
	info->prequant = alls_has_word(st, "mode", "limvals") ? PREQUANT_LIMITS : PREQUANT_VALUES;
	info->mode.w = alls_get_int(st, "bits", 4) == 8 ? 8 : 4;
	info->mode.act = info->mode.act ? info->mode.act : 8;
	info->equalize = 0;
}

/* Layers of the statement, or all of the network; those that have no such weights stay. */
int script_prequantized(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	const struct alls_value *given = alls_get(st, "layers");
	struct layer **layers = q->g->layers;
	size_t n = q->g->nlayers;

	if (alls_get_switch(st, "policy") != 1)
		return 0;
	if (given && alls_layers(st, given, q->g, &layers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (has_codes(layers[i]))
			given_codes(st, quant_info(q, layers[i]));
		else if (given && !alls_by_glob(st))
			log_warn("use_prequantized_weights: '%s' stays as it is: it is no conv or "
				 "dense layer that adds nothing",
				 quote(layers[i]->name));
	}
	if (given)
		free(layers);
	return 0;
}
