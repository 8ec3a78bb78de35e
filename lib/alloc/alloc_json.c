/* The bundle's member X.alloc.json; har(5). */
#include "alloc/alloc_int.h"
#include "base/limits.h"

enum {
	MAX_CONTEXTS = 1021,
	MAX_CLUSTER = 31,
	MAX_EDGES = 4 * LIMIT_LAYERS
};

static const char *const kinds[] = { [EDGE_L3] = "l3",
				     [EDGE_BOUNDARY] = "boundary",
				     [EDGE_INTER_CONTEXT] = "inter_context",
				     [EDGE_DDR] = "ddr" };

/* Integers of a layer by key. */
struct number {
	const char *key;
	size_t offset;
	int64_t min, max;
};
#define LAYER_INT(key, member, min, max)                                                           \
	{                                                                                          \
		key, offsetof(struct alloc_layer, member), min, max                                \
	}
#define EDGE_INT(key, member, min, max)                                                            \
	{                                                                                          \
		key, offsetof(struct alloc_edge, member), min, max                                 \
	}

static const struct number layer_numbers[] = {
	/* clang-format off */
	LAYER_INT("feature_from",    feature_from,    0, LIMIT_FEATURES),
	LAYER_INT("feature_to",      feature_to,      1, INT32_MAX),
	LAYER_INT("column_from",     column_from,     0, LIMIT_DIM),
	LAYER_INT("column_to",       column_to,       1, INT32_MAX),
	LAYER_INT("context",         context,         0, MAX_CONTEXTS - 1),
	LAYER_INT("cluster",         cluster,         -1, MAX_CLUSTER),
	LAYER_INT("lcus",            lcus,            0, 1024),
	LAYER_INT("subclusters",     subclusters,     0, 64),
	LAYER_INT("input_aligners",  input_aligners,  0, 1024),
	LAYER_INT("apus",            apus,            0, 1024),
	LAYER_INT("l3_weight_cuts",  l3_weight_cuts,  0, 65536),
	LAYER_INT("l3_buffer_cuts",  l3_buffer_cuts,  0, 65536),
	LAYER_INT("columns",         columns,         0, 1024),
	LAYER_INT("features",        features,        0, 1024),
	LAYER_INT("rows",            rows,            1, LIMIT_DIM),
	/* clang-format on */
};
static const struct number edge_numbers[] = {
	/* clang-format off */
	EDGE_INT("from",      from,      0, INT32_MAX),
	EDGE_INT("to",        to,        0, INT32_MAX),
	EDGE_INT("input",     input,     0, 4096),
	EDGE_INT("port",      port,      0, 63),
	EDGE_INT("rows",      rows,      1, LIMIT_DIM),
	EDGE_INT("row_bytes", row_bytes, 1, INT32_MAX),
	/* clang-format on */
};
enum {
	LAYER_NUMBERS = sizeof layer_numbers / sizeof layer_numbers[0],
	EDGE_NUMBERS = sizeof edge_numbers / sizeof edge_numbers[0]
};

static void put_numbers(json_t *j, const void *record, const struct number *n, size_t count)
{
	int32_t v;
	size_t i;

	for (i = 0; i < count; i++) {
		memcpy(&v, (const char *)record + n[i].offset, sizeof v);
		json_object_set_new(j, n[i].key, json_integer(v));
	}
}

static int get_numbers(const json_t *j, void *record, const struct number *n, size_t count,
		       struct err *e)
{
	int64_t v;
	int32_t narrow;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!json_object_get(j, n[i].key))
			return err_set(e, "key '%s' is missing", n[i].key);
		if (json_get_int(j, n[i].key, n[i].min, n[i].max, n[i].min, &v, e) < 0)
			return -1;
		narrow = (int32_t)v;
		memcpy((char *)record + n[i].offset, &narrow, sizeof narrow);
	}
	return 0;
}

static json_t *reals(const double *v, int32_t n)
{
	json_t *j = json_array();
	int32_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(j, json_real(v ? v[i] : 0));
	return j;
}

