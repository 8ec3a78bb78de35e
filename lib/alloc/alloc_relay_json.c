/* Relays and names in X.alloc.json: both reach the automatic script, so nothing else may. */
#include "alloc/alloc_int.h"
#include "base/limits.h"

json_t *alloc_put_names(char *const *v, size_t n)
{
	json_t *j = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(j, json_string(v[i]));
	return j;
}

void alloc_relay_put(json_t *o, const struct alloc_layer *l)
{
	json_object_set_new(o, "kind", json_string(alloc_kind_name(l->kind)));
	json_object_set_new(o, "order", json_integer(l->relay.order));
	json_object_set_new(o, "from", alloc_put_names(l->relay.from, l->relay.nfrom));
	json_object_set_new(o, "to", alloc_put_names(l->relay.to, l->relay.nto));
	if (l->relay.word)
		json_object_set_new(o, "word", json_string(l->relay.word));
}

/* As in an HN file, and a string of a script. */
int alloc_check_name(const char *name, struct err *e)
{
	bool plain = !strchr(name, '"') || !strchr(name, '\'');

	if (!*name || strlen(name) > LIMIT_NAME)
		return err_set(e, "a name is empty or too long");
	for (const char *p = name; *p; p++)
		plain = plain && (unsigned char)*p > ' ' && *p != 0x7f;
	return plain ? 0 : err_set(e, "the name '%s' cannot stand in a script", quote(name));
}

int alloc_read_names(struct allocation *a, const json_t *o, const char *key, char ***out, size_t *n,
		     struct err *e)
{
	const json_t *v = json_object_get(o, key);

	*n = json_array_size(v);
	if (*n == 0 || *n > LIMIT_LAYERS)
		return err_set(e, "'%s' must be a list of names", key);
	*out = arena_array(&a->arena, *n, sizeof **out);
	for (size_t i = 0; i < *n; i++) {
		const char *name = json_string_value(json_array_get(v, i));

		if (!name)
			return err_set(e, "'%s' must be a list of names", key);
		if (alloc_check_name(name, e) < 0)
			return -1;
		(*out)[i] = arena_strdup(&a->arena, name);
	}
	return 0;
}

static int read_kind(const json_t *o, enum alloc_kind *out, struct err *e)
{
	const char *kind;

	if (json_need_string(o, "kind", &kind, e) < 0)
		return -1;
	for (int k = ALLOC_LAYER + 1; k < ALLOC_KINDS; k++)
		if (strcmp(alloc_kind_name((enum alloc_kind)k), kind) == 0) {
			*out = (enum alloc_kind)k;
			return 0;
		}
	return err_set(e, "unknown kind '%s'", quote(kind));
}

/* Layers without "kind" are no relays. */
int alloc_relay_read(struct allocation *a, const json_t *o, struct alloc_layer *l, struct err *e)
{
	const char *word = NULL;
	int64_t order;

	if (!json_object_get(o, "kind"))
		return 0;
	if (read_kind(o, &l->kind, e) < 0 ||
	    json_get_int(o, "order", 0, LIMIT_LAYERS, 0, &order, e) < 0 ||
	    (json_object_get(o, "word") && json_need_string(o, "word", &word, e) < 0) ||
	    relay_check_word(l->kind, word, e) < 0)
		return -1;
	l->relay.order = (int32_t)order;
	l->relay.word = word ? arena_strdup(&a->arena, word) : NULL;
	return alloc_read_names(a, o, "from", &l->relay.from, &l->relay.nfrom, e) < 0
		   ? -1
		   : alloc_read_names(a, o, "to", &l->relay.to, &l->relay.nto, e);
}
