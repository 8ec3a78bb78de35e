/*
 * Network groups: parts of a bundle that are loaded one at a time, each with an allocation of its
 * own on the whole device.
 */
#ifndef HN_ALLOC_ALLOC_SET_H
#define HN_ALLOC_ALLOC_SET_H

#include "alloc/alloc.h"

/* By group; the only one of a bundle without groups has no name. */
struct alloc_set {
	struct allocation **v;
	size_t n;
};
/* Room for n, which are NULL. */
void alloc_set_new(struct alloc_set *s, size_t n);
void alloc_set_free(struct alloc_set *s);
/* Says which group an allocation is of. */
void alloc_set_group(struct allocation *a, const struct hn_group *group);
/* A record of each: that of the only one, else an object with the list "groups". */
json_t *alloc_set_list(const struct alloc_set *s,
		       json_t *(*of)(const struct allocation *a, const void *ctx), const void *ctx);
/* The member X.alloc.json; *s is released by the caller, on an error, too. */
json_t *alloc_set_to_json(const struct alloc_set *s);
int alloc_set_from_json(const json_t *j, struct alloc_set *s, struct err *e);
/* The automatic script of all. */
void alloc_set_script(const struct alloc_set *s, struct str *out);

#endif
