/* Layers that a script names: by name, list or glob. */
#include "alls/table.h"
#include "base/log.h"
#include <fnmatch.h>

bool alls_match(const char *glob, const char *name)
{
	const char *base = strchr(name, '/');

	if (!strchr(glob, '/') && base)
		name = base + 1;
	return fnmatch(glob, name, 0) == 0;
}

/* True for "other/conv1" in a network "net" that has no layer of scope "other". */
static bool foreign_scope(const struct graph *g, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) + 1 : 0;
	size_t i;

	for (i = 0; i < g->nlayers; i++)
		if (strncmp(g->layers[i]->name, name, n) == 0)
			return false;
	return slash != NULL;
}

int alls_unknown_layer(const struct graph *g, const char *name, struct err *e)
{
	const char **names;
	size_t i;

	err_set(e, "no layer '%s' in '%s'", quote(name), quote(g->name));
	if (foreign_scope(g, name))
		return err_hint(e, "the network's scope is '%s/'", quote(g->name));
	names = xcalloc(g->nlayers + 1, sizeof *names);
	for (i = 0; i < g->nlayers; i++)
		names[i] = g->layers[i]->name;
	alls_near(name, names, g->nlayers, e);
	free(names);
	return -1;
}

bool alls_by_glob(const struct alls_stmt *st)
{
	const struct alls_value *v = alls_get(st, "layers");

	return v && v->kind == ALLS_GLOB;
}

static const char *unscoped(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

bool alls_made(const struct alls_stmt *st, const char *name)
{
	size_t i, k;

	for (i = 0; i < st->script->nstmts; i++)
		for (k = 0; k < st->script->stmts[i].nlhs; k++)
			if (strcmp(unscoped(st->script->stmts[i].lhs[k]), unscoped(name)) == 0)
				return true;
	return false;
}

/* What transforms call the layers that they make: LAYER_WORD, or LAYER_WORD3. */
static const struct {
	const char *sub, *words;
} makers[] = {
	/* clang-format off */
	{ "conv_decomposition",       "part sum slice sort" },
	{ "decompose_conv_factor",    "s2d" },
	{ "defuse",                   "part sum slice d fs dc" },
	{ "global_avgpool_reduction", "reduction" },
	{ "layer_norm_decomposition", "eq_consumer" },
	{ "se_optimization",          "resize" },
	{ "split_fused_activation",   "activation" },
	{ "switch_concat_with_add",   "part sum" },
	/* clang-format on */
};

static bool makes(const struct alls_stmt *st, const char *word)
{
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
		if (alls_is(st, "pre_quantization_optimization", makers[i].sub))
			return alls_in_words(makers[i].words, word);
	return false;
}

bool alls_will_make(const struct alls_stmt *st, const char *name)
{
	const char *from = strrchr(name, '_');
	char *word;
	bool found = false;

	/* "eq_consumer" is two words. */
	if (from && strcmp(from, "_consumer") == 0 && from >= name + 3)
		from -= 3;
	if (!from)
		return false;
	word = xstrdup(from + 1);
	/* "s2d" ends without a number, "part3" with one. */
	for (size_t n = strlen(word); n > 0 && word[n - 1] >= '0' && word[n - 1] <= '9'; n--)
		word[n - 1] = '\0';
	for (size_t i = 0; i < st->script->nstmts && *word && !found; i++)
		found = makes(&st->script->stmts[i], word);
	free(word);
	return found;
}

void alls_warn_made(const struct alls_stmt *st, const char *name)
{
	log_warn(
	    "%s:%d:%d: %s: passed over for '%s': the command that makes it is not applied here",
	    quote(st->file), st->line, st->column, quote(st->command), quote(name));
}

struct set {
	struct layer **v;
	size_t n, cap;
	bool *has; /* by index of layer */
};

static void set_add(struct set *set, struct layer *l)
{
	if (set->has[l->index])
		return;
	set->has[l->index] = true;
	VEC_GROW(set->v, set->n, &set->cap);
	set->v[set->n++] = l;
}

static int collect(const struct alls_stmt *st, const struct alls_value *v, const struct graph *g,
		   struct set *set, struct err *e)
{
	size_t before = set->n;
	struct layer *l;
	size_t i;

	switch (v->kind) {
	case ALLS_LIST:
	case ALLS_TUPLE:
		for (i = 0; i < v->nitems; i++)
			if (collect(st, &v->items[i], g, set, e) < 0)
				return -1;
		return 0;
	case ALLS_NAME:
	case ALLS_STRING:
		l = graph_find(g, v->text);
		if (!l && alls_made(st, v->text)) {
			alls_warn_made(st, v->text);
			return 0;
		}
		if (!l && alls_will_make(st, v->text))
			return 0;
		if (!l) {
			alls_unknown_layer(g, v->text, e);
			return alls_in_value(st, v, e);
		}
		set_add(set, l);
		return 0;
	case ALLS_GLOB:
		for (i = 0; i < g->nlayers; i++)
			if (alls_match(v->text, g->layers[i]->name))
				set_add(set, g->layers[i]);
		if (set->n == before)
			log_warn("%s:%d:%d: %s: no layer matches {%s}", quote(st->file), v->line,
				 v->column, quote(st->command), quote(v->text));
		return 0;
	case ALLS_NUMBER:
		break;
	}
	err_set(e, "a layer's name, a list of names or a {glob} expected, not %s", quote(v->text));
	return alls_in_value(st, v, e);
}

int alls_layers(const struct alls_stmt *st, const struct alls_value *v, const struct graph *g,
		struct layer ***out, size_t *n, struct err *e)
{
	struct set set = { .has = xcalloc(g->nlayers + 1, sizeof *set.has) };
	int rc = collect(st, v, g, &set, e);

	free(set.has);
	if (rc < 0) {
		free(set.v);
		return -1;
	}
	*out = set.v;
	*n = set.n;
	return 0;
}

static bool value_names(const struct alls_value *v, const char *name)
{
	if ((v->kind == ALLS_NAME || v->kind == ALLS_STRING) &&
	    strcmp(unscoped(v->text), unscoped(name)) == 0)
		return true;
	for (size_t i = 0; i < v->nitems; i++)
		if (value_names(&v->items[i], name))
			return true;
	return false;
}

bool alls_names_layer(const struct alls *s, const char *name)
{
	for (size_t i = 0; i < s->nstmts; i++)
		for (size_t k = 0; k < s->stmts[i].nargs; k++)
			if (value_names(&s->stmts[i].args[k].value, name))
				return true;
	return false;
}
