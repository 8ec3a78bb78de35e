#include "target/target.h"
#include "base/outfile.h"
#include "base/share.h"
#include "io/json.h"
#include <dirent.h>
#include <unistd.h>

enum {
	TARGET_BYTES = 1 << 20
};

enum kind {
	INT32,
	INT64,
	DOUBLE
};

/* Where a number stands in the file and in the struct; all must be present. */
struct field {
	const char *path;
	enum kind kind;
	size_t offset;
	double min, max;
};
#define FIELD(path, kind, member, min, max)                                                        \
	{                                                                                          \
		path, kind, offsetof(struct target, member), min, max                              \
	}

static const struct field fields[] = {
	/* clang-format off */
	FIELD("clusters.count",                   INT32,  clusters, 1, TARGET_MAX_CLUSTERS),
	FIELD("clusters.lcus",                    INT32,  lcus, 1, 1024),
	FIELD("clusters.subclusters",             INT32,  subclusters, 1, 64), /* a 64-bit map in the HEF */
	FIELD("clusters.input_aligners",          INT32,  input_aligners, 1, 32), /* a 32-bit map in the HEF */
	FIELD("clusters.apus",                    INT32,  apus, 1, 1024),
	FIELD("clusters.l3_cuts",                 INT32,  l3_cuts, 1, 65536),
	FIELD("clusters.l3_cut_bytes",            INT64,  l3_cut_bytes, 64, 1 << 30),
	FIELD("subcluster.l2_bytes",              INT64,  l2_bytes, 0, 1 << 30),
	FIELD("subcluster.max_per_layer",         INT32,  max_subclusters_per_layer, 1, 64),
	FIELD("subcluster.max_per_layer_dw",      INT32,  max_subclusters_dw, 1, 64),
	FIELD("subcluster.mac_modes.8x8.columns", INT32,  mode[0].columns, 1, 1024),
	FIELD("subcluster.mac_modes.8x8.features", INT32, mode[0].features, 1, 1024),
	FIELD("subcluster.mac_modes.16x4.columns", INT32, mode[1].columns, 1, 1024),
	FIELD("subcluster.mac_modes.16x4.features", INT32, mode[1].features, 1, 1024),
	FIELD("layer_limits.input_aligners.8x8",  INT32,  mode[0].input_aligners, 1, 32),
	FIELD("layer_limits.input_aligners.16x4", INT32,  mode[1].input_aligners, 1, 32),
	FIELD("layer_limits.apus_max",            INT32,  apus_max_per_layer, 1, 1024),
	FIELD("device.clock_hz",                  DOUBLE, clock_hz, 1e3, 1e12),
	FIELD("device.l4_cuts",                   INT32,  l4_cuts, 0, 65536),
	FIELD("device.l4_cut_bytes",              INT64,  l4_cut_bytes, 64, 1 << 30),
	FIELD("device.max_contexts",              INT32,  max_contexts, 1, 1024), /* HailoRT's limit */
	FIELD("device.max_inter_context_streams_per_context", INT32, max_inter_context_streams, 1, 1024),
	FIELD("device.config_channels_max",       INT32,  config_channels_max, 1, 1024),
	FIELD("default_utilization.single_context.control", DOUBLE, util_single, 0.01, 1),
	FIELD("default_utilization.smallest_choices", DOUBLE, util_least, 0.01, 1),
	FIELD("default_utilization.multi_context.control", DOUBLE, util_multi, 0.01, 1),
	FIELD("default_utilization.control_max",  DOUBLE, util_control_max, 0.01, 2),
	FIELD("memory_system.effective_bytes_per_s", DOUBLE, bandwidth, 1, 1e15),
	FIELD("memory_system.boundary_bytes_per_s", DOUBLE, boundary_bandwidth, 1, 1e15),
	FIELD("memory_system.boundary_s_per_transfer", DOUBLE, boundary_transfer_s, 0, 1),
	FIELD("context_switch.per_context_s",     DOUBLE, per_context_s, 0, 10),
	FIELD("context_switch.fixed_s_per_batch", DOUBLE, fixed_s_per_batch, 0, 10),
	FIELD("hef.hw_arch",                      INT32,  hef_arch, 0, 65535),
	FIELD("activation.pwl_segments",          INT32,  pwl_segments, 1, 4096),
	FIELD("precision.a8_w8.mac_factor",       DOUBLE, precision[PRECISION_A8_W8].mac_factor, 1e-3, 64),
	FIELD("precision.a8_w8.weight_bytes",     DOUBLE, precision[PRECISION_A8_W8].weight_bytes, 0.1, 8),
	FIELD("precision.a8_w4.mac_factor",       DOUBLE, precision[PRECISION_A8_W4].mac_factor, 1e-3, 64),
	FIELD("precision.a8_w4.weight_bytes",     DOUBLE, precision[PRECISION_A8_W4].weight_bytes, 0.1, 8),
	FIELD("precision.a16_w16.mac_factor",     DOUBLE, precision[PRECISION_A16_W16].mac_factor, 1e-3, 64),
	FIELD("precision.a16_w16.weight_bytes",   DOUBLE, precision[PRECISION_A16_W16].weight_bytes, 0.1, 8),
	FIELD("precision.a16_w8.mac_factor",      DOUBLE, precision[PRECISION_A16_W8].mac_factor, 1e-3, 64),
	FIELD("precision.a16_w8.weight_bytes",    DOUBLE, precision[PRECISION_A16_W8].weight_bytes, 0.1, 8),
	FIELD("throughput.mac_utilization",       DOUBLE, mac_utilization, 0.01, 1),
	FIELD("throughput.mac_utilization_1x1",   DOUBLE, mac_utilization_1x1, 0.01, 1),
	FIELD("throughput.mac_utilization_dw",    DOUBLE, mac_utilization_dw, 0.01, 1),
	FIELD("throughput.ia_utilization",        DOUBLE, ia_utilization, 0.01, 1),
	FIELD("throughput.d2s_columns_per_cycle", DOUBLE, d2s_columns_per_cycle, 0.01, 1024),
	FIELD("throughput.dw_features_per_cycle", INT32,  dw_features_per_cycle, 1, 1024),
	FIELD("throughput.ia_values_per_cycle",   INT32,  ia_values_per_cycle, 1, 1024),
	FIELD("throughput.apu_values_per_cycle",  INT32,  apu_values_per_cycle, 1, 1024),
	FIELD("throughput.ppu_values_per_cycle",  INT32,  ppu_values_per_cycle, 1, 1024),
	/* clang-format on */
};

