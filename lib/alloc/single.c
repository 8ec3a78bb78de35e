/* All layers in one context. */
#include "alloc/alloc_int.h"
#include "base/log.h"
#include <math.h>

/* Where layers are merged it holds more of them, as many as the target allows. */
static double overfull(const struct plan *p, int r)
{
	const bool merging = merge_auto(p, true) && r != RES_SC && r != RES_WEIGHTS;

	return merging && p->t->util_control_max > 1 ? p->t->util_control_max : 1;
}

/* What the smallest choices of all layers take together. */
static int least_need(struct plan *p, struct need *out, struct err *e)
{
	struct need total = { { 0 } };
	struct need need;
	int64_t window = 0;
	size_t i;

	merge_reset(p);
	for (i = 0; i < p->n; i++) {
		if (unit_minimum(p, &p->units[i], true, e) < 0)
			return -1;
		window += p->units[i].cost.outside ? 0 : p->units[i].window_bytes;
	}
	for (i = 0; i < p->n; i++) {
		total = need_add(total, relays_need(&p->units[i]), 1);
		if (!merge_leads(p, &p->units[i]))
			continue;
		if (!merge_need(p, &p->units[i], p->units[i].choice, true, &need))
			return err_set(e, "the layers of '%s' do not fit in a cluster together",
				       quote(p->units[i].given_merged));
		total = need_add(total, need, 1);
	}
	total.v[RES_WEIGHTS] += window / p->t->l3_cut_bytes;
	*out = total;
	return 0;
}

/* The device holds the smallest choices of all layers; else an error that names the resource. */
static int check_capacity(struct plan *p, struct err *e)
{
	struct need capacity = device_capacity(p->t);
	struct need total;
	int r;

	if (least_need(p, &total, e) < 0)
		return -1;
	for (r = 0; r < RES_COUNT; r++)
		if ((double)total.v[r] > overfull(p, r) * (double)capacity.v[r])
			return err_set(e, "one context needs at least %lld %s, %s has %lld",
				       (long long)total.v[r], resource_name((enum resource)r),
				       p->t->name, (long long)capacity.v[r]);
	for (r = 0; r < RES_COUNT && p->mode == 0 && !plan_is_fixed(p); r++) {
		if (p->limits.given[r] ||
		    (double)total.v[r] <= p->t->util_least * (double)capacity.v[r])
			continue;
		p->merge_fits = overfull(p, r) > 1;
		if (!p->merge_fits)
			return err_set(e, "one context needs at least %lld of the %lld %s of %s",
				       (long long)total.v[r], (long long)capacity.v[r],
				       resource_name((enum resource)r), p->t->name);
	}
	return 0;
}

/* All layers in one context; at the highest level with thresholds from the device's limits down. */
static struct allocation *one_context(struct plan *p, struct err *e)
{
	struct allocation *a = NULL;
	struct err last = { 0 };
	const size_t steps = (size_t)ceil((1 - p->t->util_single) / 0.05);
	size_t tries = 0;
	double util;
	size_t i;

	p->ncontexts = 1;
	for (i = 0; i < p->n; i++)
		p->units[i].context = p->units[i].last_context = 0;
	if (check_capacity(p, e) < 0) {
		attempt_record(p, 0, 0, NULL, e);
		return NULL;
	}
	for (util = 1; p->level == 2 && util > p->t->util_single && !a && !attempt_stopped(p);
	     util -= 0.05) {
		progress("thresholds", tries++, steps);
		last = (struct err){ 0 };
		a = attempt_at(p, util, false, &last);
		attempt_record(p, 0, util, a, &last);
	}
	if (tries)
		progress("thresholds", steps, steps);
	if (!a) {
		a = attempt_narrowing(p, e);
		attempt_record(p, 0, 0, a, e);
	}
	return a;
}

static bool any_merged(const struct allocation *a)
{
	for (size_t i = 0; i < a->nlayers; i++)
		if (a->layers[i].group >= 0)
			return true;
	return false;
}

/* The search that merges is no better in every case than the one that does not. */
struct allocation *single_context(struct plan *p, struct err *e)
{
	struct allocation *a = one_context(p, e), *b;
	struct err ignored = { 0 };
	const bool held_up = p->held_up;

	if (!a || p->level < 2 || p->merge_util > 0 || !any_merged(a))
		return a;
	p->merge_never = true;
	b = one_context(p, &ignored);
	p->merge_never = false;
	if (!b || attempt_rate(p, a) >= attempt_rate(p, b))
		p->held_up = held_up;
	return attempt_faster(p, a, b);
}
