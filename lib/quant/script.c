/* Model-script commands of quantization (guide 5.3.4). */
#include "quant/script_int.h"

static int calibration(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->opts.batch = alls_get_int(st, "batch_size", q->opts.batch);
	if (q->o->part || !alls_get(st, "calibset_size"))
		return 0;
	q->opts.calibset_size = alls_get_int(st, "calibset_size", 0);
	q->opts.sized = true;
	return 0;
}

/* Levels that train are not built: the best one below is applied, as is said before and at the end.
 */
static int flavor(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->opts.batch = alls_get_int(st, "batch_size", q->opts.batch);
	q->opts.compression_level =
	    alls_get_int(st, "compression_level", q->opts.compression_level);
	q->asked_level = alls_get_int(st, "optimization_level", q->asked_level);
	q->opts.optimization_level = q->asked_level > 1 ? 1 : q->asked_level;
	return 0;
}

/* Of the network, or of layers. */
static int correct_layer(struct quant *q, const struct alls_stmt *st, struct layer *l,
			 struct err *e)
{
	(void)e;
	quant_info(q, l)->correct_bias = alls_get_switch(st, "policy");
	return 0;
}

static int bias_correction(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	if (st->row->layered)
		return script_each(q, st, correct_layer, e);
	q->correct_biases = alls_get_switch(st, "policy");
	q->compress_cache = alls_get_switch(st, "cache_compression") == 1;
	return 0;
}

static int set_seed(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->opts.seed = (uint64_t)alls_get_number(st, "seed", 0);
	return 0;
}

static int compression(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	(void)e;
	q->ratio4 = alls_get_number(st, "auto_4bit_weights_ratio", q->ratio4);
	q->ratio16 = alls_get_number(st, "auto_16bit_weights_ratio", q->ratio16);
	return 0;
}

static int globals(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	const int on = alls_get_switch(st, "output_encoding_vector");

	(void)e;
	if (on >= 0)
		q->vectors = on == 1;
	return 0;
}

/* Without layers: of all that have weights. */
static int negative_exponent(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	const struct alls_value *given = alls_get(st, "layers");
	struct layer **layers = q->g->layers;
	size_t n = q->g->nlayers;

	if (given && alls_layers(st, given, q->g, &layers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct qinfo *info = quant_info(q, layers[i]);

		info->exponent.threshold = alls_get_int(st, "split_threshold", 2);
		info->exponent.rank = alls_get_int(st, "rank", 1);
		info->exponent.named = given && !alls_by_glob(st);
	}
	if (given)
		free(layers);
	return 0;
}

/* Layers that treat every feature by itself can hand factors on. */
static int equalize_layer(struct quant *q, const struct alls_stmt *st, struct layer *l,
			  struct err *e)
{
	struct qinfo *info = quant_info(q, l);
	const bool each = (l->type == HN_DW || l->type == HN_NORMALIZATION) &&
			  layer_in_shape(l, 0)->c == l->out[0].c;

	info->equalize = alls_get_switch(st, "policy");
	info->eq_target = alls_has_word(st, "equalization_target", "activation") ? EQ_ACTIVATION
			  : alls_has_word(st, "equalization_target", "weights")  ? EQ_WEIGHTS
										 : EQ_DEFAULT;
	info->eq_transparent = alls_get_switch(st, "force_transparent");
	if (info->eq_transparent == 1 && !each && alls_by_glob(st))
		info->eq_transparent = -1;
	if (info->eq_transparent != 1 || each)
		return 0;
	err_set(e, "layer '%s' mixes features: dw and normalization layers can be transparent",
		quote(l->name));
	return alls_in_value(st, alls_get(st, "layers"), e);
}

static int equalization(struct quant *q, const struct alls_stmt *st, struct err *e)
{
	if (st->row->layered)
		return script_each(q, st, equalize_layer, e);
	q->equalize = !alls_has_word(st, "policy", "disabled");
	return 0;
}

/*
 * What each command does to the settings, one row per command and sub-command; whether it speaks of
 * the whole network or of layers is in the statement (st->row->layered).
 */
struct command {
	const char *command, *sub;
	script_fn follow;
};
static const struct command commands[] = {
	/* clang-format off */
	{ "model_optimization_config",     "calibration",  calibration },
	{ "model_optimization_config",     "compression_params", compression },
	{ "model_optimization_config",     "globals",      globals },
	{ "model_optimization_config",     "negative_exponent", negative_exponent },
	{ "model_optimization_flavor",     NULL,           flavor },
	{ "quantization_param",            NULL,           script_params },
	{ "set_seed",                      NULL,           set_seed },
	{ "pre_quantization_optimization", "equalization", equalization },
	{ "pre_quantization_optimization", "activation_clipping", script_value_clipping },
	{ "pre_quantization_optimization", "weights_clipping", script_weight_clipping },
	{ "pre_quantization_optimization", "zero_static_channels", script_zero_static },
	{ "pre_quantization_optimization", "smart_softmax_stats", script_softmax_stats },
	{ "pre_quantization_optimization", "resolution_reduction", script_reduction },
	{ "pre_quantization_optimization", "dead_channels_removal", script_dead_channels },
	{ "pre_quantization_optimization", "dead_layers_removal", script_dead_layers },
	{ "pre_quantization_optimization", "matmul_equalization", script_matmul_equalization },
	{ "pre_quantization_optimization", "matmul_decomposition", script_matmul_decomposition },
	{ "post_quantization_optimization", "bias_correction", bias_correction },
	{ "post_quantization_optimization", "mix_precision_search", script_mix },
	/* clang-format on */
};

/* What holds over quantization_param, wherever it stands in the script. */
static const struct command overrides[] = {
	/* clang-format off */
	{ "pre_quantization_optimization", "split_ew_mult_by_bit_significance", script_split_mult },
	{ "pre_quantization_optimization", "use_prequantized_weights", script_prequantized },
	/* clang-format on */
};

static int follow(struct quant *q, const struct command *c, size_t n, struct err *e)
{
	const struct alls *s = q->o->script;

	for (size_t i = 0; s && i < s->nstmts; i++)
		for (size_t k = 0; k < n; k++)
			if (alls_is(&s->stmts[i], c[k].command, c[k].sub) &&
			    c[k].follow(q, &s->stmts[i], e) < 0)
				return -1;
	return 0;
}

/* --bias-mode is every layer's default; the script may say otherwise by layer. */
static void default_bias_mode(struct quant *q)
{
	for (size_t i = 0; i < q->g->nlayers && q->o->bias_mode; i++)
		if (hn_is(q->g->layers[i]->type, HNF_BIAS))
			q->g->layers[i]->quant.bias_mode =
			    arena_strdup(&q->g->arena, q->o->bias_mode);
}

int quant_script(struct quant *q, struct err *e)
{
	default_bias_mode(q);
	return follow(q, commands, sizeof commands / sizeof *commands, e) < 0 ||
		       follow(q, overrides, sizeof overrides / sizeof *overrides, e) < 0
		   ? -1
		   : 0;
}
