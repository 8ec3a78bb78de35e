/* The measurement: sums over images, in the order of the images. */
#include "base/log.h"
#include "quant/noise_int.h"
#include "quant/noise_walk.h"
#include "quant/quant_int.h"

#include <math.h>

struct run {
	const struct emu_model *m;
	const struct noise_opts *o;
	struct noise *out;
	struct walk *w;
	float **x, **y, **r, **alone;
	struct layer **outputs;
	double *out_x2, *out_xy2;
	struct sums *sums;
	size_t from; /* images before this step */
	int32_t n;   /* images of this step */
};

static bool measured(const struct run *r, const struct layer *l)
{
	return !hn_is(l->type, HNF_IO) && !walk_is_fed(r->w, l);
}

/* A few values of every image. */
static void sample(const struct run *r, const struct layer *l, struct noise_layer *to)
{
	const size_t one = hn_shape_count(&l->out[0]), port = walk_port(r->w, l, 0);
	const size_t share = r->out->images < NOISE_SAMPLES ? NOISE_SAMPLES / r->out->images : 1;
	const size_t each = share < one ? share : one;

	for (size_t k = 0; k < (size_t)r->n; k++)
		for (size_t j = 0; j < each && to->nsamples < NOISE_SAMPLES; j++) {
			/* Other places in every image: a feature alone would say little. */
			const size_t at = (j * one / each + (r->from + k) * 7919) % one + k * one;

			to->sample[0][to->nsamples] = r->x[port][at];
			to->sample[1][to->nsamples++] = r->y[port][at];
		}
}

static void add_port(const struct run *r, const struct layer *l, size_t p, struct sums *s,
		     struct noise_layer *to)
{
	const size_t at = walk_port(r->w, l, p), c = (size_t)l->out[p].c;
	const size_t n = hn_shape_count(&l->out[p]) * (size_t)r->n;
	const size_t base = quant_port_offset(l, (int)p);
	const struct qop *q = &r->m->q.q[l->index];
	const double top = qop_top(q->out_bits) - q->out_zp + 0.5, bottom = -q->out_zp - 0.5;

	for (size_t i = 0; i < n; i++) {
		const size_t f = base + i % c;
		const double x = (double)r->x[at][i], y = (double)r->y[at][i];
		const double own = (double)r->r[at][i];
		const double code = x / (double)q->out_scale.v[q->out_scale.n > 1 ? i % c : 0];

		s->x2[f] += x * x;
		s->xy2[f] += (x - y) * (x - y);
		s->r2[f] += own * own;
		s->ry2[f] += (own - y) * (own - y);
		s->ry[f] += own - y;
		s->outside += code > top || code < bottom;
		to->min = fmin(to->min, x);
		to->max = fmax(to->max, x);
		hist_add(&to->hist, hist_bin((float)x), 1);
	}
	s->values += n;
}

static int add_layer(size_t i, void *ctx, struct err *e)
{
	struct run *r = ctx;
	const struct layer *l = r->m->g->layers[i];

	(void)e;
	if (!r->out->layer[i].l)
		return 0;
	for (size_t p = 0; p < l->nout; p++)
		add_port(r, l, p, &r->sums[i], &r->out->layer[i]);
	sample(r, l, &r->out->layer[i]);
	return 0;
}

static double squares(const float *x, const float *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		const double d = (double)x[i] - (y ? (double)y[i] : 0);

		sum += d * d;
	}
	return sum;
}

static size_t output_values(const struct run *r, size_t i)
{
	return hn_shape_count(&r->outputs[i]->out[0]) * (size_t)r->n;
}

/*
 * What layer l adds when it alone is in integers: its integers against float on values that codes
 * can say, added to what float gives.  That its inputs are codes is the matter of the layers that
 * make them.  y and r are free for it: their sums are taken.
 */
static int add_own(struct run *r, const struct layer *l, struct err *e)
{
	const float *const *y = (const float *const *)r->y;

	for (size_t i = 0; i < l->nin; i++) {
		const size_t p = (size_t)l->in[i].port, at = walk_port(r->w, l->in[i].layer, p);

		walk_round(r->w, l->in[i].layer, p, r->x[at], r->y[at]);
	}
	if (walk_layer(r->w, l, false, y, r->r, e) < 0 ||
	    walk_layer(r->w, l, true, y, r->alone, e) < 0)
		return -1;
	for (size_t p = 0; p < l->nout; p++) {
		const size_t at = walk_port(r->w, l, p);
		const size_t n = hn_shape_count(&l->out[p]) * (size_t)r->n;

		for (size_t i = 0; i < n; i++)
			r->alone[at][i] = r->x[at][i] + (r->alone[at][i] - r->r[at][i]);
	}
	return 0;
}

static bool depends(const struct layer *k, const bool *changed)
{
	for (size_t j = 0; j < k->nin; j++)
		if (changed[k->in[j].layer->index])
			return true;
	return false;
}

