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
	log_info("'%s': %zu %s %s", quote(y->name), hits, hits == 1 ? "layer" : "layers", y->value);
	return 0;
}

static size_t count(const struct graph *g, const bool *native, bool which)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nlayers; i++)
		n += !hn_is(g->layers[i]->type, HNF_IO) && native[i] == which;
	return n;
}

/* m is a mixture: it stays one, or all layers run in one way. */
static int load_as(struct emu_model *m, const struct bundle *b, enum emu_context c,
		   const bool *native, struct err *e)
{
	struct graph *const g = m->g;
	const bool some = count(g, native, false), floats = count(g, native, true);

	if (floats && some) {
		for (size_t i = 0; i < g->nlayers; i++)
			m->in_codes[i] = !native[i];
		m->exact = c == EMU_BIT_EXACT;
		return 0;
	}
	emu_model_release(m);
	return emu_model_load(m, b, floats ? EMU_FP_OPTIMIZED : c, e);
}

int flow_load(struct emu_model *m, const struct bundle *b, enum emu_context c, const char *path,
	      struct err *e)
{
	struct yaml_entry *y = NULL;
	bool *native;
	size_t n = 0;

	if (emu_model_load_mixed(m, b, e) < 0)
		return -1;
	native = xcalloc(m->g->nlayers, sizeof *native);
	if (yaml_read_pairs(path, &y, &n, e) == 0) {
		for (size_t i = 0; i < n && !err_is(e); i++)
			apply(&y[i], m->g, native, e);
		if (err_is(e))
			err_in(e, "%s", quote(path));
	}
	yaml_pairs_free(y, n);
	if (!err_is(e))
		load_as(m, b, c, native, e);
	free(native);
	if (!err_is(e))
		return 0;
	emu_model_release(m);
	return -1;
}
