/*
 * Names of operators: as the model's author wrote them.  A node in a function is PATH/name, where
 * PATH is the calls that lead to it, without those that TensorFlow made up.
 */
#include "base/rng.h"
#include "tf/tf_read.h"

/* "StatefulPartitionedCall", "PartitionedCall_3", of n bytes. */
static bool made_up(const char *s, size_t n)
{
	static const char *const calls[] = { "StatefulPartitionedCall", "PartitionedCall" };

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		const size_t k = strlen(calls[i]);

		if (n < k || strncmp(s, calls[i], k) != 0)
			continue;
		if (n == k)
			return true;
		if (s[k] == '_' && strspn(s + k + 1, "0123456789") >= n - k - 1)
			return true;
	}
	return false;
}

static char *without_calls(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 1), *to = out;

	while (*path) {
		const size_t n = strcspn(path, "/");

		if (!made_up(path, n)) {
			if (to > out)
				*to++ = '/';
			memcpy(to, path, n);
			to += n;
		}
		path += n + (path[n] == '/');
	}
	return out;
}

static struct tf_node **slot(struct tf_flat *x, const char *name)
{
	size_t k = hash_xxh3(name, strlen(name)) & (x->nname - 1);

	while (x->name[k] && strcmp(x->name[k]->name, name) != 0)
		k = (k + 1) & (x->nname - 1);
	return &x->name[k];
}

/* Twice the room, at the start some. */
static void grow(struct tf_flat *x)
{
	struct tf_node **old = x->name;
	const size_t n = x->nname;

	if (x->m->nnode + 1 < n / 2)
		return;
	x->nname = n ? 2 * n : 256;
	x->name = xcalloc(x->nname, sizeof *x->name);
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*slot(x, old[i]->name) = old[i];
	free(old);
}

const char *tf_name_node(struct tf_flat *x, const struct tf_frame *f, const char *name,
			 struct tf_node *n)
{
	struct arena *a = &x->m->arena;
	char *own = without_calls(a, arena_printf(a, "%s%s", f->prefix, name));
	const char *unique;

	if (!own[0] || strlen(own) > LIMIT_NAME - 16)
		own = arena_printf(a, "%.*s", LIMIT_NAME - 16, name);
	unique = own;
	grow(x);
	for (size_t k = 1; *slot(x, unique); k++)
		unique = arena_printf(a, "%s_%zu", own, k);
	n->name = unique;
	*slot(x, unique) = n;
	return unique;
}
