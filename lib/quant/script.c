/* Model-script commands of quantization (guide 5.3.4). */
#include "base/log.h"
#include "quant/quant_int.h"

#include <string.h>

/* The command's first argument, a name: which algorithm it configures. */
static int algorithm(const struct alls *s, const struct alls_stmt *st, const char **name,
		     struct err *e)
{
	const struct alls_value *v;

	return alls_need(s, st, NULL, 0, &v, e) < 0 ? -1
						    : alls_text(s, st, v, "algorithm", name, e);
}

static int refuse(const struct alls *s, const struct alls_stmt *st, struct err *e, const char *what,
		  const char *why)
{
	err_set(e, "%s is not supported: %s", quote(what), why);
	return alls_in(s, st, e);
}

static int get_int(const struct alls *s, const struct alls_stmt *st, const char *key, int64_t min,
		   int64_t max, int *out, struct err *e)
{
	const struct alls_value *v = alls_arg(st, key, SIZE_MAX);
	int64_t n;

	if (!v)
		return 0;
	if (alls_int(s, st, v, key, min, max, &n, e) < 0)
		return -1;
	*out = (int)n;
	return 0;
}

static int calibration(struct quant *q, const struct alls *s, const struct alls_stmt *st,
		       struct err *e)
{
	static const char *const keys[] = { "batch_size", "calibset_size", NULL };

	if (alls_only(s, st, keys, 1, e) < 0 ||
	    get_int(s, st, "batch_size", 1, 4096, &q->opts.batch, e) < 0 ||
	    get_int(s, st, "calibset_size", 1, 1 << 24, &q->opts.calibset_size, e) < 0)
		return -1;
	return 0;
}

/* Ratios of 0 ask for what this level does anyway. */
static int compression(const struct alls *s, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "auto_4bit_weights_ratio", "auto_16bit_weights_ratio",
					    NULL };
	double ratio;

	if (alls_only(s, st, keys, 1, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		const struct alls_value *v = alls_arg(st, keys[i], SIZE_MAX);

		if (!v)
			continue;
		if (alls_number(s, st, v, keys[i], 0, 1, &ratio, e) < 0)
			return -1;
		if (ratio > 0)
			return refuse(s, st, e, keys[i], "weights have 8 bits in this version");
	}
	return 0;
}

static int disabled_only(const struct alls *s, const struct alls_stmt *st, const char *what,
			 struct err *e)
{
	const struct alls_value *v = alls_arg(st, "policy", SIZE_MAX);
	const char *policy = "enabled";

	if (v && alls_text(s, st, v, "policy", &policy, e) < 0)
		return -1;
	if (strcmp(policy, "disabled") == 0)
		return 0;
	return refuse(s, st, e, what,
		      "optimization level 0 has equalization only (policy=disabled is "
		      "accepted)");
}

static int optimization_config(struct quant *q, const struct alls *s, const struct alls_stmt *st,
			       struct err *e)
{
	const char *what;

	if (algorithm(s, st, &what, e) < 0)
		return -1;
	if (strcmp(what, "calibration") == 0)
		return calibration(q, s, st, e);
	if (strcmp(what, "compression_params") == 0)
		return compression(s, st, e);
	return disabled_only(s, st, what, e);
}

static int flavor(struct quant *q, const struct alls *s, const struct alls_stmt *st, struct err *e)
{
	static const char *const keys[] = { "optimization_level", "compression_level", "batch_size",
					    NULL };

	if (alls_only(s, st, keys, 0, e) < 0 ||
	    get_int(s, st, "optimization_level", -100, 100, &q->opts.optimization_level, e) < 0 ||
	    get_int(s, st, "compression_level", 0, 5, &q->opts.compression_level, e) < 0 ||
	    get_int(s, st, "batch_size", 1, 4096, &q->opts.batch, e) < 0)
		return -1;
	if (q->opts.optimization_level == -100) {
		q->opts.equalization = false;
		return 0;
	}
	if (q->opts.optimization_level != 0)
		return refuse(s, st, e, "optimization_level",
			      "only 0 (equalization) and -100 (nothing) "
			      "are built");
	if (q->opts.compression_level != 0)
		return refuse(s, st, e, "compression_level", "only 0 is built");
	return 0;
}

/* Checked values of one quantization_param statement. */
struct layer_param {
	const char *precision, *bias;
	int groups, feed_repeat;
	double range[2];
	size_t nrange;
};

static int param_words(const struct alls *s, const struct alls_stmt *st, struct layer_param *p,
		       struct err *e)
{
	static const char *const modes[] = { "double_scale_initialization",
					     "single_scale_decomposition", NULL };
	const struct alls_value *v = alls_arg(st, "precision_mode", SIZE_MAX);
	int mode;

	if (v && alls_text(s, st, v, "precision_mode", &p->precision, e) < 0)
		return -1;
	if (p->precision && strcmp(p->precision, "a8_w8") != 0)
		return refuse(s, st, e, p->precision, "precision_mode is a8_w8 in this version");
	if (!(v = alls_arg(st, "bias_mode", SIZE_MAX)))
		return 0;
	if (alls_word(s, st, v, "bias_mode", modes, &mode, e) < 0)
		return -1;
	p->bias = modes[mode];
	return 0;
}

static int param_range(const struct alls *s, const struct alls_stmt *st, struct layer_param *p,
		       struct err *e)
{
	const struct alls_value *v = alls_arg(st, "force_range_out", SIZE_MAX);

