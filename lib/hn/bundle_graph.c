/* The graph of a bundle. */
#include "hn/hn.h"
#include "io/bundle.h"

/* The member with the float weights of a graph member; NULL: it has none (integer stages). */
static const char *weights_member(const struct bundle *b, const char *suffix)
{
	const enum state s = bundle_state(b);

	if (strcmp(suffix, "native.hn") == 0 ||
	    (strcmp(suffix, "hn") == 0 && s <= STATE_HAILO_MODEL))
		return "npz";
	if (strcmp(suffix, "fp.hn") == 0 || (strcmp(suffix, "hn") == 0 && s == STATE_FP_OPTIMIZED))
		return "fpo.npz";
	return NULL;
}

/* A bundle without weights is one of the weightless mode. */
static int validate(const struct bundle *b, const char *suffix, struct graph *g, struct err *e)
{
	const char *member = weights_member(b, suffix);
	struct tensors *w;
	int r;

	if (!member || !bundle_has(b, member))
		return graph_validate(g, NULL, e);
	if (!(w = bundle_get_npz(b, member, e)))
		return -1;
	r = graph_validate(g, w, e);
	tensors_free(w);
	return r;
}

struct graph *bundle_get_graph(const struct bundle *b, const char *suffix, struct err *e)
{
	json_t *j = bundle_get_json(b, suffix, e);
	struct graph *g = j ? graph_from_json(j, e) : NULL;

	json_decref(j);
	if (g && validate(b, suffix, g, e) == 0)
		return g;
	graph_free(g);
	err_in(e, "%s.%s", quote(bundle_name(b)), suffix);
	return NULL;
}

void bundle_put_graph(struct bundle *b, const char *suffix, const struct graph *g)
{
	json_t *j = graph_to_json(g);

	bundle_put_json(b, suffix, j);
	json_decref(j);
}
