/*
 * Iterative Bias Correction (Finkelstein, Fuchs, Tal, Grobman, Vosco, Meller 2019): layer by layer,
 * in their order, each bias gets the mean over the calibration images by which the integer layer's
 * sums, computed from what the corrected layers before it give, miss those of the float model.
 * Only the means of what a layer reads are needed for that (input_sums.h); then the layer runs
 * once, and its codes wait on disk for their readers (bias_stream.h).  What the optimization level
 * corrects is tried on images that were left out, first (bias_check.h).
 */
#include "base/log.h"
#include "quant/bias_check.h"
#include "quant/weights.h"

#include <math.h>
#include <string.h>

/* Why a layer's biases are corrected. */
enum why {
	WHY_NOT,
	WHY_LEVEL, /* the optimization level does, if it is worth it */
	WHY_ASKED  /* a command of the script does */
};

/* What a run through the integer network does with the outputs. */
enum outputs {
	OUTPUTS_PASS, /* nothing: it is the one that counts */
	OUTPUTS_BEFORE,
	OUTPUTS_AFTER
};

/* The bias of a record as it was. */
struct kept {
	int32_t mode, shift, feed, repeat;
	size_t n;
	int16_t *mant;
};

struct corrector {
	struct quant *q;
	enum why *why;            /* by layer */
	struct input_sums *sums;  /* by layer, of the float model; op NULL: not corrected */
	struct kept *kept;        /* by layer */
	size_t end;               /* behind the last layer that is corrected */
	struct bias_check *check; /* NULL: nothing is tried */

	/* Of the run through the integer network: */
	enum why least;       /* layers that are corrected */
	enum image_half half; /* images that say how */
	enum outputs outputs;
};

static bool has_bias(const struct quant *q, const struct layer *l)
{
	const struct qop *op = &q->ops[l->index];

	return !l->p.conversion && op->w_bits > 0 && op->kernel.n + op->kernel16.n > 0;
}

static enum why why_corrected(const struct quant *q, const struct layer *l)
{
	const int of_layer = quant_info(q, l)->correct_bias;
	const int asked = of_layer >= 0 ? of_layer : q->correct_biases;

	if (!has_bias(q, l) || asked == 0)
		return WHY_NOT;
	if (asked > 0)
		return WHY_ASKED;
	return q->opts.optimization_level >= 1 ? WHY_LEVEL : WHY_NOT;
}

static void corrector_init(struct corrector *c, struct quant *q)
{
	const struct graph *g = q->g;
	bool try = false;

	c->q = q;
	c->why = xcalloc(g->nlayers, sizeof *c->why);
	c->sums = xcalloc(g->nlayers, sizeof *c->sums);
	c->kept = xcalloc(g->nlayers, sizeof *c->kept);
	for (size_t i = 0; i < g->nlayers; i++) {
		c->why[i] = why_corrected(q, g->layers[i]);
		if (c->why[i] == WHY_NOT)
			continue;
		input_sums_init(&c->sums[i], &q->ops[i]);
		c->end = i + 1;
		try = try || c->why[i] == WHY_LEVEL;
	}
	if (try && q->calib)
		c->check = check_new(q);
}

static void corrector_release(struct corrector *c)
{
	for (size_t i = 0; i < c->q->g->nlayers; i++) {
		if (c->sums[i].op)
			input_sums_release(&c->sums[i]);
		free(c->kept[i].mant);
	}
	free(c->why);
	free(c->sums);
	free(c->kept);
	check_free(c->check);
}

static void keep_biases(struct corrector *c)
{
	for (size_t i = 0; i < c->end; i++) {
		const struct qop *op = &c->q->ops[i];
		const size_t n = op->bias_mant.n;
		struct kept *k = &c->kept[i];

		if (c->why[i] == WHY_NOT)
			continue;
		free(k->mant);
		*k = (struct kept){
			op->bias_mode, op->bias_shift, op->bias_feed, op->bias_repeat, n, NULL,
		};
		if (n) {
			k->mant = xreallocarray(NULL, n, sizeof *k->mant);
			memcpy(k->mant, op->bias_mant.v, n * sizeof *k->mant);
		}
	}
}