/* Those that may be missing: 0 then, nothing is said about them. */
static const struct field optional[] = {
	/* clang-format off */
	FIELD("throughput.general_kernel", DOUBLE, general_kernel, 0.01, 1),
	FIELD("throughput.norm_controllers", INT32, norm_controllers, 1, 64),
	FIELD("throughput.norm_passes", INT32, norm_passes, 1, 1024),
	FIELD("throughput.product_controllers", INT32, product_controllers, 1, 64),
	FIELD("power.idle_w",       DOUBLE, power_idle, 0, 1e3),
	FIELD("power.lcu_w",        DOUBLE, power_lcu, 0, 1e3),
	FIELD("power.lcu_ecc",      DOUBLE, power_ecc, 0, 10),
	FIELD("power.subcluster_w", DOUBLE, power_subcluster, 0, 1e3),
	FIELD("power.ia_apu_w",     DOUBLE, power_unit, 0, 1e3),
	FIELD("power.l3_cut_w",     DOUBLE, power_l3_cut, 0, 1e3),
	/* clang-format on */
};

/* The value at "a.b.c", NULL when absent. */
static const json_t *at_path(const json_t *j, const char *path)
{
	char key[64];
	size_t n;

	while (j && *path) {
		n = strcspn(path, ".");
		if (n >= sizeof key)
			BUG("path too long: %s", path);
		memcpy(key, path, n);
		key[n] = '\0';
		j = json_object_get(j, key);
		path += n + (path[n] == '.');
	}
	return j;
}

