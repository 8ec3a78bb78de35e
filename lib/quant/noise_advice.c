/* Which line of a model script may help a layer, by its numbers: the rules of hn-noise(1). */
#include "alls/table.h"
#include "kernel/qop.h"
#include "quant/noise.h"

#include <math.h>

/* What the rules look at. */
struct advice {
	const struct noise_layer *n;
	const struct layer *l;
	const struct qop *q;
	bool has_weights;
	struct weight_stat w;
	double range;                    /* of its codes by that of 99.98% of its values */
	bool no_equalization, corrected; /* by the script */
	char *name;                      /* as a script writes it */
};

static const double wide_ratio = 8;      /* features whose weights differ so much */
static const double wide_weights = 3;    /* weights that stand out so far */
static const double wide_values = 3;     /* codes wider than nearly all values by so much */
static const double much_constant = 0.5; /* part of the noise that a bias would take away */
static const double much_outside = 1e-3; /* part of the values that codes do not reach */

static bool unlike_features(const struct advice *a)
{
	return a->has_weights && a->w.ratio >= wide_ratio;
}

static bool wants_equalization(const struct advice *a)
{
	return a->no_equalization && unlike_features(a);
}

/* What quantization_groups demands: script.c. */
static bool wants_groups(const struct advice *a)
{
	bool last = false;

	for (size_t i = 0; i < a->l->nsucc; i++)
		last = last || a->l->succ[i]->type == HN_OUTPUT;
	return unlike_features(a) && !last && !a->l->p.elementwise_add &&
	       (a->l->type == HN_CONV || a->l->type == HN_DENSE) && a->q->w_scale.n < 4;
}

static bool wants_weights_clipped(const struct advice *a)
{
	return a->has_weights && a->w.n >= 1000 && a->w.outlier >= wide_weights;
}

static bool wants_more_images(const struct advice *a)
{
	return a->n->outside > much_outside && a->l->p.activation == ACT_LINEAR;
}

static bool wants_values_clipped(const struct advice *a)
{
	return a->range >= wide_values;
}

/* The means of features are off, and that is most of it. */
static bool wants_bias(const struct advice *a)
{
	return a->n->constant >= much_constant && a->has_weights && hn_is(a->l->type, HNF_BIAS) &&
	       !a->corrected;
}

static bool has_4_bits(const struct advice *a)
{
	return a->q->w_bits == 4;
}

static bool has_8_bits(const struct advice *a)
{
	return a->q->out_bits == 8 || a->q->w_bits == 8 || a->q->w_bits == 4;
}

/* In the order in which they are tried: what costs nothing first. */
static const struct {
	bool (*applies)(const struct advice *a);
	const char *line; /* LAYER stands for the name */
	const char *why;
} rules[] = {
	/* clang-format off */
	{ wants_equalization,    "pre_quantization_optimization(equalization, policy=enabled)",
	  "weights of features differ much, and equalization is off" },
	{ wants_groups,          "quantization_param(LAYER, quantization_groups=4)",
	  "weights of features differ much" },
	{ wants_weights_clipped, "pre_quantization_optimization(weights_clipping, layers=[LAYER], mode=percentile, clipping_values=[0.01, 99.99])",
	  "a few weights stand out" },
	{ wants_values_clipped,  "pre_quantization_optimization(activation_clipping, layers=[LAYER], mode=percentile, clipping_values=[0.01, 99.99])",
	  "a few values stand out" },
	{ wants_more_images,     "model_optimization_config(calibration, calibset_size=512)",
	  "values lie outside what was calibrated" },
	{ wants_bias,            "post_quantization_optimization(bias_correction, policy=enabled)",
	  "most of its noise is constant" },
	{ has_4_bits,            "quantization_param(LAYER, precision_mode=a8_w8)",
	  "its weights have 4 bits" },
	{ has_8_bits,            "quantization_param(LAYER, precision_mode=a16_w16)",
	  "8 bits are not enough" },
	/* clang-format on */
};

/* Later statements win, as in quantization. */
static bool equalization_is_off(const struct alls *s)
{
	bool off = false;

	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		if (alls_is(st, "model_optimization_flavor", NULL))
			off = off || alls_get_int(st, "optimization_level", 0) == -100;
		else if (alls_is(st, "pre_quantization_optimization", "equalization") &&
			 !st->row->layered)
			off = alls_get_switch(st, "policy") == 0;
	}
	return off;
}

static bool biases_are_corrected(const struct alls *s)
{
	bool on = false;

	for (size_t i = 0; s && i < s->nstmts; i++) {
		const struct alls_stmt *st = &s->stmts[i];

		if (alls_is(st, "model_optimization_flavor", NULL))
			on = on || alls_get_int(st, "optimization_level", 0) >= 1;
		else if (alls_is(st, "post_quantization_optimization", "bias_correction") &&
			 !st->row->layered)
			on = alls_get_switch(st, "policy") == 1;
	}
	return on;
}

static double value_range(const struct noise_layer *n)
{
	const double low = hist_quantile(&n->hist, NULL, 1, 0.0001, n->min, n->max);
	const double high = hist_quantile(&n->hist, NULL, 1, 0.9999, n->min, n->max);
	const double most = fmax(high, 0) - fmin(low, 0);

	return most > 0 ? (n->hi - n->lo) / most : 1;
}

static char *filled(const char *line, const char *name)
{
	const char *at = strstr(line, "LAYER");

	if (!at)
		return xstrdup(line);
	return xasprintf("%.*s%s%s", (int)(at - line), line, name, at + strlen("LAYER"));
}

struct noise_line *noise_advice(const struct emu_model *m, const struct noise_layer *l,
				const struct alls *script, size_t *n)
{
	struct str name = { 0 };
	struct advice a = { .n = l, .l = l->l, .q = &m->q.q[l->l->index] };
	struct noise_line *v = xcalloc(sizeof rules / sizeof rules[0], sizeof *v);

	a.has_weights = weight_stat(l->l, m->w, &a.w);
	a.range = value_range(l);
	a.no_equalization = equalization_is_off(script);
	a.corrected = biases_are_corrected(script);
	alls_print_name(l->l->name, &name);
	*n = 0;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].applies(&a))
			v[(*n)++] =
			    (struct noise_line){ filled(rules[i].line, name.p), rules[i].why };
	str_release(&name);
	return v;
}

void noise_lines_free(struct noise_line *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].text);
	free(v);
}
