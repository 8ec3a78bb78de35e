/* Inputs that are sequences: what a recurrent operator says of their dimensions. */
#include "onnx/onnx_int.h"

static bool is_recurrent(const struct im_node *n)
{
	return strcmp(n->op, "LSTM") == 0 || strcmp(n->op, "GRU") == 0 || strcmp(n->op, "RNN") == 0;
}

/* The recurrent operator that reads v, or the operator of that name; NULL when there is none. */
static const struct im_node *reader(const struct im_graph *g, const struct im_value *v,
				    const char *op)
{
	for (size_t i = 0; i < g->nnode; i++) {
		const struct im_node *n = g->node[i];

		if (n->nin && n->in[0] == v && (op ? strcmp(n->op, op) == 0 : is_recurrent(n)))
			return n;
	}
	return NULL;
}

/* Exporters' turn of steps and images, for this reader only. */
static const struct im_value *turned(const struct im_graph *g, const struct im_value *v)
{
	const struct im_node *n = reader(g, v, "Transpose");
	size_t count;
	const int64_t *perm = n ? im_ints(n, "perm", &count) : NULL;

	if (!perm || count != 3 || perm[0] != 1 || perm[1] != 0 || perm[2] != 2)
		return NULL;
	return n->nout ? n->out[0] : NULL;
}

/* Steps are columns: WBC, or BWC with the images first. */
bool onnx_sequence_axes(const struct im_graph *g, const struct im_value *v,
			char axes[LIMIT_RANK + 1])
{
	const struct im_value *t;
	const struct im_node *n;

	if (v->rank != 3)
		return false;
	n = reader(g, v, NULL);
	t = n ? NULL : turned(g, v);
	if (t)
		n = reader(g, t, NULL);
	if (!n)
		return false;
	memcpy(axes, (im_int(n, "layout", 0) != 0) != (t != NULL) ? "BWC" : "WBC", 4);
	return true;
}
