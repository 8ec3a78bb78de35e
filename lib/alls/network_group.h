/* Network groups of a script. */
#ifndef HN_ALLS_NETWORK_GROUP_H
#define HN_ALLS_NETWORK_GROUP_H

#include "alls/alls.h"

struct alls_groups {
	struct arena arena;
	struct hn_group *v;
	size_t n; /* 0: the script says nothing, all networks are one group */
	int *of;  /* by layer of the graph: its group */
};
/*
 * The groups of a checked script, in its order; each network of g is in one of them.  Released by
 * the caller, on an error, too.
 */
int alls_groups_read(const struct alls *s, const struct graph *g, struct alls_groups *out,
		     struct err *e);
void alls_groups_release(struct alls_groups *g);
/*
 * The statements about one group, or about no layer: those of others and the network_group(...) are
 * left out, and the layers of others from lists.  s must outlive it; NULL for a script that is.
 */
struct alls *alls_of_group(const struct alls *s, const struct graph *g,
			   const struct alls_groups *groups, size_t which);

#endif
