/*
 * Iterative Bias Correction (Finkelstein, Fuchs, Tal, Grobman, Vosco, Meller 2019): layer by layer,
 * in their order, each bias gets the mean over the calibration images by which the integer layer's
 * sums, computed from what the corrected layers before it give, miss those of the float model.
 * Only the means of what a layer reads are needed for that (input_sums.h); then the layer runs
 * once, and its codes wait on disk for their readers.
 */
#include "base/log.h"
#include "quant/code_cache.h"
#include "quant/input_sums.h"
#include "quant/weights.h"

#include <math.h>

enum {
	MAX_IO = 256
};

struct corrector {
	struct quant *q;
	struct input_sums *sums;   /* by layer, of the float model; op NULL: not corrected */
	size_t end;                /* behind the last layer that is corrected */
	size_t *first;             /* by layer: number of its first output port's value */
	size_t *last;              /* by value: the last layer before `end` that reads it */
	struct code_cache **cache; /* by value */
	int *fed;                  /* by layer: the input whose images it is; -1: none */
	struct layer *input[MAX_IO];
};

static bool has_bias(const struct quant *q, const struct layer *l)
{
	const struct qop *op = &q->ops[l->index];

	return !l->p.conversion && op->w_bits > 0 && op->kernel.n + op->kernel16.n > 0;
}

bool quant_corrects(const struct quant *q, const struct layer *l)
{
	const int asked = quant_info(q, l)->correct_bias;

	if (!has_bias(q, l))
		return false;
	if (asked >= 0)
		return asked == 1;
	return q->correct_biases >= 0 ? q->correct_biases == 1 : q->opts.optimization_level >= 1;
}

static size_t value_in(const struct corrector *c, const struct layer *l, size_t i)
{
	return c->first[l->in[i].layer->index] + (size_t)l->in[i].port;
}

static void number_values(struct corrector *c)
{
	const struct graph *g = c->q->g;
	size_t n = 0;

	c->first = xcalloc(g->nlayers, sizeof *c->first);
	c->fed = xcalloc(g->nlayers, sizeof *c->fed);
	for (size_t i = 0; i < g->nlayers; i++) {
		c->first[i] = n;
		n += g->layers[i]->nout;
		c->fed[i] = -1;
	}
	c->last = xcalloc(n, sizeof *c->last);
	c->cache = xcalloc(n, sizeof(struct code_cache *));
	for (size_t i = 0; i < c->end; i++)
		for (size_t k = 0; k < g->layers[i]->nin && g->layers[i]->type != HN_OUTPUT; k++)
			c->last[value_in(c, g->layers[i], k)] = i;
	n = graph_inputs(g, c->input, MAX_IO);
	for (size_t k = 0; k < n && k < MAX_IO; k++)
		c->fed[hn_fed(c->input[k])->index] = (int)k;
}

static void corrector_init(struct corrector *c, struct quant *q)
{
	const struct graph *g = q->g;

	c->q = q;
	c->sums = xcalloc(g->nlayers, sizeof *c->sums);
	for (size_t i = 0; i < g->nlayers; i++)
		if (quant_corrects(q, g->layers[i])) {
			input_sums_init(&c->sums[i], &q->ops[i]);
			c->end = i + 1;
		}
	number_values(c);
}

