/*
 * Allocation: a script that can be followed is repeated by the automatic script of its result; an
 * allocation that is read is written the same again.  Input that begins with '{' is an allocation.
 */
#include "../unit/net.h"
#include "alloc/alloc_set.h"
#include "io/json.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern size_t fuzz_read;
size_t fuzz_read;

static char *text_of(json_t *j, size_t *n)
{
	struct str s = { 0 };

	json_text(j, &s);
	json_decref(j);
	*n = s.len;
	return s.p;
}

static void same(json_t *a, json_t *b, const char *what)
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
	struct alloc_set a = { 0 }, again = { 0 };
	json_t *j = json_parse(text, n, &e);
	json_t *copy;

	if (j && alloc_set_from_json(j, &a, &e) == 0) {
		fuzz_read++;
		copy = alloc_set_to_json(&a);
		if (alloc_set_from_json(copy, &again, &e) < 0)
			BUG("what was written is not read: %s", e.msg);
		same(json_incref(copy), alloc_set_to_json(&again), "the second reading");
		alloc_set_script(&a, &script);
		json_decref(copy);
	} else if (!err_is(&e)) {
		BUG("an error without a message");
	}
	str_release(&script);
	alloc_set_free(&a);
	alloc_set_free(&again);
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
	fuzz_read++;
	alloc_script(a, &script);
	if (!(s = alls_parse("auto.alls", script.p, script.len, &e)))
		BUG("automatic script: %s", e.msg);
	again = alloc_run(n->g, &n->m, &(struct alloc_opts){ .target = t, .script = s }, &e);
	if (!again)
		BUG("automatic script: %s", e.msg);
	same(alloc_to_json(a), alloc_to_json(again), "the automatic script's result");
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
