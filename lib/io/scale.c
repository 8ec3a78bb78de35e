#include "io/scale.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIDE_MAX = 1 << 14 /* pixels of a side after scaling */
};

bool image_fit_any(const struct image_fit *fit)
{
	return fit->h || fit->shorter || fit->crop;
}

static int parse_side(const char *text, size_t *out, struct err *e)
{
	int64_t v;

	if (num_int(text, "size", 1, SIDE_MAX, &v, e) < 0)
		return -1;
	*out = (size_t)v;
	return 0;
}

int image_fit_parse(const char *text, struct image_fit *fit, struct err *e)
{
	const char *x = strchr(text, 'x');
	char *h;
	int rc;

	if (!x)
		return parse_side(text, &fit->shorter, e);
	h = xstrndup(text, (size_t)(x - text));
	rc = parse_side(h, &fit->h, e) < 0 ? -1 : parse_side(x + 1, &fit->w, e);
	free(h);
	return rc;
}

/* The input positions that have a part in output position i, and their weights. */
struct taps {
	size_t from, n;
	double *weight;
};

static void find_taps(struct taps *t, size_t i, size_t in, size_t out)
{
	const double step = (double)in / (double)out;
	const double reach = step > 1 ? step : 1;
	const double centre = ((double)i + 0.5) * step;
	const double lo = floor(centre - reach + 0.5), hi = floor(centre + reach + 0.5);
	double sum = 0;

	t->from = lo > 0 ? (size_t)lo : 0;
	t->n = (hi < (double)in ? (size_t)hi : in) - t->from;
	for (size_t k = 0; k < t->n; k++) {
		double far = fabs(((double)(t->from + k) + 0.5 - centre) / reach);

		t->weight[k] = far < 1 ? 1 - far : 0;
		sum += t->weight[k];
	}
	for (size_t k = 0; k < t->n; k++)
		t->weight[k] /= sum;
}

/* Scales the middle axis of [outer][in][inner]. */
static void scale_axis(const float *x, size_t outer, size_t in, size_t inner, float *y, size_t out)
{
	struct taps t = { .weight = xreallocarray(NULL, in + 2, sizeof(double)) };
	double *sum = xreallocarray(NULL, inner, sizeof *sum);

	for (size_t i = 0; i < out; i++) {
		find_taps(&t, i, in, out);
		for (size_t o = 0; o < outer; o++) {
			const float *from = x + (o * in + t.from) * inner;
			float *to = y + (o * out + i) * inner;

			memset(sum, 0, inner * sizeof *sum);
			for (size_t k = 0; k < t.n; k++)
				for (size_t c = 0; c < inner; c++)
					sum[c] += t.weight[k] * (double)from[k * inner + c];
			for (size_t c = 0; c < inner; c++)
				to[c] = (float)sum[c];
		}
	}
	free(sum);
	free(t.weight);
}

void scale_f32(const float *in, size_t h, size_t w, size_t c, float *out, size_t oh, size_t ow)
{
	float *wide = xreallocarray(NULL, h * ow, c * sizeof *wide);

	scale_axis(in, h, w, c, wide, ow);
	scale_axis(wide, 1, h, ow * c, out, oh);
	free(wide);
}

void scale_u8(const uint8_t *in, size_t h, size_t w, size_t c, uint8_t *out, size_t oh, size_t ow)
{
	float *x = xreallocarray(NULL, h * w, c * sizeof *x);
	float *y = xreallocarray(NULL, oh * ow, c * sizeof *y);

	for (size_t i = 0; i < h * w * c; i++)
		x[i] = in[i];
	scale_f32(x, h, w, c, y, oh, ow);
	for (size_t i = 0; i < oh * ow * c; i++)
		out[i] = (uint8_t)(y[i] + 0.5f);
	free(x);
	free(y);
}

/* The size after scaling; the longer side is rounded down. */
static void scaled_size(const struct image_fit *fit, size_t h, size_t w, size_t *sh, size_t *sw)
{
	*sh = fit->h ? fit->h : h;
	*sw = fit->w ? fit->w : w;
	if (fit->shorter && h < w) {
		*sh = fit->shorter;
		*sw = fit->shorter * w / h;
	} else if (fit->shorter) {
		*sw = fit->shorter;
		*sh = fit->shorter * h / w;
	}
}

static int check_size(const struct image_fit *fit, size_t h, size_t w, size_t oh, size_t ow,
		      struct err *e)
{
	if (h > SIDE_MAX || w > SIDE_MAX)
		return err_set(e, "image is %zu pixels high and %zu wide after scaling, %d at most",
			       h, w, SIDE_MAX);
	if (fit->crop && (h < oh || w < ow))
		return err_set(e,
			       "image is %zu pixels high and %zu wide, too small to cut the "
			       "network's input %zu and %zu from (scale it up: --resize)",
			       h, w, oh, ow);
	if (!fit->crop && (h != oh || w != ow))
		return err_set(e,
			       "image is %zu pixels high and %zu wide after scaling, the network's "
			       "input %zu and %zu (cut its middle: --crop)",
			       h, w, oh, ow);
	return 0;
}

int image_fit_apply(const struct image_fit *fit, const uint8_t *in, size_t h, size_t w, size_t c,
		    uint8_t *out, size_t oh, size_t ow, struct err *e)
{
	uint8_t *scaled = NULL;
	size_t sh, sw, top, left;

	scaled_size(fit, h, w, &sh, &sw);
	if (check_size(fit, sh, sw, oh, ow, e) < 0)
		return -1;
	if (sh != h || sw != w) {
		scaled = xreallocarray(NULL, sh * sw, c);
		scale_u8(in, h, w, c, scaled, sh, sw);
		in = scaled;
	}
	top = (sh - oh) / 2;
	left = (sw - ow) / 2;
	for (size_t y = 0; y < oh; y++)
		memcpy(out + y * ow * c, in + ((top + y) * sw + left) * c, ow * c);
	free(scaled);
	return 0;
}
