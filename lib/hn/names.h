/* Names of layers: hashed look-up and free numbers.  Inside of lib/hn. */
#ifndef HN_HN_NAMES_H
#define HN_HN_NAMES_H

#include "hn/hn.h"

/* An empty index. */
struct name_index *names_new(void);
/* NULL is fine. */
void names_free(struct name_index *x);
/* Enters a layer's full and unscoped name; a name that is there already stays. */
void names_add(struct name_index *x, struct layer *l);
/* The index no longer agrees with the graph: it is built again at the next look-up. */
void names_spoil(struct name_index *x);
struct layer *names_find(struct name_index *x, const struct graph *g, const char *name);
/* Next number for a base name, from 1. */
unsigned names_next(struct name_index *x, const char *base);

/* The part after the scope. */
const char *name_unscoped(const char *full);

#endif
