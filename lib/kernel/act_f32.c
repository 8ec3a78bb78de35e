/* activation, and the activation that any other layer carries. */
#include "kernel/f32_int.h"
#include <math.h>

enum {
	GRAIN = 4096
}; /* values per piece: a cut that does not depend on the number of threads */

static void clip_piece(float lo, float hi, float *x, size_t n)
{
#pragma omp simd
	for (size_t i = 0; i < n; i++) {
		const float v = x[i] < lo ? lo : x[i];

		x[i] = v > hi ? hi : v;
	}
}

static void act_piece(const struct layer *l, const float *slope, float *x, size_t from, size_t n,
		      size_t c)
{
	const enum hn_act a = l->p.activation;

	if (a == ACT_RELU)
		clip_piece(0, INFINITY, x + from, n);
	else if (a == ACT_RELU6)
		clip_piece(0, 6, x + from, n);
	else if (a == ACT_CLIP)
		clip_piece(l->p.act.lo, l->p.act.hi, x + from, n);
	else
		for (size_t i = from; i < from + n; i++)
			x[i] = hn_act_eval(a, &l->p.act, slope ? slope[i % c] : 0, x[i]);
}

void f32_activate(const struct layer *l, const float *slope, float *x, size_t count, size_t c)
{
	const int64_t pieces = (int64_t)((count + GRAIN - 1) / GRAIN);

#pragma omp parallel for schedule(static)
	for (int64_t i = 0; i < pieces; i++) {
		const size_t from = (size_t)i * GRAIN;

		act_piece(l, slope, x, from, count - from < GRAIN ? count - from : GRAIN, c);
	}
}

void f32_clip_features(const float *lo, const float *hi, float *x, size_t count, size_t c)
{
	const int64_t pixels = (int64_t)(count / c);

#pragma omp parallel for schedule(static)
	for (int64_t p = 0; p < pixels; p++) {
		float *v = x + (size_t)p * c;

		for (size_t i = 0; i < c; i++) {
			const float low = v[i] < lo[i] ? lo[i] : v[i];

			v[i] = low > hi[i] ? hi[i] : low;
		}
	}
}

/* The common code applies the activation in place. */
static int act_run(const struct f32k *k, const float *const in[], float *const out[], struct err *e)
{
	const size_t count = hn_shape_count(f32_out(k)) * (size_t)k->n;

	(void)e;
	memcpy(out[0], in[0], count * sizeof **out);
	return 0;
}

const struct f32_impl act_f32 = { NULL, act_run, NULL };
const struct f32_impl shortcut_f32 = { NULL, act_run, NULL };