/* What depends on l is computed anew, the rest is there.  changed: all false so far. */
static int run_alone(struct run *r, const struct layer *l, const float **now, bool *changed,
		     struct err *e)
{
	const struct graph *g = r->m->g;

	for (size_t i = l->index; i < g->nlayers; i++) {
		const struct layer *k = g->layers[i];

		changed[i] = k == l || depends(k, changed);
		if (!changed[i])
			continue;
		if (k == l ? add_own(r, l, e) < 0
			   : walk_layer(r->w, k, false, now, r->alone, e) < 0)
			return -1;
		for (size_t p = 0; p < k->nout; p++)
			now[walk_port(r->w, k, p)] = r->alone[walk_port(r->w, k, p)];
	}
	for (size_t i = 0; i < r->out->noutputs; i++) {
		const size_t at = walk_port(r->w, r->outputs[i], 0);

		if (changed[r->outputs[i]->index])
			r->sums[l->index].at[i] +=
			    squares(r->x[at], r->alone[at], output_values(r, i));
		else
			r->sums[l->index].at[i] = NAN;
	}
	return 0;
}

static int run_each_alone(struct run *r, size_t nports, struct err *e)
{
	const struct graph *g = r->m->g;
	const float **now = xcalloc(nports, sizeof *now);
	bool *changed = xcalloc(g->nlayers, sizeof *changed);
	int rc = 0;

	for (size_t i = 0; i < g->nlayers && rc == 0; i++) {
		for (size_t p = 0; p < nports; p++)
			now[p] = r->x[p];
		memset(changed, 0, g->nlayers * sizeof *changed);
		if (r->out->layer[i].l)
			rc = run_alone(r, g->layers[i], now, changed, e);
	}
	free(now);
	free(changed);
	return rc;
}

static size_t count_ports(const struct graph *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		n += g->layers[i]->nout;
	return n;
}

/* All layers in float, all in integers, and each in float on what the integers gave before it. */
static int run_layers(struct run *r, struct err *e)
{
	const struct graph *g = r->m->g;
	const float *const *x = (const float *const *)r->x, *const *y = (const float *const *)r->y;

	for (size_t i = 0; i < g->nlayers; i++)
		if (walk_layer(r->w, g->layers[i], false, x, r->x, e) < 0 ||
		    walk_layer(r->w, g->layers[i], true, y, r->y, e) < 0 ||
		    walk_layer(r->w, g->layers[i], false, y, r->r, e) < 0)
			return -1;
	if (par_for(g->nlayers, add_layer, r, e) < 0)
		return -1;
	for (size_t i = 0; i < r->out->noutputs; i++) {
		const size_t at = walk_port(r->w, r->outputs[i], 0), n = output_values(r, i);

		r->out_x2[i] += squares(r->x[at], NULL, n);
		r->out_xy2[i] += squares(r->x[at], r->y[at], n);
	}
	return r->o->advanced ? run_each_alone(r, count_ports(g), e) : 0;
}

static void end_walk(struct run *r)
{
	walk_values_free(r->x);
	walk_values_free(r->y);
	walk_values_free(r->r);
	walk_values_free(r->alone);
	walk_free(r->w);
	r->x = r->y = r->r = r->alone = NULL;
	r->w = NULL;
}

/* Kernels are made for a number of images; the last step may have fewer. */
static int start_walk(struct run *r, int32_t n, struct err *e)
{
	if (r->w && r->n == n)
		return 0;
	end_walk(r);
	r->n = n;
	if (!(r->w = walk_new(r->m, n, e)))
		return -1;
	r->x = walk_values(r->w);
	r->y = walk_values(r->w);
	r->r = walk_values(r->w);
	r->alone = r->o->advanced ? walk_values(r->w) : NULL;
	return 0;
}

static int run_step(struct run *r, struct calib *c, size_t ninputs, struct err *e)
{
	float **in = xcalloc(ninputs, sizeof *in);
	int rc = 0;

	for (size_t k = 0; k < ninputs && rc == 0; k++) {
		in[k] = xaligned(calib_image(c, k) * (size_t)r->n * sizeof **in);
		rc = calib_load(c, k, r->from, (size_t)r->n, in[k], e);
	}
	if (rc == 0) {
		walk_feed(r->w, (const float *const *)in, r->x);
		walk_feed(r->w, (const float *const *)in, r->y);
		walk_round_inputs(r->w, r->y);
		rc = run_layers(r, e);
	}
	for (size_t k = 0; k < ninputs; k++)
		free(in[k]);
	free(in);
	return rc;
}

static double *zeros(size_t n)
{
	return xcalloc(n, sizeof(double));
}

