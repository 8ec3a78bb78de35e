/* Private to quant/: mix_precision_search between its measurement and its choice. */
#ifndef HN_QUANT_MIX_SEARCH_H
#define HN_QUANT_MIX_SEARCH_H

#include "quant/mix.h"
#include "quant/probe.h"

enum {
	MIX_MODES = 3
};

/* A layer with a kernel. */
struct mix_item {
	struct layer *l;
	size_t weights;
	bool open; /* not decided by script or compression */
	size_t nmodes;
	struct qmode mode[MIX_MODES]; /* that it may have; one where it is decided */
	struct mix_choice choice[MIX_MODES];
};

struct mix_search {
	struct quant *q;
	struct mix_item *layer; /* in network order */
	size_t n, nopen;
	struct probe probe;
};

/* Cost of a layer in one precision. */
double mix_cost(enum mix_metric metric, const struct layer *l, size_t weights,
		const struct qmode *m);
/* The layers and what they may have. */
void mix_find(struct mix_search *s);
/* Fills the choices, of what layers have; q's modes are as before, its encodings are not. */
int mix_measure(struct mix_search *s, struct err *e);

#endif
