/*
 * negative_exponent (guide 5.3.3): a layer whose sums have a coarser unit than its output's codes
 * loses bits: an accumulator's step becomes 2^n codes.  With rank 1 the layer is divided in two: a
 * helper has the weights as 8 bits have them and gives 16-bit codes, which the layer adds to what
 * is left of its weights, in a unit 254 times finer.  With rank 0 the output's codes become as
 * coarse as the sums, and no layer is added.
 */
#include "base/log.h"
#include "quant/quant_int.h"

#include <math.h>
#include <string.h>

/* The unit of each feature's sums. */
static double unit_of(const struct qop *op, size_t c)
{
	const size_t group = op->w_group.n ? (size_t)op->w_group.v[c] : 0;

	return (double)op->in_scale.v[0] * (double)op->w_scale.v[group];
}

/* n, when a step of the sums is 2^n codes of the output or a little more; below 0: it is finer. */
static int lost_bits(const struct quant *q, const struct layer *l, const struct qop *op)
{
	const struct qinfo *info = quant_info(q, l);
	double unit = 0;

	for (size_t c = 0; c < info->c; c++)
		unit = fmax(unit, unit_of(op, c) /
				      (double)(info->scales ? info->scales[c] : info->scale));
	return (int)floor(log2(unit));
}

/* Why the layer cannot be divided; NULL: it can. */
static const char *whole_reason(const struct layer *l, const struct qop *op)
{
	if (!hn_is(l->type, HNF_ADD) || l->p.conversion)
		return "its type adds no input";
	if (l->p.elementwise_add)
		return "it adds an input already";
	if (op->w_bits != 8)
		return "its weights do not have 8 bits";
	return l->p.activation == ACT_PRELU ? "what enters its activation has no known range"
					    : NULL;
}

/* Range of what enters the activation, as far as it counts. */
static void before_activation(const struct quant *q, const struct layer *l, double *lo, double *hi)
{
	const struct qinfo *info = quant_info(q, l);
	const enum hn_act a = l->p.activation;

	*lo = info->lo;
	*hi = info->hi;
	if (a == ACT_LEAKY && l->p.act.alpha > 0)
		*lo /= (double)l->p.act.alpha;
	else if (!hn_act_is_clip(a) && a != ACT_LEAKY) {
		*lo = fmin(0, (double)info->pre_min);
		*hi = fmax(0, (double)info->pre_max);
	}
}

/*
 * Most that the rest of a feature's weights can add: all inputs at their largest, or six deviations
 * of independent ones, whichever is less.
 */
static double rest_bound(const float *kernel, size_t n, size_t cout, size_t c, double x)
{
	double sum = 0, square = 0;

	for (size_t i = c; i < n; i += cout) {
		sum += fabs((double)kernel[i]);
		square += (double)kernel[i] * (double)kernel[i];
	}
	return x * fmin(sum, 6 * sqrt(square));
}

/* Float weights of the two parts, from the record of the whole: what 8 bits have, and the rest. */
struct parts {
	struct tensor kernel[2], bias[2];
};

static int divide_weights(const struct quant *q, const struct layer *l, const struct qop *op,
			  struct parts *p, struct err *e)
{
	const size_t n = op->kernel.n, cout = (size_t)l->out[0].c;
	const struct tensor *had = layer_weight(q->w, l, "kernel");
	const float *kernel = quant_weight(q, l, "kernel", n, e), *bias = NULL;
	float *k[2], *b[2];

	if (!kernel ||
	    (layer_weight(q->w, l, "bias") && !(bias = quant_weight(q, l, "bias", cout, e))))
		return -1;
	for (int i = 0; i < 2; i++) {
		p->kernel[i] = tensor_new(DT_F32, had->rank, had->dim);
		p->bias[i] = tensor_new(DT_F32, 1, (int64_t[]){ (int64_t)cout });
		k[i] = tensor_data(&p->kernel[i]);
		b[i] = tensor_data(&p->bias[i]);
	}
	for (size_t i = 0; i < n; i++) {
		k[0][i] =
		    (float)(op->kernel.v[i] * (unit_of(op, i % cout) / (double)op->in_scale.v[0]));
		k[1][i] = (float)((double)kernel[i] - (double)k[0][i]);
	}
	for (size_t c = 0; c < cout; c++) {
		b[0][c] = (float)((double)qop_bias(op, c) * unit_of(op, c));
		b[1][c] = (float)((bias ? (double)bias[c] : 0) - (double)b[0][c]);
	}
	return 0;
}

/* The helper's range: what may enter the activation, and what the rest may add to it. */
static void range_high(const struct quant *q, const struct layer *l, const struct qop *op,
		       const struct parts *p, struct qinfo *high)
{
	const float *kernel = p->kernel[1].data, *bias = p->bias[1].data;

	const double x = (double)op->in_scale.v[0] *
			 fmax(op->in_zp.v[0], qop_top(op->in_bits.v[0]) - op->in_zp.v[0]);
	double lo, hi, more = 0;

	before_activation(q, l, &lo, &hi);
	for (size_t c = 0; c < high->c; c++)
		more = fmax(more, rest_bound(kernel, op->kernel.n, high->c, c, x) +
				      fabs((double)bias[c]));
	high->lo = lo - more;
	high->hi = hi + more;
	high->forced = true;
	for (size_t c = 0; c < high->c; c++) {
		high->min[c] = (float)high->lo;
		high->max[c] = (float)high->hi;
	}
}

