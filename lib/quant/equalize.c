/*
 * Cross-layer equalization (Meller, Finkelstein, Almog, Grobman 2019): a feature's values are
 * multiplied by s where they are made and divided by s where they are used, which changes nothing
 * in real numbers and lets every feature fill its tensor's range.  Features that several layers
 * make or use have one factor (channels.c).  With P the largest weight, relative to its layer's
 * largest, of those that make the feature, A the same for its values, and C for the weights that
 * use it, each round moves log s halfway to balance between C and sqrt(P A), until nothing moves.
 */
#include "quant/equalize.h"
#include "base/log.h"

#include <math.h>
#include <string.h>

enum {
	ROUNDS = 60
};
static const double factor_max = 1e4;

/* Kernel value k of a layer belongs to input feature (within its group) and output feature. */
static void make_side(struct side *s, const struct quant *q, const struct layer *l, struct err *e)
{
	const struct tensor *t = layer_weight(q->w, l, "kernel");
	const struct hn_shape *in = layer_in_shape(l, 0);
	const float *w;
	size_t n, cg;

	s->l = l;
	s->cin = (size_t)in->c;
	s->cout = (size_t)l->out[0].c;
	s->groups = l->type == HN_NORMALIZATION || l->type == HN_DW ? s->cin
		    : l->type == HN_DENSE                           ? 1
								    : (size_t)l->p.groups;
	cg = s->cin / s->groups;
	n = t ? tensor_count(t) : 0;
	if (!(w = quant_weight(q, l, "kernel", n, e)))
		return;
	s->mag = xcalloc(cg * s->cout, sizeof *s->mag);
	s->in_max = xcalloc(s->cin, sizeof *s->in_max);
	s->out_max = xcalloc(s->cout, sizeof *s->out_max);
	for (size_t k = 0; k < n; k += s->cout) {
		float *m = s->mag + k / s->cout % cg * s->cout;

		for (size_t o = 0; o < s->cout; o++)
			m[o] = fabsf(w[k + o]) > m[o] ? fabsf(w[k + o]) : m[o];
	}
}

/* Largest magnitudes by feature with the present factors. */
static int measure_side(size_t i, void *ctx, struct err *e)
{
	const struct equalizer *z = ctx;
	struct side *s = &z->sides[i];
	size_t cg = s->cin / s->groups, og = s->cout / s->groups;
	double *out = xreallocarray(NULL, s->cout, sizeof *out);

	(void)e;
	for (size_t o = 0; o < s->cout; o++) {
		out[o] = equalize_out(z, s->l, o);
		s->out_max[o] = 0;
	}
	s->in_top = s->out_top = 0;
	for (size_t c = 0; c < s->cin; c++) {
		double factor = 1 / equalize_in(z, s->l, c);
		const float *m = s->mag + c % cg * s->cout;
		double top = 0;

		for (size_t o = c / cg * og; o < c / cg * og + og; o++) {
			double v = (double)m[o] * factor * out[o];

			top = v > top ? v : top;
			s->out_max[o] = v > s->out_max[o] ? v : s->out_max[o];
		}
		s->in_max[c] = top;
		s->in_top = top > s->in_top ? top : s->in_top;
	}
	s->out_top = s->in_top;
	free(out);
	return 0;
}

static void raise_to(double *v, double x)
{
	*v = x > *v ? x : *v;
}

/* The smaller of what is there and x, which may be 0: no part in it. */
static void lower_to(double *v, double x)
{
	if (x > 0 && (*v == 0 || x < *v))
		*v = x;
}

/* A weight of its own for every feature, of 16 bits: any share of the largest is as good. */
static bool is_fine(const struct equalizer *z, const struct layer *l)
{
	return l->type == HN_NORMALIZATION && quant_info(z->q, l)->mode.w == 16;
}

static void gather_weights(const struct equalizer *z)
{
	for (size_t i = 0; i < z->nsides; i++) {
		const struct side *s = &z->sides[i];

		for (size_t o = 0; o < s->cout && s->out_top > 0; o++)
			lower_to(&z->p[channels_root(&z->ch, z->ch.base[s->l->index] + o)],
				 s->out_max[o] / s->out_top);
		for (size_t c = 0; c < s->cin && s->in_top > 0; c++)
			raise_to(&z->c[channels_input(&z->ch, s->l, 0, c)],
				 is_fine(z, s->l) ? 1 : s->in_max[c] / s->in_top);
	}
	/* Each gamma has a multiplier of its own: none is small beside others. */
	for (size_t i = 0; i < z->q->g->nlayers; i++)
		for (size_t o = 0; o < z->q->info[i].c; o++)
			if (z->q->g->layers[i]->type == HN_LAYER_NORM)
				lower_to(&z->p[channels_root(&z->ch, z->ch.base[i] + o)], 1);
}

static double extent(const struct qinfo *info, size_t f)
{
	double lo = info->min[f] < 0 ? -(double)info->min[f] : 0;
	double hi = info->max[f] > 0 ? (double)info->max[f] : 0;

	return lo > hi ? lo : hi;
}

static void gather_values(const struct equalizer *z)
{
	for (size_t i = 0; i < z->q->g->nlayers; i++) {
		const struct layer *l = z->q->g->layers[i];
		const struct qinfo *info = &z->q->info[i];
		double top = 0;

		for (size_t f = 0; f < info->c; f++)
			raise_to(&top, extent(info, f) * equalize_out(z, l, f));
		for (size_t f = 0; f < info->c && top > 0; f++)
			lower_to(&z->a[channels_root(&z->ch, z->ch.base[i] + f)],
				 extent(info, f) * equalize_out(z, l, f) / top);
	}
}