static int read_field(const json_t *j, const struct field *f, struct target *t, struct err *e)
{
	const json_t *v = at_path(j, f->path);
	char *at = (char *)t + f->offset;
	double d;

	if (!v)
		return err_set(e, "'%s' is missing", f->path);
	if (!json_is_number(v) || (f->kind != DOUBLE && !json_is_integer(v)))
		return err_set(e, "'%s' must be %s", f->path,
			       f->kind == DOUBLE ? "a number" : "an integer");
	d = json_number_value(v);
	if (!(d >= f->min && d <= f->max))
		return err_set(e, "'%s' is %g, from %g to %g expected", f->path, d, f->min, f->max);
	switch (f->kind) {
	case INT32:
		*(int32_t *)(void *)at = (int32_t)d;
		return 0;
	case INT64:
		*(int64_t *)(void *)at = (int64_t)d;
		return 0;
	case DOUBLE:
		*(double *)(void *)at = d;
		return 0;
	}
	return -1;
}

static int read_clusters(const json_t *j, struct target *t, struct err *e)
{
	const json_t *clusters = json_object_get(j, "clusters");
	int64_t ids[TARGET_MAX_CLUSTERS];
	int i, k, n;

	if (json_get_ints(clusters, "ids", -TARGET_MAX_CLUSTERS, 0, 31, ids, &n, e) < 0)
		return err_in(e, "'clusters'");
	if (n != t->clusters)
		return err_set(e, "'clusters.ids' has %d numbers, %d expected", n, t->clusters);
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			if (ids[k] == ids[i])
				return err_set(e, "'clusters.ids' holds %d twice", (int)ids[i]);
		t->cluster_id[i] = (int32_t)ids[i];
	}
	return 0;
}

/* A chip that comes in several layouts needs the map of clusters of each; the first is ids[]. */
static int read_layouts(const json_t *j, struct target *t, struct err *e)
{
	const json_t *hef = json_object_get(j, "hef");
	int64_t maps[TARGET_MAX_LAYOUTS];
	uint32_t own = 0;
	int i, n;

	if (json_get_bool(hef, "partial", false, &t->hef_partial, e) < 0 ||
	    json_get_ints(hef, "layouts", -TARGET_MAX_LAYOUTS, 1, UINT32_MAX, maps, &n, e) < 0)
		return err_in(e, "'hef'");
	for (i = 0; i < t->clusters; i++)
		own |= UINT32_C(1) << t->cluster_id[i];
	if (t->hef_partial != (n > 0) || (n > 0 && maps[0] != own))
		return err_set(e, "'hef.layouts' must begin with the map of 'clusters.ids' when "
				  "'hef.partial' is true, and be empty otherwise");
	for (i = 0; i < n; i++)
		t->hef_layouts[i] = (uint32_t)maps[i];
	t->hef_nlayouts = n;
	t->hef_layout = n ? t->hef_layouts[0] : own;
	return 0;
}

static int read_target(const json_t *j, struct target *t, struct err *e)
{
	const char *schema;
	const char *name;
	size_t i;

	memset(t, 0, sizeof *t);
	if (json_need_string(j, "schema", &schema, e) < 0 ||
	    json_need_string(j, "name", &name, e) < 0)
		return -1;
	if (strcmp(schema, "hn-target/1") != 0)
		return err_set(e, "schema '%s', 'hn-target/1' expected", quote(schema));
	if (!*name || strlen(name) >= sizeof t->name)
		return err_set(e, "'name' must have 1 to %zu bytes", sizeof t->name - 1);
	memcpy(t->name, name, strlen(name));
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (read_field(j, &fields[i], t, e) < 0)
			return -1;
	for (i = 0; i < sizeof optional / sizeof optional[0]; i++)
		if (at_path(j, optional[i].path) && read_field(j, &optional[i], t, e) < 0)
			return -1;
	if (read_clusters(j, t, e) < 0)
		return -1;
	return read_layouts(j, t, e);
}

/* Status of a number: of its path, or of the longest object around it that has one. */
static const char *status_of(const json_t *j, const char *path)
{
	const json_t *all = json_object_get(j, "provenance");
	char key[64];
	char *dot;

	snprintf(key, sizeof key, "%s", path);
	while (!json_is_string(json_object_get(all, key))) {
		if (!(dot = strrchr(key, '.')))
			return "unknown";
		*dot = '\0';
	}
	return json_string_value(json_object_get(all, key));
}

