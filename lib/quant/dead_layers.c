/*
 * dead_layers_removal (guide 5.3.3): a branch that adds nothing goes.  A sum with an operand that
 * was 0 on the whole calibration set is its other operand, and a layer with weights of 0 what it
 * adds.  Before one goes, the network is run on random images with and without it.
 */
#include "base/log.h"
#include "quant/quant_int.h"

#include <math.h>
#include <string.h>

enum {
	IMAGES = 4, /* for comparison */
	MAX_IO = 256
};

/* Of the largest output: sums in another order. */
static const double tolerance = 1e-5;

static bool always_zero(const struct quant *q, const struct layer *l, size_t input)
{
	const struct layer *from = l->in[input].layer;
	const struct qinfo *info = quant_info(q, from);
	const size_t first = quant_port_offset(from, l->in[input].port);

	for (size_t f = first; f < first + (size_t)layer_in_shape(l, input)->c; f++)
		if (info->min[f] != 0 || info->max[f] != 0)
			return false;
	return true;
}

static bool zero_weights(const struct quant *q, const struct layer *l, const char *key)
{
	const struct tensor *t = layer_weight(q->w, l, key);

	for (size_t i = 0; t && i < tensor_count(t); i++)
		if (tensor_get(t, i) != 0)
			return false;
	return true;
}

/* The activation leaves the values of an input as they are. */
static bool activation_idle(const struct quant *q, const struct layer *l, size_t input)
{
	const struct layer *from = l->in[input].layer;
	const struct qinfo *info = quant_info(q, from);
	const size_t first = quant_port_offset(from, l->in[input].port);

	for (size_t f = first; f < first + (size_t)layer_in_shape(l, input)->c; f++)
		if (l->p.activation == ACT_RELU && !(info->min[f] >= 0))
			return false;
	return l->p.activation == ACT_LINEAR || l->p.activation == ACT_RELU;
}

/* The input that a layer hands on, or -1. */
static int handed_on(const struct quant *q, const struct layer *l)
{
	int i = -1;

	if (l->nin != 2 || l->nout != 1)
		return -1;
	if (l->type == HN_EW_ADD && always_zero(q, l, 0))
		i = 1;
	else if ((l->type == HN_EW_ADD || l->type == HN_EW_SUB) && always_zero(q, l, 1))
		i = 0;
	else if (l->p.elementwise_add && zero_weights(q, l, "kernel") && zero_weights(q, l, "bias"))
		i = 1;
	if (i < 0 || !activation_idle(q, l, (size_t)i) ||
	    !hn_shape_equal(layer_in_shape(l, (size_t)i), &l->out[0]))
		return -1;
	return i;
}

/* An output keeps the layer that makes it, and a command the layer that it names. */
static bool must_stay(const struct quant *q, const struct layer *l)
{
	for (size_t i = 0; i < l->nsucc; i++)
		if (l->succ[i]->type == HN_OUTPUT)
			return true;
	return q->o->script && alls_names_layer(q->o->script, l->name);
}

/* Everything that only served l goes with it. */
static void mark_dead(struct layer *l)
{
	l->dead = true;
	for (size_t i = 0; i < l->nin; i++) {
		struct layer *from = l->in[i].layer;
		bool read = from->type == HN_INPUT || hn_is(from->type, HNF_MULTI_OUT);

		for (size_t k = 0; k < from->nsucc; k++)
			read = read || !from->succ[k]->dead;
		if (!read && !from->dead)
			mark_dead(from);
	}
}

/* Without the dead layers an input has no reader, a splitter a part too many, or a command no
 * layer. */
static bool is_missed(const struct quant *q, const struct graph *g)
{
	for (size_t i = 0; i < g->nlayers; i++) {
		const struct layer *l = g->layers[i];
		bool some = false, all = l->nsucc > 0;

		for (size_t k = 0; k < l->nsucc; k++) {
			some = some || l->succ[k]->dead;
			all = all && l->succ[k]->dead;
		}
		if ((l->dead && must_stay(q, l)) || (!l->dead && l->type == HN_INPUT && all) ||
		    (!l->dead && hn_is(l->type, HNF_MULTI_OUT) && some))
			return true;
	}
	return false;
}

/* g without layer number `index`, which hands on input i. */
static int bypass(struct graph *g, size_t index, int i, struct err *e)
{
	struct layer *l = g->layers[index];
	const struct hn_input from = l->in[i];

	/* Who else reads the input is told first, that it does not die with the layer. */
	graph_replace_uses(g, l, 0, from.layer, from.port);
	if (graph_link(g, e) < 0)
		return -1;
	mark_dead(l);
	return 0;
}

