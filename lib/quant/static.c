/*
 * zero_static_channels (guide 5.3.3): a feature that never changes on the calibration set has no
 * use for its weights, which may be the layer's largest.  They become 0, and the bias the value.
 */
#include "base/log.h"
#include "quant/quant_int.h"

#include <math.h>
#include <string.h>

enum {
	VALUES_LEAST = 64 /* fewer values of a feature do not show that it never changes */
};

/* Kernels by output feature and activations whose argument is known from their value. */
static bool serves(const struct quant *q, const struct layer *l)
{
	enum hn_act a = l->p.activation;
	const uint64_t values = q->images * (uint64_t)l->out[0].h * (uint64_t)l->out[0].w;

	return channels_scalable(q, l) && !l->p.elementwise_add && !l->p.conversion &&
	       (hn_act_is_clip(a) || a == ACT_LEAKY) && values >= VALUES_LEAST;
}

static bool wanted(const struct quant *q, const struct qinfo *info)
{
	return info->zero_static < 0 ? q->zero_static : info->zero_static;
}

/* No variance is larger than a quarter of the squared range (Popoviciu 1935). */
static bool is_static(const struct quant *q, const struct qinfo *info, size_t f)
{
	const double range = (double)info->max[f] - (double)info->min[f];

	return range * range / 4 <= q->static_eps;
}

/* Some feature that the layer reads changes: else all that follows stands still with it. */
static bool input_changes(const struct quant *q, const struct layer *l)
{
	const struct layer *from = l->in[0].layer;
	const struct qinfo *info = quant_info(q, from);
	const size_t first = quant_port_offset(from, l->in[0].port);

	for (size_t f = 0; f < (size_t)layer_in_shape(l, 0)->c; f++)
		if (!is_static(q, info, first + f))
			return true;
	return false;
}

/* The bias that gives a value behind the activation. */
static float bias_of(const struct layer *l, double value)
{
	if (l->p.activation == ACT_LEAKY && value < 0)
		value = l->p.act.alpha != 0 ? value / (double)l->p.act.alpha : 0;
	return (float)value;
}

/* A copy of a stored weight, or zeros. */
static struct tensor editable(const struct quant *q, const struct layer *l, const char *key,
			      size_t n)
{
	const struct tensor *t = layer_weight(q->w, l, key);
	const int64_t dim = (int64_t)n;
	struct tensor copy = t ? tensor_new(DT_F32, t->rank, t->dim) : tensor_new(DT_F32, 1, &dim);

	if (t)
		memcpy(tensor_data(&copy), t->data, tensor_bytes(t));
	return copy;
}

static void zero_features(struct quant *q, const struct layer *l, const bool *which, bool any_value)
{
	const struct qinfo *info = quant_info(q, l);
	struct tensor kernel = editable(q, l, "kernel", 0);
	struct tensor bias = editable(q, l, "bias", info->c);
	float *k = tensor_data(&kernel), *b = tensor_data(&bias);

	for (size_t i = 0; i < tensor_count(&kernel); i += info->c)
		for (size_t f = 0; f < info->c; f++)
			if (which[f])
				k[i + f] = 0;
	for (size_t f = 0; f < info->c; f++)
		if (which[f])
			b[f] = bias_of(l, ((double)info->min[f] + (double)info->max[f]) / 2);
	layer_set_weight(q->w, l, "kernel", kernel);
	if (any_value || layer_weight(q->w, l, "bias"))
		layer_set_weight(q->w, l, "bias", bias);
	else
		tensor_release(&bias);
}

static int zero_layer(struct quant *q, const struct layer *l, struct err *e)
{
	const struct qinfo *info = quant_info(q, l);
	const struct tensor *kernel = layer_weight(q->w, l, "kernel");
	bool *which, any_value = false;
	size_t n = 0;

	if (!wanted(q, info) || !serves(q, l) || !input_changes(q, l))
		return 0;
	if (!quant_weight(q, l, "kernel", kernel ? tensor_count(kernel) : 0, e) ||
	    (layer_weight(q->w, l, "bias") && !quant_weight(q, l, "bias", info->c, e)))
		return -1;
	which = xcalloc(info->c, sizeof *which);
	for (size_t f = 0; f < info->c; f++) {
		which[f] = is_static(q, info, f);
		n += which[f];
		any_value = any_value || (which[f] && info->min[f] + info->max[f] != 0);
	}
	if (n > 0) {
		log_debug("%s: %zu of %zu features never change: their weights are zero now",
			  quote(l->name), n, info->c);
		zero_features(q, l, which, any_value);
	}
	free(which);
	return 0;
}

int quant_zero_static(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++)
		if (zero_layer(q, q->g->layers[i], e) < 0)
			return -1;
	return 0;
}
