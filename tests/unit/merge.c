/*
 * Merged layers: whatever runs without merging runs with it, at the sum of cycles at the least, in
 * random networks of rows and in every pairing of a small network's layers.
 */
#include "alloc/alloc.h"
#include "alloc/process.h"
#include "base/rng.h"
#include "net.h"

static int passed, failed;

static void check(bool ok, const char *what, const char *detail)
{
	*(ok ? &passed : &failed) += 1;
	if (!ok)
		printf("not as expected: %s: %s\n", what, detail);
}

/* ---- networks of rows ---- */

enum {
	LAYERS = 7,
	EDGES = 14,
	FRAMES = 5
};

static int32_t pick(struct rng *r, int32_t n)
{
	return (int32_t)(rng_u64(r) % (uint64_t)n);
}

/* Every layer but the first reads one or two earlier ones; buffers of one to four rows. */
static void random_source(struct rng *r, struct net_source *s)
{
	static const int32_t heights[] = { 2, 4, 8 };

	s->nlayers = LAYERS;
	s->nedges = 0;
	for (int32_t i = 0; i < LAYERS; i++) {
		s->layers[i] = (struct net_layer){ .rows = heights[pick(r, 3)],
						   .steps = 1,
						   .cycles = 1 + pick(r, 50),
						   .group = -1 };
		for (int32_t k = 0; i > 0 && k <= pick(r, 2); k++)
			s->edges[s->nedges++] = (struct net_edge){ .from = pick(r, i),
								   .to = i,
								   .rows = 1 + pick(r, 4) };
	}
}

/* Each layer in one of `groups` groups, or in none. */
static void random_groups(struct rng *r, struct net_source *s, int32_t groups)
{
	int32_t first[LAYERS];

	for (int32_t g = 0; g < groups; g++)
		first[g] = -1;
	for (int32_t i = 0; i < LAYERS; i++) {
		int32_t g = pick(r, groups + 1);

		s->layers[i].group = -1;
		if (g == groups)
			continue;
		first[g] = first[g] < 0 ? i : first[g];
		s->layers[i].group = first[g];
	}
}

static bool runs(const struct net_source *s, int64_t *end)
{
	int64_t ends[FRAMES];
	struct network n;
	bool ok;

	network_build(&n, s, 0);
	ok = network_run(&n, FRAMES, ends);
	*end = ends[FRAMES - 1];
	network_release(&n);
	return ok;
}

/* Cycles of the busiest group in all frames. */
static int64_t busiest(const struct net_source *s)
{
	int64_t most = 0;

	for (size_t i = 0; i < s->nlayers; i++) {
		int64_t sum = 0;

		for (size_t k = 0; k < s->nlayers; k++)
			if (k == i ||
			    (s->layers[i].group >= 0 && s->layers[k].group == s->layers[i].group))
				sum += FRAMES * s->layers[k].rows * s->layers[k].cycles;
		most = sum > most ? sum : most;
	}
	return most;
}

static void random_networks(void)
{
	struct net_layer layers[LAYERS];
	struct net_edge edges[EDGES];
	struct net_source s = { .layers = layers, .edges = edges };
	struct rng r;
	int ran = 0, stuck = 0;

	rng_init(&r, 7, "merge");
	for (int i = 0; i < 3000; i++) {
		int64_t end;
		bool plain;

		random_source(&r, &s);
		plain = runs(&s, &end);
		*(plain ? &ran : &stuck) += 1;
		for (int32_t groups = 1; groups <= 3; groups++) {
			random_groups(&r, &s, groups);
			if (runs(&s, &end) != plain)
				check(false, "a network", "merging makes or breaks a deadlock");
			else if (plain && end < busiest(&s))
				check(false, "a network", "merged layers ran at the same time");
		}
	}
	check(ran > 500 && stuck > 500, "random networks", "some run, some do not");
}

/* ---- allocations ---- */

static struct allocation *run(const struct net *n, const struct target *t, const char *script)
{
	struct err e = { 0 };
	struct alls *s = alls_parse("t.alls", script, strlen(script), &e);
	struct allocation *a;

