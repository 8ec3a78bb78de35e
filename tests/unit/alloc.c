/* Allocation of small hand-made networks: resources, buffers, contexts, scripts, JSON. */
#include "alloc/alloc.h"
#include "net.h"

static int passed, failed;

static void check(bool ok, const char *what, const char *detail)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s: %s\n", what, detail);
}

static struct allocation *run(const struct net *n, const struct target *t, const char *script,
			      struct err *e)
{
	struct alls *s = script ? alls_parse("t.alls", script, strlen(script), e) : NULL;
	struct allocation *a = NULL;

	if (!script || s)
		a = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, e);
	alls_free(s);
	return a;
}

static char *json_of(const struct allocation *a)
{
	json_t *j = alloc_to_json(a);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	return s.p;
}

/* No cluster of any context holds more than it has. */
static bool within_target(const struct allocation *a, const struct target *t)
{
	int32_t c, k, lcus, scs, ias, apus, cuts;
	size_t i;

	for (c = 0; c < a->ncontexts; c++)
		for (k = 0; k < t->clusters; k++) {
			lcus = scs = ias = apus = cuts = 0;
			for (i = 0; i < a->nlayers; i++) {
				const struct alloc_layer *l = &a->layers[i];

				if (l->context != c || l->cluster != t->cluster_id[k])
					continue;
				lcus += l->lcus;
				scs += l->subclusters;
				ias += l->input_aligners;
				apus += l->apus;
				cuts += l->l3_weight_cuts + l->l3_buffer_cuts;
			}
			if (lcus > t->lcus || scs > t->subclusters || ias > t->input_aligners ||
			    apus > t->apus || cuts > t->l3_cuts)
				return false;
		}
	for (i = 0; i < a->nlayers; i++)
		if ((a->layers[i].lcus > 0) != (a->layers[i].cluster >= 0))
			return false;
	return true;
}

static const struct alloc_edge *edge_between(const struct allocation *a, const char *from,
					     const char *to)
{
	size_t i;

	for (i = 0; i < a->nedges; i++)
		if (strcmp(a->layers[a->edges[i].from].name, from) == 0 &&
		    strcmp(a->layers[a->edges[i].to].name, to) == 0)
			return &a->edges[i];
	return NULL;
}

/* The automatic script and the JSON reproduce the allocation. */
static void check_repeat(const struct net *n, const struct target *t, const struct allocation *a,
			 const char *what)
{
	struct err e = { 0 };
	struct str script = { 0 };
	struct allocation *again;
	struct allocation *read;
	char *want = json_of(a);
	char *got;
	json_t *j = alloc_to_json(a);

	alloc_script(a, &script);
	again = run(n, t, script.p, &e);
	check(again != NULL, what, e.msg);
	if (again) {
		got = json_of(again);
		check(strcmp(got, want) == 0, what,
		      "the automatic script gives another allocation");
		free(got);
	}
	read = alloc_from_json(j, &e);
	check(read != NULL, what, e.msg);
	if (read) {
		got = json_of(read);
		check(strcmp(got, want) == 0, what, "JSON read and written again differs");
		free(got);
	}
	alloc_free(again);
	alloc_free(read);
	json_decref(j);
	str_release(&script);
	free(want);
}

static void test_single(const struct target *t)
{
	struct net n = make_net(32, 32, 6);
	struct err e = { 0 };
	struct allocation *a = run(&n, t, NULL, &e);
	const struct alloc_edge *skip;

	check(a != NULL, "a residual network is allocated", e.msg);
	if (a) {
		check(a->ncontexts == 1 && a->stuck < 0 && a->fps > 0, "one context that runs", "");
		check(within_target(a, t), "clusters hold their layers", "");
		skip = edge_between(a, "net/conv1", "net/ew_add1");
		/* Five 3x3 convolutions: the addition waits for at least five rows more. */
		check(skip && skip->rows >= 6, "the skip connection is deep enough", "");
		check_repeat(&n, t, a, "one context");
	}
	alloc_free(a);
	free_net(&n);
}

