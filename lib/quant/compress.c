/*
 * Compression (guide 5.3.3): which layers have 4-bit weights.  A layer's noise is measured: the
 * float model runs over a few calibration images with that layer's weights rounded to 4 bits, and
 * the squared change of the outputs counts relative to their squares.  Noises of layers add, so the
 * layers with the least noise per weight are taken until the ratio is reached.
 * As rounding makes about the same relative noise in every layer, large layers have the least per
 * weight: only the largest ones, with half as many weights again as are needed, are measured.
 */
#include "quant/compress.h"

#include "base/log.h"
#include "quant/clip.h"
#include "quant/probe.h"
#include "quant/weights.h"

#include <math.h>

enum {
	IMAGES = 8,       /* on which noise is measured */
	IMAGES_LARGE = 2, /* in a large network, where they take time and outputs are many */
	LEVELS = 7        /* of 4-bit weights */
};

/* A network with fewer weights is small: compression levels do not apply to it (guide 4.3.4). */
static const double large_network = 20e6;

struct candidate {
	struct layer *l;
	size_t n;     /* weights */
	double noise; /* at the outputs, relative */
	bool fixed;   /* 4 bits by the script */
	bool open;    /* may become one of 4 bits */
	bool near;    /* large enough to be measured */
};

struct search {
	struct quant *q;
	struct candidate *c;
	size_t count;
	double total; /* weights of the network */
	struct probe probe;
};

const struct tensor *compress_kernel(const struct quant *q, const struct layer *l)
{
	const bool has =
	    (hn_is(l->type, HNF_KERNEL) && l->type != HN_NORMALIZATION) || l->type == HN_DENSE;

	return has && !l->p.conversion ? layer_weight(q->w, l, "kernel") : NULL;
}

static void find_candidates(struct search *s)
{
	struct quant *q = s->q;

	s->c = xcalloc(q->g->nlayers, sizeof *s->c);
	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct layer *l = q->g->layers[i];
		const struct tensor *k = compress_kernel(q, l);
		const struct qmode *m = &q->info[i].mode;

		if (!k || k->dtype != DT_F32)
			continue;
		s->c[s->count++] = (struct candidate){
			.l = l, .n = tensor_count(k), .fixed = m->w == 4, .open = m->act == 0
		};
		s->total += (double)tensor_count(k);
	}
}

/* The layer's kernel as 4 bits have it. */
static struct tensor rounded(const struct tensor *k)
{
	struct tensor t = tensor_new(DT_F32, k->rank, k->dim);
	const size_t n = tensor_count(k);
	const double step = clip_mmse(k->data, n, LEVELS) / LEVELS;

	/* All zero otherwise. */
	if (step > 0)
		weight_rounded(k->data, n, step, LEVELS, tensor_data(&t));
	return t;
}

static int by_size(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	return a->n < b->n ? 1 : a->n > b->n ? -1 : a->l->index < b->l->index ? -1 : 1;
}

/* The largest open layers that hold 1.5 times what is needed, with all of the last one's size. */
static void shortlist(struct search *s, double ratio)
{
	double held = 0;
	size_t least = 0;

	qsort(s->c, s->count, sizeof *s->c, by_size);
	for (size_t i = 0; i < s->count; i++) {
		struct candidate *c = &s->c[i];

		if (!c->open || (held >= 1.5 * ratio * s->total && c->n < least))
			continue;
		c->near = true;
		held += (double)c->n;
		least = c->n;
	}
}

static int by_place(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	return a->l->index < b->l->index ? -1 : 1;
}

/* Sorts the candidates as they are in the network. */
static int measure_near(struct search *s, struct err *e)
{
	struct layer **l = xcalloc(s->count, sizeof *l);
	double *noise = xcalloc(s->count, sizeof *noise);
	size_t n = 0;
	int rc;

	qsort(s->c, s->count, sizeof *s->c, by_place);
	for (size_t i = 0; i < s->count; i++)
		if (s->c[i].near)
			l[n++] = s->c[i].l;
	rc = n ? probe_kernels(&s->probe, l, n, rounded, noise, e) : 0;
	for (size_t i = s->count; i-- > 0 && rc == 0;)
		if (s->c[i].near)
			s->c[i].noise = noise[--n];
	free(l);
	free(noise);
	return rc;
}

static int measure(struct search *s, struct err *e)
{
	const int32_t images = s->total < large_network ? IMAGES : IMAGES_LARGE;

	if (!s->q->calib)
		return err_set(
		    e, "4-bit weights are chosen by the noise that they make on images: give "
		       "-c beside --stats");
	if (probe_open(&s->probe, s->q, images, images, e) < 0)
		return -1;
	return measure_near(s, e);
}