/* Where weights lie, of layers that have some in L2; what the script says of it. */
static void put_weights(json_t *o, const struct alloc_layer *l)
{
	if (l->l2_bytes)
		json_object_set_new(o, "l2_bytes", json_integer(l->l2_bytes));
	if (l->compressed)
		json_object_set_new(o, "compress_l3_weights", json_true());
	if (l->mixed >= 0)
		json_object_set_new(o, "mixed_mem", json_boolean(l->mixed));
}

static int read_weights(const json_t *o, struct alloc_layer *l, struct err *e)
{
	bool mixed;

	l->mixed = -1;
	if (json_get_bool(o, "compress_l3_weights", false, &l->compressed, e) < 0 ||
	    json_get_int(o, "l2_bytes", 0, INT64_C(1) << 40, 0, &l->l2_bytes, e) < 0)
		return -1;
	if (!json_object_get(o, "mixed_mem"))
		return 0;
	if (json_get_bool(o, "mixed_mem", false, &mixed, e) < 0)
		return -1;
	l->mixed = mixed;
	return 0;
}

json_t *alloc_to_json(const struct allocation *a)
{
	json_t *j = json_object();
	json_t *layers = json_array();
	json_t *edges = json_array();
	json_t *o;
	size_t i;

	json_object_set_new(j, "schema", json_string("hn-alloc/1"));
	json_object_set_new(j, "hw_arch", json_string(a->arch));
	json_object_set_new(j, "contexts", json_integer(a->ncontexts));
	json_object_set_new(j, "batch", json_integer(a->batch));
	json_object_set_new(j, "fps", json_real(a->fps));
	json_object_set_new(j, "latency_s", json_real(a->latency_s));
	json_object_set_new(j, "bottleneck", json_integer(a->bottleneck));
	json_object_set_new(j, "stuck", json_integer(a->stuck));
	json_object_set_new(j, "interval_cycles", reals(a->interval, a->ncontexts));
	json_object_set_new(j, "fill_cycles", reals(a->fill, a->ncontexts));
	json_object_set_new(j, "load_bytes", reals(a->load, a->ncontexts));
	json_object_set_new(j, "bound_compute_s", json_real(a->bound.compute_s));
	json_object_set_new(j, "bound_link_s", json_real(a->bound.link_s));
	json_object_set_new(j, "bound_load_s", json_real(a->bound.load_s));
	json_object_set_new(j, "lcu_ecc", json_boolean(!a->no_ecc));
	alloc_put_group(j, a);
	if (a->removed.n)
		json_object_set_new(j, "removed", alloc_put_names(a->removed.v, a->removed.n));
	if (a->no_power)
		json_object_set_new(j, "calculate_power", json_false());
	for (i = 0; i < a->nlayers; i++) {
		o = json_object();
		json_object_set_new(o, "name", json_string(a->layers[i].name));
		json_object_set_new(o, "layer", json_string(a->layers[i].layer));
		put_numbers(o, &a->layers[i], layer_numbers, LAYER_NUMBERS);
		json_object_set_new(o, "row_cycles", json_integer(a->layers[i].row_cycles));
		put_weights(o, &a->layers[i]);
		if (a->layers[i].kind != ALLOC_LAYER)
			alloc_relay_put(o, &a->layers[i]);
		if (a->layers[i].merged)
			json_object_set_new(o, "merged", json_string(a->layers[i].merged));
		json_array_append_new(layers, o);
	}
	for (i = 0; i < a->nedges; i++) {
		o = json_object();
		put_numbers(o, &a->edges[i], edge_numbers, EDGE_NUMBERS);
		json_object_set_new(o, "kind", json_string(kinds[a->edges[i].kind]));
		json_array_append_new(edges, o);
	}
	json_object_set_new(j, "layers", layers);
	json_object_set_new(j, "edges", edges);
	return j;
}

