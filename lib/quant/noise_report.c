/* The table and the document of a noise analysis. */
#include "alls/alls.h"
#include "kernel/qop.h"
#include "quant/noise.h"

#include <math.h>

static void put_db(double db, struct str *out)
{
	if (isnan(db))
		str_printf(out, " %7s", "-");
	else
		str_printf(out, " %7.2f", db);
}

static void print_row(const struct noise *n, const struct noise_layer *l, int width,
		      const struct noise_line *line, struct str *out)
{
	str_printf(out, "%-*s", width, l->l->name);
	put_db(l->own, out);
	put_db(l->worst, out);
	str_printf(out, " %7zu", l->feature);
	put_db(l->snr, out);
	for (size_t i = 0; n->advanced && i < n->noutputs; i++)
		put_db(l->at_output[i], out);
	if (line)
		str_printf(out, "  %s  # %s", line->text, line->why);
	str_puts(out, "\n");
}

static void print_head(const struct noise *n, int width, struct str *out)
{
	str_printf(out, "%-*s %7s %7s %7s %7s", width, "layer", "own", "worst", "feature", "snr");
	for (size_t i = 0; n->advanced && i < n->noutputs; i++)
		str_printf(out, " %7zu", i + 1);
	str_puts(out, "  line that may help\n");
}

void noise_print(const struct noise *n, const struct emu_model *m, const struct alls *script,
		 struct str *out)
{
	int width = 5;

	for (size_t i = 0; i < n->nranked; i++) {
		const int len = (int)strlen(n->layer[n->order[i]].l->name);

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < n->noutputs; i++)
		str_printf(out, "output %zu %s %.2f dB\n", i + 1, n->output[i], n->output_snr[i]);
	print_head(n, width, out);
	for (size_t i = 0; i < n->nranked; i++) {
		const struct noise_layer *l = &n->layer[n->order[i]];
		size_t nlines;
		struct noise_line *lines = noise_advice(m, l, script, &nlines);

		/* Where nothing is lost nothing is to be done. */
		print_row(n, l, width, nlines && l->own < NOISE_CAP ? &lines[0] : NULL, out);
		noise_lines_free(lines, nlines);
	}
}

/* Bins of equal width between the extremes; a bin of the histogram is spread evenly over its own
 * width. */
struct spread {
	double lo, width;
	double count[NOISE_BINS];
};

static double covered(double a, double b, double lo, double hi)
{
	return fmax(0, fmin(b, hi) - fmax(a, lo));
}

static void spread_bin(int32_t bin, uint64_t n, void *ctx)
{
	struct spread *s = ctx;
	const double end = s->lo + s->width * NOISE_BINS;
	double a, b, lo, hi;

	hist_edges(bin, &a, &b);
	lo = fmax(s->lo, bin < 0 ? -b : a);
	hi = fmin(end, bin < 0 ? -a : b);
	for (int i = 0; i < NOISE_BINS; i++) {
		const double from = s->lo + s->width * i;
		const double to = i + 1 == NOISE_BINS ? end : from + s->width;

		if (hi > lo)
			s->count[i] += (double)n * covered(from, to, lo, hi) / (hi - lo);
		else if (lo >= from && (lo < to || i + 1 == NOISE_BINS))
			s->count[i] += (double)n;
	}
}

static json_t *histogram(const struct noise_layer *l)
{
	struct spread s = { .lo = l->min, .width = (l->max - l->min) / NOISE_BINS };
	json_t *count = json_array();

	if (s.width > 0)
		hist_each(&l->hist, spread_bin, &s);
	for (int i = 0; i < NOISE_BINS && s.width > 0; i++)
		json_array_append_new(count, json_real(round(s.count[i] * 100) / 100));
	return json_pack("{s:f, s:f, s:o}", "min", l->min, "max", l->max, "counts", count);
}

static json_t *numbers(const float *v, size_t n)
{
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(j, json_real((double)v[i]));
	return j;
}

static json_t *decibel(double db)
{
	return isnan(db) ? json_null() : json_real(round(db * 1000) / 1000);
}

static json_t *lines_json(const struct emu_model *m, const struct noise_layer *l,
			  const struct alls *script)
{
	size_t n;
	struct noise_line *v = noise_advice(m, l, script, &n);
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(j,
				      json_pack("{s:s, s:s}", "line", v[i].text, "why", v[i].why));
	noise_lines_free(v, n);
	return j;
}

static json_t *layer_json(const struct noise *n, const struct emu_model *m,
			  const struct noise_layer *l, const struct alls *script)
{
	json_t *j = json_object(), *at = json_object();
	const struct qop *q = &m->q.q[l->l->index];

	json_object_set_new(j, "own", decibel(l->own));
	json_object_set_new(j, "worst", decibel(l->worst));
	json_object_set_new(j, "worst_feature", json_integer((json_int_t)l->feature));
	json_object_set_new(j, "snr", decibel(l->snr));
	for (size_t i = 0; n->advanced && i < n->noutputs; i++)
		json_object_set_new(at, n->output[i], decibel(l->at_output[i]));
	json_object_set_new(j, "output_snr", at);
	json_object_set_new(j, "constant", json_real(l->constant));
	json_object_set_new(j, "outside", json_real(l->outside));
	json_object_set_new(j, "bits", json_integer(q->out_bits));
	json_object_set_new(j, "weight_bits", json_integer(q->w_bits));
	json_object_set_new(j, "codes", json_pack("{s:f, s:f}", "min", l->lo, "max", l->hi));
	json_object_set_new(j, "histogram", histogram(l));
	json_object_set_new(j, "scatter",
			    json_pack("{s:o, s:o}", "float", numbers(l->sample[0], l->nsamples),
				      "integers", numbers(l->sample[1], l->nsamples)));
	json_object_set_new(j, "advice", lines_json(m, l, script));
	return j;
}

json_t *noise_json(const struct noise *n, const struct emu_model *m, const struct alls *script)
{
	json_t *j = json_object(), *outputs = json_object(), *layers = json_object();

	json_object_set_new(j, "analyze_mode", json_string(n->advanced ? "advanced" : "simple"));
	json_object_set_new(j, "images", json_integer((json_int_t)n->images));
	for (size_t i = 0; i < n->noutputs; i++)
		json_object_set_new(outputs, n->output[i], decibel(n->output_snr[i]));
	json_object_set_new(j, "outputs", outputs);
	for (size_t i = 0; i < n->nranked; i++) {
		const struct noise_layer *l = &n->layer[n->order[i]];

		json_object_set_new(layers, l->l->name, layer_json(n, m, l, script));
	}
	json_object_set_new(j, "layers", layers);
	return j;
}