/* Less noise per weight first; of equals the larger, then the earlier in the network. */
static int by_noise(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;
	const double x = a->noise * (double)b->n, y = b->noise * (double)a->n;

	if (a->near != b->near)
		return a->near ? -1 : 1;
	if (x < y || x > y)
		return x < y ? -1 : 1;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return a->l->index < b->l->index ? -1 : 1;
}

double compress_choose(struct compress_item *items, size_t n, double total, double ratio)
{
	double have = 0;

	for (size_t i = 0; i < n; i++)
		have += items[i].taken ? items[i].weights : 0;
	for (size_t i = 0; i < n; i++) {
		const double after = have + items[i].weights;

		if (items[i].taken || have >= ratio * total)
			continue;
		/* A layer too large is passed over, unless with it the ratio is met better. */
		if (after - ratio * total > ratio * total - have)
			continue;
		items[i].taken = true;
		have = after;
	}
	return have;
}

/* Noise at the outputs as a ratio, where it was measured. */
static const char *decibel(char *text, size_t n, double noise)
{
	text[0] = '\0';
	if (noise > 0)
		snprintf(text, n, ", %.1f dB at the outputs", -10 * log10(noise));
	return text;
}

/* Takes layers, sorted by noise, until the ratio is reached. */
static void choose(struct search *s, double ratio)
{
	struct compress_item *items = xcalloc(s->count, sizeof *items);
	size_t *at = xcalloc(s->count, sizeof *at), n = 0;
	double have, noise = 0;
	char text[60];

	for (size_t i = 0; i < s->count; i++)
		if (s->c[i].open || s->c[i].fixed) {
			at[n] = i;
			items[n++] = (struct compress_item){ (double)s->c[i].n, s->c[i].fixed };
		}
	have = compress_choose(items, n, s->total, ratio);
	for (size_t i = 0; i < n; i++) {
		struct candidate *c = &s->c[at[i]];

		if (!items[i].taken || c->fixed)
			continue;
		noise += c->noise;
		quant_info(s->q, c->l)->mode = (struct qmode){ .act = 8, .w = 4 };
		log_info("Assigning 4bit weight to layer %s with %zu parameters%s",
			 quote(c->l->name), c->n, decibel(text, sizeof text, c->noise));
	}
	log_info("4-bit weights: %.1f %% of %.0f (%.1f %% asked for)%s", 100 * have / s->total,
		 s->total, 100 * ratio, decibel(text, sizeof text, noise));
	free(items);
	free(at);
}

static int compress(struct search *s, double ratio, struct err *e)
{
	if (ratio < 1) {
		shortlist(s, ratio);
		if (measure(s, e) < 0)
			return -1;
		qsort(s->c, s->count, sizeof *s->c, by_noise);
	}
	choose(s, ratio);
	return 0;
}

/* All layers, but those whose mode the script says. */
static int widen(struct quant *q, struct err *e)
{
	for (size_t i = 0; i < q->g->nlayers; i++) {
		struct qmode *m = &q->info[i].mode;

		if (q->g->layers[i]->quant.bias_mode && q->info[i].bias_asked)
			return err_set(e,
				       "layer '%s': bias_mode cannot be chosen with "
				       "auto_16bit_weights_ratio=1 (remove it from the script)",
				       quote(q->g->layers[i]->name));
		if (m->act == 0)
			*m = (struct qmode){ .act = 16, .w = 16 };
	}
	return 0;
}

/* The ratio of a compression level, 0 with the reason said where it does not apply. */
static double level_ratio(struct quant *q, double total)
{
	const int asked = q->opts.compression_level;
	const int level = asked < 0 ? 1 : asked;

	if (level == 0 || total >= large_network)
		return level * 0.2;
	if (asked > 0) {
		free(q->downgrade);
		q->downgrade = xasprintf("compression_level=%d is reverted to 0: the network has "
					 "%.2fM weights, fewer than "
					 "20M (model_optimization_config(compression_params, "
					 "auto_4bit_weights_ratio=%.1f) "
					 "compresses it)",
					 level, total / 1e6, level * 0.2);
		log_warn("%s", q->downgrade);
	} else {
		log_debug("compression level 0: %.2fM weights are fewer than 20M", total / 1e6);
	}
	return 0;
}

int quant_compress(struct quant *q, struct err *e)
{
	struct search s = { .q = q };
	double ratio;
	int rc = 0;

	if (q->ratio16 > 0)
		return widen(q, e);
	find_candidates(&s);
	ratio = q->ratio4 >= 0 ? q->ratio4 : level_ratio(q, s.total);
	if (ratio > 0 && s.count)
		rc = compress(&s, ratio, e);
	probe_release(&s.probe);
	free(s.c);
	return rc;
}
