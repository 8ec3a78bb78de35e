/*
 * use_prequantized_weights: a model whose weights are whole multiples of a step already, by output
 * feature, as methods like GPTQ (Frantar and others 2022) leave them.  With that step as the scale
 * the codes are those numbers, and nothing is rounded again.
 */
#include "quant/weights.h"

#include <math.h>

/* A weight in float32, divided in double: as far from a whole number as rounding makes it. */
static const double whole = 1e-3;

static double feature_top(const struct weights *w, size_t c)
{
	double top = 0;

	for (size_t k = c; k < w->n; k += w->cout)
		top = fmax(top, fabs((double)w->kernel[k]));
	return top;
}

static bool all_whole(const struct weights *w, size_t c, double step)
{
	for (size_t k = c; k < w->n; k += w->cout) {
		const double code = (double)w->kernel[k] / step;

		if (fabs(code - round(code)) > whole)
			return false;
	}
	return true;
}

/* The largest step of which all weights of a feature are multiples, or 0. */
static double find_step(const struct weights *w, size_t c, int32_t levels)
{
	const double top = feature_top(w, c);

	for (int32_t code = 1; code <= levels; code++)
		if (all_whole(w, c, top / code))
			return top / code;
	return 0;
}

int weights_given(const struct quant *q, const struct layer *l, int32_t bits, struct weights *w,
		  struct err *e)
{
	const enum prequant kind = quant_info(q, l)->prequant;
	const int32_t levels = weight_levels(bits);

	if (kind == PREQUANT_NONE)
		return 0;
	w->top = xcalloc(w->cout, sizeof *w->top);
	for (size_t c = 0; c < w->cout; c++) {
		w->top[c] = feature_top(w, c);
		if (kind == PREQUANT_LIMITS || w->top[c] <= 0)
			continue;
		w->top[c] = find_step(w, c, levels) * levels;
		if (w->top[c] <= 0)
			return err_set(e,
				       "use_prequantized_weights: the weights of feature %zu of "
				       "'%s' are not whole multiples, up to %d, of any step "
				       "(bits=8, or weights_clipping for others)",
				       c, quote(l->name), levels);
	}
	return 0;
}
