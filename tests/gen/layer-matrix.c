/*
 * layer-matrix: what hn-layers(7) says between its .\" MATRIX marks, from the tables of the stages,
 * so that the page claims what the code does; --keys: the keys that hn(5) must describe.
 */
#include "hn/layer.h"
#include "stages.h"

static void print_inputs(enum hn_type t)
{
	size_t min, max;

	hn_type_inputs(t, &min, &max);
	if (max == SIZE_MAX)
		printf("%zu+", min);
	else
		printf("%zu", max);
}

static void print_row(enum hn_type t)
{
	printf(".It %s Ta ", hn_type_name(t));
	print_inputs(t);
	printf(" Ta %s",
	       hn_is(t, HNF_KERNEL) ? hn_is(t, HNF_BIAS) ? "kernel, bias" : "kernel" : "-");
	printf(" Ta %s", hn_is(t, HNF_ACT) ? "yes" : "-");
	for (size_t s = 0; s < NSTAGES; s++)
		printf(" Ta %s", stages[s].reason(t) ? "-" : "yes");
	printf("\n");
}

static void print_reasons(enum hn_type t)
{
	for (size_t s = 0; s < NSTAGES; s++)
		if (stages[s].reason(t))
			printf(".It %s , %s\n%s\n", hn_type_name(t), stages[s].name,
			       stages[s].reason(t));
}

/* Every key that a layer's params may have, one a line. */
static void print_keys(void)
{
	for (int t = 0; t < HN_TYPE_COUNT; t++)
		for (const struct field *f = layer_rule((enum hn_type)t)->fields; f && f->key; f++)
			printf("%s\n", f->key);
}

int main(int argc, char *argv[])
{
	static const char *const formulas[ACT_COUNT] = {
#define ACT(id, name, clip, formula) formula,
#include "hn/activations.def"
#undef ACT
	};

	if (argc > 1 && strcmp(argv[1], "--keys") == 0) {
		print_keys();
		return 0;
	}
	printf(".Bl -column \"layer_normalization\" \"Inputs\" \"kernel, bias\" \"Act\"");
	for (size_t s = 0; s < NSTAGES; s++)
		printf(" \"%s\"", stages[s].name);
	printf("\n.It Sy Type Ta Sy Inputs Ta Sy Weights Ta Sy Act");
	for (size_t s = 0; s < NSTAGES; s++)
		printf(" Ta Sy %s", stages[s].name);
	printf("\n");
	for (int t = 0; t < HN_TYPE_COUNT; t++)
		print_row((enum hn_type)t);
	printf(".El\n.Pp\nWhere a stage does not handle a type:\n.Bl -tag -width Ds -compact\n");
	for (int t = 0; t < HN_TYPE_COUNT; t++)
		print_reasons((enum hn_type)t);
	printf(
	    ".El\n.Ss Activations\n.Bl -column \"hard_sigmoid\" \"x < 0 ? alpha (exp(x) - 1)\"\n");
	for (int a = 0; a < ACT_COUNT; a++)
		printf(".It %s Ta %s\n", hn_act_name((enum hn_act)a), formulas[a]);
	printf(".El\n");
	return 0;
}