static void restore_biases(struct corrector *c)
{
	for (size_t i = 0; i < c->end; i++) {
		struct qop *op = &c->q->ops[i];
		const struct kept *k = &c->kept[i];

		if (c->why[i] == WHY_NOT)
			continue;
		op->bias_mode = k->mode;
		op->bias_shift = k->shift;
		op->bias_feed = k->feed;
		op->bias_repeat = k->repeat;
		free(op->bias_mant.v);
		op->bias_mant.n = k->n;
		op->bias_mant.v = NULL;
		if (k->n) {
			op->bias_mant.v = xreallocarray(NULL, k->n, sizeof *k->mant);
			memcpy(op->bias_mant.v, k->mant, k->n * sizeof *k->mant);
		}
	}
}

/* The float model's values, for those who read them. */
static int see_float(const struct layer *l, int32_t port, const void *data, int32_t n, void *ctx,
		     struct err *e)
{
	struct corrector *c = ctx;

	for (size_t s = 0; s < l->nsucc; s++) {
		const struct layer *to = l->succ[s];
		struct input_sums *sums = &c->sums[to->index];

		if (!sums->op || (s > 0 && l->succ[s - 1] == to))
			continue;
		if (to->in[0].layer == l && to->in[0].port == port &&
		    input_sums_add(sums, INPUT_F32, data, n, 0, e) < 0)
			return -1;
		if (to->nin > 1 && to->in[1].layer == l && to->in[1].port == port &&
		    input_sums_add_added(sums, INPUT_F32, data, n, 0, e) < 0)
			return -1;
	}
	return c->check ? check_float(c->check, l, port, data, n, e) : 0;
}

static int run_float(struct corrector *c, struct err *e)
{
	struct emu *m = emu_new_f32(c->q->g, c->q->w, c->q->opts.batch, true, e);
	int rc = -1;

	if (m) {
		emu_observe(m, see_float, c);
		rc = quant_run_set(c->q, m, FEED_WHOLE, "float means", e);
	}
	emu_free(m);
	return rc;
}

/* What the integer layer reads. */
static int sum_codes(const struct corrector *c, struct stream *s, const struct layer *l,
		     struct input_sums *sums, struct err *e)
{
	const struct qop *op = &c->q->ops[l->index];
	int (*const add[])(struct input_sums *, enum input_kind, const void *, int32_t, int32_t,
			   struct err *) = { input_sums_add, input_sums_add_added };

	for (size_t b = 0; b < stream_batches(c->q); b++)
		for (size_t i = 0; i < l->nin && i < 2; i++) {
			const void *codes = stream_input(s, i, b, e);
			const enum input_kind kind = op->in_bits.v[i] == 16 ? INPUT_U16 : INPUT_U8;

			if (!codes || add[i](sums, kind, codes, (int32_t)stream_images(c->q, b),
					     op->in_zp.v[i], e) < 0)
				return -1;
		}
	return 0;
}

/* A layer's weights as its record has them; the caller frees them. */
static float *integer_kernel(const struct qop *op)
{
	const size_t n = op->kernel.n + op->kernel16.n;
	float *kernel = xreallocarray(NULL, n, sizeof *kernel);

	for (size_t i = 0; i < n; i++)
		kernel[i] = op->w_bits == 16 ? op->kernel16.v[i] : op->kernel.v[i];
	return kernel;
}

/* The biases, in units of the accumulators, that make both models' sums the same in the mean. */
static void find_biases(const struct corrector *c, const struct layer *l,
			const struct input_sums *sums, const struct weights *w, double *bias)
{
	const struct qop *op = &c->q->ops[l->index];
	const double added = op->nin > 1 ? ldexp((double)op->in_mult.v[1], -op->in_shift.v[1]) : 0;
	double most = 0;
	float *kernel = integer_kernel(op);
	double *got = xreallocarray(NULL, w->cout, sizeof *got);

	input_sums_mean(&c->sums[l->index], c->half, w->kernel, 1, bias);
	input_sums_mean(sums, c->half, kernel, added, got);
	for (size_t o = 0; o < w->cout; o++) {
		const int32_t group = op->w_group.n ? op->w_group.v[o] : 0;
		const double unit = (double)op->in_scale.v[0] * (double)op->w_scale.v[group];

		bias[o] = (bias[o] + (double)w->bias[o]) / unit - got[o];
		most = fmax(most, fabs(bias[o] - (double)qop_bias(op, o)) * unit);
	}
	if (c->outputs == OUTPUTS_PASS)
		log_debug("%s: biases corrected by at most %.3g", quote(l->name), most);
	free(kernel);
	free(got);
}

