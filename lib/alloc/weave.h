/* Private to the relays of alloc/: the allocation while they are put into it. */
#ifndef HN_ALLOC_WEAVE_H
#define HN_ALLOC_WEAVE_H

#include "alloc/alloc_int.h"

/* A tensor that a relay passes on. */
struct lane {
	int32_t unit, port;
};
/* The allocation while relays are put into it. */
struct weave {
	struct plan *p;
	struct allocation *a;
	struct strand {
		struct alloc_edge ed;
		struct lane lane; /* what it carries */
		bool gone;
	} * v;
	size_t n, cap;
	int32_t *node; /* by relay: its layer; -1: not yet */
	struct err *e;
};

/* ---- relay_edges.c ---- */
/* Every edge between what a relay reads and what it feeds goes through it, in lanes. */
int weave_connect(struct weave *w, const struct relay *r, int32_t node, struct lane *lanes,
		  int32_t *nlanes);

/* ---- relay_rows.c ---- */
/* Rows and cycles from the tensors that come in. */
int weave_measure(const struct weave *w, const struct relay *r, int32_t node,
		  const struct lane *lanes, int32_t nlanes);
/* Rows of the consumers' side become the relay's own. */
int weave_widen(const struct weave *w, int32_t node);
/* The splitter of a divided layer gives each part what it needs. */
void weave_share(const struct weave *w, const struct relay *r, int32_t node);

/* ---- relay_order.c ---- */
/* Each relay behind the last layer that it reads; the first n layers are no relays. */
int weave_order(struct allocation *a, size_t n, struct err *e);

#endif
