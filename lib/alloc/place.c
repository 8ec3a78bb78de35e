/* Clusters: layers of a context are packed so that every resource of every cluster suffices. */
#include "alloc/alloc_int.h"

const char *resource_name(enum resource r)
{
	static const char *const names[RES_COUNT] = { "layer controllers", "subclusters",
						      "input aligners",    "APUs",
						      "L3 cuts",           "16-bit subclusters" };

	return names[r];
}

/* LCUs, subclusters, aligners, APUs, L3 cuts left in each cluster. */
struct space {
	int64_t left[TARGET_MAX_CLUSTERS][RES_COUNT];
};

/*
 * A portal's buffer lies in the cluster of the layer that it feeds: host, by layer, is that one; -1
 * for all others.
 */
static int32_t *hosts_of(const struct allocation *a)
{
	int32_t *host = xcalloc(a->nlayers + 1, sizeof *host);

	for (size_t i = 0; i < a->nlayers; i++)
		host[i] = -1;
	/* Portals come before what they feed, so that those behind others are settled first. */
	for (size_t i = a->nlayers; i-- > 0;) {
		if (!relay_kind_of(a->layers[i].kind)->in_l3)
			continue;
		for (size_t k = a->nedges; k-- > 0;)
			if (a->edges[k].from == (int32_t)i)
				host[i] = a->edges[k].to;
		if (host[host[i]] >= 0)
			host[i] = host[host[i]];
	}
	return host;
}

/* Portals are where their hosts are; outside the clusters they take no L3. */
static void settle_portals(struct allocation *a, const int32_t *host, int32_t context)
{
	for (size_t i = 0; i < a->nlayers; i++) {
		if (host[i] < 0 || a->layers[i].context != context)
			continue;
		a->layers[i].cluster = a->layers[host[i]].cluster;
		if (a->layers[i].cluster < 0)
			a->layers[i].l3_buffer_cuts = 0;
	}
}

/* Of a layer, of all that it is merged with, and of the portals in front of them. */
static void layer_need(const struct allocation *a, const int32_t *host, size_t layer,
		       int64_t v[RES_COUNT])
{
	const struct alloc_taken u = alloc_taken_by(a, layer);
	const int32_t group = a->layers[layer].group;

	v[RES_LCU] = u.lcus;
	v[RES_SC] = u.subclusters;
	v[RES_IA] = u.input_aligners;
	v[RES_APU] = u.apus;
	v[RES_SC16] = 0; /* among the subclusters */
	v[RES_WEIGHTS] = u.l3_cuts;
	for (size_t i = 0; i < a->nlayers; i++)
		if (host[i] == (int32_t)layer ||
		    (host[i] >= 0 && group >= 0 && a->layers[host[i]].group == group))
			v[RES_WEIGHTS] += a->layers[i].l3_buffer_cuts;
}

static void space_init(const struct target *t, struct space *s)
{
	int32_t k;

	for (k = 0; k < t->clusters; k++) {
		s->left[k][RES_LCU] = t->lcus;
		s->left[k][RES_SC] = t->subclusters;
		s->left[k][RES_IA] = t->input_aligners;
		s->left[k][RES_APU] = t->apus;
		s->left[k][RES_SC16] = 0;
		s->left[k][RES_WEIGHTS] = t->l3_cuts;
	}
}

static bool take(struct space *s, int32_t k, const int64_t need[RES_COUNT])
{
	int r;

	for (r = 0; r < RES_COUNT; r++)
		if (s->left[k][r] < need[r])
			return false;
	for (r = 0; r < RES_COUNT; r++)
		s->left[k][r] -= need[r];
	return true;
}

static int32_t own_cluster(const struct plan *p, const struct allocation *a, size_t i)
{
	const struct unit *u;
	int32_t part = 0;

	if (alloc_is_relay(a, i))
		return phys_relay(p, a, i)->place;
	u = phys_unit(p, a, i);

	while ((size_t)part < i && a->layers[i - (size_t)part - 1].layer == a->layers[i].layer)
		part++;
	return u->place[part];
}

/* Where the script wants a layer, or one that it is merged with; -1: anywhere. */
static int32_t wanted_cluster(const struct plan *p, const struct allocation *a, size_t i)
{
	int32_t wanted = own_cluster(p, a, i);

	for (size_t k = i + 1; k < a->nlayers && wanted < 0 && a->layers[i].group >= 0; k++)
		if (a->layers[k].group == a->layers[i].group)
			wanted = own_cluster(p, a, k);
	return wanted;
}

static void set_cluster(struct allocation *a, size_t i, int32_t id)
{
	a->layers[i].cluster = id;
	for (size_t k = i + 1; k < a->nlayers && a->layers[i].group >= 0; k++)
		if (a->layers[k].group == a->layers[i].group)
			a->layers[k].cluster = id;
}

/*
 * Places one layer, with those that it is merged with: where the script says, else in the first
 * cluster with room.
 */
static bool place_layer(const struct plan *p, struct allocation *a, const int32_t *host, size_t i,
			struct space *s)
{
	int32_t wanted = wanted_cluster(p, a, i);
	int64_t need[RES_COUNT];
	int32_t k;

	layer_need(a, host, i, need);
	for (k = 0; k < p->t->clusters; k++) {
		if (wanted >= 0 && p->t->cluster_id[k] != wanted)
			continue;
		if (take(s, k, need)) {
			set_cluster(a, i, p->t->cluster_id[k]);
			return true;
		}
	}
	return false;
}