static void init(struct run *r)
{
	const struct graph *g = r->m->g;
	struct noise *n = r->out;

	*n = (struct noise){ .nlayers = g->nlayers, .advanced = r->o->advanced };
	r->outputs = xcalloc(g->nlayers, sizeof *r->outputs);
	n->noutputs = graph_outputs(g, r->outputs, g->nlayers);
	n->output = xcalloc(n->noutputs, sizeof *n->output);
	for (size_t i = 0; i < n->noutputs; i++)
		n->output[i] = r->outputs[i]->name;
	n->output_snr = zeros(n->noutputs);
	r->out_x2 = zeros(n->noutputs);
	r->out_xy2 = zeros(n->noutputs);
	n->layer = xcalloc(g->nlayers, sizeof *n->layer);
	r->sums = xcalloc(g->nlayers, sizeof *r->sums);
	for (size_t i = 0; i < g->nlayers; i++) {
		struct sums *s = &r->sums[i];

		s->c = quant_port_offset(g->layers[i], (int)g->layers[i]->nout);
		s->x2 = zeros(5 * s->c);
		s->xy2 = s->x2 + s->c;
		s->r2 = s->xy2 + s->c;
		s->ry2 = s->r2 + s->c;
		s->ry = s->ry2 + s->c;
		s->at = zeros(n->noutputs);
		n->layer[i].min = INFINITY;
		n->layer[i].max = -INFINITY;
		n->layer[i].at_output = zeros(n->noutputs);
		for (int k = 0; k < 2; k++)
			n->layer[i].sample[k] = xcalloc(NOISE_SAMPLES, sizeof(float));
	}
}

static void release(struct run *r)
{
	end_walk(r);
	for (size_t i = 0; i < r->m->g->nlayers; i++) {
		free(r->sums[i].x2);
		free(r->sums[i].at);
	}
	free(r->sums);
	free(r->outputs);
	free(r->out_x2);
	free(r->out_xy2);
}

/* Images are read as for calibration. */
static struct calib *open_images(const struct run *r, struct quant *q, struct err *e)
{
	q->g = r->m->g;
	q->opts = (struct quant_opts)QUANT_OPTS_DEFAULT;
	q->opts.calib = r->o->calib;
	q->opts.fit = r->o->fit;
	q->opts.calib_from = r->o->from;
	q->opts.random_calib = r->o->random_calib;
	q->opts.calibset_size = r->o->count ? r->o->count : r->o->random_calib ? 64 : 1 << 24;
	q->opts.before = r->m->before;
	q->info = xcalloc(q->g->nlayers, sizeof *q->info);
	return calib_open(q, e);
}

static int run_all(struct run *r, struct calib *c, struct err *e)
{
	struct layer **in = xcalloc(r->m->g->nlayers, sizeof *in);
	const size_t ninputs = graph_inputs(r->m->g, in, r->m->g->nlayers);
	struct noise *n = r->out;
	int rc = 0;

	free(in);
	n->images = calib_count(c);
	for (; r->from < n->images && rc == 0; r->from += (size_t)r->n) {
		const size_t left = n->images - r->from, batch = (size_t)r->o->batch;

		rc = start_walk(r, (int32_t)(left < batch ? left : batch), e);
		for (size_t i = 0; i < n->nlayers && rc == 0; i++)
			if (measured(r, r->m->g->layers[i]))
				n->layer[i].l = r->m->g->layers[i];
		if (rc == 0)
			rc = run_step(r, c, ninputs, e);
		progress("noise", r->from + (size_t)r->n, n->images);
	}
	return rc;
}

int noise_measure(const struct emu_model *m, const struct noise_opts *o, struct noise *out,
		  struct err *e)
{
	struct run r = { .m = m, .o = o, .out = out };
	struct quant q = { 0 };
	struct calib *c = open_images(&r, &q, e);
	int rc = -1;

	if (!c) {
		free(q.info);
		*out = (struct noise){ 0 };
		return -1;
	}
	init(&r);
	rc = run_all(&r, c, e);
	if (rc == 0) {
		for (size_t i = 0; i < out->nlayers; i++)
			if (out->layer[i].l)
				noise_finish(m, &r.sums[i], r.out_x2, out, out->layer[i].l);
		for (size_t i = 0; i < out->noutputs; i++)
			out->output_snr[i] = noise_db(r.out_x2[i], r.out_xy2[i]);
		noise_order(out);
	}
	release(&r);
	calib_free(c);
	free(q.info);
	if (rc < 0)
		noise_release(out);
	return rc;
}

void noise_release(struct noise *n)
{
	for (size_t i = 0; i < n->nlayers; i++) {
		hist_release(&n->layer[i].hist);
		free(n->layer[i].at_output);
		free(n->layer[i].sample[0]);
		free(n->layer[i].sample[1]);
	}
	free(n->layer);
	free(n->output);
	free(n->output_snr);
	free(n->order);
	*n = (struct noise){ 0 };
}