static void list_numbers(const json_t *j, const struct field *f, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++)
		if (at_path(j, f[i].path))
			str_printf(out, "%-48s %-14.10g %s\n", f[i].path,
				   json_number_value(at_path(j, f[i].path)),
				   status_of(j, f[i].path));
}

/* numbers: a list of them is added; may be NULL. */
static int load_file(const char *path, struct target *t, struct str *numbers, struct err *e)
{
	json_t *j = NULL;
	size_t n;
	char *text = read_file(path, TARGET_BYTES, &n, e);
	int rc = -1;

	if (!text)
		return -1;
	if ((j = json_parse(text, n, e)) != NULL)
		rc = read_target(j, t, e);
	if (rc == 0 && numbers) {
		list_numbers(j, fields, sizeof fields / sizeof fields[0], numbers);
		list_numbers(j, optional, sizeof optional / sizeof optional[0], numbers);
	}
	json_decref(j);
	free(text);
	return rc < 0 ? err_in(e, "%s", quote(path)) : 0;
}

struct lookup {
	const char *name;
	char *path; /* found here */
	char **known;
	size_t nknown, cap;
};

static bool find_file(const char *dir, void *ctx)
{
	struct lookup *l = ctx;
	char *path = xasprintf("%s/%s.json", dir, l->name);

	if (access(path, R_OK) == 0) {
		l->path = path;
		return true;
	}
	free(path);
	return false;
}

static bool list_folder(const char *dir, void *ctx)
{
	struct lookup *l = ctx;
	DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t n;

	if (!d)
		return false;
	while ((entry = readdir(d)) != NULL) {
		n = strlen(entry->d_name);
		if (n <= 5 || strcmp(entry->d_name + n - 5, ".json") != 0)
			continue;
		VEC_GROW(l->known, l->nknown, &l->cap);
		l->known[l->nknown++] = xstrndup(entry->d_name, n - 5);
	}
	closedir(d);
	return l->nknown > 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_all(struct lookup *l)
{
	share_each("HN_TARGETS", "targets", list_folder, l);
	if (l->nknown)
		qsort(l->known, l->nknown, sizeof *l->known, compare);
}

static int unknown_target(struct lookup *l, struct err *e)
{
	struct str list = { 0 };
	size_t i;

	find_all(l);
	for (i = 0; i < l->nknown; i++) {
		str_printf(&list, "%s%s", i ? ", " : "", quote(l->known[i]));
		free(l->known[i]);
	}
	free(l->known);
	err_set(e, "no target '%s' (known: %s)", quote(l->name), list.p ? list.p : "none");
	str_release(&list);
	return -1;
}

static int load(const char *name, struct target *t, struct str *numbers, struct err *e)
{
	struct lookup l = { .name = name };
	int rc;

	if (strchr(name, '/'))
		return load_file(name, t, numbers, e);
	if (!*name || *name == '.' || !share_each("HN_TARGETS", "targets", find_file, &l))
		return unknown_target(&l, e);
	rc = load_file(l.path, t, numbers, e);
	free(l.path);
	return rc;
}

int target_load(const char *name, struct target *t, struct err *e)
{
	return load(name, t, NULL, e);
}

double target_boundary(const struct target *t)
{
	return t->boundary_bandwidth < t->bandwidth ? t->boundary_bandwidth : t->bandwidth;
}

int target_numbers(const char *name, struct str *out, struct err *e)
{
	struct target t;

	return load(name, &t, out, e);
}

int target_list(struct str *out, struct err *e)
{
	struct lookup l = { .name = "help" };
	struct target t;
	int rc = 0;

	find_all(&l);
	for (size_t i = 0; i < l.nknown; i++) {
		if (rc == 0 && (rc = target_load(l.known[i], &t, e)) == 0)
			str_printf(out,
				   "%-10s %d clusters, %d layer controllers, %d subclusters, %d L3 "
				   "cuts, %g MHz\n",
				   t.name, t.clusters, t.clusters * t.lcus,
				   t.clusters * t.subclusters, t.clusters * t.l3_cuts,
				   t.clock_hz / 1e6);
		free(l.known[i]);
	}
	free(l.known);
	return rc;
}
