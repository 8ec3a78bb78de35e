/*
 * Every table that is indexed by layer type: each cell has a hook or a reason; names are unique and
 * found again; the fields of a type are those that its flags promise.
 */
#include "../gen/stages.h"
#include "hn/layer.h"

static int passed, failed;

static void check(bool ok, const char *what, const char *which)
{
	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not as expected: %s: %s\n", which, what);
}

static bool has_field(enum hn_type t, const char *key)
{
	for (const struct field *f = layer_rule(t)->fields; f && f->key; f++)
		if (strcmp(f->key, key) == 0)
			return true;
	return false;
}

static void check_type(enum hn_type t)
{
	const char *name = hn_type_name(t);
	size_t min, max;

	check(hn_type_from_name(name) == (int)t, "found by its name", name);
	check(layer_rule(t)->shape, "has a shape rule", name);
	check(hn_type_family(t)[0] != '\0', "has a family", name);
	check(hn_is(t, HNF_ACT) == has_field(t, "activation"), "writes an activation if it may",
	      name);
	check(hn_is(t, HNF_WINDOW) == has_field(t, "padding"), "writes a window if it has one",
	      name);
	check(hn_is(t, HNF_ADD) == has_field(t, "elementwise_add"), "writes an added input", name);
	check(!hn_is(t, HNF_BIAS) || hn_is(t, HNF_KERNEL), "has a kernel if it has a bias", name);
	hn_type_inputs(t, &min, &max);
	check(min <= max && (max > 0) == (t != HN_INPUT && t != HN_CONST), "has inputs", name);
	for (size_t s = 0; s < NSTAGES; s++) {
		const char *reason = stages[s].reason(t);
		char *what = xasprintf("has a hook or a reason in stage %s", stages[s].name);

		check(!reason || (strlen(reason) > 8 && strncmp(reason, "has no integer", 14) != 0),
		      what, name);
		free(what);
	}
}

/* A row that is met again would read back over the first. */
static void check_keys(enum hn_type t)
{
	for (const struct field *f = layer_rule(t)->fields; f && f->key; f++)
		for (const struct field *g = f + 1; g->key; g++)
			check(strcmp(f->key, g->key) != 0, f->key, hn_type_name(t));
}

int main(void)
{
	for (int t = 0; t < HN_TYPE_COUNT; t++) {
		check_type((enum hn_type)t);
		check_keys((enum hn_type)t);
	}
	for (int a = 0; a < ACT_COUNT; a++)
		check(hn_act_from_name(hn_act_name((enum hn_act)a)) == a, "found by its name",
		      hn_act_name((enum hn_act)a));
	check(hn_type_from_name("conv1") == -1 && hn_act_from_name("") == -1, "unknown", "names");
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