static struct layer *add_helper(struct quant *q, struct layer *l)
{
	char *name = xasprintf("%s_helper", l->name);
	struct layer *h = graph_add(q->g, l->type, name);

	free(name);
	h->p = l->p;
	h->p.activation = ACT_LINEAR;
	h->quant.bias_mode = l->quant.bias_mode;
	layer_add_input(q->g, h, l->in[0].layer, l->in[0].port);
	layer_add_input(q->g, l, h, 0);
	l->p.elementwise_add = true;
	return h;
}

/* A helper's record is told to the graph, which quant_relink collects. */
static int divide(struct quant *q, struct layer *l, const struct qop *op, struct err *e)
{
	struct qinfo *rest = quant_info(q, l), *high;
	struct parts p;
	struct layer *h;

	if (divide_weights(q, l, op, &p, e) < 0)
		return -1;
	high = xcalloc(1, sizeof *high);
	quant_info_init(high, rest->c);
	high->groups = rest->groups;
	high->max_feed_repeat = rest->max_feed_repeat;
	high->mode = (struct qmode){ .act = op->in_bits.v[0], .w = 8, .out = 16 };
	range_high(q, l, op, &p, high);
	rest->groups = 1;
	high->weight_clip.mode = rest->weight_clip.mode = CLIP_NONE;
	h = add_helper(q, l);
	h->user = high;
	layer_set_weight(q->w, h, "kernel", p.kernel[0]);
	layer_set_weight(q->w, h, "bias", p.bias[0]);
	layer_set_weight(q->w, l, "kernel", p.kernel[1]);
	layer_set_weight(q->w, l, "bias", p.bias[1]);
	return 0;
}

/* The output's codes as coarse as the sums. */
static void delegate(struct quant *q, const struct layer *l, int bits)
{
	struct qinfo *info = quant_info(q, l);

	info->lo = ldexp(info->lo, bits);
	info->hi = ldexp(info->hi, bits);
	info->forced = true;
}

/* One layer of the command. */
static int treat(struct quant *q, struct layer *l, struct err *e)
{
	const struct qinfo *info = quant_info(q, l);
	struct qop op = { 0 };
	const char *why;
	int bits, rc = quant_record(q, l, &op, e);

	if (rc < 0)
		return err_in(e, "layer '%s'", quote(l->name));
	bits = lost_bits(q, l, &op);
	why = whole_reason(l, &op);
	if (bits < info->exponent.threshold) {
		log_debug("%s: a step of its sums is 2^%d codes", quote(l->name), bits);
	} else if (info->exponent.rank == 0) {
		log_info("layer %s: a step of its sums is 2^%d codes, the output's codes become as "
			 "coarse",
			 quote(l->name), bits);
		delegate(q, l, bits);
	} else if (!why) {
		log_info("layer %s: a step of its sums is 2^%d codes, it is divided in two",
			 quote(l->name), bits);
		rc = divide(q, l, &op, e);
	} else if (info->exponent.named) {
		rc = err_set(
		    e,
		    "layer '%s': a step of its sums is 2^%d codes, but it cannot be divided: "
		    "%s (rank=0 makes its codes as coarse)",
		    quote(l->name), bits, why);
	} else {
		log_warn("layer '%s' loses %d bits and is not divided: %s", quote(l->name), bits,
			 why);
	}
	qop_release(&op);
	return rc;
}

/* What is known of the layers that came, from number n on, goes to where the new numbers say. */
static int renumber(struct quant *q, size_t n, struct err *e)
{
	const size_t came = q->g->nlayers - n;
	struct qinfo **told = xcalloc(came, sizeof *told);
	int rc;

	for (size_t i = 0; i < came; i++)
		told[i] = q->g->layers[n + i]->user;
	rc = quant_relink(q, e);
	for (size_t i = 0; i < came; i++)
		free(told[i]);
	free(told);
	return rc;
}

int quant_negative_exponent(struct quant *q, struct err *e)
{
	const size_t n = q->g->nlayers;
	bool any = false;
	int rc = 0;

	quant_mark_layers(q);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct layer *l = q->g->layers[i];

		if (!q->info[i].exponent.threshold ||
		    !(hn_is(l->type, HNF_KERNEL) || l->type == HN_DENSE))
			continue;
		any = true;
		rc = treat(q, l, e);
	}
	for (size_t i = n; i < q->g->nlayers && rc < 0; i++) {
		quant_info_free(q->g->layers[i]->user);
		free(q->g->layers[i]->user);
	}
	if (rc == 0 && q->g->nlayers > n)
		rc = renumber(q, n, e);
	return rc == 0 && any ? quant_ranges(q, e) : rc;
}
