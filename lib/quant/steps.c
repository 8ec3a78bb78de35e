/*
 * Activations that jump: their table is exact where a fit would smear the jump.  Codes of the
 * layer's accumulator, or of the pre-activation where that is coarser, are what is compared with
 * the threshold: hn-numerics(7).
 */
#include "quant/quant_int.h"

#include <math.h>

enum {
	FIXED_BITS = 20
};

/* A code this near the threshold, in its own unit, is the threshold: scales are rounded numbers. */
static const double same = 1.0 / 256;

/* What an activation gives below its threshold, at it and above it. */
struct jump {
	double at, value[3];
	bool identity; /* above: x */
	bool nearest;  /* the code nearest the threshold is at it */
};

static bool jump_of(enum hn_act a, const struct hn_act_params *p, struct jump *j)
{
	static const struct jump kinds[ACT_COUNT] = {
		[ACT_THRESHOLD] = { 0, { 0, 0, 0 }, true, false },
		[ACT_DELTA] = { 0, { 1, 0, 1 }, false, true },
		[ACT_GREATER] = { 0, { 0, 0, 1 }, false, false },
		[ACT_GREATER_EQUAL] = { 0, { 0, 1, 1 }, false, false },
		[ACT_LESS] = { 0, { 1, 0, 0 }, false, false },
		[ACT_LESS_EQUAL] = { 0, { 1, 1, 0 }, false, false },
		[ACT_EQUAL] = { 0, { 0, 1, 0 }, false, true },
		[ACT_SIGN] = { 0, { -1, 0, 1 }, false, false },
	};
	const double alpha = (double)p->alpha;

	*j = kinds[a];
	if (a == ACT_DELTA)
		j->value[0] = j->value[2] = alpha;
	else if (a != ACT_SIGN)
		j->at = alpha;
	return j->identity || j->value[0] != 0 || j->value[1] != 0 || j->value[2] != 0 ||
	       a == ACT_DELTA;
}

bool steps_range(const struct layer *l, double *lo, double *hi)
{
	struct jump j;

	if (!jump_of(l->p.activation, &l->p.act, &j) || j.identity)
		return false;
	*lo = fmin(0, fmin(j.value[0], j.value[2]));
	*hi = fmax(fmax(j.value[0], j.value[2]), j.value[1]);
	/* -1, 0 and 1 are codes. */
	if (l->p.activation == ACT_SIGN)
		*hi = 128.0 / 127;
	return true;
}

struct builder {
	struct pwl *out;
	double unit, scale;
};

/* A segment from pre-activation `from` to before `to`; nothing when that is empty. */
static void segment(struct builder *b, double from, double to, double value, bool identity)
{
	struct pwl *p = b->out;
	const double start = fmax(from, INT16_MIN);
	const double one = ldexp(1, p->shift);

	if (fmin(to, INT16_MAX + 1) <= start)
		return;
	p->start[p->n] = (int16_t)start;
	p->slope[p->n] = identity ? (int32_t)round(b->unit / b->scale * one) : 0;
	p->offset[p->n++] =
	    (int32_t)round((identity ? start * b->unit / b->scale : round(value / b->scale)) * one);
}

bool steps_table(const struct layer *l, double unit, double scale, double step, struct pwl *out)
{
	struct builder b = { out, unit, scale };
	struct jump j;
	double code, nearest, first, behind, most = 0;
	bool at;

	if (!jump_of(l->p.activation, &l->p.act, &j))
		return false;
	step = fmax(step, 1);
	code = j.at / unit / step;
	nearest = round(code);
	/* Pre-activations tell no more; codes of an accumulator have exact values. */
	at = j.nearest || step == 1 || fabs(code - nearest) <= same;
	/* Pre-activations of the nearest code. */
	first = floor((nearest - 0.5) * step) + 1;
	behind = floor((nearest + 0.5) * step) + 1;
	if (!at && nearest > code)
		behind = first;
	else if (!at)
		first = behind;
	out->n = 0;
	out->shift = FIXED_BITS;
	for (int i = 0; i < 3; i++)
		most = fmax(most, fabs(j.value[i]) / scale);
	while (out->shift > 0 && ldexp(32768 * unit / scale + most + 1, out->shift) >= INT32_MAX)
		out->shift--;
	segment(&b, INT16_MIN, first, j.value[0], false);
	segment(&b, first, behind, j.value[1], false);
	segment(&b, behind, INT16_MAX + 1, j.value[2], j.identity);
	out->error = 0;
	return true;
}
