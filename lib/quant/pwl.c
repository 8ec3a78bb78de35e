/*
 * Piecewise-linear fit of an activation over 16-bit pre-activations.  For a given error each
 * segment is made as long as it can be; the error is the smallest, by bisection, that the segments
 * suffice for.  A segment's line has its chord's slope and the offset that centres the error, which
 * is the best line of a convex or concave piece.
 */
#include "quant/quant_int.h"

#include <math.h>

enum {
	GRID = 4096,
	STEP = 65536 / GRID,
	SHIFT_MAX = 20,
	HALVINGS = 30
};

struct fit {
	double y[GRID + 1]; /* f at INT16_MIN + i STEP; the last at INT16_MAX + 1 */
	size_t n;
	size_t start[256];
	double slope[256], offset[256]; /* per grid step; at the start */
};

/* Best line over grid points [a, b]; returns its error. */
static double line(const struct fit *f, size_t a, size_t b, double *slope, double *offset)
{
	double lo = 0;
	double hi = 0;

	*slope = b > a ? (f->y[b] - f->y[a]) / (double)(b - a) : 0;
	for (size_t i = a; i <= b; i++) {
		double d = f->y[i] - (f->y[a] + *slope * (double)(i - a));

		lo = d < lo ? d : lo;
		hi = d > hi ? d : hi;
	}
	*offset = f->y[a] + (lo + hi) / 2;
	return (hi - lo) / 2;
}

/* The last b so that [a, b] is within the error: doubling, then bisection. */
static size_t longest(const struct fit *f, size_t a, double error)
{
	double s, o;
	size_t good = a + 1;
	size_t bad = GRID + 1;

	for (size_t len = 2; a + len <= GRID; len *= 2) {
		if (line(f, a, a + len, &s, &o) > error) {
			bad = a + len;
			break;
		}
		good = a + len;
	}
	while (bad - good > 1) {
		size_t mid = good + (bad - good) / 2;

		if (line(f, a, mid, &s, &o) <= error)
			good = mid;
		else
			bad = mid;
	}
	return good;
}

static bool cover(struct fit *f, double error, size_t max)
{
	size_t a = 0;

	for (f->n = 0; a < GRID; f->n++) {
		size_t b;

		if (f->n == max)
			return false;
		b = longest(f, a, error);
		f->start[f->n] = a;
		line(f, a, b, &f->slope[f->n], &f->offset[f->n]);
		a = b;
	}
	return true;
}

static double largest(const struct fit *f)
{
	double m = 0;

	for (size_t i = 0; i <= GRID; i++)
		m = fabs(f->y[i]) > m ? fabs(f->y[i]) : m;
	return m;
}

static int32_t to_fixed(double v, int32_t shift)
{
	double x = round(ldexp(v, shift));

	return (int32_t)(x > INT32_MAX ? INT32_MAX : x < -INT32_MAX ? -INT32_MAX : x);
}

static void quantize(const struct fit *f, struct pwl *out)
{
	double top = largest(f) + 1;

	out->n = f->n;
	out->shift = SHIFT_MAX;
	while (out->shift > 0 && ldexp(top, out->shift) >= INT32_MAX)
		out->shift--;
	for (size_t i = 0; i < f->n; i++) {
		out->start[i] = (int16_t)((int32_t)f->start[i] * STEP + INT16_MIN);
		out->slope[i] = to_fixed(f->slope[i] / STEP, out->shift);
		out->offset[i] = to_fixed(f->offset[i], out->shift);
	}
}

static double measure(double (*fn)(double, const void *), const void *ctx, const struct pwl *p)
{
	double worst = 0;
	size_t s = 0;

	for (int32_t x = INT16_MIN; x <= INT16_MAX; x++) {
		double got;

		while (s + 1 < p->n && p->start[s + 1] <= x)
			s++;
		got = ldexp(p->offset[s] + (double)p->slope[s] * (x - p->start[s]), -p->shift);
		worst = fmax(worst, fabs(got - fn(x, ctx)));
	}
	return worst;
}

void pwl_fit(double (*f)(double x, const void *ctx), const void *ctx, size_t max_segments,
	     struct pwl *out)
{
	struct fit *t = xcalloc(1, sizeof *t);
	double bad = 0;
	double good = 0;

	for (size_t i = 0; i <= GRID; i++)
		t->y[i] = f((double)i * STEP + INT16_MIN, ctx);
	if (max_segments > 256)
		max_segments = 256;
	good = 2 * largest(t) + 1; /* one segment does */
	for (int i = 0; i < HALVINGS; i++) {
		double mid = (bad + good) / 2;

		if (cover(t, mid, max_segments))
			good = mid;
		else
			bad = mid;
	}
	cover(t, good, max_segments);
	quantize(t, out);
	out->error = measure(f, ctx, out);
	free(t);
}