static int set_biases(struct corrector *c, const struct layer *l, double *bias, struct err *e)
{
	struct qop *op = &c->q->ops[l->index];
	const size_t beyond = weights_set_bias(c->q, l, op, bias);

	if (beyond && c->outputs == OUTPUTS_PASS)
		log_warn("layer '%s': %zu corrected biases do not fit their form, and end at its "
			 "limit",
			 quote(l->name), beyond);
	return qop_check(op, e);
}

static int correct(struct corrector *c, struct stream *s, const struct layer *l, struct err *e)
{
	const struct qop *op = &c->q->ops[l->index];
	double *bias = xreallocarray(NULL, (size_t)op->out_shape.v[2], sizeof *bias);
	struct weights w = { 0 };
	struct input_sums sums;
	int rc;

	input_sums_init(&sums, op);
	rc = sum_codes(c, s, l, &sums, e);
	if (rc == 0)
		rc = weights_load(c->q, l, op, &w, e);
	if (rc == 0) {
		find_biases(c, l, &sums, &w, bias);
		rc = set_biases(c, l, bias, e);
	}
	weights_release(&w);
	input_sums_release(&sums);
	free(bias);
	return rc < 0 ? err_in(e, "layer '%s'", quote(l->name)) : 0;
}

static int before_layer(struct stream *s, const struct layer *l, void *ctx, struct err *e)
{
	struct corrector *c = ctx;

	if (l->type != HN_OUTPUT)
		return c->why[l->index] >= c->least ? correct(c, s, l, e) : 0;
	switch (c->outputs) {
	case OUTPUTS_PASS:
		return 0;
	case OUTPUTS_BEFORE:
		return check_before(c->check, s, l, e);
	case OUTPUTS_AFTER:
		return check_after(c->check, s, l, HALF_BOTH ^ c->half, e);
	}
	return 0;
}

/* The network once, correcting the layers that have a reason of this weight or more. */
static int run_integers(struct corrector *c, enum why least, enum image_half half,
			enum outputs outputs, const char *what, struct err *e)
{
	const size_t end = outputs == OUTPUTS_PASS ? c->end : c->q->g->nlayers;

	c->least = least;
	c->half = half;
	c->outputs = outputs;
	return stream_run(c->q, end, what, before_layer, c, e);
}

/* The level asks for more than one image says. */
static void tell_one_image(struct quant *q)
{
	const char *what = "bias correction cannot be tried on one image: biases stay as they are "
			   "(two at least, or a bias_correction command)";

	log_warn("%s", what);
	if (!q->downgrade)
		q->downgrade = xasprintf("%s", what);
}

/* Is what the level corrects worth it, beside what commands ask for?  Biases are as before then. */
static int try_level(struct corrector *c, bool *worth, struct err *e)
{
	int rc;

	*worth = false;
	if (calib_count(c->q->calib) < 2) {
		tell_one_image(c->q);
		return 0;
	}
	keep_biases(c);
	rc = run_integers(c, WHY_ASKED, HALF_BOTH, OUTPUTS_BEFORE, "outputs before", e);
	for (int half = HALF_EVEN; half <= HALF_ODD && rc == 0; half++) {
		restore_biases(c);
		rc = run_integers(c, WHY_LEVEL, half, OUTPUTS_AFTER, "outputs after", e);
	}
	restore_biases(c);
	*worth = rc == 0 && check_verdict(c->check);
	return rc;
}

static int correct_network(struct corrector *c, struct err *e)
{
	enum why least = WHY_LEVEL;
	bool worth = true, any = false;

	if (run_float(c, e) < 0 || (c->check && try_level(c, &worth, e) < 0))
		return -1;
	if (!worth)
		least = WHY_ASKED;
	for (size_t i = 0; i < c->end; i++)
		any = any || c->why[i] >= least;
	return any ? run_integers(c, least, HALF_BOTH, OUTPUTS_PASS, "bias correction", e) : 0;
}

int quant_correct_biases(struct quant *q, struct err *e)
{
	struct corrector c = { 0 };
	int rc = 0;

	corrector_init(&c, q);
	if (c.end && !q->calib)
		rc = err_set(e, "bias correction compares the models on images (give -c beside "
				"--stats, or optimization level 0)");
	else if (c.end)
		rc = correct_network(&c, e);
	corrector_release(&c);
	return rc;
}