static int read_layer(struct allocation *a, const json_t *o, struct alloc_layer *l, struct err *e)
{
	const char *name, *layer, *merged = NULL;

	if (json_need_string(o, "name", &name, e) < 0 ||
	    json_need_string(o, "layer", &layer, e) < 0 ||
	    (json_object_get(o, "merged") && json_need_string(o, "merged", &merged, e) < 0) ||
	    get_numbers(o, l, layer_numbers, LAYER_NUMBERS, e) < 0)
		return -1;
	if (alloc_check_name(name, e) < 0 || alloc_check_name(layer, e) < 0 ||
	    (merged && alloc_check_name(merged, e) < 0))
		return -1;
	if (merged)
		l->merged = arena_strdup(&a->arena, merged);
	l->name = arena_strdup(&a->arena, name);
	l->layer = arena_strdup(&a->arena, layer);
	if (l->feature_to <= l->feature_from)
		return err_set(e, "features %d to %d", l->feature_from, l->feature_to);
	if (l->column_to <= l->column_from)
		return err_set(e, "columns %d to %d", l->column_from, l->column_to);
	if (l->context >= a->ncontexts)
		return err_set(e, "context %d of %d", l->context, a->ncontexts);
	if (alloc_relay_read(a, o, l, e) < 0 || read_weights(o, l, e) < 0)
		return -1;
	return json_get_int(o, "row_cycles", 0, INT64_C(1) << 48, 1, &l->row_cycles, e);
}

static int read_edge(const struct allocation *a, const json_t *o, struct alloc_edge *ed,
		     struct err *e)
{
	const char *kind;
	size_t k;

	if (get_numbers(o, ed, edge_numbers, EDGE_NUMBERS, e) < 0 ||
	    json_need_string(o, "kind", &kind, e) < 0)
		return -1;
	for (k = 0; k < sizeof kinds / sizeof kinds[0] && strcmp(kinds[k], kind) != 0; k++)
		;
	if (k == sizeof kinds / sizeof kinds[0])
		return err_set(e, "unknown kind '%s'", quote(kind));
	ed->kind = (enum alloc_edge_kind)k;
	if ((size_t)ed->from >= a->nlayers || (size_t)ed->to >= a->nlayers || ed->from == ed->to)
		return err_set(e, "it joins layers %d and %d of %zu", ed->from, ed->to, a->nlayers);
	if (a->layers[ed->from].context > a->layers[ed->to].context)
		return err_set(e, "it leads back to an earlier context");
	return 0;
}

struct ring {
	const char *name;
	int32_t layer;
};

static int by_name(const void *a, const void *b)
{
	const struct ring *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->layer - y->layer;
}

/* Layers with the same name in 'merged' are one group. */
static int read_groups(struct allocation *a, struct err *e)
{
	struct ring *r = xcalloc(a->nlayers, sizeof *r);
	size_t n = 0, i, first = 0;

	for (i = 0; i < a->nlayers; i++) {
		a->layers[i].group = -1;
		if (a->layers[i].merged)
			r[n++] = (struct ring){ a->layers[i].merged, (int32_t)i };
	}
	if (n)
		qsort(r, n, sizeof *r, by_name);
	for (i = 0; i < n && !err_is(e); i++) {
		struct alloc_layer *l = &a->layers[r[i].layer];
		const struct alloc_layer *f;

		if (i == 0 || strcmp(r[first].name, r[i].name) != 0)
			first = i;
		f = &a->layers[r[first].layer];
		l->group = r[first].layer;
		if (l->context != f->context || l->cluster != f->cluster || l->cluster < 0)
			err_set(e, "layer '%s' is merged with '%s' of another cluster",
				quote(l->name), quote(f->name));
		else if (first == i && (i + 1 == n || strcmp(r[i].name, r[i + 1].name) != 0))
			err_set(e, "layer '%s' is merged with nothing", quote(l->name));
	}
	free(r);
	return err_is(e) ? -1 : 0;
}

static int read_records(struct allocation *a, const json_t *j, struct err *e)
{
	const json_t *layers = json_object_get(j, "layers");
	const json_t *edges = json_object_get(j, "edges");
	size_t i;

	if (!json_is_array(layers) || !json_is_array(edges))
		return err_set(e, "'layers' and 'edges' must be arrays");
	a->nlayers = json_array_size(layers);
	a->nedges = json_array_size(edges);
	if (a->nlayers == 0 || a->nlayers > LIMIT_LAYERS || a->nedges > MAX_EDGES)
		return err_set(e, "%zu layers, %zu edges", a->nlayers, a->nedges);
	a->layers = arena_array(&a->arena, a->nlayers, sizeof *a->layers);
	a->edges = arena_array(&a->arena, a->nedges + 1, sizeof *a->edges);
	for (i = 0; i < a->nlayers; i++)
		if (read_layer(a, json_array_get(layers, i), &a->layers[i], e) < 0)
			return err_in(e, "layer %zu", i);
	if (read_groups(a, e) < 0)
		return -1;
	for (i = 0; i < a->nedges; i++)
		if (read_edge(a, json_array_get(edges, i), &a->edges[i], e) < 0)
			return err_in(e, "edge %zu", i);
	return 0;
}