static void test_widening(const struct target *t)
{
	struct net n = make_net(32, 64, 4);
	struct err e = { 0 };
	struct allocation *slow = run(&n, t,
				      "compilation_param({*}, "
				      "resources_allocation_strategy=manual_scs_selection, "
				      "number_of_apus=1)\n"
				      "compilation_param({conv*}, resources_allocation_strategy="
				      "manual_scs_selection, number_of_subclusters=1, "
				      "use_16x4_sc=disabled)",
				      &e);
	struct allocation *fast = run(&n, t, NULL, &e);
	struct allocation *parts = run(&n, t, "a, b, whole = defuse(conv2, 2)", &e);
	struct allocation *slower = run(&n, t, "performance_param(fps=100)", &e);

	check(slow && fast && parts && slower, "four allocations", e.msg);
	if (slow && fast && parts && slower) {
		/* 32 rows x 4 column groups x 8 feature groups x 64 x 9 taps / 0.88, by hand. */
		check(slow->layers[slow->bottleneck].row_cycles == 20946,
		      "row cycles by the formula", slow->layers[slow->bottleneck].name);
		check(fast->fps > 4 * slow->fps, "the search widens", "");
		check(edge_between(parts, "net/conv1", "net/a") &&
			  (edge_between(parts, "net/b", "net/conv3") ||
			   edge_between(parts, "net/b", "net/conv3_sd0")),
		      "parts have the script's names", "");
		check(slower->fps >= 100 && slower->fps < fast->fps, "the search stops at a rate",
		      "");
		check_repeat(&n, t, parts, "parts named by hand");
		check_repeat(&n, t, fast, "widened");
	}
	alloc_free(slow);
	alloc_free(fast);
	alloc_free(parts);
	alloc_free(slower);
	free_net(&n);
}

static void test_stall(const struct target *t)
{
	struct net n = make_net(32, 32, 6);
	struct err e = { 0 };
	struct allocation *a = run(&n, t, "buffers(conv1, ew_add1, 2)", &e);

	check(a && a->stuck >= 0 && a->fps == 0, "a small buffer stalls the network", e.msg);
	if (a && a->stuck >= 0) {
		check(a->edges[a->stuck].rows == 2, "the small buffer is the one that is full",
		      a->layers[a->edges[a->stuck].to].name);
		check_repeat(&n, t, a, "stalled");
	}
	alloc_free(a);
	free_net(&n);
}

static void test_contexts(struct target t)
{
	struct net n = make_net(32, 64, 12);
	struct err e = { 0 };
	struct allocation *a;
	size_t i, streams = 0;

	t.clusters = 1;
	t.lcus = 8;
	a = run(&n, &t, "performance_param(optimize_for_batch=8)", &e);
	check(a != NULL, "several contexts", e.msg);
	if (a) {
		check(a->ncontexts >= 2 && a->fps > 0 && a->batch == 8, "more than one context",
		      "");
		check(within_target(a, &t), "clusters of every context hold their layers", "");
		for (i = 0; i < a->nedges; i++) {
			streams += a->edges[i].kind == EDGE_INTER_CONTEXT;
			check((a->layers[a->edges[i].from].context !=
			       a->layers[a->edges[i].to].context) ==
				  (a->edges[i].kind == EDGE_INTER_CONTEXT),
			      "edges between contexts go through memory", "");
		}
		check(streams >= 2, "the skip connection crosses contexts", "");
		check_repeat(&n, &t, a, "several contexts");
	}
	alloc_free(a);
	a = run(&n, &t, "context_switch_param(mode=disabled)", &e);
	check(!a && strstr(e.msg, "several contexts are switched off"), "contexts switched off",
	      e.msg);
	free_net(&n);
}