static void corrector_release(struct corrector *c)
{
	for (size_t i = 0; i < c->q->g->nlayers; i++)
		if (c->sums[i].op)
			input_sums_release(&c->sums[i]);
	for (size_t i = 0; i < c->end; i++)
		for (size_t p = 0; p < c->q->g->layers[i]->nout; p++)
			cache_free(c->cache[c->first[i] + p]);
	free(c->sums);
	free(c->first);
	free(c->last);
	free(c->cache);
	free(c->fed);
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
	return 0;
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

static size_t batches(const struct corrector *c)
{
	const size_t batch = (size_t)c->q->opts.batch;

	return (calib_count(c->q->calib) + batch - 1) / batch;
}

static size_t images(const struct corrector *c, size_t b)
{
	const size_t batch = (size_t)c->q->opts.batch;
	const size_t left = calib_count(c->q->calib) - b * batch;

	return left < batch ? left : batch;
}

static size_t image_bytes(const struct corrector *c, const struct layer *l, int port)
{
	return hn_shape_count(&l->out[port]) * (size_t)c->q->ops[l->index].out_bits / 8;
}

/* The same codes for every image. */
static void fill_const(const struct qop *op, size_t n, void *out)
{
	for (size_t i = 0; i < n * op->kernel16.n; i++)
		if (op->out_bits == 8)
			((uint8_t *)out)[i] = (uint8_t)op->kernel16.v[i % op->kernel16.n];
		else
			((uint16_t *)out)[i] = (uint16_t)op->kernel16.v[i % op->kernel16.n];
}

/* Batch b of what input i of a layer reads. */
static int read_input(const struct corrector *c, const struct layer *l, size_t i, size_t b,
		      void *out, struct err *e)
{
	const struct layer *from = l->in[i].layer;
	const size_t n = images(c, b);

	if (from->type == HN_CONST) {
		fill_const(&c->q->ops[from->index], n, out);
		return 0;
	}
	return cache_get(c->cache[value_in(c, l, i)], b, out,
			 n * image_bytes(c, from, l->in[i].port), e);
}

/* Room for a batch of each input and output of a layer. */
struct buffers {
	void **in, **out;
};

static void buffers_init(struct buffers *f, const struct corrector *c, const struct layer *l)
{
	const size_t batch = (size_t)c->q->opts.batch;

	f->in = xcalloc(l->nin + 1, sizeof *f->in);
	f->out = xcalloc(l->nout + 1, sizeof *f->out);
	for (size_t i = 0; i < l->nin; i++)
		f->in[i] = xaligned(batch * image_bytes(c, l->in[i].layer, l->in[i].port));
	for (size_t p = 0; p < l->nout; p++)
		f->out[p] = xaligned(batch * image_bytes(c, l, (int)p));
}

static void buffers_release(struct buffers *f, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++)
		free(f->in[i]);
	for (size_t p = 0; p < l->nout; p++)
		free(f->out[p]);
	free(f->in);
	free(f->out);
}

static enum input_kind kind_of(const struct qop *op, size_t i)
{
	return op->in_bits.v[i] == 16 ? INPUT_U16 : INPUT_U8;
}

/* What the integer layer reads. */
static int sum_codes(const struct corrector *c, const struct layer *l, struct buffers *f,
		     struct input_sums *s, struct err *e)
{
	const struct qop *op = &c->q->ops[l->index];
	int rc = 0;

	for (size_t b = 0; b < batches(c) && rc == 0; b++) {
		for (size_t i = 0; i < l->nin && rc == 0; i++)
			rc = read_input(c, l, i, b, f->in[i], e);
		if (rc == 0)
			rc = input_sums_add(s, kind_of(op, 0), f->in[0], (int32_t)images(c, b),
					    op->in_zp.v[0], e);
		if (rc == 0 && l->nin > 1)
			rc = input_sums_add_added(s, kind_of(op, 1), f->in[1],
						  (int32_t)images(c, b), op->in_zp.v[1], e);
	}
	return rc;
}

/* Means of the float layer's sums. */
static int float_means(struct corrector *c, const struct layer *l, double *mean, struct err *e)
{
	const struct input_sums *s = &c->sums[l->index];
	struct weights w = { 0 };
	int rc = weights_load(c->q, l, &c->q->ops[l->index], &w, e);

	if (rc == 0)
		input_sums_mean(s, w.kernel, mean);
	for (size_t o = 0; o < w.cout && rc == 0; o++)
		mean[o] += (double)w.bias[o] + (s->added ? s->added[o] / s->positions : 0);
	weights_release(&w);
	return rc;
}

/* Means of the integer layer's sums, in units of its accumulators and without its bias. */
static void integer_means(const struct qop *op, const struct input_sums *s, double *mean)
{
	const size_t n = op->kernel.n + op->kernel16.n;
	float *kernel = xreallocarray(NULL, n, sizeof *kernel);
	const double in = op->nin > 1 ? ldexp((double)op->in_mult.v[1], -op->in_shift.v[1]) : 0;

	for (size_t i = 0; i < n; i++)
		kernel[i] = op->w_bits == 16 ? op->kernel16.v[i] : op->kernel.v[i];
	input_sums_mean(s, kernel, mean);
	for (int32_t o = 0; o < op->out_shape.v[2]; o++)
		mean[o] += s->added ? in * s->added[o] / s->positions : 0;
	free(kernel);
}