/* Largest share of a cluster's resources that a layer takes. */
static double weight_of(const struct target *t, const struct allocation *a, const int32_t *host,
			size_t layer)
{
	const double capacity[RES_COUNT] = { t->lcus, t->subclusters, t->input_aligners,
					     t->apus, t->l3_cuts,     t->subclusters };
	int64_t need[RES_COUNT];
	double worst = 0;
	int r;

	layer_need(a, host, layer, need);
	for (r = 0; r < RES_COUNT; r++)
		if ((double)need[r] / capacity[r] > worst)
			worst = (double)need[r] / capacity[r];
	return worst;
}

struct item {
	size_t layer;
	double weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return x->layer < y->layer ? -1 : x->layer > y->layer;
}

/* The layer that found no place is items[*failed]. */
static bool pack(const struct plan *p, struct allocation *a, const int32_t *host,
		 const struct item *items, size_t n, struct space *s, size_t *failed)
{
	space_init(p->t, s);
	for (int wanted = 1; wanted >= 0; wanted--) /* those with a place of their own first */
		for (size_t i = 0; i < n; i++) {
			*failed = i;
			if ((wanted_cluster(p, a, items[i].layer) >= 0) == wanted &&
			    !place_layer(p, a, host, items[i].layer, s))
				return false;
		}
	return true;
}

/* Does all of a context together exceed the device?  Then that is what is short. */
static bool device_short(const struct plan *p, const struct allocation *a, const int32_t *host,
			 int32_t context, struct err *e)
{
	const struct need capacity = device_capacity(p->t);
	int64_t total[RES_COUNT] = { 0 };

	for (size_t i = 0; i < a->nlayers; i++) {
		int64_t need[RES_COUNT];

		if (a->layers[i].context != context || a->layers[i].lcus == 0)
			continue;
		layer_need(a, host, i, need);
		for (int r = 0; r < RES_COUNT; r++)
			total[r] += need[r];
	}
	for (int r = 0; r < RES_COUNT; r++)
		if (total[r] > capacity.v[r]) {
			err_set(e, "context_%d does not fit in %s: %lld %s needed, %lld available",
				context, p->t->name, (long long)total[r],
				resource_name((enum resource)r), (long long)capacity.v[r]);
			return true;
		}
	return false;
}

/* What a layer lacks: of its resources the one that the fewest clusters have enough of. */
static int cluster_short(const struct plan *p, const struct allocation *a, const int32_t *host,
			 size_t layer, const struct space *s, struct err *e)
{
	const int32_t wanted = wanted_cluster(p, a, layer);
	int32_t fewest = INT32_MAX;
	int64_t need[RES_COUNT], most = 0;
	enum resource worst = RES_LCU;

	layer_need(a, host, layer, need);
	for (int r = 0; r < RES_COUNT; r++) {
		int32_t enough = 0;
		int64_t left = 0;

		for (int32_t k = 0; k < p->t->clusters; k++) {
			if (wanted >= 0 && p->t->cluster_id[k] != wanted)
				continue;
			enough += s->left[k][r] >= need[r];
			left = s->left[k][r] > left ? s->left[k][r] : left;
		}
		if (enough < fewest) {
			fewest = enough;
			worst = (enum resource)r;
			most = left;
		}
	}
	if (wanted >= 0)
		return err_set(
		    e, "context_%d: cluster_%d has no room for '%s': %lld %s needed, %lld left",
		    a->layers[layer].context, wanted, quote(a->layers[layer].name),
		    (long long)need[worst], resource_name(worst), (long long)most);
	return err_set(
	    e,
	    "context_%d does not fit in the clusters of %s: '%s' needs %lld %s, which %s, "
	    "at most %lld are left in one",
	    a->layers[layer].context, p->t->name, quote(a->layers[layer].name),
	    (long long)need[worst], resource_name(worst),
	    fewest ? "few clusters have beside the others" : "no cluster has", (long long)most);
}

int place_context(const struct plan *p, struct allocation *a, int32_t context, struct err *e)
{
	struct item *items = xcalloc(a->nlayers + 1, sizeof *items);
	int32_t *host = hosts_of(a);
	struct space left;
	size_t i, failed;
	size_t n = 0;
	bool ok;

	for (i = 0; i < a->nlayers; i++)
		if (a->layers[i].context == context && alloc_taken_by(a, i).lcus > 0) {
			items[n].layer = i;
			items[n++].weight = weight_of(p->t, a, host, i);
		}
	ok = pack(p, a, host, items, n, &left,
		  &failed); /* topological order keeps neighbours together */
	if (!ok) {
		if (n)
			qsort(items, n, sizeof *items, by_weight);
		ok = pack(p, a, host, items, n, &left, &failed);
	}
	if (!ok && !device_short(p, a, host, context, e))
		cluster_short(p, a, host, items[failed].layer, &left, e);
	settle_portals(a, host, context);
	free(items);
	free(host);
	return ok ? 0 : -1;
}

int place_l4(const struct plan *p, const struct allocation *a, int32_t context, struct err *e)
{
	const int64_t cuts = alloc_l4_cuts(a, p->t, context);

	if (cuts <= p->t->l4_cuts)
		return 0;
	return err_set(e, "context_%d: its boundary buffers need %lld L4 cuts, %s has %d", context,
		       (long long)cuts, p->t->name, p->t->l4_cuts);
}