	if (!s)
		die(&e);
	a = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	if (!a)
		printf("%s: %s\n", script, e.msg);
	alls_free(s);
	return a;
}

static int64_t cycles_of(const struct allocation *a, const char *name)
{
	for (size_t i = 0; i < a->nlayers; i++)
		if (strcmp(a->layers[i].layer, name) == 0)
			return a->layers[i].row_cycles * a->layers[i].rows;
	return -1;
}

#define NARROW                                                                                     \
	"compilation_param({*}, resources_allocation_strategy=manual_scs_selection, "              \
	"number_of_apus=1)\n"                                                                      \
	"compilation_param({conv*}, resources_allocation_strategy=manual_scs_selection, "          \
	"number_of_subclusters=1, use_16x4_sc=disabled)\n"

static int32_t lcus_of(const struct allocation *a)
{
	int32_t n = 0;

	for (size_t i = 0; i < a->nlayers; i++)
		n += alloc_taken_by(a, i).lcus;
	return n;
}

/* Layers i, k merged: one controller less, one cluster, and the sum of cycles when they are
 * slowest. */
static void check_pair(const struct net *n, const struct target *t, const char *a_name,
		       const char *b_name)
{
	char script[1024];
	struct allocation *a;
	int64_t sum, one = 0;

	snprintf(script, sizeof script, NARROW "m = merge(%s, %s)\n", a_name, b_name);
	a = run(n, t, script);
	check(a != NULL, script, "is allocated");
	if (!a)
		return;
	sum = cycles_of(a, a_name) + cycles_of(a, b_name);
	for (size_t i = 0; i < a->nlayers; i++) {
		int64_t c = a->layers[i].row_cycles * a->layers[i].rows;

		one = c > one ? c : one;
	}
	check(a->stuck < 0 && a->fps > 0, script, "runs");
	check(lcus_of(a) == (int32_t)n->g->nlayers - 3, script, "takes one controller less");
	check(a->interval[0] == (double)(sum > one ? sum : one), script,
	      "takes the sum of both layers' cycles, or those of a slower one");
	alloc_free(a);
}

/* Every pair of a residual network of six convolutions. */
static void every_pair(const struct target *t)
{
	struct net n = make_net(32, 16, 6);

	for (size_t i = 0; i < n.g->nlayers; i++)
		for (size_t k = 0; k < i; k++) {
			const struct layer *a = n.g->layers[k], *b = n.g->layers[i];

			if (a->nin && b->nin && a->type != HN_OUTPUT && b->type != HN_OUTPUT)
				check_pair(&n, t, a->name, b->name);
		}
	free_net(&n);
}

/* ---- the record ---- */

static void refused(const struct allocation *a, size_t layer, const char *merged, int cluster,
		    const char *says)
{
	struct err e = { 0 };
	json_t *j = alloc_to_json(a);
	json_t *l = json_array_get(json_object_get(j, "layers"), layer);
	struct allocation *read;

	json_object_set_new(l, "merged", json_string(merged));
	if (cluster >= 0)
		json_object_set_new(l, "cluster", json_integer(cluster));
	read = alloc_from_json(j, &e);
	check(!read && strstr(e.msg, says), says, e.msg);
	alloc_free(read);
	json_decref(j);
}

static void records(const struct target *t)
{
	struct net n = make_net(32, 16, 4);
	struct allocation *a = run(&n, t, "m = merge(conv1, conv2)\nplace(0, m)");

	check(a && a->layers[1].group == 1 && a->layers[2].group == 1 && a->layers[3].group == -1,
	      "conv1 and conv2", "are a group");
	if (a) {
		refused(a, 3, "net/other", -1, "layer 'net/conv3' is merged with nothing");
		refused(a, 2, "net/m", 5,
			"layer 'net/conv2' is merged with 'net/conv1' of another cluster");
		refused(a, 0, "net/m", -1, "of another cluster");
		refused(a, 3, "", -1, "a name is empty");
	}
	alloc_free(a);
	free_net(&n);
}

int main(void)
{
	struct target t;
	struct err e = { 0 };

	if (target_load("hailo8", &t, &e) < 0)
		die(&e);
	random_networks();
	every_pair(&t);
	records(&t);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
