/*
 * mix_precision_search (guide 5.3.4): every layer's precision by the noise that it makes at the
 * outputs.  A compression marker is what the network may cost by the metric, relative to a8_w8 in
 * all layers; for each the least sum of noises is searched, and one of them is applied.
 */
#include "quant/mix_search.h"

#include "base/log.h"
#include "io/json.h"

#include <math.h>

static const char *const metric_names[] = { "macs", "bops", "weighs" };

/* What a marker gives. */
struct outcome {
	double marker;
	bool possible;
	struct mix_choice sum;
	size_t changed; /* layers that are not a8_w8 by it */
	size_t *pick;   /* by layer of the search */
};

/* All costs in a8_w8: 1 of the markers. */
static double whole(const struct mix_search *s)
{
	const struct qmode plain = { 8, 8, 0 };
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += mix_cost(s->q->mix.metric, s->layer[i].l, s->layer[i].weights, &plain);
	return sum;
}

static double snr(double noise, int cap)
{
	return noise > 0 ? fmin(-10 * log10(noise), cap) : cap;
}

static size_t count_changed(const struct mix_search *s, const size_t *pick)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->layer[i].open && s->layer[i].mode[pick[i]].w != 8;
	return n;
}

static void solve(const struct mix_search *s, struct outcome *out, size_t n)
{
	const struct mix_opts *o = &s->q->mix;
	struct mix_layer *l = xcalloc(s->n, sizeof *l);
	struct mix_front *front = NULL;

	for (size_t i = 0; i < s->n; i++)
		l[i] = (struct mix_layer){ s->layer[i].choice, s->layer[i].nmodes };
	if (o->pareto)
		front = mix_front_new(l, s->n);
	for (size_t k = 0; k < n; k++) {
		struct outcome *to = &out[k];
		/* A budget that is met exactly must not be missed by the last bit of a product. */
		const double budget = to->marker * whole(s) * (1 + 1e-12);

		to->pick = xcalloc(s->n, sizeof *to->pick);
		to->possible = front ? mix_front_pick(front, budget, to->pick)
				     : mix_linear(l, s->n, budget, to->pick);
		to->sum = mix_total(l, s->n, to->pick);
		to->changed = count_changed(s, to->pick);
	}
	mix_front_free(front);
	free(l);
}

/* The largest marker that costs no more than 8 bits; else the least. */
static const struct outcome *applied(const struct outcome *v, size_t n)
{
	const struct outcome *best = &v[0];

	for (size_t k = 1; k < n; k++) {
		const bool better = best->marker > 1
					? v[k].marker < best->marker
					: v[k].marker <= 1 && v[k].marker > best->marker;

		if (better)
			best = &v[k];
	}
	return best;
}

static void apply(struct mix_search *s, const struct outcome *by)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct mix_item *item = &s->layer[i];
		const struct qmode *m = &item->mode[by->pick[i]];

		if (!item->open)
			continue;
		quant_info(s->q, item->l)->mode = *m;
		if (m->w != 8)
			log_info("Assigning %s to layer %s, %.1f dB at the outputs",
				 precision_name(m->act, m->w, m->act), quote(item->l->name),
				 snr(item->choice[by->pick[i]].noise, s->q->mix.snr_cap));
	}
}

static void print(const struct mix_search *s, const struct outcome *v, size_t n)
{
	const double all = whole(s);

	log_info("mix_precision_search: %s relative to a8_w8, signal to noise, layers changed",
		 metric_names[s->q->mix.metric]);
	for (size_t k = 0; k < n; k++)
		if (v[k].possible)
			log_info("  marker %-5g %6.3f %7.2f dB %4zu%s", v[k].marker,
				 v[k].sum.cost / all, snr(v[k].sum.noise, s->q->mix.snr_cap),
				 v[k].changed, &v[k] == applied(v, n) ? "  applied" : "");
		else
			log_info("  marker %-5g not reached: the least is %.3f", v[k].marker,
				 v[k].sum.cost / all);
}

static json_t *layers_json(const struct mix_search *s)
{
	json_t *j = json_object();

	for (size_t i = 0; i < s->n; i++) {
		const struct mix_item *item = &s->layer[i];
		json_t *modes = json_object();

		for (size_t k = 0; k < item->nmodes; k++) {
			const struct qmode *m = &item->mode[k];

			json_object_set_new(
			    modes, precision_name(m->act, m->w, m->out ? m->out : m->act),
			    json_pack("{s:f, s:f}", "cost", item->choice[k].cost, "snr",
				      snr(item->choice[k].noise, s->q->mix.snr_cap)));
		}
		json_object_set_new(j, item->l->name, modes);
	}
	return j;
}

static json_t *document(const struct mix_search *s, const struct outcome *v, size_t n)
{
	const struct mix_opts *o = &s->q->mix;
	json_t *markers = json_array();

	for (size_t k = 0; k < n; k++) {
		json_t *one =
		    json_pack("{s:f, s:b}", "marker", v[k].marker, "reached", (int)v[k].possible);

		if (v[k].possible) {
			json_object_set_new(one, "compression",
					    json_real(v[k].sum.cost / whole(s)));
			json_object_set_new(one, "snr", json_real(snr(v[k].sum.noise, o->snr_cap)));
			json_object_set_new(one, "changed", json_integer((json_int_t)v[k].changed));
		}
		json_array_append_new(markers, one);
	}
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:f}", "metric", metric_names[o->metric],
			 "optimizer", o->pareto ? "pareto" : "linear", "images",
			 (int)s->probe.images, "layers", layers_json(s), "markers", markers,
			 "applied", applied(v, n)->marker);
}

/* Of layers that are measured. */
static int choose(struct mix_search *s, struct err *e)
{
	const struct mix_opts *o = &s->q->mix;
	struct outcome *v = xcalloc(o->nmarkers, sizeof *v);
	const struct outcome *best;
	int rc = 0;

	for (size_t k = 0; k < o->nmarkers; k++)
		v[k].marker = o->marker[k];
	solve(s, v, o->nmarkers);
	print(s, v, o->nmarkers);
	best = applied(v, o->nmarkers);
	if (best->possible) {
		apply(s, best);
		if (s->q->o->mix_out)
			*s->q->o->mix_out = document(s, v, o->nmarkers);
	} else {
		rc = err_set(e,
			     "mix_precision_search: a compression marker of %g is not reached, the "
			     "least is %.3f (give compresions_markers from there on)",
			     best->marker, best->sum.cost / whole(s));
	}
	for (size_t k = 0; k < o->nmarkers; k++)
		free(v[k].pick);
	free(v);
	return rc;
}

int quant_mix(struct quant *q, struct err *e)
{
	struct mix_search s = { .q = q };
	int rc = 0;

	if (!q->mix.on)
		return 0;
	if (!q->calib)
		return err_set(e, "mix_precision_search measures noise on images: give -c beside "
				  "--stats");
	mix_find(&s);
	if (s.nopen == 0)
		log_warn("mix_precision_search: no layer's precision is open, script and "
			 "compression say all");
	else if ((rc = mix_measure(&s, e)) == 0)
		rc = choose(&s, e);
	probe_release(&s.probe);
	free(s.layer);
	return rc;
}
