/* Target descriptions: all that come with the tools load; every wrong number is refused. */
#include "target/target.h"
#include "base/outfile.h"
#include "io/json.h"
#include <unistd.h>

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

static const char *const names[] = { "hailo8",   "hailo8l",  "hailo8r", "hailo10h",
				     "hailo15h", "hailo15l", "hailo15m" };

static void test_shipped(void)
{
	struct target t;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		e = (struct err){ 0 };
		check(target_load(names[i], &t, &e) == 0 && strcmp(t.name, names[i]) == 0, names[i],
		      e.msg);
	}
	e = (struct err){ 0 };
	check(target_load("hailo8l", &t, &e) == 0 && t.clusters == 4 && t.cluster_id[2] == 4 &&
		  t.hef_partial && t.hef_layout == 0x33 && t.hef_nlayouts == 2 &&
		  t.clock_hz == 400e6,
	      "hailo8l's numbers", e.msg);
	check(target_load("hailo9", &t, &e) < 0 &&
		  strcmp(e.msg,
			 "no target 'hailo9' (known: hailo10h, hailo15h, hailo15l, hailo15m, "
			 "hailo8, hailo8l, hailo8r)") == 0,
	      "unknown target", e.msg);
}

/* hailo8 as JSON, from the source tree. */
static json_t *shipped(const char *root)
{
	struct err e = { 0 };
	char *path = xasprintf("%s/share/targets/hailo8.json", root);
	size_t n;
	char *text = read_file(path, 1 << 20, &n, &e);
	json_t *j = text ? json_parse(text, n, &e) : NULL;

	if (!j)
		die(&e);
	free(text);
	free(path);
	return j;
}

/* Loads a changed description and compares the message behind the path. */
static void expect(json_t *j, const char *what, const char *message)
{
	static const char path[] = "./changed.json";
	struct target t;
	struct err e = { 0 };
	struct str s = { 0 };

	json_text(j, &s);
	if (outfile_put(path, OUT_TEXT, s.p, s.len, &e) < 0)
		die(&e);
	check(target_load(path, &t, &e) < 0 && strstr(e.msg, message), what, e.msg);
	unlink(path);
	str_release(&s);
	json_decref(j);
}

static json_t *object(json_t *j, const char *key)
{
	json_t *o = json_object_get(j, key);

	if (!o)
		BUG("no key %s", key);
	return o;
}

static void test_wrong(const char *root)
{
	json_t *j = shipped(root);

	json_object_del(object(j, "clusters"), "lcus");
	expect(j, "missing", "'clusters.lcus' is missing");
	j = shipped(root);
	json_object_set_new(object(j, "clusters"), "subclusters", json_integer(65));
	expect(j, "too large", "'clusters.subclusters' is 65, from 1 to 64 expected");
	j = shipped(root);
	json_object_set_new(object(j, "device"), "clock_hz", json_string("fast"));
	expect(j, "not a number", "'device.clock_hz' must be a number");
	j = shipped(root);
	json_object_set_new(object(j, "device"), "l4_cuts", json_real(2.5));
	expect(j, "not an integer", "'device.l4_cuts' must be an integer");
	j = shipped(root);
	json_array_remove(object(object(j, "clusters"), "ids"), 0);
	expect(j, "ids", "'clusters.ids' has 7 numbers, 8 expected");
	j = shipped(root);
	json_array_set_new(object(object(j, "clusters"), "ids"), 0, json_integer(7));
	expect(j, "ids twice", "'clusters.ids' holds 7 twice");
	j = shipped(root);
	json_object_set_new(object(j, "hef"), "partial", json_true());
	expect(j, "layouts", "'hef.layouts' must begin with the map");
	j = shipped(root);
	json_object_set_new(j, "schema", json_string("npu/2"));
	expect(j, "schema", "schema 'npu/2', 'hn-target/1' expected");
	j = json_array();
	expect(j, "not an object", "schema");
}

/* Every number has its status: by its own path or by an object's around it. */
static void test_provenance(const char *root)
{
	json_t *j = shipped(root);
	const json_t *p = object(j, "provenance");
	const char *key;
	json_t *group;
	const char *sub;
	json_t *value;
	char path[128];

	json_object_foreach(j, key, group)
	{
		if (!json_is_object(group) || group == p || json_object_get(p, key))
			continue;
		json_object_foreach(group, sub, value)
		{
			if (!json_is_number(value) && !json_is_array(value))
				continue;
			snprintf(path, sizeof path, "%s.%s", key, sub);
			check(json_object_get(p, path) != NULL, path, "no provenance");
		}
	}
	json_decref(j);
}

int main(int argc, char *argv[])
{
	char *root = xstrdup(argc > 0 ? argv[0] : "");
	char *cut = strstr(root, "build/");

	if (cut)
		*cut = '\0';
	if (!*root || !cut) {
		free(root);
		root = xstrdup(".");
	}
	test_shipped();
	test_wrong(root);
	test_provenance(root);
	free(root);
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
