/* From sums to decibels, and the order of the layers. */
#include "kernel/qop.h"
#include "quant/noise_int.h"

#include <math.h>

/* A feature weaker than this part of its layer's strongest, in power, has no ratio of its own. */
static const double weak = 1.0 / (1 << 20);

double noise_db(double signal, double noise)
{
	double db;

	if (noise <= 0)
		return NOISE_CAP;
	db = signal > 0 ? 10 * log10(signal / noise) : -NOISE_CAP;
	return fmax(-NOISE_CAP, fmin(NOISE_CAP, db));
}

static double total(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/* The mean ratio of the features that say something, and the least. */
static void finish_own(const struct sums *s, struct noise_layer *to)
{
	double most = 0, sum = 0;
	size_t n = 0;

	for (size_t f = 0; f < s->c; f++)
		most = fmax(most, s->r2[f]);
	to->worst = NOISE_CAP;
	for (size_t f = 0; f < s->c; f++) {
		const double db = noise_db(s->r2[f], s->ry2[f]);

		if (s->r2[f] <= most * weak)
			continue;
		sum += db;
		n++;
		if (db < to->worst) {
			to->worst = db;
			to->feature = f;
		}
	}
	to->own = n ? sum / (double)n : noise_db(total(s->r2, s->c), total(s->ry2, s->c));
}

/* A mean error's part of the noise. */
static double constant_part(const struct sums *s)
{
	const double noise = total(s->ry2, s->c);
	double sum = 0;

	for (size_t f = 0; f < s->c; f++)
		sum += s->ry[f] * s->ry[f];
	return noise > 0 ? sum * (double)s->c / (double)s->values / noise : 0;
}

void noise_finish(const struct emu_model *m, const struct sums *s, const double *out_x2,
		  struct noise *n, const struct layer *l)
{
	const struct qop *q = &m->q.q[l->index];
	struct noise_layer *to = &n->layer[l->index];
	double scale = 0;

	to->snr = noise_db(total(s->x2, s->c), total(s->xy2, s->c));
	finish_own(s, to);
	to->constant = constant_part(s);
	to->least = NAN;
	for (size_t i = 0; i < n->noutputs; i++) {
		to->at_output[i] =
		    !n->advanced || isnan(s->at[i]) ? NAN : noise_db(out_x2[i], s->at[i]);
		to->least = fmin(to->least, to->at_output[i]); /* NAN gives way */
	}
	for (size_t i = 0; i < q->out_scale.n; i++)
		scale = fmax(scale, (double)q->out_scale.v[i]);
	to->lo = -scale * q->out_zp;
	to->hi = scale * (qop_top(q->out_bits) - q->out_zp);
	to->rms = s->values ? sqrt(total(s->x2, s->c) / (double)s->values) : 0;
	to->outside = s->values ? (double)s->outside / (double)s->values : 0;
}

double noise_rank(const struct noise *n, const struct noise_layer *l)
{
	return n->advanced ? isnan(l->least) ? NOISE_CAP : l->least : l->own;
}

void noise_order(struct noise *n)
{
	n->order = xcalloc(n->nlayers, sizeof *n->order);
	for (size_t i = 0; i < n->nlayers; i++) {
		size_t k = n->nranked;

		if (!n->layer[i].l)
			continue;
		for (; k > 0 &&
		       noise_rank(n, &n->layer[n->order[k - 1]]) > noise_rank(n, &n->layer[i]);
		     k--)
			n->order[k] = n->order[k - 1];
		n->order[k] = i;
		n->nranked++;
	}
}