/* Random images of the network's inputs, between the extremes that were observed. */
static float *random_input(const struct quant *q, const struct layer *input)
{
	const struct qinfo *info = quant_info(q, input);
	const struct emu_feed feed = emu_feed_of(input);
	const size_t n = IMAGES * hn_shape_count(&feed.shape);
	float *x = xaligned(n * sizeof *x);
	double lo = INFINITY, hi = -INFINITY;
	struct rng r;

	quant_rng(&q->opts, &r, 0, input->name);
	for (size_t c = 0; c < info->c; c++) {
		lo = fmin(lo, (double)info->min[c]);
		hi = fmax(hi, (double)info->max[c]);
	}
	for (size_t i = 0; i < n; i++)
		x[i] = (float)(lo + (hi - lo) * rng_uniform(&r));
	return x;
}

/* The outputs of a graph on those images, in a row; the caller frees them. */
static float *outputs(const struct quant *q, const struct graph *g, size_t *n, struct err *e)
{
	struct layer *in[MAX_IO], *out[MAX_IO];
	const void *x[MAX_IO];
	void *y[MAX_IO];
	size_t nin = graph_inputs(q->g, in, MAX_IO), nout = graph_outputs(g, out, MAX_IO);
	struct emu *m = emu_new_f32(g, q->w, IMAGES, false, e);
	float *all;
	int rc = -1;

	*n = 0;
	for (size_t k = 0; k < nout; k++)
		*n += IMAGES * hn_shape_count(&out[k]->out[0]);
	all = xaligned(*n * sizeof *all);
	for (size_t k = 0, at = 0; k < nout; k++) {
		y[k] = all + at;
		at += IMAGES * hn_shape_count(&out[k]->out[0]);
	}
	for (size_t k = 0; k < nin; k++)
		x[k] = random_input(q, in[k]);
	if (m)
		rc = emu_run(m, IMAGES, x, y, e);
	for (size_t k = 0; k < nin; k++)
		free((void *)(uintptr_t)x[k]);
	emu_free(m);
	if (rc == 0)
		return all;
	free(all);
	return NULL;
}

/* The outputs of both graphs are the same: 1; 0: not; -1: error. */
static int same_outputs(const struct quant *q, const struct graph *g, struct err *e)
{
	size_t n = 0, m = 0;
	float *a = outputs(q, q->g, &n, e);
	float *b = a ? outputs(q, g, &m, e) : NULL;
	double top = 0, off = 0;
	int rc = b ? n == m : -1;

	for (size_t i = 0; rc == 1 && i < n; i++) {
		top = fmax(top, fabs((double)a[i]));
		off = fmax(off, fabs((double)a[i] - (double)b[i]));
	}
	free(a);
	free(b);
	return rc == 1 && off > tolerance * top ? 0 : rc;
}

/* 1: the network is the same without the layer, nobody misses it; 0: not; -1: error. */
static int try_without(const struct quant *q, const struct layer *l, int input, struct err *e)
{
	struct graph *g = graph_clone(q->g);
	int rc = -1;

	if (graph_infer_shapes(g, e) == 0 && bypass(g, l->index, input, e) == 0)
		rc = !is_missed(q, g);
	if (rc == 1) {
		graph_sweep(g);
		rc = graph_infer_shapes(g, e) < 0 ? -1 : 1;
	}
	if (rc == 1 && q->validate_removal && (rc = same_outputs(q, g, e)) == 0)
		log_info("layer '%s' gave nothing on the calibration set, but gives something on "
			 "random images: it stays",
			 quote(l->name));
	graph_free(g);
	return rc;
}

/* 1: the layer is gone, and with it what served it alone. */
static int try_layer(struct quant *q, struct layer *l, struct err *e)
{
	const int input = handed_on(q, l);
	int rc;

	if (input < 0 || must_stay(q, l) || (rc = try_without(q, l, input, e)) == 0)
		return 0;
	if (rc < 0)
		return -1;
	log_info("layer '%s' adds nothing: removed", quote(l->name));
	quant_mark_layers(q);
	return bypass(q->g, l->index, input, e) < 0 || quant_relink(q, e) < 0 ? -1 : 1;
}

int quant_dead_layers(struct quant *q, struct err *e)
{
	if (!q->remove_layers)
		return 0;
	for (size_t i = 0; i < q->g->nlayers;) {
		int rc = try_layer(q, q->g->layers[i], e);

		if (rc < 0)
			return -1;
		/* Numbers have changed: from the start. */
		i = rc == 1 ? 0 : i + 1;
	}
	return 0;
}