/* A layer whose weights no context holds is divided among several. */
static void test_span(struct target t)
{
	struct net n = make_net(32, 64, 3);
	struct err e = { 0 };
	struct allocation *a;
	size_t i;
	int32_t first = -1, last = -1;

	t.clusters = 1;
	t.l3_cut_bytes = 4096;
	t.l3_cuts = 10;
	t.l2_bytes = 0;
	a = run(&n, &t, NULL, &e);
	check(a != NULL, "a layer larger than the device", e.msg);
	if (a) {
		for (i = 0; i < a->nlayers; i++)
			if (strcmp(a->layers[i].layer, "net/conv2") == 0) {
				first = first < 0 ? a->layers[i].context : first;
				last = a->layers[i].context;
			}
		check(last > first && first >= 0, "its parts lie in several contexts", "");
		check(within_target(a, &t), "each context holds its part", "");
		check_repeat(&n, &t, a, "a layer in several contexts");
	}
	alloc_free(a);
	free_net(&n);
}

static void expect_error(const struct net *n, const struct target *t, const char *script,
			 const char *message)
{
	struct err e = { 0 };
	struct allocation *a = run(n, t, script, &e);

	check(!a && strcmp(e.msg, message) == 0, script, a ? "no error" : e.msg);
	alloc_free(a);
}

static void test_errors(const struct target *t)
{
	struct net n = make_net(16, 32, 2);

	expect_error(&n, t, "place(9, [conv1])", "t.alls:1:7: place: hailo8 has no cluster 9");
	expect_error(
	    &n, t, "place(0, [cnv1])",
	    "t.alls:1:11: place: no layer 'cnv1' in 'net' (did you mean 'conv1' or 'conv2'?)");
	expect_error(&n, t, "place(0, output_layer1)",
		     "t.alls:1:1: place: layer 'net/output_layer1' lies outside the clusters");
	expect_error(
	    &n, t, "defuse(ew_add1, 2)",
	    "t.alls:1:1: defuse: 'ew_add1' is not divided by features: this is a 'ew_add', "
	    "only layers with weights, maxpool, avgpool and resize layers are");
	expect_error(
	    &n, t, "a, b = defuse(conv1, 2)",
	    "t.alls:1:8: defuse: 2 names before '=', 3 expected: one for each part and one for "
	    "the whole");
	expect_error(&n, t, "compilation_param(conv1, number_of_subclusters=4)",
		     "t.alls:1:48: compilation_param: number_of_subclusters needs "
		     "resources_allocation_strategy=manual_scs_selection");
	expect_error(&n, t, "compilation_param(conv1, colour=4)",
		     "t.alls:1:26: compilation_param: argument 'colour' is not known");
	expect_error(&n, t, "buffers(conv2, conv1, 4)",
		     "t.alls:1:1: buffers: 'net/conv2' and 'net/conv1' are not connected");
	expect_error(&n, t, "buffers(conv1, conv2, 0)",
		     "t.alls:1:1: buffers: a buffer of 0 rows, from 1 to 1048576 expected");
	expect_error(&n, t, "context_0 = context([conv1, conv2])\ncontext_1 = context(ew_add1)",
		     "layer 'net/input_layer1' is in none of the script's contexts");
	expect_error(&n, t,
		     "context_1 = context([input_layer1, conv1])\n"
		     "context_0 = context([conv2, ew_add1, output_layer1])",
		     "layer 'net/conv2' of context_0 reads 'net/conv1' of the later context_1");
	expect_error(&n, t, "resources_param(max_compute_utilization=1.5)",
		     "t.alls:1:41: resources_param: argument 'max_compute_utilization' is 1.5, a "
		     "number above 0, up to 1 expected");
	expect_error(&n, t, "compilation_param(conv1, number_of_apus=99)",
		     "t.alls:1:41: compilation_param: argument 'number_of_apus' is 99, at most 2 "
		     "expected on hailo8");
	free_net(&n);
}

int main(void)
{
	struct target t;
	struct err e = { 0 };

	if (target_load("hailo8", &t, &e) < 0)
		die(&e);
	test_single(&t);
	test_widening(&t);
	test_stall(&t);
	test_contexts(t);
	test_span(t);
	test_errors(&t);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
