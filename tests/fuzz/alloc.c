/*
 * Allocation: a script that can be followed is repeated by the automatic script of its result; an
 * allocation that is read is written the same again.  Input that begins with '{' is an allocation.
 */
#include "../unit/net.h"
#include "io/json.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct allocation *a, size_t *n)
{
	json_t *j = alloc_to_json(a);
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	*n = s.len;
	return s.p;
}

static void same(const struct allocation *a, const struct allocation *b, const char *what)
{
	size_t na, nb;
	char *x = text_of(a, &na);
	char *y = text_of(b, &nb);

	if (na != nb || memcmp(x, y, na) != 0)
		BUG("%s differs", what);
	free(x);
	free(y);
}

static void read_allocation(const char *text, size_t n)
{
	struct err e = { 0 };
	struct str script = { 0 };
	struct allocation *a = NULL;
	struct allocation *again;
	json_t *j = json_parse(text, n, &e);
	json_t *copy;

	if (j && (a = alloc_from_json(j, &e)) != NULL) {
		copy = alloc_to_json(a);
		if (!(again = alloc_from_json(copy, &e)))
			BUG("what was written is not read: %s", e.msg);
		same(a, again, "the second reading");
		alloc_script(a, &script);
		alloc_free(again);
		json_decref(copy);
	} else if (!err_is(&e)) {
		BUG("an error without a message");
	}
	str_release(&script);
	alloc_free(a);
	json_decref(j);
}

static void follow_script(const struct net *n, const struct target *t, const char *text,
			  size_t size)
{
	struct err e = { 0 };
	struct str script = { 0 };
	struct alls *s = alls_parse("fuzz.alls", text, size, &e);
	struct allocation *a = NULL;
	struct allocation *again;

	if (s)
		a = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	if (!a && !err_is(&e))
		BUG("an error without a message");
	alls_free(s);
	if (!a)
		return;
	alloc_script(a, &script);
	if (!(s = alls_parse("auto.alls", script.p, script.len, &e)))
		BUG("automatic script: %s", e.msg);
	again = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	if (!again)
		BUG("automatic script: %s", e.msg);
	same(a, again, "the automatic script's result");
	alls_free(s);
	alloc_free(a);
	alloc_free(again);
	str_release(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct net net;
	static struct target target;
	struct err e = { 0 };

	if (size && data[0] == '{') {
		read_allocation((const char *)data, size);
		return 0;
	}
	if (!net.g) {
		net = make_net(16, 32, 5);
		if (target_load("hailo8l", &target, &e) < 0)
			die(&e);
	}
	follow_script(&net, &target, (const char *)data, size);
	return 0;
}
