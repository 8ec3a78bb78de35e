/* The smallest choice of a layer, or why there is none. */
#include "alloc/alloc_int.h"

/* Features of the largest part. */
static int32_t part_features(const struct unit *u, struct choice c)
{
	const int32_t all = u->cost.features, step = u->cost.slice_step;
	int64_t most;

	if (c.spatial || c.parts <= 1 || step <= 0)
		return all;
	most = step * ceil_div(ceil_div(all, step), c.parts);
	return most < all ? (int32_t)most : all;
}

/* Weights and rows take whole cuts, each of them. */
static int too_large(const struct plan *p, const struct unit *u, struct choice c, bool l2,
		     struct err *e)
{
	const struct target *t = p->t;
	const int64_t there[] = { [RES_LCU] = t->lcus,
				  [RES_SC] = t->subclusters,
				  [RES_IA] = t->input_aligners,
				  [RES_APU] = t->apus };
	const int32_t features = part_features(u, c);
	const struct need need = unit_part_need(p, u, c, features, l2);
	const int64_t window = ceil_div(u->window_bytes, t->l3_cut_bytes);
	const char *subject = c.parts > 1 ? "each of its parts" : "it";

	for (int r = 0; r <= RES_APU; r++)
		if (need.v[r] > there[r])
			return err_set(
			    e,
			    "layer '%s' does not fit in a cluster of %s: %s takes %lld %s, "
			    "%lld there",
			    quote(u->l->name), t->name, subject, (long long)need.v[r],
			    resource_name((enum resource)r), (long long)there[r]);
	return err_set(
	    e,
	    "layer '%s' does not fit in a cluster of %s: %s takes whole L3 cuts of %lld bytes, "
	    "%lld for %lld bytes of weights and %lld for %lld bytes of input rows: %lld needed, "
	    "%d there",
	    quote(u->l->name), t->name, subject, (long long)t->l3_cut_bytes,
	    (long long)need.v[RES_WEIGHTS],
	    (long long)ceil_div(u->cost.weight_bytes * features, u->cost.features),
	    (long long)window, (long long)u->window_bytes,
	    (long long)(need.v[RES_WEIGHTS] + window), t->l3_cuts);
}

int unit_minimum(const struct plan *p, struct unit *u, bool l2, struct err *e)
{
	const struct choice *f = &u->fixed;
	struct choice c = { .parts = f->parts ? f->parts : 1,
			    .subclusters = f->subclusters ? f->subclusters : 1,
			    .mode = f->mode > 0 ? f->mode : 0,
			    .spatial = f->spatial,
			    .apus = f->apus ? f->apus : 1 };
	const int32_t most = f->parts ? f->parts : unit_max_parts(u, f->spatial);
	struct need need;

	for (;; c.parts++) {
		if (unit_need(p, u, c, l2, &need)) {
			u->choice = c;
			return 0;
		}
		if (c.parts >= most)
			return too_large(p, u, c, l2, e);
	}
}