/* Has class r something to balance? */
static bool is_free(const struct equalizer *z, size_t r)
{
	return channels_root(&z->ch, r) == r && !z->ch.fixed[r] && !z->ch.held[r] && z->p[r] > 0 &&
	       z->c[r] > 0;
}

/* How far a free class should move this round. */
static double wish(const struct equalizer *z, size_t r)
{
	const double a = z->a[r], p = z->p[r];

	if (z->target[r] == EQ_ACTIVATION)
		return a > 0 ? -0.5 * log(a) : 0;
	return 0.5 * log(z->c[r] / (z->target[r] == EQ_DEFAULT && a > 0 ? sqrt(p * a) : p));
}

/*
 * Moves every free class halfway to balance; returns the largest move.  What all classes of a
 * tensor move alike changes nothing, and is taken out.
 */
static double step(struct equalizer *z)
{
	double *sum = xcalloc(z->ch.n, sizeof *sum);
	size_t *count = xcalloc(z->ch.n, sizeof *count);
	double moved = 0;

	for (size_t r = 0; r < z->ch.n; r++)
		if (is_free(z, r)) {
			sum[z->tensor[r]] += wish(z, r);
			count[z->tensor[r]]++;
		}
	for (size_t r = 0; r < z->ch.n; r++) {
		double move;

		if (!is_free(z, r))
			continue;
		move = wish(z, r) - sum[z->tensor[r]] / (double)count[z->tensor[r]];
		z->log_s[r] += move;
		if (fabs(z->log_s[r]) > log(factor_max))
			z->log_s[r] = z->log_s[r] > 0 ? log(factor_max) : -log(factor_max);
		raise_to(&moved, fabs(move));
	}
	free(sum);
	free(count);
	return moved;
}

/* tensor[r]: one number for all classes that meet in some tensor. */
static void find_tensors(struct equalizer *z)
{
	bool changed = true;

	z->tensor = xcalloc(z->ch.n, sizeof *z->tensor);
	for (size_t r = 0; r < z->ch.n; r++)
		z->tensor[r] = r;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < z->q->g->nlayers; i++) {
			size_t first = z->ch.base[i];
			size_t low = z->tensor[channels_root(&z->ch, first)];

			for (size_t c = 0; c < z->q->info[i].c; c++) {
				size_t t = z->tensor[channels_root(&z->ch, first + c)];

				low = t < low ? t : low;
			}
			for (size_t c = 0; c < z->q->info[i].c; c++) {
				size_t *t = &z->tensor[channels_root(&z->ch, first + c)];

				changed = changed || *t != low;
				*t = low;
			}
		}
	}
}

static int iterate(struct equalizer *z, struct err *e)
{
	size_t bytes = z->ch.n * sizeof(double);

	for (int round = 0; round < ROUNDS; round++) {
		double moved;

		memset(z->p, 0, bytes);
		memset(z->a, 0, bytes);
		memset(z->c, 0, bytes);
		if (par_for(z->nsides, measure_side, z, e) < 0)
			return -1;
		gather_weights(z);
		gather_values(z);
		moved = step(z);
		log_debug("equalization: round %d, largest move %.4f", round + 1, moved);
		if (moved < 0.01)
			break;
	}
	return 0;
}

/* What a class evens out: as the script says of a layer that gives it. */
static void find_targets(struct equalizer *z)
{
	z->target = xcalloc(z->ch.n, sizeof *z->target);
	for (size_t i = 0; i < z->q->ninfo; i++) {
		const struct qinfo *info = &z->q->info[i];

		for (size_t f = 0; f < info->c && info->eq_target != EQ_DEFAULT; f++)
			z->target[channels_root(&z->ch, z->ch.base[i] + f)] = info->eq_target;
	}
}

int quant_equalize(struct quant *q, struct err *e)
{
	struct equalizer z = { .q = q };
	int rc = 0;

	channels_build(&z.ch, q);
	find_tensors(&z);
	find_targets(&z);
	z.log_s = xcalloc(z.ch.n, sizeof(double));
	matmul_balance(q, &z.ch, z.log_s);
	z.p = xcalloc(z.ch.n, sizeof(double));
	z.a = xcalloc(z.ch.n, sizeof(double));
	z.c = xcalloc(z.ch.n, sizeof(double));
	z.sides = xcalloc(q->g->nlayers, sizeof *z.sides);
	for (size_t i = 0; i < q->g->nlayers && !err_is(e); i++)
		if (channels_scalable(q, q->g->layers[i]))
			make_side(&z.sides[z.nsides++], q, q->g->layers[i], e);
	if (err_is(e) || iterate(&z, e) < 0)
		rc = -1;
	if (rc == 0)
		equalize_apply(&z);
	for (size_t i = 0; i < z.nsides; i++) {
		free(z.sides[i].mag);
		free(z.sides[i].in_max);
		free(z.sides[i].out_max);
	}
	free(z.sides);
	free(z.tensor);
	free(z.target);
	free(z.log_s);
	free(z.p);
	free(z.a);
	free(z.c);
	channels_release(&z.ch);
	return rc;
}
