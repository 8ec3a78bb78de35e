/* The allocations of several network groups in one bundle. */
#include "alloc/alloc_set.h"
#include "alloc/alloc_int.h"
#include "base/limits.h"

enum {
	MAX_GROUPS = 64
};

void alloc_set_group(struct allocation *a, const struct hn_group *group)
{
	a->group.name = arena_strdup(&a->arena, group->name);
	a->group.networks = arena_array(&a->arena, group->nnetworks, sizeof(char *));
	for (size_t i = 0; i < group->nnetworks; i++)
		a->group.networks[i] = arena_strdup(&a->arena, group->networks[i]);
	a->group.nnetworks = group->nnetworks;
}

void alloc_set_free(struct alloc_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		alloc_free(s->v[i]);
	free(s->v);
	*s = (struct alloc_set){ 0 };
}

void alloc_set_new(struct alloc_set *s, size_t n)
{
	*s = (struct alloc_set){ .v = xcalloc(n, sizeof(struct allocation *)), .n = n };
}

json_t *alloc_set_list(const struct alloc_set *s,
		       json_t *(*of)(const struct allocation *a, const void *ctx), const void *ctx)
{
	json_t *j, *list;

	if (s->n == 1)
		return of(s->v[0], ctx);
	j = json_object();
	list = json_array();
	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list, of(s->v[i], ctx));
	json_object_set_new(j, "schema", json_string("hn-alloc/1"));
	json_object_set_new(j, "hw_arch", json_string(s->v[0]->arch));
	json_object_set_new(j, "groups", list);
	return j;
}

static json_t *record(const struct allocation *a, const void *ctx)
{
	(void)ctx;
	return alloc_to_json(a);
}

json_t *alloc_set_to_json(const struct alloc_set *s)
{
	return alloc_set_list(s, record, NULL);
}

static int check_groups(const struct alloc_set *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct allocation *a = s->v[i];

		if (!a->group.name)
			return err_set(e, "group %zu has no name", i);
		if (strcmp(a->arch, s->v[0]->arch) != 0)
			return err_set(e, "groups for '%s' and '%s'", quote(s->v[0]->arch),
				       quote(a->arch));
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->v[k]->group.name, a->group.name) == 0)
				return err_set(e, "two groups are called '%s'",
					       quote(a->group.name));
	}
	return 0;
}

int alloc_set_from_json(const json_t *j, struct alloc_set *s, struct err *e)
{
	const json_t *groups = json_object_get(j, "groups");
	const size_t n = json_array_size(groups);

	*s = (struct alloc_set){ 0 };
	if (!groups) {
		alloc_set_new(s, 1);
		s->v[0] = alloc_from_json(j, e);
		return s->v[0] ? 0 : -1;
	}
	if (n < 2 || n > MAX_GROUPS)
		return err_set(e, "%zu network groups, 2 to %d expected", n, MAX_GROUPS);
	alloc_set_new(s, n);
	for (size_t i = 0; i < n; i++)
		if (!(s->v[i] = alloc_from_json(json_array_get(groups, i), e)))
			return err_in(e, "group %zu", i);
	return check_groups(s, e);
}

void alloc_put_group(json_t *j, const struct allocation *a)
{
	if (!a->group.name)
		return;
	json_object_set_new(j, "group", json_string(a->group.name));
	json_object_set_new(j, "networks", alloc_put_names(a->group.networks, a->group.nnetworks));
}

/* The group's name stands before those of contexts in a script. */
static bool plain(const char *name)
{
	const char *p = name;

	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
	       (p > name && ((*p >= '0' && *p <= '9') || *p == '-')))
		p++;
	return p > name && *p == '\0' && strlen(name) <= LIMIT_NAME;
}

int alloc_read_group(struct allocation *a, const json_t *j, struct err *e)
{
	const char *name;

	if (!json_object_get(j, "group"))
		return 0;
	if (json_need_string(j, "group", &name, e) < 0)
		return -1;
	if (!plain(name))
		return err_set(e, "'%s' is no name of a group", quote(name));
	a->group.name = arena_strdup(&a->arena, name);
	return alloc_read_names(a, j, "networks", &a->group.networks, &a->group.nnetworks, e);
}