static int read_reals(struct allocation *a, const json_t *j, const char *key, double **out,
		      struct err *e)
{
	const json_t *v = json_object_get(j, key);
	int32_t i;

	*out = arena_array(&a->arena, (size_t)a->ncontexts, sizeof **out);
	if (!json_is_array(v) || json_array_size(v) != (size_t)a->ncontexts)
		return err_set(e, "'%s' must have a number for each context", key);
	for (i = 0; i < a->ncontexts; i++) {
		if (!json_is_number(json_array_get(v, (size_t)i)))
			return err_set(e, "'%s' must hold numbers", key);
		(*out)[i] = json_number_value(json_array_get(v, (size_t)i));
	}
	return 0;
}

/* What older files do not have. */
static int read_facts(struct allocation *a, const json_t *j, struct err *e)
{
	bool ecc, power;

	if (!json_object_get(j, "load_bytes"))
		a->load = arena_array(&a->arena, (size_t)a->ncontexts, sizeof *a->load);
	else if (read_reals(a, j, "load_bytes", &a->load, e) < 0)
		return -1;
	if (json_get_bool(j, "lcu_ecc", true, &ecc, e) < 0)
		return -1;
	a->no_ecc = !ecc;
	if (json_get_bool(j, "calculate_power", true, &power, e) < 0)
		return -1;
	a->no_power = !power;
	a->scale = 1;
	if (alloc_read_group(a, j, e) < 0)
		return -1;
	if (json_object_get(j, "removed") &&
	    alloc_read_names(a, j, "removed", &a->removed.v, &a->removed.n, e) < 0)
		return -1;
	if (json_get_double(j, "bound_compute_s", 0, &a->bound.compute_s, e) < 0 ||
	    json_get_double(j, "bound_link_s", 0, &a->bound.link_s, e) < 0)
		return -1;
	return json_get_double(j, "bound_load_s", 0, &a->bound.load_s, e);
}

static int read_head(struct allocation *a, const json_t *j, struct err *e)
{
	const char *schema;
	const char *arch;
	int64_t contexts, batch;

	if (json_need_string(j, "schema", &schema, e) < 0 ||
	    json_need_string(j, "hw_arch", &arch, e) < 0 ||
	    json_get_int(j, "contexts", 1, MAX_CONTEXTS, 1, &contexts, e) < 0 ||
	    json_get_int(j, "batch", 1, 65535, 1, &batch, e) < 0 ||
	    json_get_double(j, "fps", 0, &a->fps, e) < 0 ||
	    json_get_double(j, "latency_s", 0, &a->latency_s, e) < 0)
		return -1;
	if (strcmp(schema, "hn-alloc/1") != 0)
		return err_set(e, "schema '%s', 'hn-alloc/1' expected", quote(schema));
	a->arch = arena_strdup(&a->arena, arch);
	a->ncontexts = (int32_t)contexts;
	a->batch = (int32_t)batch;
	if (read_reals(a, j, "interval_cycles", &a->interval, e) < 0)
		return -1;
	if (read_reals(a, j, "fill_cycles", &a->fill, e) < 0)
		return -1;
	return read_facts(a, j, e);
}

struct allocation *alloc_from_json(const json_t *j, struct err *e)
{
	struct allocation *a = xcalloc(1, sizeof *a);
	int64_t bottleneck, stuck;

	if (read_head(a, j, e) == 0 && read_records(a, j, e) == 0 &&
	    json_get_int(j, "bottleneck", 0, (int64_t)a->nlayers - 1, 0, &bottleneck, e) == 0 &&
	    json_get_int(j, "stuck", -1, (int64_t)a->nedges - 1, -1, &stuck, e) == 0) {
		a->bottleneck = (int32_t)bottleneck;
		a->stuck = (int32_t)stuck;
		return a;
	}
	alloc_free(a);
	return NULL;
}