static int correct(struct corrector *c, const struct layer *l, struct buffers *f, struct err *e)
{
	struct qop *op = &c->q->ops[l->index];
	const size_t cout = (size_t)op->out_shape.v[2];
	double *want = xreallocarray(NULL, cout, sizeof *want);
	double *got = xreallocarray(NULL, cout, sizeof *got);
	double most = 0;
	struct input_sums s;
	int rc;

	input_sums_init(&s, op);
	rc = sum_codes(c, l, f, &s, e);
	if (rc == 0)
		rc = float_means(c, l, want, e);
	if (rc == 0)
		integer_means(op, &s, got);
	for (size_t o = 0; o < cout && rc == 0; o++) {
		const int32_t group = op->w_group.n ? op->w_group.v[o] : 0;
		const double unit = (double)op->in_scale.v[0] * (double)op->w_scale.v[group];

		got[o] = want[o] / unit - got[o]; /* the bias */
		most = fmax(most, fabs(got[o] - (double)qop_bias(op, o)) * unit);
	}
	if (rc == 0) {
		log_debug("%s: biases corrected by at most %.3g", quote(l->name), most);
		weights_set_bias(c->q, l, op, got);
		rc = qop_check(op, e);
	}
	input_sums_release(&s);
	free(want);
	free(got);
	return rc < 0 ? err_in(e, "layer '%s'", quote(l->name)) : 0;
}

/* Does a layer before `end` read it? */
static bool is_read(const struct corrector *c, const struct layer *l)
{
	bool read = false;

	for (size_t p = 0; p < l->nout; p++)
		read = read || c->last[c->first[l->index] + p] > l->index;
	return read;
}

static int open_caches(struct corrector *c, const struct layer *l, struct err *e)
{
	for (size_t p = 0; p < l->nout; p++)
		if (!(c->cache[c->first[l->index] + p] = cache_new(c->q->compress_cache, e)))
			return -1;
	return 0;
}

static int run_layer(struct corrector *c, const struct layer *l, struct buffers *f, struct err *e)
{
	struct intk *k = intk_new(&c->q->ops[l->index], c->q->opts.batch, e);
	int rc = k ? open_caches(c, l, e) : -1;

	for (size_t b = 0; b < batches(c) && rc == 0; b++) {
		const size_t n = images(c, b);

		for (size_t i = 0; i < l->nin && rc == 0; i++)
			rc = read_input(c, l, i, b, f->in[i], e);
		if (rc == 0)
			rc = intk_run(k, (int32_t)n, (const void *const *)f->in, f->out, NULL, e);
		for (size_t p = 0; p < l->nout && rc == 0; p++)
			rc = cache_put(c->cache[c->first[l->index] + p], f->out[p],
				       n * image_bytes(c, l, (int)p), e);
	}
	if (k)
		intk_free(k);
	return rc < 0 ? err_in(e, "layer '%s'", quote(l->name)) : 0;
}

static int load_layer(struct corrector *c, const struct layer *l, size_t k, struct err *e)
{
	const size_t batch = (size_t)c->q->opts.batch;
	const size_t n = calib_image(c->q->calib, k);
	float *x = xaligned(batch * n * sizeof *x);
	void *codes = xaligned(batch * n * 2);
	int rc = open_caches(c, l, e);

	for (size_t b = 0; b < batches(c) && rc == 0; b++) {
		rc = quant_load_codes(c->q, c->input[k], k, b * batch, images(c, b), x, codes, e);
		if (rc == 0)
			rc = cache_put(c->cache[c->first[l->index]], codes,
				       images(c, b) * image_bytes(c, l, 0), e);
	}
	free(x);
	free(codes);
	return rc;
}

static int follow_layer(struct corrector *c, const struct layer *l, struct err *e)
{
	struct buffers f;
	int rc = 0;

	if (c->fed[l->index] >= 0)
		return load_layer(c, l, (size_t)c->fed[l->index], e);
	if (hn_is(l->type, HNF_IO) || !hn_is_emulated(l))
		return 0;
	buffers_init(&f, c, l);
	if (c->sums[l->index].op)
		rc = correct(c, l, &f, e);
	if (rc == 0 && is_read(c, l))
		rc = run_layer(c, l, &f, e);
	buffers_release(&f, l);
	return rc;
}

/* Codes that nobody reads any more leave the disk. */
static void drop_read(struct corrector *c, const struct layer *l)
{
	for (size_t i = 0; i < l->nin; i++) {
		const size_t v = value_in(c, l, i);

		if (c->last[v] == l->index) {
			cache_free(c->cache[v]);
			c->cache[v] = NULL;
		}
	}
}

int quant_correct_biases(struct quant *q, struct err *e)
{
	struct corrector c = { 0 };
	int rc = 0;

	corrector_init(&c, q);
	if (c.end && !q->calib)
		rc = err_set(e, "bias correction compares the models on images (give -c beside "
				"--stats, or optimization level 0)");
	if (c.end && rc == 0)
		rc = run_float(&c, e);
	for (size_t i = 0; i < c.end && rc == 0; i++) {
		rc = follow_layer(&c, q->g->layers[i], e);
		drop_read(&c, q->g->layers[i]);
		progress("bias correction", i + 1, c.end);
	}
	corrector_release(&c);
	return rc;
}