	if (!v)
		return 0;
	if (alls_numbers(s, st, v, "force_range_out", p->range, 2, &p->nrange, e) < 0)
		return -1;
	if (p->nrange == 2 && p->range[0] <= 0 && p->range[1] >= 0 && p->range[0] < p->range[1])
		return 0;
	err_set(e,
		"argument 'force_range_out' must be [min, max] with min <= 0 <= max and min < max");
	return alls_in(s, st, e);
}

static int set_groups(const struct alls *s, const struct alls_stmt *st, const struct layer *l,
		      struct qinfo *info, int groups, struct err *e)
{
	bool last = false;

	for (size_t i = 0; i < l->nsucc; i++)
		last = last || l->succ[i]->type == HN_OUTPUT;
	if (groups == 1 ||
	    ((l->type == HN_CONV || l->type == HN_DENSE) && !l->p.elementwise_add && !last)) {
		info->groups = groups;
		return 0;
	}
	err_set(e,
		"layer '%s': quantization groups serve conv and dense layers that add nothing and "
		"are not the last",
		quote(l->name));
	return alls_in(s, st, e);
}

static int apply_param(struct quant *q, const struct alls *s, const struct alls_stmt *st,
		       const struct layer_param *p, struct layer *l, struct err *e)
{
	struct qinfo *info = quant_info(q, l);

	if (p->precision)
		l->quant.precision_mode = arena_strdup(&q->g->arena, p->precision);
	if (p->bias && hn_is(l->type, HNF_BIAS))
		l->quant.bias_mode = arena_strdup(&q->g->arena, p->bias);
	if (p->feed_repeat)
		info->max_feed_repeat = p->feed_repeat;
	if (p->nrange) {
		info->forced = true;
		info->lo = p->range[0];
		info->hi = p->range[1];
	}
	return p->groups ? set_groups(s, st, l, info, p->groups, e) : 0;
}

static int layer_params(struct quant *q, const struct alls *s, const struct alls_stmt *st,
			struct err *e)
{
	static const char *const keys[] = { "bias_mode",
					    "precision_mode",
					    "quantization_groups",
					    "force_range_out",
					    "max_elementwise_feed_repeat",
					    "max_bias_feed_repeat",
					    "null_channels_cutoff_factor",
					    NULL };
	struct layer_param p = { 0 };
	const struct alls_value *v;
	struct layer **layers;
	size_t n;
	int unused = 0;
	int rc = 0;

	if (alls_only(s, st, keys, 1, e) < 0 || alls_need(s, st, NULL, 0, &v, e) < 0 ||
	    param_words(s, st, &p, e) < 0 || param_range(s, st, &p, e) < 0 ||
	    get_int(s, st, "quantization_groups", 1, 4, &p.groups, e) < 0 ||
	    get_int(s, st, "max_bias_feed_repeat", 1, 32, &p.feed_repeat, e) < 0 ||
	    get_int(s, st, "max_elementwise_feed_repeat", 1, 4, &unused, e) < 0 ||
	    alls_layers(s, st, v, q->g, &layers, &n, e) < 0)
		return -1;
	if (alls_arg(st, "max_elementwise_feed_repeat", SIZE_MAX))
		log_warn("%s:%d: max_elementwise_feed_repeat has no effect: the added input of a "
			 "convolution has a 15-bit multiplier on this machine",
			 quote(s->file), st->line);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = apply_param(q, s, st, &p, layers[i], e);
	free(layers);
	return rc;
}

static int equalization(struct quant *q, const struct alls *s, const struct alls_stmt *st,
			struct err *e)
{
	static const char *const keys[] = { "policy", "layers", NULL };
	static const char *const policies[] = { "disabled", "enabled", "allowed", NULL };
	const struct alls_value *v;
	struct layer **layers = NULL;
	size_t n = 0;
	int policy = 2;

	if (alls_only(s, st, keys, 1, e) < 0)
		return -1;
	if ((v = alls_arg(st, "policy", SIZE_MAX)) &&
	    alls_word(s, st, v, "policy", policies, &policy, e) < 0)
		return -1;
	if (!(v = alls_arg(st, "layers", SIZE_MAX))) {
		if (policy != 2)
			q->opts.equalization = policy == 1;
		return 0;
	}
	if (alls_layers(s, st, v, q->g, &layers, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		quant_info(q, layers[i])->no_equalize = policy == 0;
	free(layers);
	return 0;
}

static int pre_quantization(struct quant *q, const struct alls *s, const struct alls_stmt *st,
			    struct err *e)
{
	const char *what;

	if (algorithm(s, st, &what, e) < 0)
		return -1;
	if (strcmp(what, "equalization") == 0)
		return equalization(q, s, st, e);
	return disabled_only(s, st, what, e);
}

static int post_quantization(struct quant *q, const struct alls *s, const struct alls_stmt *st,
			     struct err *e)
{
	const char *what;

	(void)q;
	return algorithm(s, st, &what, e) < 0 ? -1 : disabled_only(s, st, what, e);
}

static const struct {
	const char *name;
	int (*run)(struct quant *q, const struct alls *s, const struct alls_stmt *st,
		   struct err *e);
} commands[] = {
	{ "model_optimization_config", optimization_config },
	{ "model_optimization_flavor", flavor },
	{ "post_quantization_optimization", post_quantization },
	{ "pre_quantization_optimization", pre_quantization },
	{ "quantization_param", layer_params },
};

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
	const struct alls *s = q->o->script;

	default_bias_mode(q);
	for (size_t i = 0; s && i < s->nstmts; i++)
		for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
			if (strcmp(s->stmts[i].command, commands[c].name) == 0 &&
			    commands[c].run(q, s, &s->stmts[i], e) < 0)
				return -1;
	return 0;
}
