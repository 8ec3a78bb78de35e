#include "emu/flow.h"
#include "base/log.h"
#include "io/yaml.h"
#include <fnmatch.h>

static int parse_target(const struct yaml_entry *y, bool *native, struct err *e)
{
	if (strcmp(y->key, "target") != 0)
		return err_set(e, "line %zu: unknown key '%s', 'target' expected", y->line,
			       quote(y->key));
	*native = strcmp(y->value, "NATIVE") == 0;
	if (!*native && strcmp(y->value, "QUANTIZED") != 0)
		return err_set(e, "line %zu: target '%s', QUANTIZED or NATIVE expected", y->line,
			       quote(y->value));
	return 0;
}

/* The pattern names the layer, or elements inside it. */
static bool names_layer(const char *pattern, const struct layer *l)
{
	const char *slash = strrchr(pattern, '/');
	char *parent;
	bool hit = fnmatch(pattern, l->name, FNM_NOESCAPE) == 0;

	if (hit || !slash)
		return hit;
	parent = xstrndup(pattern, (size_t)(slash - pattern));
	hit = strchr(parent, '/') && fnmatch(parent, l->name, FNM_NOESCAPE) == 0;
	free(parent);
	return hit;
}

static int apply(const struct yaml_entry *y, const struct graph *g, bool *native, struct err *e)
{
	bool to = false;
	size_t hits = 0;

	if (parse_target(y, &to, e) < 0)
		return -1;
	for (size_t i = 0; i < g->nlayers; i++)
		if (!hn_is(g->layers[i]->type, HNF_IO) && names_layer(y->name, g->layers[i])) {
			log_debug("%s: %s", g->layers[i]->name, y->value);
			native[i] = to;
			hits++;
		}
	if (hits == 0)
		return err_set(e, "line %zu: '%s' names no layer", y->line, quote(y->name));
	return 0;
}

static int decide(const struct graph *g, const bool *native, enum emu_context *c, struct err *e)
{
	const struct layer *in_float = NULL, *in_codes = NULL;

	for (size_t i = 0; i < g->nlayers; i++)
		if (!hn_is(g->layers[i]->type, HNF_IO))
			*(native[i] ? &in_float : &in_codes) = g->layers[i];
	if (in_float && in_codes)
		return err_set(
		    e,
		    "'%s' in float beside '%s' in integers: the bundle has no float weights on the "
		    "scales of the quantized ones (name all layers or none)",
		    in_float->name, in_codes->name);
	if (in_float)
		*c = EMU_FP_OPTIMIZED;
	return 0;
}

int flow_context(const char *path, const struct graph *g, enum emu_context *c, struct err *e)
{
	bool *native = xcalloc(g->nlayers, sizeof *native);
	struct yaml_entry *y = NULL;
	size_t n = 0;

	if (yaml_read_pairs(path, &y, &n, e) == 0) {
		for (size_t i = 0; i < n && !err_is(e); i++)
			apply(&y[i], g, native, e);
		if (!err_is(e))
			decide(g, native, c, e);
		if (err_is(e))
			err_in(e, "%s", quote(path));
	}
	yaml_pairs_free(y, n);
	free(native);
	return err_is(e) ? -1 : 0;
}
